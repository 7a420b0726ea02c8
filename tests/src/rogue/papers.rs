//! What a member has, read from the home of a device that joined.

use std::path::Path;

use ed25519_dalek::SigningKey;
use papermesh_node::store::Store;
use papermesh_protocol::certificate::Certificate;
use papermesh_protocol::id::NodeId;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::{SiteSecret, SiteState};

/// A member's key, certificate, and what it knows of its site.
#[derive(Clone, Debug)]
pub struct Papers {
    /// The node's key.
    pub key: SigningKey,
    /// The node's certificate.
    pub certificate: Signed<Certificate>,
    /// The site state that it joined with.
    pub state: Signed<SiteState>,
    /// The site's secret.
    pub secret: SiteSecret,
}

impl Papers {
    /// The papers in a home in which no node runs.
    ///
    /// # Panics
    /// If there are none.
    #[must_use]
    pub fn of(home: &Path) -> Self {
        let store = Store::open(home).unwrap_or_else(|error| panic!("{}: {error}", home.display()));
        let papers = papermesh_node::papers::Papers::load(&store)
            .unwrap_or_else(|error| panic!("{}: {error}", home.display()));
        Self {
            key: papers.signing_key(),
            certificate: papers.certificate,
            state: papers.state,
            secret: papers.secret,
        }
    }

    /// The node.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.certificate.node
    }
}
