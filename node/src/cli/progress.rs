//! Something that moves while a document does, on a terminal only.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use papermesh_protocol::text;

use super::screen::Screen;
use crate::control::message::{Phase, Progress};

/// With a known size.
const BAR: &str = "{msg:.bold} {bar:24} {bytes:>10} of {total_bytes}";
/// Without.
const SPINNER: &str = "{msg:.bold} {spinner} {bytes:>10}";
/// Bytes of a title that are shown beside the bar.
const TITLE: usize = 60;
/// How often a spinner turns.
const TICK: Duration = Duration::from_millis(120);

/// A bar. Removed from the screen when dropped.
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// A bar on this screen, if a person watches; else one that nobody sees.
    pub(super) fn new(screen: &Screen, total: Option<u64>) -> Self {
        if !screen.is_live() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
        bar.enable_steady_tick(TICK);
        let bar = Self(bar);
        bar.style(total);
        bar
    }

    /// More bytes have gone.
    pub(super) fn add(&self, bytes: u64) {
        self.0.inc(bytes);
    }

    /// Shows how far a document has come.
    pub(super) fn show(&self, progress: &Progress) {
        let title = text::clean(&progress.title, TITLE);
        let doing = match progress.phase {
            Phase::Sealing => "holding",
            Phase::Fetching => "fetching",
            Phase::Printing => "printing",
            Phase::Stopped => "the printer has stopped:",
        };
        let note = match &progress.note {
            Some(note) => format!(" ({})", text::clean(note, TITLE)),
            None => String::new(),
        };
        self.style(progress.total);
        self.0.set_message(format!("{doing} {title}{note}"));
        self.0.set_position(progress.done);
    }

    fn style(&self, total: Option<u64>) {
        if let Some(total) = total {
            self.0.set_length(total);
        }
        let template = if total.is_some() { BAR } else { SPINNER };
        // Constant, and tried by the test below; the plain style would do, too.
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.0.set_style(style);
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_templates_are_templates() {
        ProgressStyle::with_template(BAR).unwrap();
        ProgressStyle::with_template(SPINNER).unwrap();
    }
}
