//! Ending a print that cannot go on: taking the job back, and what may be said about paper then.
//!
//! Lives here: Cancel-Job until the device confirms, and the one table from *why it was stopped*
//! and *what the device says* to the result. Not here: noticing that a print cannot go on
//! (`watch.rs`).

use std::time::Instant;

use papermesh_protocol::remedy::Remedy;

use super::super::description::{DeviceError, IppStatus};
use super::super::event::{DeviceJobRef, DeviceJobState, DeviceProgress, IppJob, PrinterState};
use super::super::failure::{AbortCause, Doubt, Outcome, PrintFailure, Stop};
use super::super::reasons::{Severity, StateReason, in_words};
use super::super::source::SourceFault;
use super::patience::{Pace, Patience};
use super::probe::{DeviceProbe, Proof, probe};
use super::request::Request;
use super::transport::Transport;

/// Why a print is stopped.
#[derive(Debug)]
pub(super) enum StopReason {
    /// The caller wants it.
    Asked,
    /// The device shows no change for too long; in words.
    Stood(String),
    /// The device keeps the job in a store of its own; in words.
    Held(String),
    /// The connection broke while the document was on its way.
    Broke(DeviceError),
    /// The document's own stream broke or stalled.
    Source(SourceFault),
    /// The device refused the document; what to say if that is all.
    Refused(Box<PrintFailure>),
}

/// What became of a job that was taken back.
#[derive(Debug)]
pub(super) enum Stopped {
    /// The device had nothing of the document.
    NothingSent,
    /// The device says that the job has ended.
    Ended(DeviceProgress),
    /// The device took the cancel and has forgotten the job since.
    Canceled,
    /// The device knows no such job, and took no cancel.
    Gone,
    /// The device confirmed nothing in time.
    Unconfirmed,
}

/// Takes a job back.
///
/// `sent` is how many bytes of the document may have reached the device, and must not grow any
/// more. `release` ends the connection that the document came over: it is called once the device
/// has been told to cancel, since there are devices that print what they have when a document
/// breaks off. `proof` keeps a stranger's job from being canceled that has our job's number by now.
pub(super) async fn stop(
    transport: &Transport,
    patience: &Patience,
    job: Option<&IppJob>,
    sent: u64,
    proof: Proof,
    release: impl FnOnce(),
) -> Stopped {
    let Some(job) = job else {
        release();
        return if sent == 0 {
            Stopped::NothingSent
        } else {
            Stopped::Unconfirmed
        };
    };
    if sent == 0 {
        // A job without a document cannot print. If the device does not hear the cancel, it drops
        // the job by itself (multiple-operation-time-out).
        cancel(transport, job).await;
        release();
        return Stopped::NothingSent;
    }
    let started = Instant::now();
    let mut pace = Pace::new(patience);
    let mut release = Some(release);
    let mut canceled = false;
    loop {
        match probe(transport, Some(job), proof).await {
            DeviceProbe::Seen(progress, ..) if progress.job.is_terminal() => {
                return Stopped::Ended(progress);
            }
            DeviceProbe::Gone(_) | DeviceProbe::Other | DeviceProbe::Mute(_) if canceled => {
                return Stopped::Canceled;
            }
            DeviceProbe::Gone(_) | DeviceProbe::Other => return Stopped::Gone,
            DeviceProbe::Seen(..) | DeviceProbe::Mute(_) | DeviceProbe::Failed(_) => {}
        }
        canceled = canceled || cancel(transport, job).await;
        if let Some(release) = release.take() {
            release();
        }
        if started.elapsed() > patience.cancel {
            return Stopped::Unconfirmed;
        }
        tokio::time::sleep(pace.delay()).await;
        pace.slow();
    }
}

