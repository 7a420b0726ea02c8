//! Jobs: listed, fetched, taken, and what became of them (PWG 5100.18 section 5).

use ipp::model::DelimiterTag;
use papermesh_device::{DeviceJobState, JobView, JobWord, StateReason};
use papermesh_ipp_message::message::{Answer, Failure};
use papermesh_ipp_message::requested::Requested;
use papermesh_ipp_message::status::Status;
use papermesh_ipp_message::values::{Values, all, attribute, enumeration, integer};

use super::{done, not_fetchable};
use crate::limits;
use crate::server::{Asking, InfraServer};
use crate::told;

/// Get-Jobs: those of which the proxy that asks may know.
pub(super) fn get_jobs<T>(server: &InfraServer<T>, asking: &Asking<'_>) -> Result<Answer, Failure> {
    let (operation, proxy) = (asking.request.operation(), asking.proxy()?);
    let mut jobs: Vec<JobView> = match operation.text("which-jobs").unwrap_or("not-completed") {
        "fetchable" => server.device.fetchable(proxy),
        "not-completed" | "processing" => server.device.jobs_of(proxy),
        "completed" => server.device.ended_of(proxy),
        "all" => [server.device.jobs_of(proxy), server.device.ended_of(proxy)].concat(),
        other => {
            let text = format!("which-jobs {other} is not supported");
            return Err(Failure::new(Status::AttributesOrValues, text));
        }
    };
    let limit = operation.integer("limit").filter(|limit| *limit > 0);
    jobs.truncate(
        limit
            .and_then(|limit| usize::try_from(limit).ok())
            .unwrap_or(usize::MAX),
    );
    // A proxy wants to know the state without asking for it.
    let requested = Requested::read(
        asking.request,
        &[
            "job-id",
            "job-uri",
            "job-uuid",
            "job-state",
            "job-state-reasons",
        ],
    );
    let mut answer = done(asking);
    for job in &jobs {
        let told = told::job(server, asking, (job, &requested));
        answer.group(DelimiterTag::JobAttributes, told);
    }
    Ok(answer)
}

/// Get-Job-Attributes.
pub(super) fn get_job_attributes<T>(
    server: &InfraServer<T>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let job = asking.job(&server.device)?;
    Ok(described(server, asking, &job))
}

/// Fetch-Job: what a proxy needs to know to print a job. Nothing changes by it.
pub(super) fn fetch<T>(server: &InfraServer<T>, asking: &Asking<'_>) -> Result<Answer, Failure> {
    let (proxy, number) = (asking.proxy()?, asking.number()?);
    let job = server.device.fetch(number, proxy).map_err(not_fetchable)?;
    Ok(described(server, asking, &job))
}

fn described<T>(server: &InfraServer<T>, asking: &Asking<'_>, job: &JobView) -> Answer {
    let requested = Requested::read(asking.request, &["all"]);
    let mut answer = done(asking);
    let told = told::job(server, asking, (job, &requested));
    answer.group(DelimiterTag::JobAttributes, told);
    answer
}

/// Acknowledge-Job: a proxy takes a job, or says by a `fetch-status-code` why it does not.
pub(super) fn acknowledge<T>(
    server: &InfraServer<T>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let (proxy, number) = (asking.proxy()?, asking.number()?);
    let operation = asking.request.operation();
    let code = operation.enumeration("fetch-status-code").unwrap_or(0);
    let taken = match code {
        0..=0x00ff => server.device.take(number, proxy),
        code => {
            let said = operation.text("fetch-status-message").unwrap_or_default();
            let why = papermesh_device::clean(&format!("status 0x{code:04x} {said}"));
            server.device.decline(number, proxy, why)
        }
    };
    taken.map_err(not_fetchable)?;
    Ok(done(asking))
}

/// Update-Job-Status. The answer says how the job is here, so that a proxy hears of what it missed.
pub(super) fn update_status<T>(
    server: &InfraServer<T>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let (proxy, number) = (asking.proxy()?, asking.number()?);
    let said = asking.request.job();
    server
        .device
        .hear_of_job(number, proxy, word(said))
        .map_err(not_fetchable)?;
    let mut answer = done(asking);
    if let Some(job) = server.device.job_of(number, proxy) {
        let (state, _) = told::job_state(&job);
        let told = [
            ("job-id", integer(number)),
            ("job-state", enumeration(state)),
        ];
        let told = told
            .into_iter()
            .filter_map(|(name, value)| attribute(name, value));
        answer.group(DelimiterTag::JobAttributes, told.collect());
    }
    Ok(answer)
}

/// What a proxy says of a job.
fn word(said: Values<'_>) -> JobWord {
    let state = said
        .numbers("output-device-job-state")
        .next()
        .map(|state| DeviceJobState::read(Some(state)));
    let reasons = said.texts("output-device-job-state-reasons");
    let impressions = (said.integer("output-device-impressions-completed"))
        .or_else(|| said.integer("job-impressions-completed"));
    JobWord {
        state,
        reasons: (reasons.into_iter().take(limits::REASONS))
            .filter_map(StateReason::of_job)
            .collect(),
        message: said
            .text("output-device-job-state-message")
            .map(papermesh_device::clean),
        impressions: impressions
            .filter(|pages| (0..=limits::IMPRESSIONS).contains(pages))
            .and_then(|pages| u32::try_from(pages).ok()),
    }
}

/// Update-Active-Jobs: how all jobs of a proxy are, as it comes back. What is otherwise here it is told.
pub(super) fn update_active<T>(
    server: &InfraServer<T>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let proxy = asking.proxy()?;
    let operation = asking.request.operation();
    let numbers = |name: &str| -> Vec<i32> {
        let numbers = operation.numbers(name);
        numbers.take(limits::ACTIVE_JOBS + 1).collect()
    };
    let (numbers, states) = (numbers("job-ids"), numbers("output-device-job-states"));
    if numbers.len() != states.len() || numbers.len() > limits::ACTIVE_JOBS {
        let text = format!(
            "job-ids and output-device-job-states must have as many values, at most {}",
            limits::ACTIVE_JOBS
        );
        return Err(Failure::new(Status::BadRequest, text));
    }
    let (mut others, mut unknown) = (Vec::new(), Vec::new());
    for (number, said) in numbers.into_iter().zip(states) {
        // That a job has ended, and why, Update-Job-Status says: without its reasons an end with errors would pass for one
        // without.
        let state = Some(DeviceJobState::read(Some(said)));
        let word = JobWord {
            state: state.filter(|state| !state.is_terminal()),
            reasons: Vec::new(),
            message: None,
            impressions: None,
        };
        let heard = server.device.hear_of_job(number, proxy, word);
        match server.device.job_of(number, proxy) {
            None if heard.is_err() => unknown.push(number),
            None => {}
            Some(job) => {
                let (state, _) = told::job_state(&job);
                if state != said {
                    others.push((number, state));
                }
            }
        }
    }
    let mut answer = done(asking);
    if !unknown.is_empty() {
        answer.status = Status::OkIgnoredOrSubstituted;
        let named = attribute("job-ids", all(unknown, integer));
        answer.unsupported(named.into_iter().collect());
    }
    if !others.is_empty() {
        answer.put("job-ids", all(&others, |(number, _)| integer(*number)));
        let states = all(&others, |(_, state)| enumeration(*state));
        answer.put("output-device-job-states", states);
    }
    Ok(answer)
}
