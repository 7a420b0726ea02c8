//! The task of a visit: it owns the [`Visit`], prints what was chosen one after the other, and tells
//! what it sees.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use papermesh_convert::PictureError;
use papermesh_frame::FrameError;
use papermesh_mesh::MeshError;
use papermesh_protocol::id::{JobId, NodeId};
use papermesh_protocol::release::printer::SessionError;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::time::Timestamp;
use papermesh_services::network::Network;
use papermesh_services::printer::{
    AskError, BindFailure, Ending, LinkError, PreviewError, Printer, ReleaseProgress,
    ReleaseRequest, ReleaseStep, Released, Visit,
};
use papermesh_store::Choice;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use super::super::previews::{Came, Pictures, Previews, Wanted};
use super::super::{fair, limits};
use super::VisitCommand;
use super::seen::{At, Binding, Missing, Print, Seen, SeenJob};

/// A print in line.
struct InLine {
    number: u32,
    request: ReleaseRequest,
    cancel: CancellationToken,
}

/// What ended in the background.
enum Done {
    Printed(NodeId, Released),
    Errand(NodeId, Result<(), AskError>),
    Bound(Result<(), BindFailure>),
}

pub(super) struct Task<N: Network> {
    printer: Printer<N>,
    visit: Visit<N>,
    commands: mpsc::Receiver<VisitCommand>,
    shown: watch::Sender<Seen>,
    told: mpsc::Sender<ReleaseProgress>,
    steps: mpsc::Receiver<ReleaseProgress>,
    numbers: BTreeMap<(NodeId, JobId), u32>,
    last_met: BTreeMap<NodeId, Option<Timestamp>>,
    line: VecDeque<InLine>,
    running: Option<(u32, CancellationToken)>,
    errands: JoinSet<Done>,
    /// What is remembered of how the user wants things printed.
    choice: Choice,
    previews: Previews,
    /// The jobs of which pictures are wanted.
    pictured: Vec<SeenJob>,
    /// Pictures that are being fetched.
    fetching: JoinSet<(Wanted, Came)>,
    next_print: u32,
    left: bool,
}

impl<N: Network> Task<N> {
    /// The task of a visit that was admitted.
    pub(super) fn new(
        printer: Printer<N>,
        visit: Visit<N>,
        choice: Choice,
        commands: mpsc::Receiver<VisitCommand>,
        shown: watch::Sender<Seen>,
    ) -> Self {
        let (told, steps) = mpsc::channel(limits::STEPS);
        Self {
            printer,
            visit,
            commands,
            shown,
            told,
            steps,
            numbers: BTreeMap::new(),
            last_met: BTreeMap::new(),
            line: VecDeque::new(),
            running: None,
            errands: JoinSet::new(),
            choice,
            previews: Previews::default(),
            pictured: Vec::new(),
            fetching: JoinSet::new(),
            next_print: 1,
            left: false,
        }
    }

    pub(super) async fn run(mut self) {
        self.look().await;
        let mut again = interval_at(Instant::now() + limits::LIST_AGAIN, limits::LIST_AGAIN);
        again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut previews = interval_at(
            Instant::now() + limits::PREVIEW_AGAIN,
            limits::PREVIEW_AGAIN,
        );
        previews.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut gathering = true;
        loop {
            if self.left && self.running.is_none() && self.errands.is_empty() {
                break;
            }
            tokio::select! {
                biased;
                Some(done) = self.errands.join_next(), if !self.errands.is_empty() => {
                    gathering = true;
                    if let Ok(done) = done {
                        self.done(done);
                    }
                }
                Some(step) = self.steps.recv() => self.step(step),
                command = self.commands.recv(), if !self.left => match command {
                    Some(command) => {
                        self.remember(&command).await;
                        self.carry_out(command);
                    }
                    None => self.leave(),
                },
                more = self.visit.more(), if gathering && !self.left => {
                    gathering = more;
                    if !more {
                        self.printer.note_denials(&mut self.visit).await;
                    }
                    self.look().await;
                }
                _ = again.tick(), if !self.left => {
                    self.list_again();
                    gathering = true;
                }
                // Last, because everything else comes first.
                Some(fetched) = self.fetching.join_next(), if !self.fetching.is_empty() => {
                    if let Ok((wanted, came)) = fetched {
                        self.take_preview(wanted, came);
                    }
                }
                _ = previews.tick(), if !self.left => {
                    self.previews.again();
                    self.fetch_previews();
                }
            }
        }
        self.fetching.shutdown().await;
        self.visit.close().await;
    }

