//! Asking the admins' nodes: for the site's web authority, and for a certificate by its word.

use std::time::Duration;

use papermesh_frame::{read_message, write_message};
use papermesh_mesh::Protocol;
use papermesh_protocol::certificate::Role;
use papermesh_protocol::id::NodeId;
use papermesh_protocol::limits;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::web::{self, Answer, Asking, Places, Request, WebAuthority, WebKey};
use papermesh_store::offload::offload;
use papermesh_store::{StoreError, WebCertificateRow, site};
use papermesh_web::SiteCertificate;
use serde_bytes::ByteBuf;

use super::error::WebCertificateError;
use super::{Kept, WebCertificate};
use crate::audit::{Event, Kind};
use crate::network::Network;

/// How long an admin may take to answer.
const ANSWER: Duration = Duration::from_secs(20);

impl<N: Network> WebCertificate<N> {
    /// The site's web authority, asked of the admins' nodes that are connected, and kept.
    ///
    /// # Errors
    /// Why the last of them did not show it; [`WebCertificateError::NoAdmin`].
    pub async fn authority(&self) -> Result<Signed<WebAuthority>, WebCertificateError> {
        let site = self.0.deps.mesh.membership().site();
        let mut last = WebCertificateError::NoAdmin;
        for admin in self.admins() {
            let shown = self.ask(admin, &Request::Authority).await;
            match shown.and_then(|answer| Ok(web::shown(answer, site)?)) {
                Ok(authority) => {
                    let envelope = authority.envelope().clone();
                    let kept: Result<(), StoreError> = offload(&self.0.deps.store, move |store| {
                        store.site().put(&site::WEB_AUTHORITY, &envelope)
                    })
                    .await;
                    kept?;
                    return Ok(authority);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Asks the admins' nodes that are connected, one after the other, until one certifies a new key.
    pub(super) async fn renew(&self, places: &Places) -> Result<Kept, WebCertificateError> {
        let mut last = WebCertificateError::NoAdmin;
        for admin in self.admins() {
            match self.renew_at(admin, places).await {
                Ok(kept) => return Ok(kept),
                Err(error) => {
                    tracing::debug!(%admin, error = %error.in_full(), "this admin's node issued no web certificate");
                    last = error;
                }
            }
        }
        Err(last)
    }

    async fn renew_at(&self, admin: NodeId, places: &Places) -> Result<Kept, WebCertificateError> {
        let deps = &self.0.deps;
        let (own, key) = (
            self.membership_certificate(),
            WebKey::random(&mut rand::rng()),
        );
        let (asking, request) = Asking::new(&key, &own, places.clone());
        let given = asking.finish(self.ask(admin, &request).await?)?;
        let now = deps.mesh.membership().now();
        let certificate = SiteCertificate::read(
            (
                &given.authority.certificate,
                &given.issuer,
                &given.certificate,
            ),
            &key,
            given.places.clone(),
            (now, given.not_after),
        )?;
        let row = WebCertificateRow {
            sealed_key: ByteBuf::from(deps.vault.seal_web_key(own.site, &key)?),
            certificate: ByteBuf::from(given.certificate),
            issuer: ByteBuf::from(given.issuer),
            places: given.places,
            asked: places.clone(),
            from: now,
            not_after: given.not_after,
        };
        let kept = Kept::of(&row);
        let authority = given.authority.envelope().clone();
        let stored: Result<(), StoreError> = offload(&deps.store, move |store| {
            // The authority first: without it the certificate is of no use.
            store.site().put(&site::WEB_AUTHORITY, &authority)?;
            store.site().put(&site::WEB_CERTIFICATE, &row)
        })
        .await;
        stored?;
        self.show(kept.clone(), certificate);
        let event = Event::new(Kind::WebCertified);
        deps.audit
            .record_best_effort(event.peer(admin).because(&kept.places))
            .await;
        Ok(kept)
    }

    async fn ask(&self, admin: NodeId, request: &Request) -> Result<Answer, WebCertificateError> {
        let network = &self.0.deps.network;
        let mut stream = network.open(admin, &[], Protocol::Web).await?;
        write_message(&mut stream, request, limits::WEB_MESSAGE).await?;
        let answer = read_message(&mut stream, limits::WEB_MESSAGE, ANSWER).await?;
        answer.ok_or(WebCertificateError::HungUp)
    }

    /// The admins' nodes that can be asked: this one first, if it is one.
    fn admins(&self) -> Vec<NodeId> {
        let mesh = &self.0.deps.mesh;
        let own = self.membership_certificate().roles.has(Role::Admin);
        let others = mesh.status().members.into_iter();
        let others = others.filter(|member| member.roles.has(Role::Admin));
        own.then(|| mesh.node())
            .into_iter()
            .chain(others.map(|member| member.node))
            .collect()
    }
}
