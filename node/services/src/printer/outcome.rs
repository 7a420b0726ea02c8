//! From what a device says to what the holder and the user are told. Pure.
//!
//! The holder deletes a job only when it hears [`Outcome::Printed`], so that is said only when the
//! device itself says that the paper is out. Where nobody can tell, that is what is said.

use papermesh_device::{self as device, DeviceVerdict, PrintFailure};
use papermesh_protocol::limits;
use papermesh_protocol::release::printer::{self, DeviceWord, Phase};
use papermesh_protocol::release::receipt::Outcome;
use papermesh_protocol::remedy::Remedy;

/// How an attempt to print ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ended {
    /// For the receipt.
    pub(super) outcome: Outcome,
    /// For the user: what went wrong, or what else there is to know.
    pub(super) reason: Option<String>,
}

impl Ended {
    /// Nothing went to the device, or nothing of it will become paper.
    pub(super) fn not_printed(reason: impl core::fmt::Display) -> Self {
        Self {
            outcome: Outcome::NotPrinted,
            reason: Some(reason.to_string()),
        }
    }

    /// Adds something that the user should know besides.
    pub(super) fn note(&mut self, note: &str) {
        self.reason = Some(match self.reason.take() {
            Some(reason) => format!("{reason}; {note}"),
            None => note.to_owned(),
        });
    }

    /// Keeps a job that was printed, because it may have to be printed again, and says why.
    pub(super) fn keep(&mut self, why: &str) {
        if let Outcome::Printed { keep, .. } = &mut self.outcome {
            *keep = true;
            self.note(why);
        }
    }

    fn printed(pages: Option<u32>, keep: bool) -> Self {
        Self {
            outcome: Outcome::Printed {
                pages: within_limits(pages),
                keep,
            },
            reason: None,
        }
    }

    /// By the device's own word. `delivered_is_printed` says whether the operator accepts a raw
    /// port's silence for paper.
    pub(super) fn of(
        result: Result<device::Outcome, PrintFailure>,
        keep: bool,
        delivered_is_printed: bool,
    ) -> Self {
        match result {
            Ok(device::Outcome::Completed { pages, .. }) => Self::printed(pages, keep),
            Ok(device::Outcome::Delivered { .. }) if delivered_is_printed => Self::printed(None, keep),
            Ok(device::Outcome::Delivered { .. }) => Self {
                outcome: Outcome::MayHavePrinted,
                reason: Some(
                    "the printer accepted the document and cannot tell whether it printed it; check the output tray, \
                     then delete the job"
                        .to_owned(),
                ),
            },
            Err(failure) => Self {
                outcome: if failure.may_have_printed() { Outcome::MayHavePrinted } else { Outcome::NotPrinted },
                reason: Some(failure.in_full().to_string()),
            },
        }
    }

    /// By what the device says after a restart; none while it is still at it, or says nothing yet.
    pub(super) fn after_restart(
        phase: Phase,
        verdict: Option<&DeviceVerdict>,
        keep: bool,
    ) -> Option<Self> {
        let word = match verdict {
            Some(DeviceVerdict::StillPrinting(_) | DeviceVerdict::Silent { .. }) => return None,
            Some(DeviceVerdict::Completed { .. }) => DeviceWord::Completed,
            // It counts its pages, and there is none.
            Some(DeviceVerdict::Aborted { pages: Some(0), .. }) => {
                return Some(Self::not_printed(
                    "the printer stopped before the first page",
                ));
            }
            Some(DeviceVerdict::Aborted { .. }) => DeviceWord::Stopped,
            Some(DeviceVerdict::Unknown { .. }) | None => DeviceWord::Unknown,
        };
        let outcome = match (printer::settle_after_restart(phase, word, keep), verdict) {
            (Outcome::Printed { keep, .. }, Some(DeviceVerdict::Completed { pages })) => {
                Outcome::Printed {
                    pages: within_limits(*pages),
                    keep,
                }
            }
            (outcome, _) => outcome,
        };
        let reason = match (phase, word) {
            (Phase::Sending, DeviceWord::Completed) => {
                "this printer was restarted while it sent the document; check whether all pages came out, then delete \
                 the job"
            }
            _ => "settled after this printer was restarted",
        };
        Some(Self {
            outcome,
            reason: Some(reason.to_owned()),
        })
    }
}

