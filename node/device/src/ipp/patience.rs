//! How long is waited for what, when printing to an IPP printer.
//!
//! Lives here: every wait of the print walk, by name. Not here: connecting and single requests
//! (`transport.rs`).

use std::time::Duration;

use super::super::source::SOURCE_STALL;
use super::transport::CALL_LIMIT;

/// First wait between two looks at a job; doubles up to [`POLL_MOST`] while nothing changes.
pub(super) const POLL_FIRST: Duration = Duration::from_millis(250);

/// Longest wait between two looks at a job.
pub(super) const POLL_MOST: Duration = Duration::from_secs(2);

/// How long a printer that is busy with another job is asked again before the print is given back.
pub(super) const BUSY_LIMIT: Duration = Duration::from_secs(5 * 60);

/// How long a stopped printer (jam, no paper) may show no change before the job is taken back from
/// it. A secure release must not come out when its owner has long left.
pub(super) const STOPPED_LIMIT: Duration = Duration::from_secs(15 * 60);

/// How long a printer may keep a job in a store of its own before the job is taken back from it:
/// its owner stands there and has been told.
pub(super) const HELD_LIMIT: Duration = Duration::from_secs(3 * 60);

/// How long an idle printer may take nothing of a document without saying why: longer than the
/// document's own stream may give nothing.
pub(super) const UNTAKEN_LIMIT: Duration = Duration::from_secs(3 * 60);

/// How long an idle printer may leave a document lying that it has taken.
pub(super) const IDLE_LIMIT: Duration = Duration::from_secs(5 * 60);

/// How long nothing may happen before that is told.
pub(super) const QUIET_LIMIT: Duration = Duration::from_secs(10);

/// How long a printer that has stopped is waited for when it calls the job completed, or has
/// forgotten it: the paper may be out when somebody has helped it, and nobody can take it back.
pub(super) const COMPLETED_LIMIT: Duration = Duration::from_secs(2 * 60);

/// How long a printer that says nothing of its jobs may work at what it has taken.
pub(super) const MUTE_LIMIT: Duration = Duration::from_secs(45);

/// How long a printer that sleeps may take to wake up.
pub(super) const WAKE_LIMIT: Duration = Duration::from_secs(60);

/// How long a printer that says it is working, or has others' jobs before ours, may show no change.
/// Many printers count no pages, and a thick document takes its time.
pub(super) const WORKING_LIMIT: Duration = Duration::from_secs(2 * 60 * 60);

/// How long a printer may be out of reach while it has our job.
pub(super) const UNREACHABLE_LIMIT: Duration = Duration::from_secs(5 * 60);

/// How long a printer may take to confirm that a job is canceled: it finishes the page it is at.
pub(super) const CANCEL_LIMIT: Duration = Duration::from_secs(2 * 60);

/// How long a printer that says *completed* may take for the rest of the document's bytes.
pub(super) const FINISH_LIMIT: Duration = Duration::from_secs(5);

/// How long a printer's description is believed without asking again.
pub(super) const DESCRIPTION_FRESH: Duration = Duration::from_secs(30);

/// The waits of one device. Tests shorten them; nothing else does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    pub(super) call: Duration,
    pub(super) poll_first: Duration,
    pub(super) poll_most: Duration,
    pub(super) busy: Duration,
    pub(super) stopped: Duration,
    pub(super) held: Duration,
    pub(super) untaken: Duration,
    pub(super) idle: Duration,
    pub(super) quiet: Duration,
    pub(super) completed: Duration,
    pub(super) mute: Duration,
    pub(super) wake: Duration,
    pub(super) working: Duration,
    pub(super) unreachable: Duration,
    pub(super) cancel: Duration,
    pub(super) finish: Duration,
    pub(super) source: Duration,
    pub(super) fresh: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            call: CALL_LIMIT,
            poll_first: POLL_FIRST,
            poll_most: POLL_MOST,
            busy: BUSY_LIMIT,
            stopped: STOPPED_LIMIT,
            held: HELD_LIMIT,
            untaken: UNTAKEN_LIMIT,
            idle: IDLE_LIMIT,
            quiet: QUIET_LIMIT,
            completed: COMPLETED_LIMIT,
            mute: MUTE_LIMIT,
            wake: WAKE_LIMIT,
            working: WORKING_LIMIT,
            unreachable: UNREACHABLE_LIMIT,
            cancel: CANCEL_LIMIT,
            finish: FINISH_LIMIT,
            source: SOURCE_STALL,
            fresh: DESCRIPTION_FRESH,
        }
    }
}

/// Waits that grow while nothing changes.
#[derive(Debug)]
pub(super) struct Pace {
    next: Duration,
    first: Duration,
    most: Duration,
}

impl Pace {
    pub(super) fn new(patience: &Patience) -> Self {
        Self {
            next: patience.poll_first,
            first: patience.poll_first,
            most: patience.poll_most,
        }
    }

    /// The wait before the next look.
    pub(super) const fn delay(&self) -> Duration {
        self.next
    }

    /// Something changed: look more often again.
    pub(super) fn quicken(&mut self) {
        self.next = self.first;
    }

    /// Nothing changed: look less often.
    pub(super) fn slow(&mut self) {
        self.next = (self.next * 2).min(self.most);
    }
}
