//! How a command fails: one line for a person, one object for a script, one number for a shell.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use papermesh_protocol::remedy::Remedy;
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

impl Remedy for CliError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Home(error) => error.remedy(),
            Self::Config(error) => error.remedy(),
            Self::Filter(error) => error.remedy(),
            Self::Control(error) => error.remedy(),
            Self::Refused(error) => error.remedy(),
            _ => None,
        }
    }
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
    pub(super) fn failed(code: ErrorCode, message: impl Display) -> Self {
        Self::Refused(CommandError::new(code, message))
    }

    /// The command makes no sense as given.
    pub(super) fn usage(message: impl Display) -> Self {
        Self::failed(ErrorCode::Usage, message)
    }

    /// Its kind, and the wait that goes with it.
    fn code(&self) -> ErrorCode {
        match self {
            Self::Filter(_) => ErrorCode::Usage,
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
        if !as_json {
            let said = text::clean(&self.in_full().to_string(), LINE);
            return format!("papermesh: {said}");
        }
        let mut error = match self {
            Self::Refused(error) => error.clone(),
            _ => CommandError::of(self.code(), self),
        };
        error.message = text::clean(&error.message, LINE);
        error.remedy = error.remedy.map(|remedy| text::clean(&remedy, LINE));
        json!({ "error": error }).to_string()
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
    fn scripts_get_code_message_remedy_and_wait() {
        let error = CliError::Refused(
            CommandError::new(ErrorCode::Denied, "wrong PIN").after(Duration::from_secs(4)),
        );
        assert_eq!(
            error.line(true),
            r#"{"error":{"code":"denied","message":"wrong PIN","retry_after":4000}}"#
        );
        let error = CliError::from(HomeError::Locked {
            path: "/home/ann; old".into(),
        });
        assert_eq!(
            error.line(true),
            r#"{"error":{"code":"busy","message":"another papermesh process is using /home/ann; old","remedy":"stop it first, or name another home with --home"}}"#
        );
        assert_eq!(
            error.line(false),
            "papermesh: another papermesh process is using /home/ann; old; stop it first, or name another home with \
             --home"
        );
    }

    #[test]
    fn bad_usage_and_failure_differ_in_the_exit_code() {
        assert_eq!(CliError::usage("").code(), ErrorCode::Usage);
        let closed = CliError::Output(io::ErrorKind::BrokenPipe.into());
        assert_eq!(closed.report(false), ExitCode::SUCCESS);
    }
}
