//! Who a user is: what a holder knows of a user and of the PIN.
//!
//! PINs are proved to the holder with OPAQUE (see the protocol's `pin`); what is kept of a PIN is
//! sealed with the storage key here and nowhere else ([`verifier`]), [`login`] puts together
//! what a login at a printer is judged by, [`unproven`] counts those by a badge alone, [`typed`] checks a
//! PIN typed at the holder itself, and [`remembered`] knows for a while how that ended. Badges name users
//! in the directory. Further kinds of evidence (Kerberos, smart cards) will live beside these.

pub mod login;
pub mod remembered;
pub mod typed;
pub mod unproven;
pub mod verifier;
