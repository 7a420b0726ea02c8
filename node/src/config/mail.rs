//! The section `mail`: the mailbox by which this node's door is called, the account by which it calls others, and the
//! mailbox to which users send documents.

use std::path::PathBuf;

use papermesh_mail::Account;
use papermesh_mail::watch::Mailbox;
use papermesh_protocol::gateway::mailbox::MailAddress;
use serde::Deserialize;

/// What mail this node reads and sends.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MailAccounts {
    /// Its address: where it is called, and from where it calls others.
    pub address: MailAddress,
    /// Certificates of authorities by which mail servers are believed, beside those of the system, as PEM.
    pub authorities: Option<PathBuf>,
    /// How the mailbox of that address is read; without it nobody can call this node.
    pub read: Option<Mailbox>,
    /// Where mails are submitted; without it this node calls nobody.
    pub send: Option<Account>,
    /// The mailbox to which users send documents; without it nothing is held that comes by mail.
    pub hold: Option<MailHold>,
}

/// A mailbox of its own, to which users send documents that are held for them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MailHold {
    /// Its address, from which users are answered.
    pub address: MailAddress,
    /// How the server that takes its mails calls itself where it writes down who sent them.
    pub authserv_id: AuthservId,
    /// How it is read.
    pub read: Mailbox,
    /// Where answers are submitted; without it where other mails are.
    pub send: Option<Account>,
}

/// How a server calls itself in `Authentication-Results` (RFC 8601 §2.5).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct AuthservId(String);

/// No server calls itself so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an authserv-id is one word, such as mx.acme.example")]
pub struct NoAuthservId;

impl TryFrom<String> for AuthservId {
    type Error = NoAuthservId;

    fn try_from(text: String) -> Result<Self, NoAuthservId> {
        let is_word = |c: char| c.is_ascii_graphic() && !matches!(c, ';' | '=' | '(' | ')' | '"');
        match !text.is_empty() && text.chars().all(is_word) {
            true => Ok(Self(text)),
            false => Err(NoAuthservId),
        }
    }
}

impl AuthservId {
    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_mailbox_for_documents_is_a_section_of_its_own() {
        let text = "address = \"hall@acme.example\"\n[send]\nserver = \"mail.acme.example\"\n\
                    [hold]\naddress = \"print@acme.example\"\nauthserv-id = \"mx.acme.example\"\n\
                    [hold.read]\nkeep = \"Printed\"\n[hold.read.account]\nserver = \"mail.acme.example\"\n";
        let hold = toml::from_str::<MailAccounts>(text).unwrap().hold.unwrap();
        assert_eq!(hold.address.as_str(), "print@acme.example");
        assert_eq!(hold.authserv_id.as_str(), "mx.acme.example");
        assert_eq!(hold.read.keep.as_deref(), Some("Printed"));
        for odd in ["", "a b", "mx;"] {
            let odd = text.replace("\"mx.acme.example\"", &format!("\"{odd}\""));
            assert!(toml::from_str::<MailAccounts>(&odd).is_err(), "{odd}");
        }
        let without = text.replace("authserv-id = \"mx.acme.example\"\n", "");
        assert!(toml::from_str::<MailAccounts>(&without).is_err());
    }
}
