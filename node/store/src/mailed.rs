//! What a computer keeps of documents that come by mail: the addresses that its users proved to be theirs, and which mails
//! and documents came lately, so that none is held twice.

use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::Inner;
use super::columns::{MAIL_ADDRESSES, MAILED};
use super::table::{Bound, Table};

/// Addresses of all users of one computer.
const ADDRESSES: Bound = Bound {
    max: 8192,
    what: "mail addresses",
};
/// Mails and documents that came lately.
pub const MAILED_MAX: usize = 16_384;
const BOUND: Bound = Bound {
    max: MAILED_MAX,
    what: "mails and their documents",
};

/// A mail address that its user has proven to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailAddressRow {
    /// Whose.
    pub user: UserId,
    /// Since when.
    pub since: Timestamp,
    /// The language in which its user is answered (BCP 47), where that is known.
    pub language: Option<String>,
}

/// Names a mail or a document: a digest of it and its user.
pub type MailedKey = [u8; 32];

/// A mail that came, or a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailedRow {
    /// Whose.
    pub user: UserId,
    /// When it came.
    pub at: Timestamp,
    /// What it is.
    pub what: Mailed,
}

/// What came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mailed {
    /// A mail of which all was done that is to be done.
    Mail,
    /// A document that is held, or about to be.
    Document {
        /// The mail with which it came.
        mail: serde_bytes::ByteArray<32>,
        /// The number of its job. Whether that job was ever held tells what became of a document that was about to be.
        number: u32,
        /// Whether it is known that it was held.
        held: bool,
    },
}

/// Addresses, in lower case.
pub(super) fn addresses(inner: &Inner) -> Table<'_, String, MailAddressRow> {
    Table::new(inner, MAIL_ADDRESSES, ADDRESSES)
}

/// Mails and documents that came lately.
pub(super) fn mailed(inner: &Inner) -> Table<'_, MailedKey, MailedRow> {
    Table::new(inner, MAILED, BOUND)
}
