//! Jobs held on this computer.

use std::cmp::Reverse;
use std::time::Duration;

use papermesh_protocol::id::JobId;
use papermesh_protocol::job::DEFAULT_PRIORITY;
use papermesh_protocol::pin::Pin;
use papermesh_protocol::release::printer::place;
use papermesh_protocol::text::{UserId, counted};
use papermesh_services::clock;
use papermesh_services::holder::jobs::PAGE;
use papermesh_services::holder::submission::Submission;
use papermesh_services::holder::{DirectEnd, HeldView, Holder};
use papermesh_services::printer::Ending;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::broadcast::error::RecvError;

use super::super::{Network, NodeError, Services};
use crate::control::message::{
    DeleteJob, Event, FollowJobs, JobEnding, JobRef, JobResult, JobsFollowed, ListHistory,
    ListJobs, MoveJob, Phase, PrefixError, Progress, ProtectJob, ShowJob, SubmitJob, Submitted,
    UnlockJob,
};
use crate::control::{Answer, Body, CommandError, ErrorCode, Events, Handle, Io, TypedPin, ask};

/// Bytes between two words on how far a document is.
const TELL_EVERY: u64 = 1024 * 1024;
/// Jobs that are listed at all. Those beyond can be named.
const LISTED: usize = 10_000;
/// Jobs whose ids begin alike that are counted.
const NAMESAKES: usize = 16;

impl Services {
    pub(super) fn holder(&self) -> Result<&Holder<Network>, CommandError> {
        self.holder.as_ref().ok_or_else(|| {
            CommandError::new(
                ErrorCode::NotHere,
                "this node holds no jobs: it has neither the role client nor shared-client",
            )
        })
    }

    /// The user of a personal computer.
    async fn only_user(&self) -> Result<UserId, CommandError> {
        let mut users = self.holder()?.users().await.map_err(NodeError::Store)?;
        match (users.pop(), users.is_empty()) {
            (Some(user), true) => Ok(user),
            (None, _) => Err(CommandError::new(
                ErrorCode::Usage,
                "nobody is enrolled on this computer",
            )
            .with_remedy("run `papermesh user enroll`, or name a user with --user")),
            (Some(last), false) => {
                users.push(last);
                let names: Vec<_> = users.iter().map(UserId::as_str).collect();
                Err(CommandError::new(
                    ErrorCode::Usage,
                    "several users are enrolled on this computer",
                )
                .with_remedy(format!("name one with --user: {}", names.join(", "))))
            }
        }
    }

    /// The job that is meant, if it is held here.
    async fn named(&self, job: &JobRef) -> Result<JobId, CommandError> {
        let holder = self.holder()?;
        let found = match job {
            JobRef::Number(number) => {
                let numbered = holder.numbered(*number).await.map_err(NodeError::Store)?;
                numbered
                    .filter(|view| view.state.ended_at().is_none())
                    .map(|view| view.summary.job)
            }
            JobRef::Id(prefix) => {
                let digits = prefix.digits().to_owned();
                match holder.beginning_with(digits, NAMESAKES).await?[..] {
                    [job] => Some(job),
                    [] => None,
                    ref several => {
                        let error = PrefixError::Ambiguous(prefix.clone(), several.len());
                        return Err(CommandError::of(ErrorCode::Usage, &error));
                    }
                }
            }
        };
        found.ok_or_else(|| no_job(job))
    }
}

impl Handle<SubmitJob> for Services {
    async fn handle(&self, command: SubmitJob, io: Io) -> Answer<Submitted> {
        let Io {
            body: document,
            events,
        } = io;
        let holder = self.holder()?;
        // Before the document is read: a name that means nothing is no reason to hold it.
        let printer = match &command.printer {
            Some(named) => Some(holder.printer(named).await?),
            None => None,
        };
        let user = match command.user {
            Some(user) => user,
            None => self.only_user().await?,
        };
        let visit_pin = typed(command.pin)?;
        let reader = ProgressReader {
            document,
            events,
            progress: Progress {
                job: None,
                title: command.title.clone(),
                phase: Phase::Sealing,
                done: 0,
                total: command.size,
                note: None,
            },
            reported: 0,
        };
        let submission = Submission {
            size: command.size,
            options: command.options,
            priority: command.priority.unwrap_or(DEFAULT_PRIORITY),
            hold_until: command
                .hold
                .map(|seconds| clock::now() + Duration::from_secs(seconds.into())),
            lifetime: command
                .lifetime
                .map(|seconds| Duration::from_secs(seconds.into())),
            visit_pin,
            job_pin: typed(command.job_pin)?,
            password: command.document_password,
            ..Submission::new(user, command.title, command.format)
        };
        let (held, print) = match &printer {
            None => (holder.submit(submission, reader).await?, None),
            Some(printer) => {
                let (held, print) = holder.submit_direct(submission, printer, reader).await?;
                (held, Some(print))
            }
        };
        let printed = match print {
            Some(print) => Some(result(&held, print.ended().await)),
            None => None,
        };
        Ok(Submitted {
            job: held.summary.job,
            number: held.number,
            user: held.user,
            title: held.summary.title,
            format: held.summary.format,
            size: held.summary.size,
            pages: held.summary.pages,
            locked: held.summary.locked,
            expires_at: held.summary.expires_at,
            printed,
        })
    }
}

