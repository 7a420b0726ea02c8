//! This node's certificate for the web: asked for at an admin's node, kept, renewed in the last third of
//! its life or when the node is reached elsewhere, and handed to the listeners.
//!
//! Until there is one, and when the last has ended, listeners show the node's own
//! ([`papermesh_web::Certificates`]). Nothing waits for it. What an admin's node grants, and why, is
//! [`crate::authority::web`]'s; how a certificate is checked [`papermesh_web`]'s.
//!
//! - `task` looks after it, `places` says what it is to name
//! - `asking` asks the admins' nodes for it; `kept` is what is known of it, and reads it again
//! - `error` is why there is none

mod asking;
mod error;
mod kept;
mod places;
mod task;

use std::sync::{Arc, Mutex, PoisonError};

use papermesh_mesh::Mesh;
use papermesh_protocol::certificate::Certificate;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::signed::Signed;
use papermesh_store::{Store, StoreError};
use papermesh_web::{FromSite, SiteCertificate, ToListeners};
use tokio::sync::watch;

pub use error::WebCertificateError;
pub use kept::Kept;
pub use task::Looked;

use crate::audit::Audit;
use crate::network::Network;
use crate::vault::Vault;

/// Dependencies of a [`WebCertificate`]. `network` reaches this node itself, too, which is how an admin
/// certifies its own.
pub struct Deps<N> {
    /// Where the certificate is kept.
    pub store: Store,
    /// Seals its key.
    pub vault: Vault,
    /// Who is connected.
    pub mesh: Mesh,
    /// How admins are reached.
    pub network: N,
    /// Where it is written down that there is a new one.
    pub audit: Audit,
    /// Changes when the key of this node's own authority is opened, which then certifies this node.
    pub opening: watch::Receiver<bool>,
}

/// Keeps this node's certificate for the web; cheap to clone.
pub struct WebCertificate<N>(Arc<Inner<N>>);

// Written out because deriving would ask the same of the network.
impl<N> Clone for WebCertificate<N> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Inner<N> {
    deps: Deps<N>,
    listeners: ToListeners,
    kept: Mutex<Option<Kept>>,
    /// Why nobody gave one when it was last asked for; none while it is asked for.
    trouble: Mutex<Option<String>>,
}

impl<N: Network> WebCertificate<N> {
    /// The certificate that is kept here, if there is one, shown to whoever holds the second value.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn open(deps: Deps<N>) -> Result<(Self, FromSite), StoreError> {
        let (listeners, shown) = ToListeners::new();
        let kept = match kept::read(&deps).await {
            Ok(read) => read,
            Err(WebCertificateError::Store(error)) => return Err(error),
            Err(error) => {
                tracing::warn!(error = %error.in_full(), "the stored web certificate is unusable; requesting another");
                None
            }
        };
        let keeper = Self(Arc::new(Inner {
            deps,
            listeners,
            kept: Mutex::default(),
            trouble: Mutex::default(),
        }));
        if let Some((kept, certificate)) = kept {
            keeper.show(kept, certificate);
        }
        Ok((keeper, shown))
    }

    /// What is known of the certificate that there is.
    #[must_use]
    pub fn kept(&self) -> Option<Kept> {
        let kept = self.0.kept.lock();
        kept.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Why there is none yet, or no newer one, if it was asked for and nobody gave it.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        let trouble = self.0.trouble.lock();
        trouble.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn membership_certificate(&self) -> Arc<Signed<Certificate>> {
        self.0.deps.mesh.membership().certificate()
    }

    fn set_trouble(&self, trouble: Option<String>) {
        *self
            .0
            .trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    fn hide(&self) {
        self.0.listeners.show(None);
        *self.0.kept.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn show(&self, kept: Kept, certificate: SiteCertificate) {
        self.0.listeners.show(Some(certificate));
        *self.0.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
    }
}
