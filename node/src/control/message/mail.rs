//! Mail addresses from which documents come.

use papermesh_protocol::gateway::mailbox::MailAddress;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::control::MailCode;

/// Has a code mailed to an address, which proves who reads it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClaimMailAddress {
    /// Whose; without one that of the only user who enrolled here.
    pub user: Option<UserId>,
    /// The address.
    pub address: MailAddress,
    /// The language in which its user is written to (BCP 47).
    pub language: Option<String>,
}

/// A code was mailed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailAddressClaimed {
    /// Whose address it becomes.
    pub user: UserId,
    /// The address.
    pub address: MailAddress,
    /// How long the code is good for, in seconds.
    pub valid: u64,
}

/// Proves that a user reads an address, by the code that was mailed there.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConfirmMailAddress {
    /// Whose; without one that of the only user who enrolled here.
    pub user: Option<UserId>,
    /// The code.
    pub code: MailCode,
}

/// Asks for the addresses from which documents come.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListMailAddresses {
    /// Whose; without one everybody's.
    pub user: Option<UserId>,
}

/// The addresses from which documents come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailAddresses {
    /// To where they are sent; none if nothing is held here that comes by mail.
    pub to: Option<MailAddress>,
    /// The addresses.
    pub addresses: Vec<UserMailAddress>,
}

/// An address of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserMailAddress {
    /// The address.
    pub address: String,
    /// Whose.
    pub user: UserId,
    /// Since when.
    pub since: Timestamp,
    /// The language in which its user is written to.
    pub language: Option<String>,
}

/// Takes an address from its user. Answered with what it was.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RemoveMailAddress {
    /// Whose; without one whoever has it.
    pub user: Option<UserId>,
    /// The address.
    pub address: MailAddress,
}

/// The mailbox to which users send documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailHoldStatus {
    /// Its address.
    pub address: MailAddress,
    /// Whether it is open.
    pub is_open: bool,
    /// Mails of users that were taken since the node started.
    pub taken: u64,
    /// Their documents that are held, or were.
    pub held: u64,
    /// Mails that were dropped.
    pub dropped: u64,
}
