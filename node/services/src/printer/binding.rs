//! Registering a badge as a user's: one of the user's computers, which checked the PIN, vouches, and
//! an admin's node signs (see [`papermesh_protocol::bind`]).

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use papermesh_mesh::Protocol;
use papermesh_protocol::badge::BadgeNumber;
use papermesh_protocol::bind::{self, Answer, Attestation, Denial};
use papermesh_protocol::certificate::{Certificate, Role};
use papermesh_protocol::id::{BadgeTag, NodeId};
use papermesh_protocol::limits;
use papermesh_protocol::lookup::{self, BadgeError};
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::text::UserId;
use papermesh_protocol::user::Badge;
use papermesh_store::offload::offload;
use papermesh_store::{PEERS_MAX, RememberedPeer, StoreError};
use tokio::time::timeout;

use super::session::HolderSession;
use super::{Inner, Printer, Visit};
use crate::audit::{Event, Kind};
use crate::network::{self, LinkError, Network, Opening};

/// Computers of the user that are asked to vouch, one after the other.
const VOUCHERS: usize = 4;
/// Admins that are asked, one after the other.
const ADMINS: usize = 4;
/// How long an admin may take to be reached,
const REACH: Duration = Duration::from_secs(8);
/// and to answer: it looks for what other admins signed, and publishes what it signs.
const ANSWER: Duration = Duration::from_secs(20);
/// How long the new record is waited for to be in the directory.
const PLACED: Duration = Duration::from_secs(2);

/// Why a badge is not the user's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindFailure {
    /// The badge was not read well.
    #[error(transparent)]
    Badge(#[from] BadgeError),
    /// None of the user's computers vouches for it.
    #[error("none of the user's computers vouches for the badge")]
    Unvouched,
    /// No admin is switched on, or none can sign now.
    #[error("no admin's node can sign right now")]
    NoAdmin,
    /// An admin's node said no.
    #[error(transparent)]
    Denied(#[from] Denial),
}

impl Remedy for BindFailure {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::NoAdmin => "check that one is switched on",
            Self::Denied(error) => return error.remedy(),
            _ => return None,
        };
        Some(remedy.into())
    }
}

impl<N: Network> Printer<N> {
    /// Whether users may register badges at this site.
    #[must_use]
    pub fn lets_users_bind(&self) -> bool {
        self.0.membership.state().policy.lets_users_bind()
    }

    /// Registers a badge as that of the user of this visit, who must have proved a PIN. Once it is
    /// done this printer knows the badge.
    pub fn bind_badge(
        &self,
        visit: &Visit<N>,
        number: &BadgeNumber,
    ) -> impl Future<Output = Result<(), BindFailure>> + Send + use<N> {
        let tag = lookup::badge_tag(self.0.membership.secret(), number);
        let (user, vouchers) = (visit.user().clone(), visit.vouchers());
        let inner = Arc::clone(&self.0);
        async move {
            let tag = tag?;
            let bound = inner.bind(&user, tag, &vouchers).await;
            match &bound {
                Ok(badge) => {
                    // Elsewhere it is the admin's node that puts it there.
                    let _ = timeout(PLACED, inner.directory.put_badge(badge.clone())).await;
                }
                Err(error) => {
                    let refused = Event::new(Kind::BindRefused)
                        .user(&user)
                        .because(error.in_full());
                    inner.audit.record_best_effort(refused).await;
                }
            }
            bound.map(drop)
        }
    }
}

impl<N: Network> Inner<N> {
    async fn bind(
        &self,
        user: &UserId,
        tag: BadgeTag,
        vouchers: &[Arc<HolderSession<N>>],
    ) -> Result<Signed<Badge>, BindFailure> {
        let attestation = self.attestation(user, tag, vouchers).await;
        let attestation = attestation.ok_or(BindFailure::Unvouched)?;
        let admins = self.admins().await.unwrap_or_else(|error| {
            tracing::error!(error = %error.in_full(), "could not read known admins");
            Vec::new()
        });
        for (admin, addresses) in admins.into_iter().take(ADMINS) {
            let answer = match self.ask_admin(admin, &addresses, &attestation).await {
                Ok(answer) => answer,
                Err(error) => {
                    tracing::info!(%admin, error = %error.in_full(), "an admin's node did not answer");
                    continue;
                }
            };
            match bind::bound(&answer, &self.membership.charter(), (user, tag)) {
                Ok(badge) => {
                    let bound = Event::new(Kind::BadgeBound).user(user).peer(admin);
                    self.audit.record_best_effort(bound).await;
                    return Ok(badge);
                }
                Err(bind::BindError::Denied(denial)) if !denial.is_of_that_node() => {
                    return Err(denial.into());
                }
                Err(error) => {
                    tracing::info!(%admin, error = %error.in_full(), "this admin did not bind a badge")
                }
            }
        }
        Err(BindFailure::NoAdmin)
    }

    /// The word of the first computer that gives it.
    async fn attestation(
        &self,
        user: &UserId,
        tag: BadgeTag,
        vouchers: &[Arc<HolderSession<N>>],
    ) -> Option<Attestation> {
        for session in vouchers.iter().take(VOUCHERS) {
            let holder = session.holder();
            match session.attest((user, tag), self.membership.node()).await {
                Ok(attestation) => {
                    let attested = Event::new(Kind::BadgeAttested).user(user).peer(holder);
                    self.audit.record_best_effort(attested).await;
                    return Some(attestation);
                }
                Err(error) => {
                    tracing::info!(%holder, error = %error.in_full(), "a computer did not vouch for the badge")
                }
            }
        }
        None
    }

    async fn ask_admin(
        &self,
        admin: NodeId,
        addresses: &[Vec<u8>],
        attestation: &Attestation,
    ) -> Result<Answer, LinkError> {
        let opening = Opening {
            protocol: |_| Protocol::Bind,
            question: &|_| Some(attestation.clone()),
            max: limits::BIND_MESSAGE,
            reach: REACH,
            wait: ANSWER,
        };
        let (_, answer) = network::begin(&self.network, admin, addresses, opening).await?;
        Ok(answer)
    }

    /// The admins that this node has met and that are members still: itself, then those that were
    /// seen last.
    async fn admins(&self) -> Result<Vec<(NodeId, Vec<Vec<u8>>)>, StoreError> {
        let peers = offload(&self.store, |store| store.peers().scan(None, PEERS_MAX)).await?;
        let membership = &self.membership;
        let is_admin = |(node, peer): &(NodeId, RememberedPeer)| {
            peer.certificate.as_ref().is_some_and(|certificate| {
                membership
                    .judge(|judge| Certificate::verify_of(certificate, *node, judge))
                    .is_ok_and(|certificate| certificate.roles.has(Role::Admin))
            })
        };
        let mut admins: Vec<_> = peers.into_iter().filter(is_admin).collect();
        admins.sort_by_key(|(_, peer)| std::cmp::Reverse(peer.last_seen));
        let own = membership.certificate();
        let itself = own.roles.has(Role::Admin).then(|| (own.node, Vec::new()));
        let others = admins.into_iter().map(|(node, peer)| {
            let addresses = peer.addresses.into_iter().map(|a| a.into_vec()).collect();
            (node, addresses)
        });
        Ok(itself.into_iter().chain(others).collect())
    }
}
