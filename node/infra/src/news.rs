//! What happens at the infrastructure printer, for proxies that subscribed to it (PWG 5100.18 section
//! 9.2).

use std::time::Duration;

use ipp::value::IppValue;
use papermesh_device::{Change, InfraDevice, JobView};
use papermesh_ipp_message::subscriptions;
use papermesh_ipp_message::values::{enumeration, flag, integer, keyword, keywords, name};
use papermesh_protocol::id::TokenDigest;

use crate::told;

/// An event, as it was then.
#[derive(Clone, Debug)]
pub(super) enum News {
    /// A job can be fetched.
    Fetchable(Box<JobView>),
    /// The state of a job is another.
    Job(Box<JobView>),
    /// The state of the printer may be another.
    PrinterState(i32),
    /// So may what it can do.
    PrinterConfig(i32),
}

impl News {
    /// What is told of a change.
    pub(super) fn of(change: Change, device: &InfraDevice) -> Vec<Self> {
        let job = |number| device.job(number).map(Box::new);
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
            Self::Job(job) if job.ended.is_some() => "job-completed",
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

    /// Every proxy hears of every job: the first one has it.
    fn concerns(&self, _: &TokenDigest, job: Option<u32>) -> bool {
        match (self, job) {
            (_, None) => true,
            (Self::Fetchable(about) | Self::Job(about), Some(number)) => {
                i64::from(about.number) == i64::from(number)
            }
            (Self::PrinterState(_) | Self::PrinterConfig(_), Some(_)) => false,
        }
    }

    fn is_last(&self) -> bool {
        matches!(self, Self::Job(job) if job.ended.is_some())
    }

    fn told(&self) -> (String, Vec<(&'static str, IppValue)>) {
        match self {
            Self::Fetchable(job) | Self::Job(job) => {
                let (state, reasons) = told::job_state(job);
                let about = vec![
                    ("notify-job-id", integer(job.number)),
                    ("job-id", integer(job.number)),
                    ("job-name", name(&job.name)),
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
