//! Printing one job: selected, fetched, opened, given to the device, and settled with its holder.
//!
//! The order is what keeps a job from being lost or printed twice unnoticed. The journal says
//! *sending* before the device gets a byte; the outcome is signed and in the journal before the
//! holder hears it; the holder deletes only on *printed*. Whoever started a release may go away:
//! it goes on to its end by itself.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use papermesh_device::{
    DeviceEvent, DeviceJobRef, DeviceJobState, DeviceProgress, PrintTicket, PrinterState,
    StateReason,
};
use papermesh_protocol::document_password::DocumentPassword;
use papermesh_protocol::id::{JobId, NodeId, ReleaseId};
use papermesh_protocol::job::{JobSummary, PrintOptions};
use papermesh_protocol::pin::Pin;
use papermesh_protocol::release::message::{Answer, Grant, Progress, Refusal, Request, is_keyword};
use papermesh_protocol::release::printer::{Phase, SessionError};
use papermesh_protocol::release::receipt::Outcome;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::seal::JobKey;
use papermesh_protocol::text::UserId;
use papermesh_protocol::{limits, lookup};
use papermesh_store::{JournalRow, StoreError};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, interval_at, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use super::Printer;
use super::document::Fetch;
use super::outcome::Ended;
use super::prepare::{self, Prepared, Wanted};
use super::report::ReportOutcome;
use super::session::{AskError, HolderSession};
use super::visit::Visit;
use crate::audit::{Event, Kind};
use crate::network::Network;

/// How long a release waits for the device to finish with another one.
const TURN: Duration = Duration::from_secs(5 * 60);
/// How long the holder may take to be told at once; later it is told in the background.
const REPORT: Duration = Duration::from_secs(5);
/// Between two words to the holder on how far the device is.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);
/// Events of the device that wait to be written down or shown.
const EVENTS: usize = 32;

/// A job that a user wants printed.
#[derive(Debug, Clone)]
pub struct ReleaseRequest {
    /// Who holds it.
    pub holder: NodeId,
    /// The job.
    pub job: JobId,
    /// How to print it; none for how its owner submitted it.
    pub options: Option<PrintOptions>,
    /// Whether to keep the job all the same.
    pub keep: bool,
    /// The job's own PIN, if it has one.
    pub pin: Option<Pin>,
    /// Whether the user knows that it may have printed before, and wants it again.
    pub reprint: bool,
    /// What opens the document, if it is locked and its owner did not give that with the job.
    pub document_password: Option<DocumentPassword>,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Released {
    /// The job.
    pub job: JobId,
    /// Its title.
    pub title: String,
    /// How it ended.
    pub ending: Ending,
    /// Pages, where the device counts them.
    pub pages: Option<u32>,
    /// What went wrong, or what else there is to know.
    pub reason: Option<String>,
}

/// How a chosen job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// It is on paper, and deleted.
    Printed,
    /// It is on paper, and still held.
    PrintedAndKept,
    /// It is not on paper, and still held.
    NotPrinted,
    /// Nobody knows whether it is on paper; it is still held.
    MayHavePrinted,
}

impl Ending {
    /// How a job ended of which a receipt says this, and its pages, where the device counted them.
    #[must_use]
    pub const fn of(outcome: &Outcome) -> (Self, Option<u32>) {
        match *outcome {
            Outcome::Printed { pages, keep: false } => (Self::Printed, pages),
            Outcome::Printed { pages, keep: true } => (Self::PrintedAndKept, pages),
            Outcome::NotPrinted => (Self::NotPrinted, None),
            Outcome::MayHavePrinted => (Self::MayHavePrinted, None),
        }
    }

    /// Whether it is on paper for certain.
    #[must_use]
    pub const fn is_printed(self) -> bool {
        matches!(self, Self::Printed | Self::PrintedAndKept)
    }
}

/// How far a release has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseProgress {
    /// The job.
    pub job: JobId,
    /// Its title.
    pub title: String,
    /// What is being done.
    pub step: ReleaseStep,
    /// Bytes of the document that the device has, of all.
    pub sent: u64,
    /// Bytes of the document.
    pub size: u64,
    /// Pages on paper so far, where the device counts them.
    pub pages: Option<u32>,
    /// What the device says, such as why it stands still.
    pub note: Option<String>,
    /// The same as IPP's keywords, for those who have words or pictures of their own for them.
    pub reasons: Vec<StateReason>,
}

/// What is being done with a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseStep {
    /// Another job is at the device.
    Queued,
    /// It comes from its holder and goes to the device.
    Sending,
    /// The device makes paper of it.
    Printing,
    /// The device stands still and needs a hand.
    Stopped,
}