/// A device that claims more pages than a receipt may is not believed about them.
fn within_limits(pages: Option<u32>) -> Option<u32> {
    pages.filter(|pages| *pages <= limits::PAGES)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io;
    use std::time::Duration;

    use super::*;
    use papermesh_device::{
        AbortCause, DeviceError, DeviceJob, DeviceJobRef, Doubt, Refusal, Stop,
    };

    fn device_job() -> DeviceJobRef {
        DeviceJobRef {
            device: "socket://printer".parse().unwrap(),
            job: DeviceJob::Socket,
        }
    }

    fn outcome(result: Result<device::Outcome, PrintFailure>) -> Outcome {
        Ended::of(result, false, false).outcome
    }

    #[test]
    fn only_the_devices_own_word_is_printed() {
        let completed = device::Outcome::Completed {
            pages: Some(3),
            device_job: device_job(),
        };
        assert_eq!(
            outcome(Ok(completed)),
            Outcome::Printed {
                pages: Some(3),
                keep: false
            }
        );
        let delivered = || {
            Ok(device::Outcome::Delivered {
                device_job: device_job(),
            })
        };
        assert_eq!(outcome(delivered()), Outcome::MayHavePrinted);
        assert_eq!(
            Ended::of(delivered(), true, true).outcome,
            Outcome::Printed {
                pages: None,
                keep: true
            }
        );
    }

    #[test]
    fn what_may_be_incomplete_is_kept() {
        let completed = device::Outcome::Completed {
            pages: Some(3),
            device_job: device_job(),
        };
        let mut ended = Ended::of(Ok(completed), false, false);
        ended.keep("look at it");
        assert_eq!(
            (ended.outcome, ended.reason.as_deref()),
            (
                Outcome::Printed {
                    pages: Some(3),
                    keep: true
                },
                Some("look at it")
            )
        );
        let mut failed = Ended::not_printed("no paper");
        failed.keep("look at it");
        assert_eq!(failed.reason.as_deref(), Some("no paper"));
    }

    #[test]
    fn a_page_count_beyond_belief_is_left_out() {
        let completed = device::Outcome::Completed {
            pages: Some(u32::MAX),
            device_job: device_job(),
        };
        assert_eq!(
            outcome(Ok(completed)),
            Outcome::Printed {
                pages: None,
                keep: false
            }
        );
    }

    #[test]
    fn failures_say_what_they_mean_for_paper() {
        let body = |stop| PrintFailure::Body {
            error: io::ErrorKind::BrokenPipe.into(),
            stop,
        };
        let stalled = |stop| PrintFailure::Stalled {
            after: Duration::from_secs(1),
            stop,
        };
        let not_printed = [
            PrintFailure::Unsupported {
                format: "text/plain".into(),
                accepted: Vec::new(),
            },
            PrintFailure::Refused(Refusal::Ticket("no".into())),
            PrintFailure::NotStarted(DeviceError::Unreachable {
                device: "printer".into(),
                why: "off".into(),
            }),
            PrintFailure::Aborted {
                cause: AbortCause::Asked,
                reasons: Vec::new(),
                pages: None,
            },
            body(Stop::NothingSent),
            stalled(Stop::Confirmed),
        ];
        for failure in not_printed {
            assert_eq!(outcome(Err(failure)), Outcome::NotPrinted);
        }
        let doubtful = [
            PrintFailure::Unknown {
                doubt: Doubt::Forgotten,
                reasons: Vec::new(),
                device_job: None,
            },
            body(Stop::Unconfirmed),
            stalled(Stop::TooLate),
        ];
        for failure in doubtful {
            assert_eq!(outcome(Err(failure)), Outcome::MayHavePrinted);
        }
    }

    #[test]
    fn after_a_restart_only_completed_is_printed() {
        let completed = DeviceVerdict::Completed { pages: Some(2) };
        let after = |phase, verdict: Option<&DeviceVerdict>| {
            Ended::after_restart(phase, verdict, false).map(|ended| ended.outcome)
        };
        assert_eq!(after(Phase::Granted, None), Some(Outcome::NotPrinted));
        assert_eq!(
            after(Phase::Sending, Some(&completed)),
            Some(Outcome::MayHavePrinted)
        );
        assert_eq!(
            after(Phase::Taken, Some(&completed)),
            Some(Outcome::Printed {
                pages: Some(2),
                keep: false
            })
        );
        let stopped = |pages| DeviceVerdict::Aborted {
            reasons: Vec::new(),
            pages,
        };
        assert_eq!(
            after(Phase::Sending, Some(&stopped(Some(0)))),
            Some(Outcome::NotPrinted)
        );
        assert_eq!(
            after(Phase::Sending, Some(&stopped(None))),
            Some(Outcome::MayHavePrinted)
        );
        assert_eq!(after(Phase::Sending, None), Some(Outcome::MayHavePrinted));
        let silent = DeviceVerdict::Silent {
            why: "it is starting".to_owned(),
        };
        assert_eq!(after(Phase::Sending, Some(&silent)), None);
    }
}
