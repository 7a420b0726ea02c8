//! The infrastructure printer of a printer's node (PWG 5100.18): proxies register here, fetch what users
//! released at this printer, and say what became of it.
//!
//! This crate may know IPP, HTTP and the device that it serves. It may not know the mesh, the store, users or
//! documents: what a proxy gets is what the device offers, and whose token it shows is asked of
//! [`Tokens`].
//!
//! One reason per file, from the socket inwards:
//!
//! - [`listener`]: the socket, by [`papermesh_web`]
//! - `capability`: tokens in paths
//! - `http`: who asks, and from an HTTP request to an IPP answer
//! - `server`: what all operations share
//! - `operations/`: what may be asked (PWG 5100.18, and of RFC 8011 and its extensions what that demands)
//! - `told`: what is told of the printer, its jobs and their documents
//! - `news`: what subscribers are told
//! - `sessions`: whose tokens were shown; `lasting`: what outlives the node, and what a token that is withdrawn ends
//! - [`tokens`]: what is asked of whoever keeps device tokens
//!
//! Nobody prints here by IPP: jobs come into being when a user releases them at this node's panel or
//! portal, and a client that tries is told so. Deliberately absent: client certificates of proxies,
//! compression of documents, and Identify-Printer, of which no user of this node would have a use.
#![forbid(unsafe_code)]

mod capability;
mod http;
mod lasting;
mod limits;
pub mod listener;
mod news;
mod operations;
mod server;
mod sessions;
pub mod tokens;
mod told;

pub use listener::{Identity, InfraPrinter, InfraPrinterError};
pub use tokens::{Admitted, KeptSubscription, NotAdmitted, NotKept, Registration, Tokens};

/// Where the URIs of infrastructure printers begin: a name follows.
pub const PATH: &str = "/ipp/print/";
/// Where output devices register.
pub const SYSTEM_PATH: &str = "/ipp/system";

#[cfg(any(test, fuzzing))]
mod rehearsal;
#[cfg(test)]
mod tests;
#[cfg(any(test, fuzzing))]
pub use rehearsal::rehearse;