impl<N: Network> Printer<N> {
    /// Prints a job of a visit, and returns how that ended. `progress` is told what happens as far
    /// as it listens. `cancel` takes the job back from the device; dropping the future does not.
    pub async fn release(
        &self,
        visit: &Visit<N>,
        request: ReleaseRequest,
        progress: mpsc::Sender<ReleaseProgress>,
        cancel: CancellationToken,
    ) -> Released {
        let released = self.releasing(visit, request, progress, cancel);
        tokio::select! {
            released = released => released,
            never = visit.keep_open() => match never {},
        }
    }

    /// The same for whoever goes on with the visit meanwhile, and keeps it open.
    pub fn releasing(
        &self,
        visit: &Visit<N>,
        request: ReleaseRequest,
        progress: mpsc::Sender<ReleaseProgress>,
        cancel: CancellationToken,
    ) -> impl Future<Output = Released> + Send + use<N> {
        let printing = self.to_release(visit, request, progress, cancel);
        async move {
            match printing {
                Ok(printing) => printing.finish().await,
                Err(refused) => refused,
            }
        }
    }

    fn to_release(
        &self,
        visit: &Visit<N>,
        request: ReleaseRequest,
        progress: mpsc::Sender<ReleaseProgress>,
        cancel: CancellationToken,
    ) -> Result<Printing<N>, Released> {
        let Some((session, summary)) = visit.listed(request.holder, request.job) else {
            return Err(released(
                request.job,
                String::new(),
                &Ended::not_printed("there is no such job in the list"),
            ));
        };
        if let Err(unwilling) = may_print(summary, &request) {
            let ended = Ended::not_printed(unwilling);
            return Err(released(request.job, summary.title.clone(), &ended));
        }
        Ok(Printing {
            printer: self.clone(),
            session,
            user: visit.user().clone(),
            summary: summary.clone(),
            request,
            release: ReleaseId::random(&mut rand::rng()),
            progress,
            cancel,
        })
    }
}

impl<N: Network> Printing<N> {
    /// One release, for the log. The user stands there under another name.
    fn span(&self) -> Span {
        let secret = self.printer.0.membership.secret();
        tracing::info_span!(
            "release",
            release = %self.release,
            job = %self.request.job,
            holder = %self.request.holder,
            user = lookup::log_name(secret, &self.user),
        )
    }

    async fn finish(self) -> Released {
        let (job, title) = (self.request.job, self.summary.title.clone());
        // A task of its own: whoever waits for it may go away, the paper does not.
        let span = self.span();
        match tokio::spawn(self.run().instrument(span)).await {
            Ok(ended) => released(job, title, &ended),
            Err(error) => {
                tracing::error!(%job, %error, "release broke off");
                let reason = "the release failed inside this printer; restart the printer's node to settle it";
                released(
                    job,
                    title,
                    &Ended {
                        outcome: Outcome::MayHavePrinted,
                        reason: Some(reason.to_owned()),
                    },
                )
            }
        }
    }
}

impl<N: Network> Printer<N> {
    /// Prints a job of which a holder handed the session over.
    pub(super) async fn print_handed(
        &self,
        session: Arc<HolderSession<N>>,
        user: UserId,
        summary: JobSummary,
    ) -> Ended {
        let printing = Printing {
            printer: self.clone(),
            user,
            request: ReleaseRequest {
                holder: session.holder(),
                job: summary.job,
                options: None,
                keep: false,
                pin: None,
                reprint: false,
                document_password: None,
            },
            session,
            summary,
            release: ReleaseId::random(&mut rand::rng()),
            // The holder hears of the progress itself.
            progress: mpsc::channel(1).0,
            cancel: CancellationToken::new(),
        };
        let span = printing.span();
        printing.run().instrument(span).await
    }
}

/// Why a locked document is not printed, and the ways out.
const LOCKED: &str = "the document is locked and its password is not known: give it here, or with `papermesh jobs \
                      unlock` on the computer that holds the job";

/// What is said where every page came out and something may still be missing.
const DOUBTS: &str = "the document is damaged and something may be missing on the paper; check it, then delete the job";

/// Whether a job as it was listed is to be printed as it is wished.
fn may_print(summary: &JobSummary, request: &ReleaseRequest) -> Result<(), &'static str> {
    if summary.may_have_printed && !request.reprint {
        return Err(
            "this job may already have been printed; check the output tray, then release it with --reprint or delete it",
        );
    }
    if summary.locked && request.document_password.is_none() {
        return Err(LOCKED);
    }
    if request
        .options
        .as_ref()
        .is_some_and(|options| options.check().is_err())
    {
        return Err("the print options are invalid");
    }
    Ok(())
}

