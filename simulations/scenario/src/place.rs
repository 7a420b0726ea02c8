//! Where in a file something is wrong.

use std::fmt;

use toml::de::{DeTable, DeValue};

/// One mistake in a scenario file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}, column {}: {}",
            self.line, self.column, self.message
        )
    }
}

impl std::error::Error for Wrong {}

impl Wrong {
    pub(crate) fn of_form(text: &str, error: &toml::de::Error) -> Self {
        let at = error.span().map_or(0, |span| span.start);
        Self::at_byte(text, at, error.message().to_owned())
    }

    /// At a path such as `site.0.nodes.1.count`. What is not written in the file is wrong where its table begins.
    pub(crate) fn at_path(text: &str, path: &str, message: String) -> Self {
        let at = DeTable::parse(text).ok().map_or(0, |table| {
            let (mut at, mut value) = (0, None);
            for part in path.split('.') {
                let table = match value {
                    None => Some(table.get_ref()),
                    Some(value) => DeValue::as_table(value),
                };
                let next = match (table, value, part.parse::<usize>()) {
                    (Some(table), ..) => table.get(part),
                    (None, Some(DeValue::Array(array)), Ok(number)) => array.get(number),
                    _ => None,
                };
                let Some(next) = next else { break };
                at = next.span().start;
                value = Some(next.get_ref());
            }
            at
        });
        Self::at_byte(text, at, message)
    }

    fn at_byte(text: &str, at: usize, message: String) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            message,
        }
    }
}
