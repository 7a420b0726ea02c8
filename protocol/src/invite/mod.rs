//! Invites and tickets: what an admin or a user hands over outside the mesh, as one line of text
//! or a QR code, so that a device can join, a user enroll or a further computer be linked.
//!
//! Each names the node to ask, the addresses to try, a single-use secret and an end. Here are
//! the three of them; [`mod@line`] has their form as text, [`secret`] the secret, and [`issued`]
//! what remains with the node that issued one. How a ticket is redeemed is a matter of
//! [`crate::join`], [`crate::enroll`] and [`crate::link`].

pub mod issued;
pub mod line;
pub mod secret;

use core::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use zeroize::Zeroizing;

pub use issued::{InviteGrant, Issued, Redeemed, TicketRefusal};
pub use line::{TicketError, TicketKind};
pub use secret::{TicketDigest, TicketSecret};

use crate::certificate::{Role, Roles};
use crate::id::{NodeId, SiteId};
use crate::limits;
use crate::text::{Name, UserId};
use crate::time::Timestamp;

/// Lets one device join a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    /// The site.
    pub site: SiteId,
    /// The admin's node, which admits.
    pub admin: NodeId,
    /// Where the admin listens for devices that join: binary multiaddrs, at most four. With none
    /// the device looks for the admin on the local network.
    pub addresses: Vec<ByteBuf>,
    /// Proves that the device was invited.
    pub secret: TicketSecret,
    /// What the device may do once it is a member.
    pub roles: Roles,
    /// The device's name, if the admin fixed it.
    pub name: Option<Name>,
    /// Good until then, by the admin's clock.
    pub expires_at: Timestamp,
}

/// Lets one user enroll on one computer of the site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserTicket {
    /// The site.
    pub site: SiteId,
    /// The admin's node, which enrolls.
    pub admin: NodeId,
    /// Where the admin can be reached as a member: binary multiaddrs, at most four.
    pub addresses: Vec<ByteBuf>,
    /// Proves that the admin meant this person.
    pub secret: TicketSecret,
    /// The user.
    pub user: UserId,
    /// Good until then, by the admin's clock.
    pub expires_at: Timestamp,
}

/// Lets a further computer hold jobs of a user who has enrolled on another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkTicket {
    /// The site.
    pub site: SiteId,
    /// The user's first computer, which has the user key.
    pub first: NodeId,
    /// Where that computer can be reached as a member: binary multiaddrs, at most four.
    pub addresses: Vec<ByteBuf>,
    /// Proves that the same person sits at both computers.
    pub secret: TicketSecret,
    /// The user.
    pub user: UserId,
    /// Good until then, by the first computer's clock.
    pub expires_at: Timestamp,
}

/// The roles that a device may ask for when it joins: at least one, and never `admin`, because an
/// admin is whoever has the authority key and that key is not handed over by joining.
#[must_use]
pub fn may_ask_for(roles: Roles) -> bool {
    roles != Roles::default() && !roles.has(Role::Admin)
}

impl line::Ticket for Invite {
    const KIND: TicketKind = TicketKind::Invite;
    fn check(&self) -> Result<(), &'static str> {
        check_addresses(&self.addresses)?;
        if may_ask_for(self.roles) {
            Ok(())
        } else {
            Err("its roles cannot be granted by joining")
        }
    }
}

impl line::Ticket for UserTicket {
    const KIND: TicketKind = TicketKind::User;
    fn check(&self) -> Result<(), &'static str> {
        check_addresses(&self.addresses)
    }
}

impl line::Ticket for LinkTicket {
    const KIND: TicketKind = TicketKind::Link;
    fn check(&self) -> Result<(), &'static str> {
        check_addresses(&self.addresses)
    }
}

fn check_addresses(addresses: &[ByteBuf]) -> Result<(), &'static str> {
    if addresses.len() > limits::ADDRESSES_PER_ADVERT {
        return Err("it has too many addresses");
    }
    if addresses
        .iter()
        .any(|address| address.len() > limits::ADDRESS)
    {
        return Err("one of its addresses is too long");
    }
    Ok(())
}

macro_rules! ticket_text {
    ($($name:ident),*) => {$(
        impl $name {
            /// The line to hand over. It carries the secret, and is wiped when dropped.
            ///
            /// # Errors
            /// [`TicketError::Malformed`] if the fields exceed their limits.
            pub fn to_text(&self) -> Result<Zeroizing<String>, TicketError> {
                line::write(self)
            }

            /// Refuses it when it has expired, some minutes of difference between clocks allowed
            /// for: the issuer, whose clock counts, decides in the end.
            ///
            /// # Errors
            /// [`TicketError::Expired`].
            pub fn check_time(&self, now: Timestamp) -> Result<(), TicketError> {
                line::check_time::<Self>(self.expires_at, now)
            }
        }

        impl FromStr for $name {
            type Err = TicketError;
            fn from_str(text: &str) -> Result<Self, TicketError> {
                line::read(text)
            }
        }
    )*};
}
ticket_text!(Invite, UserTicket, LinkTicket);
