//! The watch over one document and its job, until it is known how they ended.
//!
//! Lives here: noticing what happens, and telling it. Not here: the limits (`patience.rs`), asking
//! the printer (`probe.rs`), what follows when a print cannot go on (`settle.rs`).

use std::sync::Arc;
use std::time::Instant;

use ipp::model::Operation;
use papermesh_protocol::remedy::Remedy;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::super::description::DeviceError;
use super::super::event::{
    DeviceEvent, DeviceJob, DeviceJobRef, DeviceJobState, DeviceProgress, IppJob, PrinterState,
};
use super::super::failure::{AbortCause, Doubt, Outcome, PrintFailure};
use super::super::reporter::Reporter;
use super::super::source::SourceFault;
use super::admission::{Admission, JobTemplate};
use super::device::IppDevice;
use super::patience::Pace;
use super::probe::{DeviceProbe, Heard, Proof, find, probe};
use super::reply::Reply;
use super::settle::{self, StopReason, all_reasons, in_short};
use super::upload::Ledger;

/// The printer's answer to the document.
pub(super) type Answer = Result<Reply, DeviceError>;

/// What is known of one print.
pub(super) struct Watch<'a> {
    device: &'a IppDevice,
    admission: &'a Admission<'a>,
    reporter: Reporter,
    cancel: &'a CancellationToken,
    job: Option<IppJob>,
    upload: Option<AbortOnDropHandle<Answer>>,
    ledger: Arc<Ledger>,
    /// What the device said last.
    progress: Option<DeviceProgress>,
    /// How much of the document was told of last.
    sent: u64,
    /// When the device last said something new or took more of the document.
    changed: Instant,
    /// Since when the device does not answer.
    silent: Option<Instant>,
    /// Whether this printer shows by name or UUID that the job is ours.
    recognisable: bool,
    /// Whether the printer has confirmed that it has the whole document.
    taken: bool,
    /// Whether the printer was out of reach since then: it may have been switched off and on.
    outage: bool,
    /// How often in a row the printer said nothing of the job.
    mute: u32,
    /// Since when the printer has nothing more to say of the job, and has stopped.
    standing: Option<Instant>,
    /// Since when it has called the job completed while it was at work.
    working: Option<Instant>,
    /// Whether it is told that nothing happens.
    quiet: bool,
}

/// How often in a row a printer must say nothing of a job until it is believed never to.
const MUTE_LOOKS: u32 = 3;

/// What the watch woke up for.
enum Wake {
    Cancel,
    Fault(SourceFault),
    Uploaded(Answer),
    Probed(DeviceProbe),
}

impl<'a> Watch<'a> {
    pub(super) fn new(
        device: &'a IppDevice,
        admission: &'a Admission<'a>,
        reporter: Reporter,
        cancel: &'a CancellationToken,
    ) -> Self {
        Self {
            device,
            admission,
            reporter,
            cancel,
            job: None,
            upload: None,
            ledger: Arc::default(),
            progress: None,
            sent: 0,
            changed: Instant::now(),
            silent: None,
            recognisable: false,
            taken: false,
            outage: false,
            mute: 0,
            standing: None,
            working: None,
            quiet: false,
        }
    }

    /// Gets a job for the document.
    pub(super) async fn create(&self) -> Result<IppJob, PrintFailure> {
        self.admission.create(&self.reporter).await
    }

    /// The template with which Print-Job is taken.
    pub(super) async fn validate(&self, format: &str) -> Result<JobTemplate, PrintFailure> {
        self.admission.validate(format, &self.reporter).await
    }

    /// Takes note of the job, and tells the caller.
    pub(super) async fn accept(&mut self, job: IppJob) {
        self.job = Some(job);
        if let Some(device_job) = self.reference() {
            self.reporter.accepted(&device_job).await;
        }
    }

