//! Every limit of the page for people outside.

use std::time::Duration;

use papermesh_web::Pace;

/// Requests of one customer of the Internet, and how soon one more may come.
pub(super) const REQUESTS_EACH: Pace = Pace {
    burst: 120,
    every: Duration::from_secs(1),
};
/// Those of all together.
pub(super) const REQUESTS: Pace = Pace {
    burst: 1200,
    every: Duration::from_millis(100),
};

/// Forms with files that are taken at once, of everybody together.
pub(super) const UPLOADS: usize = 8;
/// Files of one form.
pub(super) const FILES: usize = 10;
/// How long a file may stand still.
pub(super) const STALL: Duration = Duration::from_secs(90);
/// Parts of one form that are no files.
pub(super) const CHOICES: usize = 8;
/// Bytes of a form that are no data of a file, from one part to the next.
pub(super) const BETWEEN: u64 = 256 * 1024;
/// How long the rest of a form is read and thrown away that was refused, so that its sender gets to read why.
pub(super) const DRAIN: Duration = Duration::from_secs(20);
/// Bytes of what is chosen in a form, besides files.
pub(super) const CHOICE: usize = 256;
/// Jobs of the user among which those of the token are looked for.
pub(super) const SCANNED: usize = 1000;
/// How long a file counts as just taken.
pub(super) const LATELY: Duration = Duration::from_secs(60);
/// Jobs that are shown.
pub(super) const JOBS: usize = 100;
/// Jobs that have ended, of them.
pub(super) const ENDED: usize = 10;
/// Bytes of what is searched for.
pub(super) const SEARCH: usize = 100;