fn released(job: JobId, title: String, ended: &Ended) -> Released {
    let (ending, pages) = Ending::of(&ended.outcome);
    Released {
        job,
        title,
        ending,
        pages,
        reason: ended.reason.clone(),
    }
}

/// One release under way.
struct Printing<N: Network> {
    printer: Printer<N>,
    session: Arc<HolderSession<N>>,
    user: UserId,
    summary: JobSummary,
    request: ReleaseRequest,
    release: ReleaseId,
    progress: mpsc::Sender<ReleaseProgress>,
    cancel: CancellationToken,
}

impl<N: Network> Printing<N> {
    async fn run(self) -> Ended {
        self.tell(ReleaseStep::Queued, 0, None);
        let device = self.printer.clone();
        let turn = tokio::select! {
            turn = timeout(TURN, device.0.turn.lock()) => turn,
            () = self.cancel.cancelled() => return Ended::not_printed("the release was canceled"),
        };
        let Ok(_turn) = turn else {
            return Ended::not_printed(
                "the printer is busy with another job; try again when it is done",
            );
        };
        let options = self
            .request
            .options
            .clone()
            .unwrap_or_else(|| self.summary.options.clone());
        if let Err(error) = self.unlock().await {
            return self.not_granted(&error).await;
        }
        let (mut grant, key) = match self
            .session
            .select(self.request.job, self.release, &options)
            .await
        {
            Ok(granted) => granted,
            Err(error) => return self.not_granted(&error).await,
        };
        // A holder of the first version repeats only what it has a place for; the sheets are this device's affair.
        grant.options.finishings = options.finishings;
        tracing::info!("job granted");
        let now = self.printer.0.membership.now();
        let mut row = JournalRow {
            holder: self.session.holder(),
            job: self.request.job,
            user: self.user.clone(),
            phase: Phase::Granted,
            keep: self.request.keep,
            device: None,
            receipt: None,
            started_at: now,
            changed_at: now,
        };
        self.printer.begin_live(self.release);
        let ended = match self.printer.write(self.release, &row).await {
            Ok(()) => self.print(grant, key, &mut row).await,
            Err(error) => not_journaled(&error),
        };
        // Not why: a device may say the title of what it prints.
        tracing::info!(outcome = ?ended.outcome, "release ended");
        self.printer.conclude(self.release, &mut row, &ended).await;
        self.printer.end_live(self.release);
        self.report(&row, ended).await
    }

    /// Proves the job's own PIN, if it has one.
    async fn unlock(&self) -> Result<(), AskError> {
        match &self.request.pin {
            Some(pin) if self.summary.needs_pin => {
                let node = self.printer.0.membership.node();
                self.session.unlock(node, self.request.job, pin).await
            }
            _ => Ok(()),
        }
    }

    async fn not_granted(&self, error: &AskError) -> Ended {
        let refusal = match error {
            AskError::Session(SessionError::Refused(refusal)) => Some(*refusal),
            _ => None,
        };
        let event = Event::new(Kind::Refused)
            .user(&self.user)
            .job(self.request.job)
            .peer(self.session.holder());
        self.printer
            .0
            .audit
            .record_best_effort(event.because(error.in_full()))
            .await;
        match error {
            AskError::Session(SessionError::WrongPin) => {
                return Ended::not_printed("the job's own PIN is wrong");
            }
            AskError::Session(SessionError::Denied { .. }) => {
                return Ended::not_printed(
                    "the job's own PIN is wrong, or there were too many attempts; try again later",
                );
            }
            _ => {}
        }
        match refusal {
            Some(Refusal::Leased) => Ended::not_printed(
                "another printer is printing this job, or lost it less than two minutes ago",
            ),
            _ => Ended::not_printed(error.in_full()),
        }
    }