    /// Shows the list as it is now.
    async fn look(&mut self) {
        let jobs: Arc<[SeenJob]> = self
            .visit
            .jobs()
            .into_iter()
            .map(|job| {
                let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
                let number = *self
                    .numbers
                    .entry((job.holder, job.summary.job))
                    .or_insert(next);
                SeenJob { number, job }
            })
            .collect();
        let mut missing = Vec::new();
        let complete = self.visit.is_complete();
        let vouched = self.visit.is_vouched_for();
        for holder in self.visit.holders() {
            let Some(trouble) = holder.trouble else {
                continue;
            };
            let met = match self.last_met.get(&holder.holder) {
                Some(met) => *met,
                None => {
                    let met = self.printer.last_met(holder.holder).await;
                    self.last_met.insert(holder.holder, met);
                    met
                }
            };
            missing.push(Missing {
                name: holder.name,
                trouble,
                trying: self.visit.is_trying(holder.holder),
                last_seen: met.unwrap_or_default().max(holder.advertised_at),
            });
        }
        self.shown.send_modify(|seen| {
            seen.jobs = jobs;
            seen.missing = missing.into();
            seen.complete = complete;
            seen.badge.vouched = vouched;
        });
        let jobs = Arc::clone(&self.shown.borrow().jobs);
        let pictured = fair::some_of(jobs.iter(), limits::PREVIEWS);
        self.pictured = pictured.into_iter().cloned().collect();
        if self.previews.keep(&self.pictured) {
            self.show_previews();
        }
        self.fetch_previews();
    }

    /// The user has gone: nothing more is shown, and what was is forgotten.
    fn leave(&mut self) {
        self.left = true;
        self.fetching.abort_all();
        self.previews = Previews::default();
        self.pictured.clear();
        self.shown.send_modify(|seen| {
            seen.jobs = Arc::default();
            seen.pictures = Pictures::default();
        });
    }

    // Pictures --------------------------------------------------------------------------------

    /// Asks for the pictures that are to be asked for next.
    fn fetch_previews(&mut self) {
        while let Some(wanted) = self.previews.next(&self.pictured) {
            let Wanted { holder, job, .. } = wanted;
            let fetching = self.printer.preview(&self.visit, holder, job);
            self.fetching.spawn(async move {
                let came = match fetching.await {
                    Ok(Some(picture)) => Came::Picture(picture),
                    Ok(None) => Came::Nothing,
                    Err(error) => {
                        tracing::debug!(%holder, %job, error = %error.in_full(), "no preview");
                        came_of(&error)
                    }
                };
                (wanted, came)
            });
        }
    }

    fn take_preview(&mut self, wanted: Wanted, came: Came) {
        if self.left {
            return;
        }
        if self.previews.take(wanted, came) {
            self.show_previews();
        }
        self.fetch_previews();
    }

    fn show_previews(&self) {
        let pictures = Arc::clone(self.previews.there());
        self.shown.send_modify(|seen| seen.pictures = pictures);
    }

    fn list_again(&mut self) {
        for holder in self.visit.holders() {
            if holder.trouble.is_none() {
                self.visit.list_again(holder.holder);
            }
        }
    }

    // Commands ----------------------------------------------------------------------------------

    /// Remembers how the user wants things printed; copies and pages are of one job, and are not.
    async fn remember(&mut self, command: &VisitCommand) {
        let VisitCommand::Print { change, .. } = command else {
            return;
        };
        let choice = Choice {
            sides: change.sides,
            color: change.color,
        };
        if choice != self.choice {
            self.choice = choice;
            self.printer.remember(self.visit.user(), choice).await;
        }
    }

    fn carry_out(&mut self, command: VisitCommand) {
        match command {
            VisitCommand::Print {
                jobs,
                change,
                keep,
                again,
                pin,
                password,
            } => {
                for job in self.chosen(&jobs) {
                    let summary = &job.job.summary;
                    self.put_in_line(
                        ReleaseRequest {
                            holder: job.job.holder,
                            job: summary.job,
                            options: change.of(&summary.options),
                            keep,
                            pin: pin.clone(),
                            document_password: password.clone().filter(|_| summary.locked),
                            reprint: again,
                        },
                        &job,
                    );
                }
                self.begin_next();
            }
            VisitCommand::Cancel(number) => self.cancel(number),
            VisitCommand::Dismiss(number) => self.shown.send_modify(|seen| {
                seen.prints.retain(|print| {
                    print.number != number || !matches!(print.at, At::Ended { .. })
                });
            }),
            VisitCommand::Delete(jobs) => {
                for SeenJob { job, .. } in self.chosen(&jobs) {
                    let errand = self
                        .printer
                        .delete(&self.visit, job.holder, job.summary.job);
                    self.errand(job.holder, errand);
                }
            }
            VisitCommand::Protect { jobs, on } => {
                for SeenJob { job, .. } in self.chosen(&jobs) {
                    let (holder, id) = (job.holder, job.summary.job);
                    let errand = self.printer.protect(&self.visit, holder, id, on);
                    self.errand(holder, errand);
                }
            }
            // A visit has one to register.
            VisitCommand::Bind(badge) => {
                let binding = self.printer.bind_badge(&self.visit, &badge);
                self.errands
                    .spawn(async move { Done::Bound(binding.await) });
                self.show_binding(Binding::Asked);
            }
        }
    }

    fn show_binding(&self, binding: Binding) {
        self.shown
            .send_modify(|seen| seen.badge.binding = Some(binding));
    }

    fn chosen(&self, numbers: &[u32]) -> Vec<SeenJob> {
        let numbers: std::collections::BTreeSet<u32> = numbers.iter().copied().collect();
        let jobs = Arc::clone(&self.shown.borrow().jobs);
        jobs.iter()
            .filter(|job| numbers.contains(&job.number))
            .cloned()
            .collect()
    }

