//! Changing and deleting jobs (RFC 8011 section 4.3; RFC 3380; RFC 3998; PWG 5100.11).

use ipp::model::DelimiterTag;

use super::super::limits;
use super::super::message::{Answer, Failure};
use super::super::news::Happened;
use super::super::queue::{
    Hold, IppJobState, JobChange, JobNumber, Queue, QueueErrorKind, QueuedJob, Which,
};
use super::super::server::{Asking, IppServer};
use super::super::status::Status;
use super::super::template::{self, Asked};
use super::super::values::{Values, attribute, integer};

/// `job-settable-attributes-supported`.
pub(in super::super) fn settable() -> Vec<&'static str> {
    template::settable([
        "job-hold-until",
        "job-hold-until-time",
        "job-name",
        "job-priority",
    ])
}

/// The priority of a job that was moved to the front.
const FIRST: u8 = 100;

pub(super) async fn cancel_job<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let job = asking.own_job(server).await?;
    delete(server, &job).await?;
    Ok(super::done(asking))
}

/// Deletes a job that has not ended.
async fn delete<Q: Queue>(server: &IppServer<Q>, job: &QueuedJob) -> Result<(), Failure> {
    if job.state.has_ended() {
        return Err(Failure::new(
            Status::NotPossible,
            "the job has already ended",
        ));
    }
    let now = server.queue.now();
    let was_open = server
        .open
        .close(job.number, |_| IppJobState::Canceled(now));
    match server.queue.cancel(job.number, None).await {
        Err(error) if error.kind == QueueErrorKind::NotFound && was_open.is_some() => {}
        done => done?,
    }
    server.tell(job.number, Happened::Ended).await;
    Ok(())
}

/// Cancel-My-Jobs: those that are named, or all that have not ended.
pub(super) async fn cancel_my_jobs<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let user = asking.user()?;
    let operation = asking.request.operation();
    let jobs = match operation.get("job-ids") {
        None => {
            let mut jobs = server.open.without_documents(user, false);
            jobs.extend(
                server
                    .queue
                    .jobs(user, Which::Current, 0, limits::JOBS_PER_ANSWER)
                    .await?,
            );
            jobs
        }
        Some(_) => named(server, operation, |job| job.user == *user).await?,
    };
    delete_all(server, asking, jobs).await
}

/// Cancel-Jobs and Purge-Jobs: an operator deletes jobs of whomever.
pub(super) async fn cancel_jobs<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    server.check_operator(asking)?;
    let operation = asking.request.operation();
    let jobs = match operation.get("job-ids") {
        Some(_) => named(server, operation, |_| true).await?,
        None => {
            let mut jobs = Vec::new();
            for user in server.queue.users().await? {
                jobs.extend(server.open.without_documents(&user, false));
                jobs.extend(
                    server
                        .queue
                        .jobs(&user, Which::Current, 0, limits::JOBS_PER_ANSWER)
                        .await?,
                );
            }
            jobs
        }
    };
    delete_all(server, asking, jobs).await
}

/// The jobs that a request names, none of which may be another's or have ended: all are deleted,
/// or none is.
async fn named<Q: Queue>(
    server: &IppServer<Q>,
    operation: Values<'_>,
    may: impl Fn(&QueuedJob) -> bool,
) -> Result<Vec<QueuedJob>, Failure> {
    let (mut jobs, mut missing) = (Vec::new(), Vec::new());
    let ids = operation.get("job-ids").into_iter().flatten();
    for id in ids.take(limits::JOBS_PER_ANSWER) {
        let number = id
            .as_integer()
            .and_then(|number| JobNumber::try_from(*number).ok());
        let job = match number {
            Some(number) => server.job(number).await?,
            None => None,
        };
        match job.filter(|job| may(job) && !job.state.has_ended()) {
            Some(job) => jobs.push(job),
            None => missing.push(id.clone()),
        }
    }
    if missing.is_empty() {
        return Ok(jobs);
    }
    Err(Failure {
        unsupported: attribute("job-ids", super::super::values::all(missing, |id| id))
            .into_iter()
            .collect(),
        ..Failure::new(
            Status::NotPossible,
            "not all of these are jobs of yours that can be deleted",
        )
    })
}

