//! What happens at the hold printer, for those who subscribed to it. Everybody is told of own jobs
//! only.

use ipp::value::IppValue;
use papermesh_protocol::text::UserId;

use super::job_attributes;
use super::printer_attributes;
use super::queue::{JobNumber, Queue, QueuedJob};
use super::server::{IppServer, Switches};
use super::subscriptions::News;
use super::values::{enumeration, flag, integer, keyword, keywords, name};

/// What happened to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happened {
    Created,
    Changed,
    Ended,
}

/// What an event is about, as it was then.
#[derive(Clone, Debug)]
pub(super) enum About {
    Job(Happened, Box<QueuedJob>),
    /// An operator switched something.
    Printer(Switches),
}

impl News for About {
    type Owner = UserId;

    /// The printer is never stopped, but RFC 3995 section 5.3.3.4.2 has every printer know the event.
    const EVENTS: &'static [&'static str] = &[
        "job-completed",
        "job-created",
        "job-state-changed",
        "none",
        "printer-state-changed",
        "printer-stopped",
    ];

    fn keyword(&self) -> &'static str {
        match self {
            Self::Job(Happened::Created, _) => "job-created",
            Self::Job(Happened::Changed, _) => "job-state-changed",
            Self::Job(Happened::Ended, _) => "job-completed",
            Self::Printer(_) => "printer-state-changed",
        }
    }

    /// The end of a job is a change of its state, too (RFC 3995 section 5.3.3.4.3).
    fn is_wanted_by(&self, event: &str) -> bool {
        event == self.keyword() || matches!(self, Self::Job(..)) && event == "job-state-changed"
    }

    fn concerns(&self, owner: &UserId, job: Option<JobNumber>) -> bool {
        match self {
            Self::Job(_, about) => {
                *owner == about.user && job.is_none_or(|number| number == about.number)
            }
            Self::Printer(_) => job.is_none(),
        }
    }

    fn is_last(&self) -> bool {
        matches!(self, Self::Job(Happened::Ended, _))
    }

    fn told(&self) -> (String, Vec<(&'static str, IppValue)>) {
        match self {
            Self::Job(_, job) => {
                let said = job_attributes::said(job);
                let about = vec![
                    ("notify-job-id", integer(job.number)),
                    ("job-id", integer(job.number)),
                    ("job-name", name(&job.title)),
                    ("job-state", enumeration(said.number)),
                    ("job-state-reasons", keywords(said.reasons)),
                    ("job-impressions-completed", integer(job.pages_printed)),
                ];
                (format!("{}: {}", job.title, said.message), about)
            }
            Self::Printer(switches) => {
                let words = match switches.accepting {
                    true => "the printer is accepting jobs",
                    false => "the printer is not accepting jobs at the moment",
                };
                let number = printer_attributes::state_number(false);
                let reasons = printer_attributes::reasons(switches);
                let about = vec![
                    ("printer-state", enumeration(number)),
                    ("printer-state-reasons", keyword(reasons)),
                    ("printer-is-accepting-jobs", flag(switches.accepting)),
                ];
                (words.to_owned(), about)
            }
        }
    }
}

impl<Q: Queue> IppServer<Q> {
    /// Tells subscribers that an operator switched something.
    pub(super) fn tell_of_printer(&self) {
        let about = About::Printer(self.switches());
        self.subscriptions.note(&about, self.queue.now());
    }

    /// Tells subscribers what happened to a job. What it is now is looked up; a job of which that
    /// is not possible has no subscribers to be told.
    pub(super) async fn tell(&self, number: JobNumber, happened: Happened) {
        if let Ok(Some(job)) = self.job(number).await {
            let happened = match happened {
                Happened::Changed if job.state.has_ended() => Happened::Ended,
                other => other,
            };
            let about = About::Job(happened, Box::new(job));
            self.subscriptions.note(&about, self.queue.now());
        }
    }
}