    /// Watches the document being sent, and the job, to the end.
    pub(super) async fn run(
        mut self,
        upload: AbortOnDropHandle<Answer>,
        ledger: Arc<Ledger>,
    ) -> Result<Outcome, PrintFailure> {
        self.upload = Some(upload);
        self.ledger = ledger;
        self.changed = Instant::now();
        let mut pace = Pace::new(&self.device.patience);
        loop {
            match self.wake(&pace).await {
                Wake::Cancel => return self.stop(StopReason::Asked).await,
                Wake::Fault(fault) => return self.stop(StopReason::Source(fault)).await,
                Wake::Uploaded(answer) => {
                    self.upload = None;
                    self.tell_sent();
                    if let Some(reason) = self.uploaded(answer).await? {
                        return self.stop(reason).await;
                    }
                    pace.quicken();
                }
                Wake::Probed(DeviceProbe::Seen(progress, proven, heard)) => {
                    (self.silent, self.mute) = (None, 0);
                    self.recognisable |= proven == Proof::Identity;
                    self.note(&progress, &mut pace);
                    if progress.job == DeviceJobState::Completed
                        && let Some(words) = self.standstill(&progress)
                    {
                        if self.stands_too_long() {
                            return Err(self.unknown(Doubt::Standstill(words)));
                        }
                        continue;
                    }
                    self.standing = None;
                    if progress.job == DeviceJobState::Completed
                        && self.may_be_at_it(&progress, heard)
                    {
                        continue;
                    }
                    if progress.job.is_terminal() {
                        return self.ended(progress).await;
                    }
                    if let Some(reason) = self.stood_still(&progress) {
                        return self.stop(reason).await;
                    }
                }
                Wake::Probed(DeviceProbe::Gone(progress)) => {
                    self.note(&progress, &mut pace);
                    self.hear_of_the_document().await;
                    if self.ledger.stop() == 0 {
                        let error = self
                            .device
                            .transport
                            .bad("it dropped the job before the document arrived");
                        return Err(PrintFailure::NotStarted(error));
                    }
                    if !self.taken || self.outage {
                        return Err(self.unknown(Doubt::Forgotten));
                    }
                    if let Some(ended) = self.unspoken(&progress) {
                        return ended;
                    }
                }
                Wake::Probed(DeviceProbe::Other) => {
                    self.ledger.stop();
                    return Err(self.unknown(Doubt::Forgotten));
                }
                Wake::Probed(DeviceProbe::Mute(progress)) => {
                    self.silent = None;
                    self.mute = self.mute.saturating_add(1);
                    self.note(&progress, &mut pace);
                    let works = progress.printer == PrinterState::Processing
                        && self.changed.elapsed() < self.device.patience.mute;
                    if self.taken && self.mute >= MUTE_LOOKS && !works {
                        if let Some(ended) = self.unspoken(&progress) {
                            return ended;
                        }
                    } else if let Some(reason) = self.stood_still(&progress) {
                        return self.stop(reason).await;
                    }
                }
                Wake::Probed(DeviceProbe::Failed(error)) => {
                    pace.slow();
                    self.outage = true;
                    self.tell_quiet();
                    if let Some(error) = self.unanswered(error) {
                        return match self.upload {
                            Some(_) => self.stop(StopReason::Broke(error)).await,
                            None => {
                                Err(self.unknown(Doubt::Unreachable(error.in_full().to_string())))
                            }
                        };
                    }
                }
            }
        }
    }

    /// Takes note of what the device says, and looks at it again sooner if that is news.
    fn note(&mut self, progress: &DeviceProgress, pace: &mut Pace) {
        if self.tell_state(progress) {
            pace.quicken();
        } else {
            pace.slow();
        }
        self.tell_quiet();
    }

    /// What the device comes to that has the whole document, and says nothing of it any more: as
    /// with a raw port, it is delivered. None while the device has stopped.
    fn unspoken(&mut self, progress: &DeviceProgress) -> Option<Result<Outcome, PrintFailure>> {
        match self.standstill(progress) {
            Some(words) => self
                .stands_too_long()
                .then(|| Err(self.unknown(Doubt::Standstill(words)))),
            None => self
                .reference()
                .map(|device_job| Ok(Outcome::Delivered { device_job })),
        }
    }

    fn standstill(&self, progress: &DeviceProgress) -> Option<String> {
        let printer = self.admission.printer;
        let before = match printer.state {
            PrinterState::Stopped => &[][..],
            _ => &printer.reasons,
        };
        settle::standstill(progress, before)
    }

    fn stands_too_long(&mut self) -> bool {
        let since = *self.standing.get_or_insert_with(Instant::now);
        since.elapsed() > self.device.patience.completed
    }

    /// Whether the device may still print a job that it calls completed: it is at work and counts no page, or
    /// does not say how it is, and has done so for no longer than a printer that stands still is waited
    /// for. Printers that complete what they have received say only later that they want paper.
    fn may_be_at_it(&mut self, progress: &DeviceProgress, heard: Heard) -> bool {
        let works = heard == Heard::No
            || progress.printer == PrinterState::Processing && progress.pages.unwrap_or(0) == 0;
        let since = *self.working.get_or_insert_with(Instant::now);
        works && since.elapsed() < self.device.patience.completed
    }

