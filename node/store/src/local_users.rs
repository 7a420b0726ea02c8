//! Users who print from this computer.

use papermesh_protocol::delegation::Delegation;
use papermesh_protocol::id::NodeId;
use papermesh_protocol::signed::Envelope;
use papermesh_protocol::text::{Name, UserId};
use papermesh_protocol::user::UserEntry;
use serde::{Deserialize, Serialize};

use super::Inner;
use super::columns::LOCAL_USERS;
use super::table::{Bound, Table};

/// Users of one computer.
const BOUND: Bound = Bound {
    max: 4096,
    what: "users of this computer",
};
/// Computers linked to a user's first one.
pub const LINKED_PER_USER: usize = 32;

/// What a computer keeps for one of its users. Secrets are sealed with the storage key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalUser {
    /// What the site says of the user, as far as it is known here.
    pub entry: Option<Envelope<UserEntry>>,
    /// The user's secret key, sealed; only on the computer where the user enrolled.
    #[serde(with = "serde_bytes")]
    pub sealed_user_key: Option<Vec<u8>>,
    /// The PIN verifier, sealed.
    #[serde(with = "serde_bytes")]
    pub sealed_pin: Option<Vec<u8>>,
    /// Grows with every change of the PIN.
    pub pin_epoch: u64,
    /// The user's leave for this computer to hold.
    pub delegation: Option<Envelope<Delegation>>,
    /// Other computers of the user, at most [`LINKED_PER_USER`].
    pub linked: Vec<Linked>,
    /// The sequence number of the last advert that was signed for the user.
    pub advert_sequence: u64,
    /// Whether an advert is out that says that jobs are held.
    pub advertised: bool,
}

/// A computer that was linked to this one for a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Linked {
    /// The node.
    pub node: NodeId,
    /// Its name, for people.
    pub name: Name,
    /// The PIN that it has.
    pub pin_epoch: u64,
}

pub(super) fn table(inner: &Inner) -> Table<'_, UserId, LocalUser> {
    Table::new(inner, LOCAL_USERS, BOUND)
}
