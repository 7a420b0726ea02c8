//! How the badge reader is, for whoever looks for mistakes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{ReaderError, Rule};

/// How the reader is, as `doctor` asks. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct ReaderWord(Arc<Mutex<ReaderState>>);

/// How a reader is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReaderState {
    /// Why no badges are read now; none: they are, as far as is known.
    pub trouble: Option<ReaderError>,
    /// A badge was read that nobody has, but by this rule somebody has.
    pub better_rule: Option<Rule>,
}

impl ReaderWord {
    fn state(&self) -> MutexGuard<'_, ReaderState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How it is now.
    #[must_use]
    pub fn now(&self) -> ReaderState {
        self.state().clone()
    }

    pub(super) fn works(&self) {
        self.state().trouble = None;
    }

    pub(super) fn failed(&self, error: ReaderError) {
        self.state().trouble = Some(error);
    }

    /// A rule that would have named somebody.
    pub(in crate::panel) fn suggest(&self, rule: Rule) {
        self.state().better_rule = Some(rule);
    }
}
