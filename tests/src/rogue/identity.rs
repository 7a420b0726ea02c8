//! What a member has, read from the home of a device that joined.

use std::path::Path;

use ed25519_dalek::SigningKey;
use papermesh_protocol::certificate::Certificate;
use papermesh_protocol::charter::Charter;
use papermesh_protocol::codec;
use papermesh_protocol::id::NodeId;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::{SiteSecret, SiteState};
use papermesh_store::{Store, site};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

/// The authority key as an admin's node keeps it.
#[derive(Serialize, Deserialize)]
enum AtRest {
    Passphrase(ByteBuf),
    Storage(ByteBuf),
}

/// A member's key, certificate, and what it knows of its site.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The node's key.
    pub key: SigningKey,
    /// The node's certificate.
    pub certificate: Signed<Certificate>,
    /// The charter that it joined with.
    pub charter: Signed<Charter>,
    /// The site state that it joined with.
    pub state: Signed<SiteState>,
    /// The site's secret.
    pub secret: SiteSecret,
}

impl Identity {
    /// The identity in a home in which no node runs.
    ///
    /// # Panics
    /// If there are none.
    #[must_use]
    pub fn of(home: &Path) -> Self {
        let store = Store::open(home).unwrap_or_else(|error| panic!("{}: {error}", home.display()));
        let identity = papermesh_services::identity::Identity::load(&store)
            .unwrap_or_else(|error| panic!("{}: {error}", home.display()));
        Self {
            key: identity.signing_key(),
            certificate: identity.certificate,
            charter: identity.charter,
            state: identity.state,
            secret: identity.secret,
        }
    }

    /// The authority key in the home of an admin who gave no passphrase: what a thief of that
    /// computer has, and what it takes to make certificates that are wrong in nothing but their dates.
    ///
    /// # Panics
    /// If it is not there.
    #[must_use]
    pub fn authority(home: &Path) -> SigningKey {
        let store = Store::open(home).unwrap_or_else(|error| panic!("{}: {error}", home.display()));
        let identity = papermesh_services::identity::Identity::load(&store)
            .unwrap_or_else(|error| panic!("{}: {error}", home.display()));
        let at_rest = store.site().get(&site::AUTHORITY).ok().flatten();
        let at_rest = at_rest.unwrap_or_else(|| panic!("no admin in {}", home.display()));
        let sealed = match codec::decode(&at_rest, at_rest.len()) {
            Ok(AtRest::Storage(sealed)) => sealed,
            _ => panic!("the authority key is not sealed with the storage key"),
        };
        let opened = identity
            .vault()
            .open_authority_key(identity.certificate.site, &sealed);
        opened.unwrap_or_else(|error| panic!("{error}"))
    }

    /// The node.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.certificate.node
    }
}
