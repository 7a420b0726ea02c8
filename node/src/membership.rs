//! What this node is in its site: its keys, its certificate and the site's state as it knows it.
//!
//! Certificate and state are replaced while the node runs; whoever needs them asks here each
//! time. Not here: where they are kept (the store) and how newer ones arrive (the mesh).

use std::sync::{Arc, PoisonError, RwLock};

use ed25519_dalek::SigningKey;
use papermesh_protocol::advert::Judge;
use papermesh_protocol::certificate::{Certificate, Roles};
use papermesh_protocol::id::{NodeId, SiteId};
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::{SiteSecret, SiteState};
use papermesh_protocol::time::Timestamp;

/// This node as a member of its site.
pub struct Membership {
    node: NodeId,
    site: SiteId,
    secret: SiteSecret,
    key: SigningKey,
    certificate: RwLock<Arc<Signed<Certificate>>>,
    state: RwLock<Arc<Signed<SiteState>>>,
}

impl Membership {
    /// The member with this key and certificate.
    #[must_use]
    pub fn new(
        key: SigningKey,
        certificate: Signed<Certificate>,
        state: Signed<SiteState>,
        secret: SiteSecret,
    ) -> Self {
        Self {
            node: NodeId::from(key.verifying_key()),
            site: certificate.site,
            secret,
            key,
            certificate: RwLock::new(Arc::new(certificate)),
            state: RwLock::new(Arc::new(state)),
        }
    }

    /// This node.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// Its site.
    #[must_use]
    pub fn site(&self) -> SiteId {
        self.site
    }

    /// What the site's members share.
    #[must_use]
    pub fn secret(&self) -> &SiteSecret {
        &self.secret
    }

    /// The key that this node signs with.
    #[must_use]
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The certificate as of now.
    #[must_use]
    pub fn certificate(&self) -> Arc<Signed<Certificate>> {
        Arc::clone(&self.certificate.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What this node may do.
    #[must_use]
    pub fn roles(&self) -> Roles {
        self.certificate().roles
    }

    /// The site's state as of now.
    #[must_use]
    pub fn state(&self) -> Arc<Signed<SiteState>> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes a renewed certificate of this node.
    pub fn renew(&self, certificate: Signed<Certificate>) {
        if certificate.node == self.node && certificate.site == self.site {
            *self.certificate.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(certificate);
        }
    }

    /// Takes a newer state; says whether it was newer.
    pub fn update(&self, state: Signed<SiteState>) -> bool {
        let mut known = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let newer = state.site == self.site && state.sequence > known.sequence;
        if newer {
            *known = Arc::new(state);
        }
        newer
    }

    /// Calls `judge` with what is needed to judge adverts now.
    pub fn judge<T>(&self, now: Timestamp, judge: impl FnOnce(&Judge<'_>) -> T) -> T {
        let state = self.state();
        judge(&Judge { site: self.site, state: &state, now })
    }
}
