//! What a reader judges records by: whom it believes, what was withdrawn, and the time.

use crate::charter::Charter;
use crate::id::SiteId;
use crate::site::SiteState;
use crate::time::Timestamp;

/// What is needed to judge records.
#[derive(Clone, Copy, Debug)]
pub struct Judge<'a> {
    /// Who may sign for the reader's site,
    pub charter: &'a Charter,
    /// and the site's state, as far as the reader knows both.
    pub state: &'a SiteState,
    /// The reader's clock.
    pub now: Timestamp,
}

impl Judge<'_> {
    /// The reader's site.
    #[must_use]
    pub const fn site(&self) -> SiteId {
        self.charter.site
    }
}