/// Sends Cancel-Job; whether the device took it.
async fn cancel(transport: &Transport, job: &IppJob) -> bool {
    let Ok(request) = Request::cancel_job(job) else {
        return false;
    };
    match transport.call(request).await.map(|reply| reply.status()) {
        Ok(status) if status.is_success() => true,
        Ok(IppStatus {
            code: IppStatus::NOT_POSSIBLE | IppStatus::NOT_FOUND | IppStatus::GONE,
            ..
        }) => false,
        Ok(status) => {
            tracing::debug!(%status, "the printer did not cancel the job");
            false
        }
        Err(error) => {
            tracing::debug!(error = %error.in_full(), "could not send the cancel to the printer");
            false
        }
    }
}

/// What the print comes to. `whole` is whether the device was given the whole document.
pub(super) fn settle(
    reason: StopReason,
    stopped: Stopped,
    device_job: Option<DeviceJobRef>,
    whole: bool,
) -> Result<Outcome, PrintFailure> {
    let (reasons, pages) = match &stopped {
        Stopped::Ended(progress) => (all_reasons(progress), progress.pages),
        Stopped::NothingSent => (Vec::new(), Some(0)),
        _ => (Vec::new(), None),
    };
    let printed =
        matches!(&stopped, Stopped::Ended(progress) if progress.job == DeviceJobState::Completed);
    let over = matches!(
        stopped,
        Stopped::NothingSent | Stopped::Ended(_) | Stopped::Canceled
    );
    // The cancel came too late: then the job has simply been printed. Not so where the device refused
    // the document, and completes an empty job, or has stopped still.
    let is_believed = match (&reason, &stopped) {
        (StopReason::Refused(_), _) => false,
        (StopReason::Stood(_) | StopReason::Held(_), Stopped::Ended(progress)) => {
            standstill(progress, &[]).is_none()
        }
        _ => true,
    };
    if whole
        && printed
        && is_believed
        && let (Stopped::Ended(progress), Some(device_job)) = (&stopped, &device_job)
    {
        return completed(progress, device_job.clone());
    }
    let unknown = |doubt: Doubt, reasons: Vec<StateReason>| PrintFailure::Unknown {
        doubt,
        reasons,
        device_job: device_job.clone().map(Box::new),
    };
    let aborted = |cause: AbortCause, reasons: Vec<StateReason>| PrintFailure::Aborted {
        cause,
        reasons,
        pages,
    };
    Err(match reason {
        StopReason::Source(fault) => {
            let stop = match stopped {
                Stopped::NothingSent => Stop::NothingSent,
                _ if printed => Stop::TooLate,
                _ if over => Stop::Confirmed,
                _ => Stop::Unconfirmed,
            };
            match fault {
                SourceFault::Broke(error) => PrintFailure::Body { error, stop },
                SourceFault::Stalled(after) => PrintFailure::Stalled { after, stop },
            }
        }
        StopReason::Refused(_) if printed => unknown(
            Doubt::IncompleteCompletion("it refused the document"),
            reasons,
        ),
        StopReason::Stood(words) | StopReason::Held(words) if printed && whole => {
            unknown(Doubt::Stopped(words), reasons)
        }
        _ if printed => unknown(
            Doubt::IncompleteCompletion("it had only part of the document"),
            reasons,
        ),
        StopReason::Asked if over => aborted(AbortCause::Asked, reasons),
        StopReason::Stood(words) if over => aborted(AbortCause::DeviceStopped(words), reasons),
        StopReason::Held(words) if over => aborted(AbortCause::HeldThere(words), reasons),
        StopReason::Broke(error) if matches!(stopped, Stopped::NothingSent) => {
            PrintFailure::NotStarted(error)
        }
        StopReason::Broke(error) if over => aborted(
            AbortCause::ConnectionBroke(error.in_full().to_string()),
            reasons,
        ),
        // A refused document ends the job; where pages came out before the refusal, that is said
        // instead.
        StopReason::Refused(failure)
            if (over || matches!(stopped, Stopped::Gone)) && pages.unwrap_or(0) == 0 =>
        {
            *failure
        }
        StopReason::Refused(failure) if over => {
            aborted(AbortCause::Device(failure.in_full().to_string()), reasons)
        }
        _ if matches!(stopped, Stopped::Gone) => unknown(Doubt::Forgotten, reasons),
        StopReason::Asked | StopReason::Refused(_) => unknown(Doubt::CancelUnconfirmed, reasons),
        StopReason::Stood(words) | StopReason::Held(words) => {
            unknown(Doubt::Stopped(words), reasons)
        }
        StopReason::Broke(error) => {
            unknown(Doubt::ConnectionBroke(error.in_full().to_string()), reasons)
        }
    })
}