async fn delete_all<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
    jobs: Vec<QueuedJob>,
) -> Result<Answer, Failure> {
    let mut printing = Vec::new();
    for job in jobs {
        match delete(server, &job).await {
            Ok(()) => {}
            // Ended meanwhile, or in a printer's hands.
            Err(failure) if failure.status == Status::NotPossible => printing.push(job.number),
            Err(failure) => return Err(failure),
        }
    }
    if printing.is_empty() {
        return Ok(super::done(asking));
    }
    Err(Failure {
        unsupported: attribute("job-ids", super::super::values::all(printing, integer))
            .into_iter()
            .collect(),
        ..Failure::new(
            Status::NotPossible,
            "a printer has some of the jobs now; the others were deleted",
        )
    })
}

pub(super) async fn hold_job<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let operation = asking.request.operation();
    let hold = match operation.get("job-hold-until") {
        None => Hold::Indefinite,
        Some(value) => template::hold(value).ok_or_else(|| Failure {
            unsupported: attribute("job-hold-until", value.clone())
                .into_iter()
                .collect(),
            ..Failure::new(
                Status::AttributesOrValues,
                "a job can be held back with indefinite, or not at all with no-hold",
            )
        })?,
    };
    change(
        server,
        asking,
        JobChange {
            hold: Some(hold),
            ..JobChange::default()
        },
    )
    .await
}

/// Release-Job gives a job free that was held back. Paper it becomes only where its owner proves
/// who that is, at a printer.
pub(super) async fn release_job<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let hold = Some(Hold::No);
    change(
        server,
        asking,
        JobChange {
            hold,
            ..JobChange::default()
        },
    )
    .await
}

pub(super) async fn set_job_attributes<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let wanted = asking.request.job();
    super::check_settable(wanted, &settable())?;
    let job = asking.own_job(server).await?;
    let asked = Asked::of_change(wanted, &asking.capabilities(server), &job.options)?;
    let has = |name: &str| wanted.get(name).is_some();
    let change_of = JobChange {
        title: wanted.text("job-name").map(str::to_owned),
        options: Some(asked.options).filter(|options| *options != job.options),
        priority: asked.priority,
        hold: (has("job-hold-until") || has("job-hold-until-time")).then_some(asked.hold),
    };
    change(server, asking, change_of).await
}

pub(super) async fn promote_job<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let priority = Some(FIRST);
    change(
        server,
        asking,
        JobChange {
            priority,
            ..JobChange::default()
        },
    )
    .await
}

/// Schedule-Job-After: as urgent as the job that it is to follow. Both are the user's own.
pub(super) async fn schedule_job_after<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let before = asking.request.operation().integer("predecessor-job-id");
    let priority = match before.and_then(|number| JobNumber::try_from(number).ok()) {
        None => FIRST,
        Some(number) => {
            let job = asking.own(server, number).await?;
            if job.state.has_ended() {
                let text = format!("job {number} has already ended");
                return Err(Failure::new(Status::NotFound, text));
            }
            job.priority
        }
    };
    change(
        server,
        asking,
        JobChange {
            priority: Some(priority),
            ..JobChange::default()
        },
    )
    .await
}

/// Restart-Job, Reprocess-Job and Resubmit-Job: when paper is out, the key is gone.
pub(super) async fn print_again<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let job = asking.own_job(server).await?;
    let text = if job.state.has_ended() {
        "a job that has ended cannot be restarted; print it again"
    } else {
        "the job is held: release it at a printer, and choose to keep it if you want it twice"
    };
    Err(Failure::new(Status::NotPossible, text))
}

/// Changes a job of the user's that is held.
async fn change<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
    change: JobChange,
) -> Result<Answer, Failure> {
    let job = asking.own_job(server).await?;
    super::check_held(&job.state)?;
    server.queue.change(job.number, None, change).await?;
    server.tell(job.number, Happened::Changed).await;
    let mut answer = super::done(asking);
    if let Some(job) = server.job(job.number).await? {
        let told = super::super::job_attributes::brief(&job, &asking.printer);
        answer.group(DelimiterTag::JobAttributes, told);
    }
    Ok(answer)
}