impl Handle<ListJobs> for Services {
    async fn handle(&self, command: ListJobs, _: Io) -> Answer<Vec<HeldView>> {
        let holder = self.holder()?;
        let mut held: Vec<HeldView> = Vec::new();
        let mut after: Option<JobId> = None;
        loop {
            let page = holder.jobs(command.user.clone(), after).await?;
            after = page.last().map(|held| held.summary.job);
            let whole = page.len() == PAGE;
            held.extend(page);
            if !whole || held.len() >= LISTED {
                break;
            }
        }
        held.sort_by_key(|held| (held.user.clone(), place(&held.summary)));
        Ok(held)
    }
}

impl Handle<ShowJob> for Services {
    async fn handle(&self, command: ShowJob, _: Io) -> Answer<HeldView> {
        let holder = self.holder()?;
        match (self.named(&command.job).await, &command.job) {
            (Ok(job), _) => Ok(holder.job(job).await?),
            (Err(error), _) if error.code != ErrorCode::NotFound => Err(error),
            // It may have been here.
            (Err(error), JobRef::Number(number)) => {
                let past = holder.numbered(*number).await.map_err(NodeError::Store)?;
                past.ok_or(error)
            }
            (Err(error), JobRef::Id(prefix)) => {
                let past = ask(self, ListHistory { user: None }).await?;
                match prefix.choose(past.iter().map(|past| past.summary.job)) {
                    Ok(job) => past
                        .into_iter()
                        .find(|past| past.summary.job == job)
                        .ok_or(error),
                    Err(PrefixError::Unknown(_)) => Err(error),
                    Err(several) => Err(CommandError::of(ErrorCode::Usage, &several)),
                }
            }
        }
    }
}

impl Handle<DeleteJob> for Services {
    async fn handle(&self, command: DeleteJob, _: Io) -> Answer<HeldView> {
        let job = self.named(&command.job).await?;
        Ok(self.holder()?.delete(job).await?)
    }
}

impl Handle<ProtectJob> for Services {
    async fn handle(&self, command: ProtectJob, _: Io) -> Answer<HeldView> {
        let job = self.named(&command.job).await?;
        Ok(self.holder()?.protect(job, command.on).await?)
    }
}

impl Handle<UnlockJob> for Services {
    async fn handle(&self, command: UnlockJob, _: Io) -> Answer<HeldView> {
        let job = self.named(&command.job).await?;
        Ok(self.holder()?.unlock(job, command.password).await?)
    }
}

impl Handle<MoveJob> for Services {
    async fn handle(&self, command: MoveJob, _: Io) -> Answer<HeldView> {
        let position = usize::try_from(command.position).unwrap_or(usize::MAX);
        let job = self.named(&command.job).await?;
        Ok(self.holder()?.move_to(job, position).await?)
    }
}

impl Handle<ListHistory> for Services {
    async fn handle(&self, command: ListHistory, _: Io) -> Answer<Vec<HeldView>> {
        let holder = self.holder()?;
        let mut past: Vec<HeldView> = Vec::new();
        let mut after = None;
        loop {
            let page = holder.history(command.user.clone(), after).await?;
            let whole = page.len() == PAGE;
            after = page.last().map(|past| (past.user.clone(), past.number));
            past.extend(page);
            if !whole || past.len() >= LISTED {
                break;
            }
        }
        past.sort_by_key(|past| Reverse((past.state.ended_at(), past.number)));
        Ok(past)
    }
}

impl Handle<FollowJobs> for Services {
    /// Tells of jobs until nobody listens any more. Who was too slow for some of the news is told
    /// so, and asks for the list.
    async fn handle(&self, command: FollowJobs, io: Io) -> Answer<JobsFollowed> {
        let Io { events, .. } = io;
        let mut news = self.holder()?.news();
        let mut changes = 0;
        loop {
            let heard = tokio::select! {
                heard = news.recv() => heard,
                () = events.closed() => return Ok(JobsFollowed { changes }),
            };
            match heard {
                Ok(view) if command.user.as_ref().is_none_or(|user| *user == view.user) => {
                    changes += 1;
                    events.tell(Event::Held(Box::new(view))).await;
                }
                Ok(_) => {}
                Err(RecvError::Lagged(missed)) => {
                    let text = format!(
                        "missed: {}; `papermesh jobs` lists all",
                        counted(missed, "change")
                    );
                    events.tell(Event::Notice(text)).await;
                }
                Err(RecvError::Closed) => return Ok(JobsFollowed { changes }),
            }
        }
    }
}

fn no_job(job: &JobRef) -> CommandError {
    CommandError::new(
        ErrorCode::NotFound,
        format!("there is no job {job} on this device"),
    )
    .with_remedy("list the jobs with `papermesh jobs`")
}

fn result(held: &HeldView, end: DirectEnd) -> JobResult {
    let (ending, pages) = Ending::of(&end.outcome);
    JobResult {
        job: held.summary.job,
        title: held.summary.title.clone(),
        ending: JobEnding::Released(ending),
        pages,
        reason: end.reason,
    }
}

/// A PIN as it was typed, if one was.
pub(super) fn typed(pin: Option<TypedPin>) -> Result<Option<Pin>, CommandError> {
    pin.map(|typed| Pin::new(typed.expose()))
        .transpose()
        .map_err(|error| CommandError::new(ErrorCode::Usage, error))
}

/// A document whose reader hears how much of it was read.
struct ProgressReader {
    document: Body,
    events: Events,
    progress: Progress,
    reported: u64,
}

impl AsyncRead for ProgressReader {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let read = std::pin::Pin::new(&mut self.document).poll_read(cx, buffer);
        self.progress.done += (buffer.filled().len() - before) as u64;
        if self.progress.done - self.reported >= TELL_EVERY {
            self.reported = self.progress.done;
            self.events.progress(self.progress.clone());
        }
        read
    }
}
