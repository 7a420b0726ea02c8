//! The screen: answers on standard output, for people or for scripts; everything else on
//! standard error.

use std::io::{self, IsTerminal, Write};

use comfy_table::Table;
use papermesh_protocol::text;
use papermesh_protocol::time::Timestamp;
use papermesh_services::clock;
use serde::Serialize;

use super::failure::CliError;

/// The longest remark, in bytes.
const REMARK: usize = 2000;

/// Where output goes and what it may look like.
#[derive(Debug)]
pub(super) struct Screen {
    json: bool,
    /// A person reads standard output.
    pub(super) terminal: bool,
    /// A person reads standard error.
    remarks: bool,
}

/// What answers for people are laid out for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    /// Columns of the terminal; none for a file or pipe, where lines may be of any length.
    pub(super) width: Option<u16>,
    /// Whether to use bold type.
    pub(super) styled: bool,
    /// The time that ages count from.
    pub(super) now: Timestamp,
}

impl Screen {
    /// The screen of this process.
    pub(super) fn new(json: bool) -> Self {
        Self {
            json,
            terminal: io::stdout().is_terminal(),
            remarks: io::stderr().is_terminal(),
        }
    }

    /// Whether scripts read the output.
    pub(super) const fn is_json(&self) -> bool {
        self.json
    }

    /// Whether a person may be shown something that moves.
    pub(super) const fn is_live(&self) -> bool {
        self.remarks && !self.json
    }

    /// Answers: with the value itself for scripts, with what `human` makes of it for people.
    pub(super) fn show<T: Serialize>(
        &self,
        value: &T,
        human: impl FnOnce(&T, &Style) -> String,
    ) -> Result<(), CliError> {
        if self.json {
            self.json(value)
        } else {
            self.line(&human(value, &self.style()))
        }
    }

    /// One line of JSON.
    pub(super) fn json<T: Serialize>(&self, value: &T) -> Result<(), CliError> {
        let text = serde_json::to_string(value).map_err(|error| CliError::Output(error.into()))?;
        self.line(&text)
    }

    /// Lines as they are.
    pub(super) fn line(&self, text: &str) -> Result<(), CliError> {
        self.bytes(format!("{text}\n").as_bytes())
    }

    /// Bytes as they are.
    pub(super) fn bytes(&self, bytes: &[u8]) -> Result<(), CliError> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)
            .and_then(|()| out.flush())
            .map_err(CliError::Output)
    }

    /// A remark that helps a person and that nobody else needs.
    pub(super) fn remark(&self, text: &str) {
        if self.is_live() {
            say(text);
        }
    }

    /// Something that must be said, whoever listens.
    pub(super) fn warn(&self, text: &str) {
        say(&format!("papermesh: {text}"));
    }

    /// What answers for people are laid out for.
    pub(super) fn style(&self) -> Style {
        let colorless = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Style {
            width: self.terminal.then(|| Table::new().width()).flatten(),
            styled: self.terminal && !colorless,
            now: clock::now(),
        }
    }
}

impl Style {
    /// Of a file: any width, no style, and the epoch.
    #[cfg(test)]
    pub(super) fn plain() -> Self {
        Self {
            width: None,
            styled: false,
            now: Timestamp::default(),
        }
    }
}

fn say(text: &str) {
    // A remark that cannot be made is not worth failing for.
    let _ = writeln!(io::stderr(), "{}", text::clean(text, REMARK));
}
