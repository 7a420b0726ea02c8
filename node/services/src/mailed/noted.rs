//! What the audit log says of mails: each that was taken, and of those that were dropped some.

use std::fmt::Display;
use std::time::Duration;

use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;

use crate::audit::{Audit, Event, Kind};
use crate::rate_window::RateWindow;

/// Dropped mails in the audit log,
pub const DROPPED: u32 = 20;
/// within this time. Anybody may write any number of them.
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Notes what became of mails.
pub struct Noted {
    audit: Audit,
    dropped: RateWindow<()>,
}

impl Noted {
    /// In this log.
    #[must_use]
    pub const fn new(audit: Audit) -> Self {
        Self {
            audit,
            dropped: RateWindow::new(DROPPED, HOUR),
        }
    }

    /// A user's mail was taken; so many of its documents are held.
    pub async fn taken(&self, user: &UserId, (held, all): (usize, usize)) {
        let event = Event::new(Kind::MailTaken).user(user);
        let event = event.because(format!("{held} of {all} documents are held"));
        self.audit.record_best_effort(event).await;
    }

    /// A mail was dropped for this reason, at a time of a clock that nobody sets.
    pub async fn dropped(&mut self, why: impl Display, now: Timestamp) {
        if self.dropped.count((), now) {
            let event = Event::new(Kind::MailDropped).because(why);
            self.audit.record_best_effort(event).await;
        }
    }
}
