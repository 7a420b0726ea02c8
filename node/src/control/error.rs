//! Why a command failed: as the node says it, and as the command line sees it.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use papermesh_protocol::remedy::Remedy;
use serde::{Deserialize, Serialize};

use super::limits;

/// What kind of failure it was: for scripts, and for the command line to know what to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorCode {
    /// The command makes no sense as given.
    Usage,
    /// No node runs on this home.
    NotRunning,
    /// This node cannot do that: it lacks the role, the key or the device.
    NotHere,
    /// There is no such job, member, user, device.
    NotFound,
    /// It exists already.
    Exists,
    /// The site does not allow it, or the PIN is wrong.
    Denied,
    /// A PIN is needed; the command line asks for one if it can.
    PinRequired,
    /// The authority key is sealed; the command line asks for its passphrase if it can.
    PassphraseRequired,
    /// The passphrase does not open it.
    PassphraseWrong,
    /// The root of the site is needed; the command line asks for its passphrase if it can.
    RootRequired,
    /// Another node that is needed cannot be reached.
    Unreachable,
    /// It took too long.
    Timeout,
    /// Too much at once; later it will work.
    Busy,
    /// No room for it: spool, quota or limit.
    Full,
    /// The document or the data is not what it should be.
    BadData,
    /// Something else went wrong.
    Failed,
}

/// A node's answer to a command that failed. `message` says what is wrong and `remedy` what to do; each is one
/// line, no capital letter at its start, no full stop at its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandError {
    /// The kind.
    pub code: ErrorCode,
    /// What is wrong, for a person.
    pub message: String,
    /// What that person can do about it, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// Milliseconds after which another attempt makes sense, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

impl CommandError {
    /// A failure of this kind, of which nobody knows what to do about it.
    pub fn new(code: ErrorCode, message: impl fmt::Display) -> Self {
        Self {
            code,
            message: message.to_string(),
            remedy: None,
            retry_after: None,
        }
    }

    /// An error that is a failure of this kind.
    pub fn of(code: ErrorCode, error: &impl Remedy) -> Self {
        Self {
            remedy: error.remedy().map(Cow::into_owned),
            ..Self::new(code, error)
        }
    }

    /// The same, with what to do about it.
    #[must_use]
    pub fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// The same, with a time to wait.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        self
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CommandError {}

impl Remedy for CommandError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        self.remedy.as_deref().map(Cow::from)
    }
}

/// Why a command did not get its answer.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Nobody listens.
    #[error("no papermesh node is running for this home ({})", home.display())]
    NoNode {
        /// The home.
        home: PathBuf,
    },
    /// Somebody listens, but not this user.
    #[error("the node at {} runs as another user (uid {uid})", socket.display())]
    Stranger {
        /// The socket.
        socket: PathBuf,
        /// Who listens.
        uid: u32,
    },
    /// The socket cannot be used.
    #[error("cannot talk to the node at {}: {source}", socket.display())]
    Connect {
        /// The socket.
        socket: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The connection broke before the answer.
    #[error("the node closed the connection before it answered")]
    Broken,
    /// What came is no answer.
    #[error("the node's answer was not understood (it may be a different version)")]
    Malformed,
    /// The request is larger than requests may be.
    #[error("the command is too large: at most {} bytes", limits::REQUEST_LINE)]
    TooLarge,
    /// The document could not be read to its end. The node drops what it got of it.
    #[error("cannot read the document: {0}")]
    Document(io::Error),
    /// The node could not or would not.
    #[error(transparent)]
    Refused(#[from] CommandError),
}

impl Remedy for ControlError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::NoNode { .. } => "start it with `papermesh run`",
            Self::Stranger { .. } => "use the account it runs as",
            Self::Broken => "check its log, then try again",
            Self::Malformed => "restart the node after an upgrade",
            Self::Refused(error) => return error.remedy(),
            _ => return None,
        };
        Some(remedy.into())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_to_do_is_a_field_of_its_own() {
        let home = PathBuf::from("/home/ann; old");
        let error = CommandError::of(ErrorCode::NotRunning, &ControlError::NoNode { home });
        let json = serde_json::to_string(&error).unwrap();
        assert_eq!(
            json,
            r#"{"code":"not-running","message":"no papermesh node is running for this home (/home/ann; old)","remedy":"start it with `papermesh run`"}"#
        );
        assert_eq!(serde_json::from_str::<CommandError>(&json).unwrap(), error);
    }

    #[test]
    fn where_nothing_is_to_be_done_there_is_no_field() {
        let error = CommandError::new(ErrorCode::Denied, "wrong PIN; so said the printer");
        let json = serde_json::to_string(&error).unwrap();
        assert_eq!(
            json,
            r#"{"code":"denied","message":"wrong PIN; so said the printer"}"#
        );
        assert_eq!(serde_json::from_str::<CommandError>(&json).unwrap(), error);
    }
}
