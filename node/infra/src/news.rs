//! What happens at the infrastructure printer, for proxies that subscribed to it (PWG 5100.18 section
//! 9.2).

use std::time::Duration;

use ipp::value::IppValue;
use papermesh_device::{Change, InfraDevice, JobView};
use papermesh_ipp_message::subscriptions;
use papermesh_ipp_message::values::{enumeration, flag, integer, keyword, keywords};
use papermesh_protocol::id::TokenDigest;

use crate::sessions::Sessions;
use crate::told;

/// A job, as it was then, and the token of the one proxy that may know of it.
#[derive(Clone, Debug)]
pub(super) struct AboutJob {
    job: Box<JobView>,
    token: Option<TokenDigest>,
}

/// An event, as it was then.
#[derive(Clone, Debug)]
pub(super) enum News {
    /// A job can be fetched.
    Fetchable(AboutJob),
    /// The state of a job is another.
    Job(AboutJob),
    /// The state of the printer may be another.
    PrinterState(i32),
    /// So may what it can do.
    PrinterConfig(i32),
}

impl News {
    /// What is told of a change.
    pub(super) fn of(change: Change, device: &InfraDevice, sessions: &Sessions) -> Vec<Self> {
        let job = |number| {
            let job = device.job(number).map(Box::new)?;
            let token = job.known_to.as_ref();
            let token = token.and_then(|proxy| sessions.token_of(proxy));
            Some(AboutJob { job, token })
        };
        match change {
            Change::Fetchable(number) => job(number).map(Self::Fetchable).into_iter().collect(),
            Change::Job(number) => job(number).map(Self::Job).into_iter().collect(),
            Change::Printer => {
                let state = told::printer_state(device);
                vec![Self::PrinterState(state), Self::PrinterConfig(state)]
            }
        }
    }
}

impl subscriptions::News for News {
    type Owner = TokenDigest;

    const EVENTS: &'static [&'static str] = &[
        "document-config-changed",
        "document-state-changed",
        "job-completed",
        "job-config-changed",
        "job-created",
        "job-fetchable",
        "job-state-changed",
        "none",
        "printer-config-changed",
        "printer-state-changed",
        "printer-stopped",
    ];

    /// Somebody stands at the printer and waits.
    const INTERVAL: Duration = Duration::from_secs(2);

    fn keyword(&self) -> &'static str {
        match self {
            Self::Fetchable(_) => "job-fetchable",
            Self::Job(about) if about.job.ended.is_some() => "job-completed",
            Self::Job(_) => "job-state-changed",
            Self::PrinterState(_) => "printer-state-changed",
            Self::PrinterConfig(_) => "printer-config-changed",
        }
    }

    /// The end of a job is a change of its state, too (RFC 3995 section 5.3.3.4.3). Proxies compare words:
    /// they are told the one to which they subscribed.
    fn subscribed_keyword(&self, events: &[String]) -> &'static str {
        let has = |event: &str| events.iter().any(|subscribed| subscribed == event);
        match self.keyword() {
            "job-completed" if has("job-state-changed") => "job-state-changed",
            keyword => keyword,
        }
    }

    fn is_wanted_by(&self, event: &str) -> bool {
        event == self.keyword() || matches!(self, Self::Job(_)) && event == "job-state-changed"
    }

    /// A proxy hears of the jobs that it took, and the one that fetches of those that nobody has. A proxy that hears
    /// of a job that it cannot fetch may never try again.
    fn concerns(&self, owner: &TokenDigest, job: Option<u32>) -> bool {
        match self {
            Self::Fetchable(about) | Self::Job(about) => {
                let is_meant = |number| i64::from(about.job.number) == i64::from(number);
                about.token.as_ref() == Some(owner) && job.is_none_or(is_meant)
            }
            Self::PrinterState(_) | Self::PrinterConfig(_) => job.is_none(),
        }
    }

    fn is_last(&self) -> bool {
        matches!(self, Self::Job(about) if about.job.ended.is_some())
    }

    fn told(&self) -> (String, Vec<(&'static str, IppValue)>) {
        match self {
            Self::Fetchable(AboutJob { job, .. }) | Self::Job(AboutJob { job, .. }) => {
                let (state, reasons) = told::job_state(job);
                let about = vec![
                    ("notify-job-id", integer(job.number)),
                    ("job-id", integer(job.number)),
                    ("job-state", enumeration(state)),
                    ("job-state-reasons", keywords(reasons.iter().copied())),
                    (
                        "job-impressions-completed",
                        integer(job.impressions.unwrap_or(0)),
                    ),
                ];
                (format!("job {}: {}", job.number, reasons.join(", ")), about)
            }
            Self::PrinterState(state) | Self::PrinterConfig(state) => {
                let about = vec![
                    ("printer-state", enumeration(*state)),
                    ("printer-state-reasons", keyword("none")),
                    ("printer-is-accepting-jobs", flag(true)),
                ];
                ("the printer changed".to_owned(), about)
            }
        }
    }
}
