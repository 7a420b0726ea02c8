//! Mail: that which wakes, and that which brings documents. Sends it, and watches a mailbox for it.
//!
//! This crate knows mail: SMTP to submit it (RFC 5321, RFC 6409), IMAP (RFC 3501) and POP3 (RFC 1939) to read a
//! mailbox, TLS under all of them, and the headers of a mail. It may not know documents, users and jobs, nor the mesh, nor
//! what a door does about a wake: who sent a mail it can tell, and not what follows.
//!
//! - [`account`]: where a mailbox is and what opens it
//! - [`trust`]: which certificate authorities mail servers are believed by
//! - [`message`]: a mail that carries a wake
//! - [`head`]: what the header of any mail says; [`sender`]: who sent it, as the mailbox's own server found, which is
//!   read in [`results`]
//! - [`notice`]: a mail to a person, mostly in answer to one
//! - [`submit`]: sends mails
//! - [`watch`]: waits for them; `imap` and `pop3` are how
//! - `connection`: a stream to a mail server, with a limit to what it may say; `literal`: and to what it may announce
//! - [`error`]: what can go wrong, and what to do about it
//!
//! Nothing is answered here: who sends something to a mailbox learns nothing of it, unless whoever takes the mail wants.
#![forbid(unsafe_code)]

pub mod account;
mod connection;
pub mod error;
pub mod head;
mod imap;
mod literal;
pub mod message;
pub mod notice;
mod pop3;
#[cfg(any(test, fuzzing))]
mod rehearsal;
pub mod results;
pub mod sender;
pub mod submit;
pub mod trust;
pub mod watch;

pub use account::{Account, Credential, Security};
pub use error::MailError;
#[cfg(any(test, fuzzing))]
pub use rehearsal::rehearse;
pub use trust::Trust;
