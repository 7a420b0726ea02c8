//! Looking at jobs: Get-Job-Attributes and Get-Jobs (RFC 8011 sections 4.2.6 and 4.3.4).

use ipp::model::DelimiterTag;
use papermesh_protocol::text::UserId;

use super::super::job_attributes;
use super::super::limits;
use super::super::message::{Answer, Failure};
use super::super::owner::Requester;
use super::super::queue::{IppJobState, Queue, QueuedJob, Which};
use super::super::requested::Requested;
use super::super::server::{Asking, IppServer};
use super::super::status::Status;
use super::super::values::{attribute, keyword};

/// `which-jobs-supported`. There are no proofs here, and nothing is stored after it was printed
/// unless it is still held.
pub(in super::super) const WHICH_JOBS: [&str; 11] = [
    "aborted",
    "all",
    "canceled",
    "completed",
    "not-completed",
    "pending",
    "pending-held",
    "processing",
    "processing-stopped",
    "proof-print",
    "saved",
];

pub(super) async fn get_job_attributes<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let job = asking.own_job(server).await?;
    let requested = Requested::read(asking.request, &["all"]);
    let mut answer = super::done(asking);
    let told = job_attributes::full(&job, &asking.printer, &requested, server.queue.now());
    answer.group(DelimiterTag::JobAttributes, told);
    Ok(answer)
}

/// Lists the jobs of whoever asks: nobody sees those of others, so `my-jobs` changes nothing, and
/// somebody unknown here has none.
pub(super) async fn get_jobs<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let operation = asking.request.operation();
    let which = operation.text("which-jobs").unwrap_or("not-completed");
    if !WHICH_JOBS.contains(&which) {
        return Err(Failure {
            unsupported: attribute("which-jobs", keyword(which))
                .into_iter()
                .collect(),
            ..Failure::new(
                Status::AttributesOrValues,
                format!("which-jobs {which} is not supported"),
            )
        });
    }
    let mut answer = super::done(asking);
    let count = |name: &str| {
        let said = operation.integer(name)?;
        usize::try_from(said).ok().filter(|count| *count > 0)
    };
    let limit = count("limit")
        .unwrap_or(usize::MAX)
        .min(limits::JOBS_PER_ANSWER);
    let skip = count("first-index").unwrap_or(1) - 1;

    let enough = skip.saturating_add(limit);
    let jobs = match &asking.who {
        who if who.has_all_jobs() => of_user(server, who.user()?, which, enough).await?,
        Requester::Bearer(bearer) => {
            let all = of_user(server, &bearer.user, which, limits::JOBS_PER_ANSWER);
            let mut jobs = all.await?;
            jobs.retain(|job| job.token == Some(bearer.token));
            jobs
        }
        _ => Vec::new(),
    };
    let requested = Requested::read(asking.request, &["job-uri", "job-id"]);
    let now = server.queue.now();
    let listed = jobs
        .iter()
        .filter(|job| matches(which, job))
        .skip(skip)
        .take(limit);
    for job in listed {
        let told = job_attributes::full(job, &asking.printer, &requested, now);
        answer.group(DelimiterTag::JobAttributes, told);
    }
    Ok(answer)
}

/// The jobs of a user.
async fn of_user<Q: Queue>(
    server: &IppServer<Q>,
    user: &UserId,
    which: &str,
    enough: usize,
) -> Result<Vec<QueuedJob>, Failure> {
    let mut jobs = Vec::new();
    for (ended, list) in [(false, Which::Current), (true, Which::Ended)] {
        if !wants(which, ended) {
            continue;
        }
        let enough = enough.saturating_sub(jobs.len());
        jobs.extend(server.open.without_documents(user, ended));
        jobs.extend(server.queue.jobs(user, list, 0, enough).await?);
    }
    for job in &mut jobs {
        server.complete(job);
    }
    Ok(jobs)
}

/// Whether jobs that have ended, or those that have not, are among those that are wanted.
fn wants(which: &str, ended: bool) -> bool {
    match which {
        "all" => true,
        "completed" | "canceled" | "aborted" => ended,
        "proof-print" | "saved" => false,
        _ => !ended,
    }
}

fn matches(which: &str, job: &QueuedJob) -> bool {
    match which {
        "canceled" => matches!(job.state, IppJobState::Canceled(_)),
        "aborted" => matches!(job.state, IppJobState::Aborted(..)),
        "processing" => job.state == IppJobState::Processing,
        "pending-held" => matches!(job.state, IppJobState::Held | IppJobState::Incoming),
        "pending" | "processing-stopped" => false,
        _ => true,
    }
}