    fn errand(
        &mut self,
        holder: NodeId,
        errand: impl Future<Output = Result<(), AskError>> + Send + 'static,
    ) {
        // A holder answers its requests one after the other anyway.
        if self.errands.len() < limits::ERRANDS {
            self.errands
                .spawn(async move { Done::Errand(holder, errand.await) });
        }
    }

    fn put_in_line(&mut self, request: ReleaseRequest, job: &SeenJob) {
        let already =
            |print: &Print| print.job == job.number && !matches!(print.at, At::Ended { .. });
        let number = self.next_print;
        let summary = &job.job.summary;
        let options = request.options.as_ref().unwrap_or(&summary.options);
        let pages = summary
            .pages
            .filter(|_| options.page_ranges.is_all())
            .map(|pages| pages.saturating_mul(u32::from(options.copies)));
        let print = Print {
            number,
            job: job.number,
            title: summary.title.clone(),
            pages,
            at: At::InLine,
            canceling: false,
        };
        let taken = self.shown.send_if_modified(|seen| {
            let room = seen.prints.len() < limits::PRINTS && !seen.prints.iter().any(already);
            if room {
                // What became of an earlier attempt has been read by now.
                seen.prints.retain(|print| print.job != job.number);
                seen.prints.push(print);
            }
            room
        });
        if taken {
            self.next_print += 1;
            self.line.push_back(InLine {
                number,
                request,
                cancel: CancellationToken::new(),
            });
        }
    }

    fn begin_next(&mut self) {
        if self.running.is_some() {
            return;
        }
        let Some(InLine {
            number,
            request,
            cancel,
        }) = self.line.pop_front()
        else {
            return;
        };
        let holder = request.holder;
        self.running = Some((number, cancel.clone()));
        let releasing = self
            .printer
            .releasing(&self.visit, request, self.told.clone(), cancel);
        self.errands
            .spawn(async move { Done::Printed(holder, releasing.await) });
        self.change(number, |print| {
            print.at = At::Device {
                step: ReleaseStep::Queued,
                percent: 0,
                pages: None,
                note: None,
                reasons: Vec::new(),
            };
        });
    }

    fn cancel(&mut self, number: u32) {
        if let Some((running, cancel)) = &self.running
            && *running == number
        {
            cancel.cancel();
            self.change(number, |print| print.canceling = true);
        }
        let waiting = self.line.len();
        self.line.retain(|waits| waits.number != number);
        if self.line.len() < waiting {
            self.shown
                .send_modify(|seen| seen.prints.retain(|print| print.number != number));
        }
    }

    fn change(&self, number: u32, change: impl FnOnce(&mut Print)) {
        self.shown.send_if_modified(|seen| {
            let found = seen.prints.iter_mut().find(|print| print.number == number);
            let is_there = found.is_some();
            if let Some(print) = found {
                change(print);
            }
            is_there
        });
    }

    // What comes of them ------------------------------------------------------------------------

    fn step(&mut self, told: ReleaseProgress) {
        let Some((number, _)) = self.running else {
            return;
        };
        let percent = (told.sent.min(told.size) * 100)
            .checked_div(told.size)
            .and_then(|percent| u8::try_from(percent).ok());
        self.change(number, |print| {
            print.at = At::Device {
                step: told.step,
                percent: percent.unwrap_or(0),
                pages: told.pages,
                note: told.note,
                reasons: told.reasons,
            };
        });
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Printed(holder, released) => {
                if let Some((number, _)) = self.running.take() {
                    let printed =
                        matches!(released.ending, Ending::Printed | Ending::PrintedAndKept);
                    self.change(number, |print| {
                        print.at = At::Ended {
                            ending: released.ending,
                            pages: released.pages,
                            reason: released.reason.filter(|_| !printed),
                        };
                    });
                }
                self.visit.list_again(holder);
                self.begin_next();
            }
            Done::Errand(holder, result) => {
                if let Err(error) = result {
                    self.shown
                        .send_modify(|seen| seen.failures.push(error.in_full().to_string()));
                }
                self.visit.list_again(holder);
            }
            Done::Bound(bound) => self.show_binding(bound.into()),
        }
    }
}

/// What it comes to that there is no picture.
fn came_of(error: &PreviewError) -> Came {
    match error {
        // It has never heard of pictures.
        PreviewError::Ask(AskError::Link(LinkError::Mesh(MeshError::Unsupported))) => {
            Came::Nonsense
        }
        // It may be reached again, has trouble of its own, or knows the job no more; or this node
        // has too much to do.
        PreviewError::Ask(
            AskError::Link(
                LinkError::Mesh(_) | LinkError::Ended | LinkError::Frame(FrameError::Io(_)),
            )
            | AskError::Session(SessionError::Refused(_)),
        )
        | PreviewError::Picture(PictureError::Late) => Came::Nothing,
        PreviewError::Ask(_) | PreviewError::Picture(_) => Came::Nonsense,
    }
}
