//! Renewing this node's certificate, from any admin that is met: in the last third of its life, and at
//! once when who signed it is no admin any more.

use std::borrow::Cow;
use std::time::Duration;

use futures::StreamExt;
use papermesh_frame::{FrameError, read_message, write_message};
use papermesh_mesh::{Mesh, MeshError, Protocol};
use papermesh_protocol::certificate::{Certificate, Role};
use papermesh_protocol::enroll::{self, Answer, EnrollError, Request};
use papermesh_protocol::id::NodeId;
use papermesh_protocol::limits;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::signed::Signed;
use papermesh_store::offload::offload;
use papermesh_store::{Store, StoreError, site};
use tokio::time::{Instant, sleep_until};

use crate::network::{Change, Network};

/// How often the certificate is looked at.
const LOOK: Duration = Duration::from_secs(60 * 60);
/// The least time between two attempts, however many members arrive.
const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(60);
/// How long an admin may take to answer.
const ANSWER: Duration = Duration::from_secs(20);

/// Why an admin did not renew the certificate.
#[derive(Debug, thiserror::Error)]
pub enum RenewalError {
    /// It cannot be reached.
    #[error(transparent)]
    Mesh(#[from] MeshError),
    /// It broke off.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// It said nothing.
    #[error("the admin's node closed the connection")]
    HungUp,
    /// It said no, or something that is not to be believed.
    #[error(transparent)]
    Enroll(#[from] EnrollError),
    /// The new certificate could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Remedy for RenewalError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Mesh(error) => error.remedy(),
            Self::Enroll(error) => error.remedy(),
            Self::Store(error) => error.remedy(),
            _ => None,
        }
    }
}

/// Keeps the certificate valid until the mesh ends. `network` reaches this node itself, too,
/// which is how an admin renews its own.
pub async fn keep_valid<N: Network>(store: Store, mesh: Mesh, network: N) {
    let mut changes = network.changes();
    let (mut next, mut last) = (Instant::now(), None::<Instant>);
    loop {
        tokio::select! {
            () = sleep_until(next) => {}
            change = changes.next() => {
                match change {
                    Some(Change::Arrived(_)) => {}
                    Some(Change::Moved) => continue,
                    None => return,
                }
                if last.is_some_and(|last| last.elapsed() < BETWEEN_ATTEMPTS) {
                    continue;
                }
            }
        }
        next = Instant::now() + LOOK;
        let own = mesh.membership().certificate();
        if !own.is_due(&mesh.membership().charter(), mesh.membership().now()) {
            continue;
        }
        last = Some(Instant::now());
        match renew(&store, &mesh, &network).await {
            Some(renewed) => {
                tracing::info!(until = %renewed.not_after, "certificate renewed");
            }
            None => {
                let until = own.not_after;
                tracing::warn!(%until, "certificate renewal is due and no connected admin renewed it; once it expires this node must join again");
            }
        }
    }
}

/// Asks the admins that are connected, one after the other, until one renews the certificate.
pub async fn renew<N: Network>(
    store: &Store,
    mesh: &Mesh,
    network: &N,
) -> Option<Signed<Certificate>> {
    let admins = mesh
        .status()
        .members
        .into_iter()
        .filter(|member| member.roles.has(Role::Admin));
    let itself = mesh
        .membership()
        .certificate()
        .roles
        .has(Role::Admin)
        .then(|| mesh.node());
    for admin in itself.into_iter().chain(admins.map(|member| member.node)) {
        match renew_at(store, mesh, network, admin).await {
            Ok(renewed) => return Some(renewed),
            Err(error) => {
                tracing::info!(%admin, error = %error.in_full(), "this admin did not renew the certificate")
            }
        }
    }
    None
}

async fn renew_at<N: Network>(
    store: &Store,
    mesh: &Mesh,
    network: &N,
    admin: NodeId,
) -> Result<Signed<Certificate>, RenewalError> {
    let mut stream = network.open(admin, &[], Protocol::Enroll).await?;
    write_message(&mut stream, &Request::Renew, limits::ENROLL_MESSAGE).await?;
    let answer: Option<Answer> = read_message(&mut stream, limits::ENROLL_MESSAGE, ANSWER).await?;
    let membership = mesh.membership();
    let old = membership.certificate();
    let answer = answer.ok_or(RenewalError::HungUp)?;
    let renewed = membership.judge(|judge| enroll::renewed(answer, &old, judge))?;
    let envelope = renewed.envelope().clone();
    let kept: Result<(), StoreError> = offload(store, move |store| {
        store.site().put(&site::CERTIFICATE, &envelope)
    })
    .await;
    kept?;
    membership.renew(renewed.clone());
    Ok(renewed)
}
