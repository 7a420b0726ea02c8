//! The join protocol, `/papermesh/join/1`: how a device becomes a member.
//!
//! It runs on an ordinary Noise connection, outside the mesh, on a listener of the admin's own.
//! Noise proves to each side the other's node key; it does not say whose key that is. Two things
//! can:
//!
//! **An invite** names the admin's node, so the device knows whom it talks to, and carries a
//! secret, so the admin knows whom it talks to:
//!
//! ```text
//! device                                        admin
//!   Ask{terms, Invite(secret)}           ->       redeems the secret, signs
//!                                        <-       Welcome or Denied
//! ```
//!
//! **Six digits**, the same on both screens, if two people (or one with two screens) compare them:
//!
//! ```text
//!   Ask{terms, Digits(commitment)}       ->
//!                                        <-       Challenge{site, its name, admin's nonce}
//!   Reveal{device's nonce}               ->       checks the commitment
//!   shows the digits                              lists the digits, waits for `approve`
//!                                        <-       Welcome or Denied
//! ```
//!
//! # Why six digits are enough
//!
//! Somebody in the middle holds two conversations, one with the device as a false admin and one
//! with the admin as a false device. The digits are a hash over *both* node keys, the site and
//! both nonces, so the two conversations have different digits unless chance makes them equal,
//! and a nonce must be picked to help chance along. Neither can be:
//!
//! - To the admin, the false device must commit to its nonce before it sees the admin's.
//! - To the device, the false admin must send its nonce before it sees the device's.
//!
//! So each pair of conversations agrees once in a million times. What remains is to try often:
//! whoever reveals last knows the digits first, and could leave unseen when they do not fit.
//! Against that every challenge that an admin hands out counts ([`Attempts`]), whether or not it
//! is answered, and there are at most [`limits::PENDING_JOINS`](crate::limits::PENDING_JOINS) of
//! them within [`limits::APPROVAL`](crate::limits::APPROVAL), a few of them for any one address, so
//! that a stranger who asks on end is in nobody's way; on the device's side each try needs
//! a person to start joining anew. Equal digits alone admit nobody either: the admin approves by
//! typing the digits that the *device* shows.
//!
//! [`message`] has what is said, [`digits`] what is compared, [`joiner`] and [`admin`] the two
//! sides as state machines, [`waiting`] the devices that an admin has not decided about. What an
//! invite is stands in [`crate::invite`].

pub mod admin;
pub mod digits;
pub mod joiner;
pub mod message;
pub mod waiting;

pub use admin::{AdminJoin, AdminStep, Applicant, Attempts, Claim};
pub use digits::{Commitment, Digits, Nonce};
pub use joiner::{JoinError, Joiner, Membership, Next};
pub use message::{Answer, Denial, MemberAddress, Request, Terms, Welcome};
pub use waiting::{ApproveError, Waiting};

/// The protocol's name. One stream carries one conversation; every message is one frame of
/// deterministic CBOR, at most [`limits::JOIN_MESSAGE`](crate::limits::JOIN_MESSAGE) bytes.
pub const PROTOCOL: &str = "/papermesh/join/1";

#[cfg(test)]
mod tests;
