//! Tickets that were made on a page, to be carried to another device.

use papermesh_protocol::certificate::Role;
use papermesh_protocol::time::Timestamp;
use zeroize::Zeroizing;

/// A ticket, while it is to be seen.
pub(super) struct Ticket {
    pub(super) purpose: Purpose,
    /// The user whom it is for, or the device, if that has a name.
    pub(super) name: String,
    /// The line.
    pub(super) line: Zeroizing<String>,
    /// Good until then.
    pub(super) expires_at: Timestamp,
}

/// What a ticket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A user enrolls with it; once more, if there was one before.
    Enroll { again: bool },
    /// A further computer is linked with it.
    Link,
    /// A device becomes a member with it, as this.
    Join { role: Role },
    /// Somebody outside prints with it.
    Print,
}