    /// From the grant to the device's last word.
    async fn print(&self, grant: Grant, key: JobKey, row: &mut JournalRow) -> Ended {
        let wanted = Wanted {
            ticket: ticket(self.release, &self.user, &grant),
            counted: grant.counted,
            password: self
                .request
                .document_password
                .clone()
                .or_else(|| grant.document_password.clone()),
        };
        let lost = CancellationToken::new();
        let fetch = Fetch {
            session: Arc::clone(&self.session),
            job: self.request.job,
            release: self.release,
            grant,
            key,
            lost: lost.clone(),
        };
        let document = tokio::select! {
            document = fetch.begin() => match document {
                Ok(document) => document,
                Err(error) => {
                    let why = error.in_full();
                    return Ended::not_printed(format!("the document did not arrive: {why}"));
                }
            },
            () = self.cancel.cancelled() => return Ended::not_printed("the release was canceled"),
        };
        // Before anything is journaled as sent: what cannot be converted never reaches the device.
        let inner = &self.printer.0;
        let waiting = |why: &str| self.tell(ReleaseStep::Stopped, 0, Some(why.to_owned()));
        let prepared: Prepared = tokio::select! {
            prepared = prepare::prepare(&inner.converter, &inner.device, wanted, document, &waiting) => match prepared {
                Ok(prepared) => prepared,
                Err(error) => return Ended::not_printed(error.in_full()),
            },
            never = self.extend(&lost) => match never {},
            () = self.cancel.cancelled() => return Ended::not_printed("the release was canceled"),
        };
        // How long a document is that is still being made is not known.
        let size = prepared.ticket.size;
        row.phase = Phase::Sending;
        row.changed_at = self.printer.0.membership.now();
        if let Err(error) = self.printer.write(self.release, row).await {
            return not_journaled(&error);
        }
        self.tell(ReleaseStep::Sending, 0, None);
        let (notes, doubts) = (prepared.notes, prepared.doubts);
        let (heard, news) = watch::channel(None);
        let device = self.device(&prepared.ticket, prepared.document, size, (row, &heard));
        let mut ended = tokio::select! {
            ended = device => ended,
            never = self.extend(&lost) => match never {},
            never = self.pass_on(news) => match never {},
        };
        notes.iter().for_each(|note| ended.note(&note.to_string()));
        if doubts.any() {
            ended.keep(DOUBTS);
        }
        ended
    }

    async fn device(
        &self,
        ticket: &PrintTicket,
        document: prepare::Document,
        size: Option<u64>,
        (row, heard): (&mut JournalRow, &watch::Sender<Option<Progress>>),
    ) -> Ended {
        let inner = &self.printer.0;
        let (sender, events) = mpsc::channel(EVENTS);
        let print = inner
            .device
            .print(ticket, document, sender, self.cancel.clone());
        let (result, ()) = tokio::join!(print, self.follow(events, size, (row, heard)));
        Ended::of(result, self.request.keep, inner.delivered_is_printed)
    }

    /// Writes down and shows what the device says, until it says no more.
    async fn follow(
        &self,
        mut events: mpsc::Receiver<DeviceEvent>,
        size: Option<u64>,
        (row, heard): (&mut JournalRow, &watch::Sender<Option<Progress>>),
    ) {
        let (mut sent, whole) = (0, size.unwrap_or(u64::MAX));
        while let Some(event) = events.recv().await {
            match event {
                DeviceEvent::Accepted { device_job } => self.accepted(&device_job, row).await,
                DeviceEvent::Taken => self.taken(row).await,
                DeviceEvent::Waiting { why } => self.tell(ReleaseStep::Stopped, sent, Some(why)),
                DeviceEvent::Sent { bytes } => {
                    // Bytes of another document than the one that is listed say nothing of it.
                    sent = size.map_or(0, |size| bytes.min(size));
                    self.tell(
                        if sent < whole {
                            ReleaseStep::Sending
                        } else {
                            ReleaseStep::Printing
                        },
                        sent,
                        None,
                    );
                }
                DeviceEvent::State(state) => {
                    heard.send_replace(Some(progress(self.release, &state)));
                    let stopped = stands(&state);
                    let reasons: Vec<StateReason> = state
                        .printer_reasons
                        .iter()
                        .chain(&state.job_reasons)
                        .cloned()
                        .collect();
                    let words: Vec<_> = reasons.iter().map(|reason| &*reason.words).collect();
                    let note = Some(words.join(", "))
                        .filter(|words| !words.is_empty())
                        .or(state.message);
                    let step = match stopped {
                        true => ReleaseStep::Stopped,
                        false if size.is_some() && sent < whole => ReleaseStep::Sending,
                        false => ReleaseStep::Printing,
                    };
                    self.tell_of((step, sent, note), state.pages, reasons);
                }
            }
        }
    }

    async fn accepted(&self, device_job: &DeviceJobRef, row: &mut JournalRow) {
        row.device = serde_json::to_string(device_job).ok();
        row.changed_at = self.printer.0.membership.now();
        if let Err(error) = self.printer.write(self.release, row).await {
            tracing::error!(error = %error.in_full(), "could not save the device's job reference; after a crash the device cannot be asked");
        }
    }

    async fn taken(&self, row: &mut JournalRow) {
        row.phase = Phase::Taken;
        row.changed_at = self.printer.0.membership.now();
        if let Err(error) = self.printer.write(self.release, row).await {
            tracing::error!(error = %error.in_full(), "could not save that the device has the whole document; after a crash this is unknown");
        }
    }

