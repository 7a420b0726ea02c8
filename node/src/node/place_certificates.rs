//! The Internet's certificates of this node's places: what is kept of them and what is shown, which is one and the same.
//! A certificate is kept before it is shown, and shown from the start of the node on, before any gateway opens a place.

use std::borrow::Cow;
use std::collections::BTreeSet;

use papermesh_protocol::gateway::name::HostName;
use papermesh_protocol::id::KeyDigest;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::web::WebKey;
use papermesh_services::vault::{Vault, VaultError};
use papermesh_store::offload::offload;
use papermesh_store::{PUBLIC_CERTIFICATES_MAX, PublicCertificateRow, Store, StoreError};
use papermesh_web::{Challenge, PublicCertificate, PublicCertificateError, PublicCertificates};
use serde_bytes::ByteBuf;

/// Keeps and shows them; cheap to clone.
#[derive(Clone)]
pub(super) struct PlaceCertificates {
    store: Store,
    vault: Vault,
    shown: PublicCertificates,
}

/// Why a certificate is not kept, or not shown.
#[derive(Debug, thiserror::Error)]
pub(super) enum PlaceCertificateError {
    #[error(transparent)]
    Shown(#[from] PublicCertificateError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Remedy for PlaceCertificateError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Vault(error) => error.remedy(),
            Self::Store(error) => error.remedy(),
            Self::Shown(_) => None,
        }
    }
}

/// A certificate as an authority issued it.
pub(super) struct Issued<'a> {
    /// PEM, the name's own first.
    pub(super) chain: String,
    pub(super) key: &'a WebKey,
    pub(super) not_after: Timestamp,
    pub(super) due_at: Timestamp,
}

impl PlaceCertificates {
    /// Nothing is shown yet.
    pub(super) fn new(store: Store, vault: Vault, shown: PublicCertificates) -> Self {
        Self {
            store,
            vault,
            shown,
        }
    }

    /// Shows all that is kept. What cannot be, whose key another storage key sealed, say, is as good as none.
    pub(super) async fn restore(&self) -> Result<(), StoreError> {
        let kept = offload(&self.store, |store| {
            store
                .public_certificates()
                .scan(None, PUBLIC_CERTIFICATES_MAX)
        });
        for (name, row) in kept.await? {
            if let Err(error) = self.show(&name, &row) {
                tracing::warn!(name, error = %error.in_full(), "a certificate that is kept cannot be shown");
            }
        }
        Ok(())
    }

    fn show(&self, name: &str, row: &PublicCertificateRow) -> Result<(), PlaceCertificateError> {
        let key = self.vault.open_public_key(name, &row.sealed_key)?;
        self.shown
            .show(name, PublicCertificate::new(&row.chain, &key)?);
        Ok(())
    }

    /// Keeps a certificate, then shows it.
    pub(super) async fn keep(
        &self,
        name: &HostName,
        issued: Issued<'_>,
    ) -> Result<(), PlaceCertificateError> {
        let certificate = PublicCertificate::new(&issued.chain, issued.key)?;
        let row = PublicCertificateRow {
            sealed_key: ByteBuf::from(self.vault.seal_public_key(name.as_str(), issued.key)?),
            chain: issued.chain,
            not_after: issued.not_after,
            due_at: issued.due_at,
        };
        let of = name.to_string();
        let kept: Result<(), StoreError> = offload(&self.store, move |store| {
            store.public_certificates().put(&of, &row)
        })
        .await;
        kept?;
        self.shown.show(name.as_str(), certificate);
        Ok(())
    }

    /// What is kept of a name and is shown.
    pub(super) async fn kept(
        &self,
        name: &HostName,
    ) -> Result<Option<PublicCertificateRow>, StoreError> {
        if self.key(name).is_none() {
            return Ok(None);
        }
        let name = name.to_string();
        offload(&self.store, move |store| {
            store.public_certificates().get(&name)
        })
        .await
    }

    /// The key that is shown at a name, if it has a certificate of the Internet's.
    pub(super) fn key(&self, name: &HostName) -> Option<KeyDigest> {
        self.shown.key(name.as_str())
    }

    /// Keeps and shows no certificates but those of these names.
    pub(super) async fn retain(&self, names: &BTreeSet<HostName>) -> Result<(), StoreError> {
        let is_gone = |name: &String| !names.iter().any(|of| of.as_str() == name);
        for name in self.shown.names().iter().filter(|name| is_gone(name)) {
            self.shown.hide(name);
        }
        let all = offload(&self.store, |store| {
            let all = store.public_certificates();
            all.scan(None, PUBLIC_CERTIFICATES_MAX)
        });
        let gone: Vec<String> = all
            .await?
            .into_iter()
            .map(|(name, _)| name)
            .filter(is_gone)
            .collect();
        if gone.is_empty() {
            return Ok(());
        }
        offload(&self.store, move |store| {
            gone.iter()
                .try_for_each(|name| store.public_certificates().delete(name))
        })
        .await
    }

    /// Shows an authority that this node has the name.
    pub(super) fn challenge(
        &self,
        name: &HostName,
        digest: &[u8],
    ) -> Result<Challenge, PublicCertificateError> {
        self.shown.challenge(name.as_str(), digest)
    }
}
