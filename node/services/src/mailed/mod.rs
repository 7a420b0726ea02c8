//! Documents that come by mail: each is held once, and as its sender wants it.
//!
//! - [`once`]: that a mail that comes twice, a document that is sent twice, and a crash between any two steps hold nothing
//!   twice and lose nothing
//! - [`noted`]: what the audit log says of it
//! - [`options`]: how to print, as the address and the subject of a mail say it
//!
//! Not here: how mails are read and who sent them, which is the business of whoever has the mailbox; whose an address is
//! ([`crate::local_users::addresses`]); holding ([`crate::holder`]).

pub mod noted;
pub mod once;
pub mod options;

#[cfg(test)]
mod tests;