    /// Passes on to the holder, for the owner there, what the device says.
    async fn pass_on(&self, mut news: watch::Receiver<Option<Progress>>) -> Infallible {
        loop {
            // The device says nothing more; how it ended is told otherwise.
            if news.changed().await.is_err() {
                return std::future::pending().await;
            }
            let word = news.borrow_and_update().clone();
            if let Some(word) = word
                && let Err(error) = self.session.progress(word).await
            {
                tracing::debug!(error = %error.in_full(), "could not report progress to the holder");
            }
            sleep(PROGRESS_EVERY).await;
        }
    }

    /// Keeps the lease alive while the device works. When the holder says that it is gone, and the
    /// device does not have the whole document yet, the document ends with an error, because
    /// another printer may print it now. Once the device has it all, there is no taking it back.
    async fn extend(&self, lost: &CancellationToken) -> Infallible {
        let mut ticks = interval_at(Instant::now() + limits::LEASE_EXTEND, limits::LEASE_EXTEND);
        loop {
            ticks.tick().await;
            match self.session.extend(self.release).await {
                Ok(()) => {}
                Err(AskError::Session(SessionError::Refused(Refusal::NoLease))) => lost.cancel(),
                Err(error) => {
                    tracing::debug!(error = %error.in_full(), "could not extend the lease")
                }
            }
        }
    }

    /// Tells the holder at once if it can be told at once.
    async fn report(&self, row: &JournalRow, mut ended: Ended) -> Ended {
        let Some(receipt) = row.receipt.clone() else {
            return ended;
        };
        let answer = match timeout(REPORT, self.session.ask(&Request::Report(receipt))).await {
            Ok(Ok(answer)) if ReportOutcome::by(&answer) == ReportOutcome::Settled => answer,
            _ => {
                self.printer.0.unreported.notify_one();
                if matches!(ended.outcome, Outcome::Printed { keep: false, .. }) {
                    ended.note(
                        "the holder is notified and deletes the job as soon as it can be reached",
                    );
                }
                return ended;
            }
        };
        self.printer.forget(self.release).await;
        if let Answer::Refused(refusal) = answer {
            tracing::error!(refusal = %refusal.in_full(), "a holder refused a receipt");
            ended.note(
                "the holder did not accept this printer's receipt: the job may still be listed",
            );
        }
        ended
    }

    fn tell(&self, step: ReleaseStep, sent: u64, note: Option<String>) {
        self.tell_of((step, sent, note), None, Vec::new());
    }

    fn tell_of(
        &self,
        (step, sent, note): (ReleaseStep, u64, Option<String>),
        pages: Option<u32>,
        reasons: Vec<StateReason>,
    ) {
        let (job, title, size) = (
            self.request.job,
            self.summary.title.clone(),
            self.summary.size,
        );
        // News of the moment: whoever is behind misses it.
        drop(self.progress.try_send(ReleaseProgress {
            job,
            title,
            step,
            sent,
            size,
            pages,
            note,
            reasons,
        }));
    }
}

/// Whether a device needs a hand: it has stopped, or keeps the job in a store of its own.
fn stands(state: &DeviceProgress) -> bool {
    let arrives = |reason: &StateReason| {
        matches!(
            reason.keyword.as_str(),
            "job-incoming" | "job-data-insufficient"
        )
    };
    let held = state.job == DeviceJobState::PendingHeld && !state.job_reasons.iter().any(arrives);
    held || state.job == DeviceJobState::ProcessingStopped || state.printer == PrinterState::Stopped
}

/// What a device says, as a holder is told it.
fn progress(release: ReleaseId, state: &DeviceProgress) -> Progress {
    let stopped = stands(state);
    let reasons = state.job_reasons.iter().chain(&state.printer_reasons);
    Progress {
        release,
        impressions: state.pages.filter(|pages| *pages <= limits::PAGES),
        stopped,
        reasons: reasons
            .map(|reason| reason.keyword.clone())
            .filter(|keyword| is_keyword(keyword))
            .take(limits::REASONS)
            .collect(),
    }
}

fn not_journaled(error: &StoreError) -> Ended {
    let why = error.in_full();
    Ended::not_printed(format!("this printer cannot write to its journal: {why}"))
}

fn ticket(release: ReleaseId, user: &UserId, grant: &Grant) -> PrintTicket {
    PrintTicket {
        release: release.to_string(),
        title: grant.title.clone(),
        user: user.to_string(),
        format: grant.format.clone(),
        options: grant.options.clone(),
        size: Some(grant.size),
        converted: false,
    }
}
