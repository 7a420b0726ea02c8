//! Every limit of the page for people outside.

use std::time::Duration;

/// Forms with files that are taken at once, of everybody together.
pub(super) const UPLOADS: usize = 8;
/// Files of one form.
pub(super) const FILES: usize = 10;
/// How long a file may stand still.
pub(super) const STALL: Duration = Duration::from_secs(90);
/// Bytes of what is chosen in a form, besides files.
pub(super) const CHOICE: usize = 256;
/// Jobs that are shown.
pub(super) const JOBS: usize = 100;
/// Jobs that have ended, of them.
pub(super) const ENDED: usize = 10;
/// Bytes of what is searched for.
pub(super) const SEARCH: usize = 100;
