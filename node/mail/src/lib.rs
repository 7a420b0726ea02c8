//! Mail that wakes: sends it, and watches a mailbox for it.
//!
//! This crate knows mail: SMTP to submit it (RFC 5321, RFC 6409), IMAP (RFC 3501) and POP3 (RFC 1939) to read a
//! mailbox, TLS under all of them, and the one kind of mail that Papermesh sends. It may not know what is in the part
//! that such a mail carries, nor the mesh, nor what a door does about it.
//!
//! - [`account`]: where a mailbox is and what opens it
//! - [`trust`]: which certificate authorities mail servers are believed by
//! - [`message`]: a mail that carries a wake
//! - [`submit`]: sends one
//! - [`watch`]: waits for them; `imap` and `pop3` are how
//! - `connection`: a stream to a mail server, with a limit to what it may say; `literal`: and to what it may announce
//! - [`error`]: what can go wrong, and what to do about it
//!
//! Nothing is ever answered: who sends something to a mailbox learns nothing of it.
#![forbid(unsafe_code)]

pub mod account;
mod connection;
pub mod error;
mod imap;
mod literal;
pub mod message;
mod pop3;
pub mod submit;
pub mod trust;
pub mod watch;

pub use account::{Account, Credential, Security};
pub use error::MailError;
pub use trust::Trust;
