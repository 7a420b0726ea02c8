//! Where the log goes: standard error, as text or as JSON lines, filtered.
//!
//! Standard output belongs to what a command was asked for and is never logged to.

use std::borrow::Cow;
use std::io::{self, IsTerminal};

use papermesh_protocol::remedy::Remedy;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

/// What a command that ends by itself logs when nobody says otherwise.
pub const COMMAND_FILTER: &str = "warn";
/// What a running node logs when nobody says otherwise: its own doings, and the troubles of the
/// libraries below it.
pub const NODE_FILTER: &str = "warn,papermesh=info";

/// The filter is none.
#[derive(Debug, thiserror::Error)]
#[error("{filter:?} is not a log filter: {reason}")]
pub struct FilterError {
    filter: String,
    reason: String,
}

impl Remedy for FilterError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some("write something like info or papermesh=debug,warn".into())
    }
}

/// Starts logging for the whole process. A second start changes nothing.
///
/// # Errors
/// [`FilterError`] if `filter` is not understood.
pub fn start(filter: &str, json: bool) -> Result<(), FilterError> {
    let directives = parse(filter)?;
    let colored =
        io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
    let builder = fmt()
        .with_env_filter(directives)
        .with_writer(io::stderr)
        .with_ansi(colored && !json);
    // Refused only when a logger runs already: then that one stays.
    let _ = if json {
        builder.json().try_init()
    } else {
        builder.try_init()
    };
    Ok(())
}

fn parse(filter: &str) -> Result<EnvFilter, FilterError> {
    EnvFilter::builder()
        .parse(filter)
        .map_err(|error| FilterError {
            filter: filter.to_owned(),
            reason: error.to_string(),
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_default_filters_are_filters() {
        parse(COMMAND_FILTER).unwrap();
        parse(NODE_FILTER).unwrap();
    }

    #[test]
    fn nonsense_is_named() {
        let error = parse("papermesh=loud").unwrap_err().to_string();
        assert!(error.contains("papermesh=loud"), "{error}");
    }
}