/// What a job that the device calls completed comes to.
pub(super) fn completed(
    progress: &DeviceProgress,
    device_job: DeviceJobRef,
) -> Result<Outcome, PrintFailure> {
    match Completion::read(&progress.job_reasons) {
        Completion::Printed => Ok(Outcome::Completed {
            pages: progress.pages,
            device_job,
        }),
        Completion::PassedOn => Ok(Outcome::Delivered { device_job }),
        Completion::WithErrors => Err(PrintFailure::Unknown {
            doubt: Doubt::IncompleteCompletion("it also says that there were errors"),
            reasons: progress.job_reasons.clone(),
            device_job: Some(Box::new(device_job)),
        }),
    }
}

/// Why paper may still be missing though the device has nothing more to do: it has stopped, or says
/// what stops it. `before` is what it said before the job came while it went on printing, such as
/// that a second tray is empty; with pages that were counted that is not believed to have stopped
/// the job.
pub(super) fn standstill(progress: &DeviceProgress, before: &[StateReason]) -> Option<String> {
    let stopped = progress.printer == PrinterState::Stopped;
    let usual = |reason: &&StateReason| progress.pages.is_some() && before.contains(reason);
    let reasons = progress.printer_reasons.iter();
    let stopping: Vec<StateReason> = reasons
        .filter(|reason| reason.stops_paper())
        .filter(|reason| stopped || !usual(reason))
        .cloned()
        .collect();
    match &stopping[..] {
        [] if stopped => Some(in_words(&progress.printer_reasons))
            .filter(|words| !words.is_empty())
            .or_else(|| progress.message.clone())
            .or_else(|| Some("it gives no reason".to_owned())),
        [] => None,
        stopping => Some(in_words(stopping)),
    }
}

/// What *completed* means, by the reasons that come with it (RFC 8011 section 5.3.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Completion {
    /// Printed.
    Printed,
    /// `queued-in-device`: on its way to a printer that does not report back.
    PassedOn,
    /// `job-completed-with-errors`, or a reason that means the same: some of it, perhaps.
    WithErrors,
}

impl Completion {
    pub(crate) fn read(reasons: &[StateReason]) -> Self {
        let has = |keyword: &str| reasons.iter().any(|reason| reason.keyword == keyword);
        let failed = |reason: &StateReason| reason.severity == Severity::Error;
        if reasons.iter().any(failed) {
            Self::WithErrors
        } else if has("queued-in-device") {
            Self::PassedOn
        } else {
            Self::Printed
        }
    }
}

/// What a device says about a job and itself, job first, for a failure.
pub(super) fn all_reasons(progress: &DeviceProgress) -> Vec<StateReason> {
    progress
        .job_reasons
        .iter()
        .chain(&progress.printer_reasons)
        .cloned()
        .collect()
}

/// What a device says about itself in one line: its reasons, or its own words, or its state.
pub(super) fn in_short(progress: &DeviceProgress) -> String {
    let reasons = all_reasons(progress);
    match (&reasons[..], &progress.message) {
        ([], Some(message)) => message.clone(),
        ([], None) => match progress.job {
            DeviceJobState::Canceled => "canceled".to_owned(),
            DeviceJobState::Aborted => "aborted".to_owned(),
            _ => "it gives no reason".to_owned(),
        },
        (reasons, _) => in_words(reasons),
    }
}
