//! A charter, for tests.

#![allow(clippy::unwrap_used)]

use ed25519_dalek::SigningKey;
use papermesh_protocol::charter::{Admin, Charter};
use papermesh_protocol::id::{NodeId, SiteId};
use papermesh_protocol::signed::Signed;
use papermesh_protocol::time::Timestamp;

/// The charter of a site whose root signs as its only admin, too.
pub(super) fn charter_of(authority: &SigningKey) -> Signed<Charter> {
    let admin = Admin {
        key: authority.verifying_key().into(),
        node: NodeId::from_bytes([0xad; 32]),
        since: Timestamp::default(),
    };
    let site = SiteId::from(authority.verifying_key());
    Signed::sign(Charter::new(site, admin), authority).unwrap()
}
