//! Users: added by the admin, enrolled by themselves.

use papermesh_protocol::badge::BadgeNumber;
use papermesh_protocol::id::NodeId;
use papermesh_protocol::text::{Name, UserId};
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::user::UserState;
use serde::{Deserialize, Serialize};

use crate::control::{Passphrase, TypedPin};

/// Adds a user. For one who was added before, enrolled or not, makes another ticket.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AddUser {
    /// The user's id.
    pub user: UserId,
    /// The user's name; without one the id.
    pub display: Option<Name>,
    /// Groups that policies may name.
    pub groups: Vec<Name>,
    /// A badge number, as a reader reads it.
    pub badge: Option<BadgeNumber>,
    /// Seconds that the ticket is good for.
    pub lifetime: u32,
    /// Opens the authority key.
    pub passphrase: Option<Passphrase>,
}

/// What the user enrolls with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserTicket {
    /// The user.
    pub user: UserId,
    /// The user's name.
    pub display: Name,
    /// The ticket, one line.
    pub ticket: String,
    /// Good until then.
    pub expires_at: Timestamp,
    /// Whether the user enrolled before: whoever uses this ticket replaces the user's key and
    /// PIN, and computers linked until then have to be linked again.
    pub enrolled: bool,
}

/// Enrolls the user of a ticket on this computer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EnrollUser {
    /// The ticket.
    pub ticket: String,
    /// The PIN that the user wants.
    pub pin: TypedPin,
}

/// A user is enrolled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Enrolled {
    /// The user.
    pub user: UserId,
    /// The user's name.
    pub display: Name,
    /// The computer.
    pub node: NodeId,
    /// The node's name.
    pub node_name: Name,
}

/// Asks a computer on which a user enrolled for a ticket to link a further one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OfferLink {
    /// The user; needed only if several enrolled here.
    pub user: Option<UserId>,
    /// Seconds that the ticket is good for.
    pub lifetime: u32,
}

/// What a further computer is linked with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinkTicket {
    /// The user.
    pub user: UserId,
    /// The ticket, one line.
    pub ticket: String,
    /// Good until then.
    pub expires_at: Timestamp,
}

/// Links this computer to the user of a ticket.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AcceptLink {
    /// The ticket.
    pub ticket: String,
}

/// A computer is linked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Linked {
    /// The user.
    pub user: UserId,
    /// The computer.
    pub node: NodeId,
    /// The node's name.
    pub node_name: Name,
}

/// Asks who is a user.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListUsers {}

/// A user as the admin's node knows them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// The user.
    pub user: UserId,
    /// The user's name.
    pub display: Name,
    /// Whether the user may print.
    pub state: UserState,
    /// Whether the user enrolled on a computer.
    pub enrolled: bool,
    /// Badges.
    pub badges: u32,
    /// Groups.
    pub groups: Vec<Name>,
}

/// Gives a user a badge, or takes it back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChangeBadge {
    /// The user.
    pub user: UserId,
    /// The number, as a reader reads it.
    pub number: BadgeNumber,
    /// Whether to take it back.
    pub remove: bool,
    /// Opens the authority key.
    pub passphrase: Option<Passphrase>,
}

/// A badge was given or taken back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BadgeChanged {
    /// The user, as of now.
    #[serde(flatten)]
    pub user: User,
    /// Whose badge it was until now, if it was somebody else's.
    pub former_owner: Option<UserId>,
}

/// Lets a user print, or no longer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SetUserState {
    /// The user.
    pub user: UserId,
    /// Whether the user may print.
    pub state: UserState,
    /// Opens the authority key.
    pub passphrase: Option<Passphrase>,
}

/// Changes the PIN of a user who enrolled or is linked here.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChangePin {
    /// The user; needed only if there are several here.
    pub user: Option<UserId>,
    /// The PIN until now.
    pub old: TypedPin,
    /// The PIN from now on.
    pub new: TypedPin,
}

/// Asks what this computer knows of one of its users.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShowUser {
    /// The user; needed only if there are several here.
    pub user: Option<UserId>,
}

/// A user as this computer knows them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserHere {
    /// The user.
    pub user: UserId,
    /// The user's name.
    pub display: Name,
    /// Whether the user may print, as far as it is known here.
    pub state: UserState,
    /// Badges of the user. Their numbers are known to nobody but whoever typed them.
    pub badges: u32,
    /// Whether the user enrolled here; else this computer is linked, and PIN and links are
    /// changed on the other.
    pub enrolled: bool,
    /// Computers that were linked to this one.
    pub computers: Vec<LinkedComputer>,
}

/// A computer that was linked to the user's first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinkedComputer {
    /// The computer.
    pub node: NodeId,
    /// The node's name.
    pub name: Name,
    /// Whether it still has an older PIN.
    pub outdated: bool,
}

/// A PIN was changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PinChanged {
    /// The user.
    pub user: UserId,
    /// Computers that have the new one.
    pub updated: Vec<Name>,
    /// Computers that still have the old one, until they can be reached.
    pub outdated: Vec<Name>,
}
