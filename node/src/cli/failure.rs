//! How a command fails: one line for a person, one object for a script, one number for a shell.

use std::io::{self, Write};
use std::process::ExitCode;

use papermesh_protocol::text;
use serde_json::json;

use crate::config::{ConfigError, HomeError};
use crate::control::{CommandError, ControlError, ErrorCode};
use crate::logs::FilterError;

/// Exit code of a failure.
const FAILURE: u8 = 1;
/// Exit code of a command that makes no sense as given.
const USAGE: u8 = 2;
/// The longest line that is shown of an error, in bytes.
const LINE: usize = 2000;

/// Why a command ends without success.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    /// The command makes no sense as given.
    #[error("{0}")]
    Usage(String),
    /// The home cannot be used.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The log filter is wrong.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The node did not answer.
    #[error(transparent)]
    Control(ControlError),
    /// The node, or what stands in for it when none runs, said no.
    #[error(transparent)]
    Refused(#[from] CommandError),
    /// A file cannot be read or written.
    #[error("cannot {action} {path}: {source}")]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: String,
        /// The cause.
        source: io::Error,
    },
    /// Standard output cannot be written to.
    #[error("cannot write the output: {0}")]
    Output(io::Error),
}

impl From<ControlError> for CliError {
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::Refused(refusal) => Self::Refused(refusal),
            other => Self::Control(other),
        }
    }
}

impl CliError {
    /// A failure of this kind.
    pub(super) fn failed(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::Refused(CommandError::new(code, message.into()))
    }

    /// Its kind, and the wait that goes with it.
    fn code(&self) -> ErrorCode {
        match self {
            Self::Usage(_) | Self::Filter(_) => ErrorCode::Usage,
            Self::Home(HomeError::Missing { .. }) => ErrorCode::NotFound,
            Self::Home(HomeError::Locked { .. }) => ErrorCode::Busy,
            Self::Config(_) => ErrorCode::BadData,
            Self::Control(ControlError::NoNode { .. }) => ErrorCode::NotRunning,
            Self::Control(ControlError::Stranger { .. }) => ErrorCode::Denied,
            Self::Refused(error) => error.code,
            _ => ErrorCode::Failed,
        }
    }

    /// Whoever read our output has seen enough.
    fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// Says it on standard error, as the last line there, and gives the exit code.
    pub(super) fn report(&self, as_json: bool) -> ExitCode {
        if self.is_closed_pipe() {
            return ExitCode::SUCCESS;
        }
        // If even standard error is closed, the exit code has to do.
        let _ = writeln!(io::stderr(), "{}", self.line(as_json));
        ExitCode::from(match self.code() {
            ErrorCode::Usage => USAGE,
            _ => FAILURE,
        })
    }

    fn line(&self, as_json: bool) -> String {
        let message = text::clean(&self.to_string(), LINE);
        if as_json {
            let error = match self {
                Self::Refused(error) => CommandError {
                    message,
                    ..error.clone()
                },
                _ => CommandError::new(self.code(), message),
            };
            json!({ "error": error }).to_string()
        } else {
            format!("papermesh: {message}")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_error_is_one_line_without_tricks() {
        let error = CliError::failed(ErrorCode::Failed, "jam\n\u{1b}[31m in \u{202e}tray 2");
        assert_eq!(error.line(false), "papermesh: jam [31m in tray 2");
    }

    #[test]
    fn scripts_get_code_message_and_wait() {
        let error = CliError::Refused(
            CommandError::new(ErrorCode::Denied, "wrong PIN").after(Duration::from_secs(4)),
        );
        assert_eq!(
            error.line(true),
            r#"{"error":{"code":"denied","message":"wrong PIN","retry_after":4000}}"#
        );
    }

    #[test]
    fn bad_usage_and_failure_differ_in_the_exit_code() {
        assert_eq!(CliError::Usage(String::new()).code(), ErrorCode::Usage);
        let closed = CliError::Output(io::ErrorKind::BrokenPipe.into());
        assert_eq!(closed.report(false), ExitCode::SUCCESS);
    }
}
