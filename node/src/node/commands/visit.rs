//! A user's visit at this printer, from login to log-out, within one command.

use std::collections::BTreeMap;

use papermesh_protocol::id::{JobId, NodeId};
use papermesh_protocol::job::JobSummary;
use papermesh_protocol::remedy::Remedy;
use papermesh_services::printer::{
    self, HolderTrouble, Printer, ReleaseProgress, ReleaseRequest, ReleaseStep, Released,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::super::{Network, Services};
use super::jobs::typed;
use crate::control::message::{
    Deletion, Event, HolderReport, HolderState, JobEnding, JobPrefix, JobResult, Phase, Progress,
    Selection, Visit, VisitReport,
};
use crate::control::{Answer, CommandError, ErrorCode, Events, Handle, Io};

/// Steps of a release that wait to be told.
const STEPS: usize = 32;

/// A visit as the printer has it.
type Open = printer::Visit<Network>;

impl Handle<Visit> for Services {
    async fn handle(&self, command: Visit, io: Io) -> Answer<VisitReport> {
        let Io { events, .. } = io;
        let printer = self.printer.as_ref().ok_or_else(|| {
            CommandError::new(ErrorCode::NotHere, "this node is not a printer")
                .with_remedy("run this on a printer's node")
        })?;
        let (pin, job_pin) = (typed(command.pin)?, typed(command.job_pin)?);
        let visit = printer.visit(command.who, pin).await?;
        let listed = visit.jobs();
        let holders: Vec<HolderReport> = visit.holders().into_iter().map(report).collect();
        if let Err(refused) = visit.admission() {
            visit.close().await;
            let error = CommandError::of(ErrorCode::Denied, &refused);
            return Err(match refused.retry_after {
                Some(wait) => error.after(wait),
                None => error,
            });
        }

        // Everything is looked up before anything is done.
        let places: BTreeMap<JobId, NodeId> = listed
            .iter()
            .map(|job| (job.summary.job, job.holder))
            .collect();
        let print = match &command.print {
            Selection::None => Vec::new(),
            Selection::All => listed
                .iter()
                .filter(|job| {
                    let JobSummary {
                        leased,
                        may_have_printed,
                        needs_pin,
                        ..
                    } = job.summary;
                    !leased
                        && (command.reprint || !may_have_printed)
                        && (job_pin.is_some() || !needs_pin)
                })
                .map(|job| job.summary.job)
                .collect(),
            Selection::Jobs(prefixes) => choose(prefixes, &places)?,
        };
        let delete = choose(&command.delete, &places)?;
        if matches!(command.print, Selection::All) && !command.reprint {
            for job in listed.iter().filter(|job| job.summary.may_have_printed) {
                let text = format!(
                    "{} may already have been printed and is left out; check the output tray, then delete it, or print \
                     it with --reprint",
                    job.summary.title
                );
                events.tell(Event::Notice(text)).await;
            }
        }

        if matches!(command.print, Selection::All) && job_pin.is_none() {
            for job in listed.iter().filter(|job| job.summary.needs_pin) {
                let text = format!(
                    "{} has its own PIN and is left out; print it with --job and --job-pin-stdin",
                    job.summary.title
                );
                events.tell(Event::Notice(text)).await;
            }
        }

        let mut results = Vec::new();
        for job in print {
            let Some(&holder) = places.get(&job) else {
                continue;
            };
            let request = ReleaseRequest {
                holder,
                job,
                options: None,
                keep: command.keep,
                pin: job_pin.clone(),
                reprint: command.reprint,
                document_password: command.document_password.clone(),
            };
            let released = release(printer, &visit, request, &events).await;
            let result = JobResult::from(released);
            events.tell(Event::Job(result.clone())).await;
            results.push(result);
        }
        for job in delete {
            let Some(&holder) = places.get(&job) else {
                continue;
            };
            let title = listed
                .iter()
                .find(|l| l.summary.job == job)
                .map(|l| l.summary.title.clone());
            let (ending, reason) = match printer.delete(&visit, holder, job).await {
                Ok(()) => (Deletion::Deleted, None),
                Err(error) => (Deletion::NotDeleted, Some(error.in_full().to_string())),
            };
            let result = JobResult {
                job,
                title: title.unwrap_or_default(),
                ending: JobEnding::Deletion(ending),
                pages: None,
                reason,
            };
            events.tell(Event::Job(result.clone())).await;
            results.push(result);
        }
        let user = visit.user().clone();
        visit.close().await;
        Ok(VisitReport {
            user,
            jobs: listed,
            holders,
            results,
        })
    }
}

/// Prints one job and tells how far it is. Whoever hangs up meanwhile does not stop it.
async fn release(
    printer: &Printer<Network>,
    visit: &Open,
    request: ReleaseRequest,
    events: &Events,
) -> Released {
    let (steps, mut told) = mpsc::channel(STEPS);
    let telling = async {
        while let Some(step) = told.recv().await {
            events.progress(progress(step));
        }
    };
    let printing = printer.release(visit, request, steps, CancellationToken::new());
    let (released, ()) = tokio::join!(printing, telling);
    released
}

fn choose(
    prefixes: &[JobPrefix],
    places: &BTreeMap<JobId, NodeId>,
) -> Result<Vec<JobId>, CommandError> {
    prefixes
        .iter()
        .map(|prefix| {
            prefix
                .choose(places.keys().copied())
                .map_err(|error| CommandError::of(ErrorCode::NotFound, &error))
        })
        .collect()
}

fn report(visited: printer::VisitedHolder) -> HolderReport {
    let (state, retry_after) = match &visited.trouble {
        None => (HolderState::Open, None),
        Some(HolderTrouble::Unreachable | HolderTrouble::Slow) => (HolderState::Unreachable, None),
        Some(HolderTrouble::WrongPin) => (HolderState::Denied, None),
        Some(HolderTrouble::Denied { retry_after }) => (
            HolderState::Denied,
            u64::try_from(retry_after.as_millis())
                .ok()
                .filter(|wait| *wait > 0),
        ),
        Some(HolderTrouble::Failed(_)) => (HolderState::Failed, None),
    };
    HolderReport {
        holder: visited.holder,
        holder_name: visited.name,
        state,
        retry_after,
        reason: visited.trouble.map(|trouble| trouble.in_full().to_string()),
    }
}

fn progress(step: ReleaseProgress) -> Progress {
    Progress {
        job: Some(step.job),
        title: step.title,
        phase: match step.step {
            ReleaseStep::Queued | ReleaseStep::Sending => Phase::Fetching,
            ReleaseStep::Printing => Phase::Printing,
            ReleaseStep::Stopped => Phase::Stopped,
        },
        done: step.sent,
        total: Some(step.size),
        note: step.note,
    }
}
