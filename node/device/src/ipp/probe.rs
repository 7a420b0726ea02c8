//! Looking at a job while it prints, and afterwards.
//!
//! Lives here: Get-Job-Attributes and the printer's state, put together; and whether the job under
//! a number is still ours. Not here: what follows from it (`watch.rs`).

use ipp::model::DelimiterTag;

use super::super::description::{DeviceError, IppStatus};
use super::super::event::{DeviceJobState, DeviceProgress, IppJob, PrinterState};
use super::super::ticket::job_mark;
use super::reply::{Reply, Values};
use super::request::Request;
use super::transport::Transport;

/// What a probe of the device found.
#[derive(Debug)]
pub(super) enum DeviceProbe {
    /// The device's word, how sure it is that it is about our job, and whether the device told how it
    /// is itself.
    Seen(DeviceProgress, Proof, Heard),
    /// The device does not know the job any more; how it is itself.
    Gone(DeviceProgress),
    /// The device has another job under its number: it has begun to count anew.
    Other,
    /// The device answers, and says nothing of jobs: it does not know the operation, or refuses it,
    /// or leaves out the job's state; how it is itself.
    Mute(DeviceProgress),
    /// The device did not answer.
    Failed(DeviceError),
}

/// How sure one must be that the job under a number is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// Its number is enough: it was made a moment ago, and this printer does not show names or
    /// UUIDs.
    Number,
    /// Name or UUID must agree: the device may have restarted since, and count from 1 again.
    Identity,
}

/// Whether a device answered when it was asked how it is itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// It did, however little it said, or said that it does not.
    Yes,
    /// It did not, so that nobody knows whether it has paper.
    No,
}

/// What asking for the job came to.
enum JobAnswer {
    Job(Proof),
    Gone,
    Nothing,
}

/// Asks for the job, and for the printer's own state. Without a job (a Print-Job that has not been
/// answered yet) only the printer is asked.
pub(super) async fn probe(
    transport: &Transport,
    job: Option<&IppJob>,
    proof: Proof,
) -> DeviceProbe {
    let mut progress = DeviceProgress {
        job: DeviceJobState::Unknown,
        job_reasons: Vec::new(),
        printer: PrinterState::Unknown,
        printer_reasons: Vec::new(),
        message: None,
        pages: None,
    };
    let told = match job {
        None => JobAnswer::Job(Proof::Number),
        Some(job) => match job_reply(transport, job).await {
            Ok(reply) => match reply.group(DelimiterTag::JobAttributes) {
                Some(values) if !is_ours(values, job, proof) => return DeviceProbe::Other,
                Some(values) if values.has("job-state") => {
                    read_job(values, &mut progress);
                    JobAnswer::Job(match is_ours(values, job, Proof::Identity) {
                        true => Proof::Identity,
                        false => Proof::Number,
                    })
                }
                _ => JobAnswer::Nothing,
            },
            Err(DeviceError::Status { status, .. }) => match status.code {
                IppStatus::NOT_FOUND | IppStatus::GONE => JobAnswer::Gone,
                IppStatus::BAD_REQUEST
                | IppStatus::FORBIDDEN
                | IppStatus::NOT_AUTHORIZED
                | IppStatus::NOT_POSSIBLE
                | IppStatus::ATTRIBUTES_NOT_SUPPORTED
                | IppStatus::INTERNAL_ERROR
                | IppStatus::OPERATION_NOT_SUPPORTED => JobAnswer::Nothing,
                _ => {
                    let error = transport.refused(ipp::model::Operation::GetJobAttributes, status);
                    return DeviceProbe::Failed(error);
                }
            },
            Err(error) => return DeviceProbe::Failed(error),
        },
    };
    let heard = match printer_reply(transport).await {
        Ok(reply) => {
            if let Some(printer) = reply.group(DelimiterTag::PrinterAttributes) {
                progress.printer = PrinterState::read(printer.number("printer-state"));
                progress.printer_reasons = printer.printer_reasons();
                progress.message = printer.text("printer-state-message").or(progress.message);
            }
            Heard::Yes
        }
        // The job is what counts. A printer may be too busy to speak of itself as well, or never do.
        Err(DeviceError::Status { status, .. }) if job.is_some() => match status.code {
            IppStatus::BUSY | IppStatus::TEMPORARY_ERROR => Heard::No,
            _ => Heard::Yes,
        },
        Err(_) if job.is_some() => Heard::No,
        Err(error) => return DeviceProbe::Failed(error),
    };
    match told {
        JobAnswer::Job(proven) => DeviceProbe::Seen(progress, proven, heard),
        JobAnswer::Gone => DeviceProbe::Gone(progress),
        JobAnswer::Nothing => DeviceProbe::Mute(progress),
    }
}

/// The job that a successful Create-Job or Print-Job names.
pub(super) fn job_of(reply: &Reply, tag: &str, user: &str) -> Option<IppJob> {
    let values = reply.group(DelimiterTag::JobAttributes)?;
    Some(IppJob {
        id: values.number("job-id").filter(|id| *id > 0)?,
        uuid: values.text("job-uuid"),
        tag: tag.to_owned(),
        user: user.to_owned(),
    })
}

/// Looks for our job among the user's, for the case that the reply which would have named it was
/// lost.
pub(super) async fn find(transport: &Transport, tag: &str, user: &str) -> Option<IppJob> {
    /// A user's own unfinished jobs at one printer.
    const MOST: i32 = 100;
    let request = Request::my_jobs(user, MOST).ok()?;
    let reply = transport.demand(request).await.ok()?;
    let wanted = IppJob {
        id: 0,
        uuid: None,
        tag: tag.to_owned(),
        user: user.to_owned(),
    };
    reply
        .groups(DelimiterTag::JobAttributes)
        .find_map(|values| {
            let id = values.number("job-id").filter(|id| *id > 0)?;
            is_ours(values, &wanted, Proof::Identity).then(|| IppJob {
                id,
                uuid: values.text("job-uuid"),
                ..wanted.clone()
            })
        })
}

async fn job_reply(transport: &Transport, job: &IppJob) -> Result<Reply, DeviceError> {
    let request = Request::job_state(job).map_err(|error| transport.unsendable(&error))?;
    transport.demand(request).await
}

async fn printer_reply(transport: &Transport) -> Result<Reply, DeviceError> {
    transport.demand(Request::printer_state()).await
}

fn is_ours(values: Values<'_>, job: &IppJob, proof: Proof) -> bool {
    match (values.text("job-uuid"), &job.uuid) {
        (Some(found), Some(ours)) => found == *ours,
        _ if proof == Proof::Number => true,
        _ => values
            .text("job-name")
            .is_some_and(|name| name.contains(&job_mark(&job.tag))),
    }
}

fn read_job(values: Values<'_>, progress: &mut DeviceProgress) {
    progress.job = DeviceJobState::read(values.number("job-state"));
    progress.job_reasons = values.job_reasons();
    progress.message = values.text("job-state-message");
    // Printers that do not count say 0 for ever, so 0 is no count.
    let counts = ["job-impressions-completed", "job-media-sheets-completed"];
    progress.pages = counts
        .into_iter()
        .find_map(|name| values.count(name).filter(|pages| *pages > 0));
}
