//! The local API: how the command line, and nothing else, talks to the running node.
//!
//! A Unix socket in the home, for the node's own user (and root) only. One connection carries
//! one command:
//!
//! ```text
//! command line                                node
//!   {"version":1,"request":{"submit":{…}}}\n  →
//!                                             ←  "go-ahead"\n          if it wants the document
//!   length ‖ bytes, … , zero length           →
//!                                             ←  {"event":{…}}\n       any number, as it goes on
//!                                             ←  {"done":{…}}\n        or {"failed":{…}}\n; the end
//! ```
//!
//! Lines are JSON of bounded length. A document goes in chunks, so that one that ended and one
//! whose sender died can be told apart. Whoever goes away ends the command: the node drops what
//! it was doing for it.
//!
//! [`message`] has what is said, [`Service`] what a node must be able to do, [`Server`] and
//! [`Client`] are the two ends. Not here: what commands do, and how answers look on a screen.

mod body;
mod client;
mod error;
mod events;
mod frame;
pub mod limits;
pub mod message;
mod secret;
mod server;
mod service;
mod socket;

pub use body::Body;
pub use client::Client;
pub use error::{CommandError, ControlError, ErrorCode};
pub use events::Events;
pub use message::{Command, Service};
pub use secret::{MailCode, Passphrase, RootFile, SecretError, TypedPin};
pub use server::Server;
pub use service::{Answer, Handle, Io, ask};
pub use socket::{BindError, Listener};
