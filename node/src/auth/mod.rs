//! Who a user is: what a holder knows of a user and of the PIN.
//!
//! PINs are proved to the holder with OPAQUE (see the protocol's `pin`); what is kept of a PIN is
//! sealed with the storage key here and nowhere else ([`verifier`]), [`login`] puts together
//! what a login at a printer is judged by, [`unproven`] counts those by a badge alone, and [`typed`]
//! checks a PIN typed at the holder itself. Badges name users in the directory. Further kinds of
//! evidence (Kerberos, smart cards) will live beside these.

pub mod login;
pub mod typed;
pub mod unproven;
pub mod verifier;