    /// Waits a moment for the answer to the document, if that is all that is missing.
    async fn hear_of_the_document(&mut self) {
        if !self.ledger.finished() {
            return;
        }
        let Some(upload) = self.upload.take() else {
            return;
        };
        let answer = tokio::time::timeout(self.device.patience.finish, upload).await;
        if let Ok(Ok(Ok(reply))) = answer
            && reply.status().is_success()
        {
            (self.taken, self.outage) = (true, false);
            self.reporter.taken().await;
        }
    }

    /// Waits for the next thing to happen. A probe that something else overtakes is simply repeated.
    async fn wake(&mut self, pace: &Pace) -> Wake {
        let proof = self.proof();
        let Self {
            device,
            cancel,
            job,
            upload,
            ledger,
            ..
        } = self;
        let uploaded = async {
            match upload {
                Some(upload) => upload.await,
                None => std::future::pending().await,
            }
        };
        let probed = async {
            tokio::time::sleep(pace.delay()).await;
            probe(&device.transport, job.as_ref(), proof).await
        };
        tokio::select! {
            biased;
            () = cancel.cancelled() => Wake::Cancel,
            fault = ledger.fault() => Wake::Fault(fault),
            answer = uploaded => Wake::Uploaded(answer.unwrap_or_else(|error| {
                Err(device.transport.broken(&error.to_string()))
            })),
            probe = probed => Wake::Probed(probe),
        }
    }

    /// How sure the next probe must be. A printer that restarts counts its jobs from 1 again: one
    /// that has shown whose job it is must go on doing so, and one that was out of reach must begin
    /// to.
    fn proof(&self) -> Proof {
        if self.recognisable || self.silent.is_some() {
            Proof::Identity
        } else {
            Proof::Number
        }
    }

    /// Deals with the answer to the document; gives the reason if the print has to stop.
    async fn uploaded(&mut self, answer: Answer) -> Result<Option<StopReason>, PrintFailure> {
        let reply = match answer {
            Ok(reply) => reply,
            // The whole document left, and the answer got lost: the job itself will tell.
            Err(error) if self.ledger.finished() && self.job.is_some() => {
                tracing::debug!(error = %error.in_full(), "the printer's answer to the document was lost");
                return Ok(None);
            }
            Err(error) => return Ok(Some(StopReason::Broke(error))),
        };
        let created = self.job.is_some();
        if !reply.status().is_success() {
            let operation = if created {
                Operation::SendDocument
            } else {
                Operation::PrintJob
            };
            let failure = self.admission.refusal(operation, &reply);
            // A refused Print-Job has made no job; a refused document leaves one behind.
            return if created {
                Ok(Some(StopReason::Refused(Box::new(failure))))
            } else {
                Err(failure)
            };
        }
        if !created {
            match self.admission.named(&reply) {
                Ok(job) => self.accept(job).await,
                Err(error) => return Ok(Some(StopReason::Broke(error))),
            }
            if let Some(refusal) = self.admission.ignored(&reply) {
                return Ok(Some(StopReason::Refused(Box::new(refusal.into()))));
            }
        }
        if self.ledger.finished() {
            // It was there all the time, however much it said meanwhile.
            (self.taken, self.outage) = (true, false);
            self.reporter.taken().await;
            return Ok(None);
        }
        // The printer was content with a part, and never asked for the rest.
        let error = self
            .device
            .transport
            .broken("it accepted only part of the document");
        Ok(Some(StopReason::Broke(error)))
    }

    /// The device says that the job has ended.
    async fn ended(&mut self, progress: DeviceProgress) -> Result<Outcome, PrintFailure> {
        if progress.job != DeviceJobState::Completed {
            return Err(PrintFailure::Aborted {
                cause: AbortCause::Device(in_short(&progress)),
                reasons: all_reasons(&progress),
                pages: progress.pages,
            });
        }
        if let Some(upload) = self.upload.take().filter(|_| !self.ledger.finished()) {
            // The last bytes may still be on their way out of here.
            drop(tokio::time::timeout(self.device.patience.finish, upload).await);
        }
        match self.reference() {
            Some(device_job) if self.ledger.finished() => settle::completed(&progress, device_job),
            _ => {
                self.ledger.stop();
                Err(self.unknown(Doubt::IncompleteCompletion(
                    "it had only part of the document",
                )))
            }
        }
    }

