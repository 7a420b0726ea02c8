//! What can go wrong with mail, and what to do about it.

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;

use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text;

/// Characters of what a server said that are shown.
const SAID: usize = 200;

/// Why mail was not sent, or a mailbox cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The server is not reached.
    #[error("the mail server {server} cannot be reached: {source}")]
    Unreachable {
        /// Which one, with its port.
        server: String,
        /// Why not.
        source: io::Error,
    },
    /// It did not say anything for too long.
    #[error("the mail server {0} did not answer in time")]
    Silent(String),
    /// No TLS came about.
    #[error("there is no secure connection to the mail server {server}: {why}")]
    Tls {
        /// Which one, with its port.
        server: String,
        /// Why not.
        why: String,
    },
    /// The server has no STARTTLS or STLS, or does not want it now.
    #[error("the mail server {0} offers no TLS on this port")]
    NoTls(String),
    /// Mail in clear, to another computer.
    #[error("{0} is another computer, and mail to it would be in clear")]
    InClear(String),
    /// User and password or token are not accepted.
    #[error("the mail server {server} does not accept the password or token of {user}: {said}")]
    Login {
        /// Which one, with its port.
        server: String,
        /// Whose account.
        user: String,
        /// What it said.
        said: String,
    },
    /// The file with the password or token cannot be used.
    #[error("{}: {why}", path.display())]
    Secret {
        /// Which file.
        path: PathBuf,
        /// Why not.
        why: SecretError,
    },
    /// The file with certificate authorities cannot be used.
    #[error("{}: {why}", path.display())]
    Roots {
        /// Which file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// No certificate authority is known at all.
    #[error("this computer knows no certificate authorities")]
    NoRoots,
    /// An address is none.
    #[error("{0} is no mail address")]
    Address(String),
    /// The mail could not be written.
    #[error("the mail cannot be written: {0}")]
    Message(String),
    /// The server does not take the mail now, and did not until there was no time left.
    #[error("the mail server {server} does not take the mail now: {said}")]
    Later {
        /// Which one, with its port.
        server: String,
        /// What it said.
        said: String,
    },
    /// The server does not take the mail.
    #[error("the mail server {server} refuses the mail: {said}")]
    Refused {
        /// Which one, with its port.
        server: String,
        /// What it said.
        said: String,
    },
    /// The mailbox has no such folder, or it cannot be used.
    #[error("the folder {folder} at {server} cannot be used: {said}")]
    Folder {
        /// Which server, with its port.
        server: String,
        /// Which folder.
        folder: String,
        /// What the server said.
        said: String,
    },
    /// What came could not be taken.
    #[error("a mail of the mailbox at {0} cannot be taken now")]
    Postponed(String),
    /// The server does not keep to its protocol, or said too much, or hung up.
    #[error("the mail server {server} cannot be understood: {why}")]
    Confused {
        /// Which one, with its port.
        server: String,
        /// What it did.
        why: String,
    },
}

/// Why a file with a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It cannot be read.
    #[error("the password or token cannot be read: {0}")]
    Unreadable(io::ErrorKind),
    /// Everybody can read it.
    #[error("everybody on this computer can read this password or token")]
    Open,
    /// It has no line of text, or more than one, or too long a one.
    #[error("this is no password or token")]
    Malformed,
}

impl Remedy for MailError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Unreachable { .. } | Self::Silent(_) => {
                "look whether server and port are right, and whether the firewall lets this computer there".into()
            }
            Self::Tls { .. } => "if the server's certificate is from an authority of your own, name its file as \
                                 `roots`"
                .into(),
            Self::NoTls(_) => "use `security = \"tls\"`, or another port".into(),
            Self::InClear(_) => "use `security = \"tls\"` or \"starttls\"".into(),
            Self::Login { .. } => {
                "put the right password or a fresh token into its file; many providers want one made for programs".into()
            }
            Self::Secret { path, why } => match why {
                SecretError::Unreadable(_) => "put it there, readable by the node's account".into(),
                SecretError::Open => format!("run `chmod 600 {}`", path.display()).into(),
                SecretError::Malformed => "put it there as one line of text".into(),
            },
            Self::Roots { .. } => "name a file with certificates in PEM".into(),
            Self::NoRoots => "install the package ca-certificates, or name a file as `roots`".into(),
            Self::Address(_) => "write it as name@domain".into(),
            Self::Later { .. } => {
                "ask whoever runs the mailbox to let mail from this sender through at once".into()
            }
            Self::Refused { .. } => "look whether both addresses are right and may be used".into(),
            Self::Folder { .. } => "create it, or name another".into(),
            Self::Postponed(_) => "the node's log says why; the mail is read again by itself".into(),
            Self::Message(_) | Self::Confused { .. } => return None,
        })
    }
}

/// What a server said, fit to be shown.
pub(crate) fn said(words: impl AsRef<str>) -> String {
    match text::clean(words.as_ref(), SAID) {
        said if said.is_empty() => "it does not say why".to_owned(),
        said => said,
    }
}
