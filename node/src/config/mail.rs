//! The section `mail`: the mailbox by which this node's door is called, and the account by which it calls others.

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
}