    /// Takes the job back, and says what that means.
    async fn stop(&mut self, reason: StopReason) -> Result<Outcome, PrintFailure> {
        let sent = self.ledger.stop();
        let IppDevice {
            transport,
            patience,
            ..
        } = self.device;
        if self.job.is_none() && sent > 0 {
            self.job = find(transport, self.admission.ticket.tag(), self.admission.user).await;
        }
        let proof = self.proof();
        let Self {
            job,
            upload,
            ledger,
            ..
        } = self;
        let release = || {
            ledger.abandon();
            *upload = None;
        };
        let stopped = settle::stop(transport, patience, job.as_ref(), sent, proof, release).await;
        settle::settle(reason, stopped, self.reference(), self.ledger.finished())
    }

    /// Tells what the device says and how much it was sent, where that is news.
    fn tell_state(&mut self, progress: &DeviceProgress) -> bool {
        self.tell_sent();
        let news = self.progress.as_ref() != Some(progress);
        if news {
            // What a display says from one moment to the next is no progress.
            let far = |progress: &DeviceProgress| (progress.job, progress.printer, progress.pages);
            if self.progress.as_ref().map(far) != Some(far(progress)) {
                self.changed = Instant::now();
            }
            self.reporter.tell(DeviceEvent::State(progress.clone()));
            self.progress = Some(progress.clone());
        }
        news
    }

    fn tell_sent(&mut self) {
        let sent = self.ledger.taken();
        if sent > self.sent {
            self.sent = sent;
            self.changed = Instant::now();
            self.reporter.tell(DeviceEvent::Sent { bytes: sent });
        }
    }

    /// Gives the error back once the device has not answered for too long. Many a small printer
    /// answers nobody while it takes a document: as long as it takes more, it is there.
    fn unanswered(&mut self, error: DeviceError) -> Option<DeviceError> {
        self.tell_sent();
        let patience = &self.device.patience;
        let silent = *self.silent.get_or_insert_with(Instant::now);
        let (since, limit) = match self.upload {
            Some(_) => (silent.max(self.changed), patience.stopped),
            None => (silent, patience.unreachable),
        };
        (since.elapsed() > limit).then_some(error)
    }

    /// Why the print has to stop, if the device has shown no change for too long.
    fn stood_still(&self, progress: &DeviceProgress) -> Option<StopReason> {
        let patience = &self.device.patience;
        let sending = self.upload.is_some();
        let limit = match (progress.printer, progress.job) {
            (_, DeviceJobState::PendingHeld) if !sending => patience.held,
            (PrinterState::Stopped, _)
            | (_, DeviceJobState::ProcessingStopped | DeviceJobState::PendingHeld) => {
                patience.stopped
            }
            (_, DeviceJobState::Unknown) if self.job.is_some() => patience.stopped,
            (PrinterState::Idle, DeviceJobState::Pending) if sending => patience.untaken,
            (PrinterState::Idle, DeviceJobState::Pending) => patience.idle,
            _ => patience.working,
        };
        if self.changed.elapsed() <= limit {
            return None;
        }
        let words = in_short(progress);
        Some(match progress.job {
            DeviceJobState::PendingHeld if !sending => StopReason::Held(words),
            _ => StopReason::Stood(words),
        })
    }

    /// Tells once that nothing happens. A document that does not come is another matter, and has a
    /// limit of its own.
    fn tell_quiet(&mut self) {
        let quiet = self.changed.elapsed() > self.device.patience.quiet && !self.ledger.starved();
        if quiet && !self.quiet {
            let why = match self.upload {
                Some(_) if !self.ledger.finished() => {
                    "the printer is not accepting more of the document at the moment"
                }
                Some(_) => "the printer has the document but has not confirmed it yet",
                None => match self.progress.as_ref().map(|progress| progress.job) {
                    Some(DeviceJobState::Pending | DeviceJobState::Unknown) | None => {
                        "the printer has the document but has not started printing"
                    }
                    // It prints, or says itself why it does not.
                    Some(_) => return,
                },
            };
            self.reporter.tell(DeviceEvent::Waiting {
                why: why.to_owned(),
            });
        }
        self.quiet = quiet;
    }

    fn reference(&self) -> Option<DeviceJobRef> {
        let job = DeviceJob::Ipp(self.job.clone()?);
        Some(DeviceJobRef {
            device: self.device.uri().clone(),
            job,
        })
    }

    fn unknown(&self, doubt: Doubt) -> PrintFailure {
        let reasons = self.progress.as_ref().map(all_reasons).unwrap_or_default();
        PrintFailure::Unknown {
            doubt,
            reasons,
            device_job: self.reference().map(Box::new),
        }
    }
}

/// However a print ends, its document's connection ends with it.
impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.ledger.abandon();
    }
}
