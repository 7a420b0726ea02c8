//! The infrastructure printer as the rest of the node sees it: a device. What proxies ask of it is in
//! `asked.rs`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ipp::attribute::IppAttribute;
use papermesh_convert::device::Device;
use tokio::io::AsyncRead;
use tokio::sync::{Notify, broadcast, mpsc};
use tokio::time::{Instant, interval_at, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::super::description::{DeviceDescription, DeviceError, OutputOptions};
use super::super::event::{
    DeviceEvent, DeviceJob, DeviceJobRef, DeviceJobState, DeviceProgress, DeviceVerdict,
    PrinterState,
};
use super::super::failure::{AbortCause, Doubt, Outcome, PrintFailure, Refusal, Stop};
use super::super::ipp::Capabilities;
use super::super::reporter::Reporter;
use super::super::source::{SOURCE_STALL, Source, SourceFault};
use super::super::ticket::PrintTicket;
use super::super::uri::OutputUri;
use super::document::{AHEAD, Document, Given, Piece, give};
use super::job::{DocumentWord, JobState, JobWord, LEASE, UNHEARD, Verdict, Why};
use super::state::{ProxyId, Recollection, Silence, State};

/// How long a first proxy is waited for when something is to be printed.
const WAKE: Duration = Duration::from_secs(60);
/// Between two words on what a job waits for.
const QUIET: Duration = Duration::from_secs(10);
/// Changes that a slow listener may be behind.
const CHANGES: usize = 64;
/// Jobs that have ended of which it is still told how.
const ENDED: usize = 32;

/// An infrastructure printer. A handle: all of them are the same printer.
#[derive(Debug, Clone)]
pub struct InfraDevice(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) name: String,
    options: OutputOptions,
    shared: Mutex<Shared>,
    /// Wakes prints when something may have ended them.
    pub(super) news: Notify,
    pub(super) changes: broadcast::Sender<Change>,
}

/// What prints and proxies share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) state: State,
    pub(super) offers: BTreeMap<i32, Offer>,
    /// Jobs that have ended, the newest last.
    pub(super) ended: VecDeque<JobView>,
    /// The proxy that was told last of the jobs that can be fetched.
    pub(super) told: Option<ProxyId>,
}

/// Something that subscribers are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A job can be fetched.
    Fetchable(i32),
    /// The state of a job is another.
    Job(i32),
    /// A proxy came, left, or said something new of its printer.
    Printer,
}

/// What a print offers.
#[derive(Debug)]
pub(super) struct Offer {
    name: String,
    user: String,
    pub(super) format: String,
    options: Vec<IppAttribute>,
    size: Option<u64>,
    at: Instant,
    /// Taken by whoever fetches the document.
    pub(super) pieces: Option<mpsc::Receiver<Piece>>,
}

/// A job, as a proxy is told of it.
#[derive(Debug, Clone)]
pub struct JobView {
    /// `job-id`.
    pub number: i32,
    /// `job-name`: its title, and a mark of the release.
    pub name: String,
    /// `job-originating-user-name`.
    pub user: String,
    /// Its state.
    pub state: JobState,
    /// How it ended, if it did.
    pub ended: Option<DeviceJobState>,
    /// The proxy that took it.
    pub taken_by: Option<ProxyId>,
    /// The proxy that may know of it: the one that took it, else the one that fetches.
    pub known_to: Option<ProxyId>,
    /// The format of its one document.
    pub format: String,
    /// The document's size in bytes, where it is known.
    pub size: Option<u64>,
    /// How it is to be printed: job template attributes.
    pub options: Vec<IppAttribute>,
    /// Pages on paper, by the proxy's word.
    pub impressions: Option<u32>,
    /// How long ago it was released.
    pub age: Duration,
}

/// A proxy, as an admin is shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyView {
    /// Its `output-device-uuid`.
    pub id: ProxyId,
    /// Whether it is the one that fetches; others stand by.
    pub active: bool,
    /// How long it has not been heard of.
    pub silent: Duration,
    /// Whether it has said what its printer can do.
    pub described: bool,
}

/// A document that is being fetched.
pub struct Fetched {
    /// `document-format`.
    pub format: String,
    /// Its bytes.
    pub document: Document,
}

/// What takes a job out of sight when its print ends, however that is.
struct Offered<'a> {
    device: &'a InfraDevice,
    number: i32,
    end: DeviceJobState,
}

impl Drop for Offered<'_> {
    fn drop(&mut self) {
        self.device.withdraw(self.number, self.end);
    }
}

impl InfraDevice {
    /// An infrastructure printer of this name.
    #[must_use]
    pub fn new(name: String, options: OutputOptions) -> Self {
        Self(Arc::new(Inner {
            name,
            options,
            shared: Mutex::new(Shared {
                state: State::new(Instant::now()),
                offers: BTreeMap::new(),
                ended: VecDeque::new(),
                told: None,
            }),
            news: Notify::new(),
            changes: broadcast::Sender::new(CHANGES),
        }))
    }

    pub(super) fn shared(&self) -> MutexGuard<'_, Shared> {
        self.0.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn uri(&self) -> OutputUri {
        OutputUri::Infra(self.0.name.clone())
    }

    /// Tells the proxy that fetches which jobs there are, when it is another than it was.
    pub(super) fn tell_fetcher(&self) {
        let free = {
            let mut shared = self.shared();
            let fetcher = shared.state.active(Instant::now());
            let fetcher = fetcher.map(|(id, _)| id.clone());
            if fetcher == shared.told {
                return;
            }
            shared.told = fetcher;
            let jobs = shared.state.jobs();
            let free = jobs.filter(|(_, job)| job.state() == JobState::Fetchable);
            free.map(|(number, _)| number).collect::<Vec<_>>()
        };
        for number in free {
            self.tell(Change::Fetchable(number));
        }
    }

    pub(super) fn tell(&self, change: Change) {
        // Nobody listens where there is no server.
        drop(self.0.changes.send(change));
        self.0.news.notify_waiters();
    }

    fn capabilities(&self) -> Result<Capabilities, DeviceError> {
        let (attributes, silence) = {
            let now = Instant::now();
            let state = &mut self.shared().state;
            let silence = state.silence(now);
            let active = state.active(now);
            (active.map(|(_, proxy)| proxy.attributes.clone()), silence)
        };
        match (attributes, silence) {
            (Some(attributes), Silence::Since(silent)) if silent < UNHEARD => {
                let described = attributes.capabilities(self.uri(), &self.0.options);
                let known = described.filter(|known| !known.is_silent_about_formats());
                known.ok_or_else(|| DeviceError::FormatsUnknown {
                    device: self.uri().to_string(),
                })
            }
            (_, silence) => Err(DeviceError::NoProxy(in_words(silence))),
        }
    }

    /// What the proxy that fetches says of its printer.
    pub(crate) fn describe(&self) -> Result<DeviceDescription, DeviceError> {
        self.capabilities().map(|known| known.description)
    }

    /// The same, where something is to be printed: a proxy may be about to come.
    pub(crate) async fn known(
        &self,
        waiting: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Device, DeviceError> {
        let until = Instant::now() + WAKE;
        loop {
            let news = self.0.news.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            match self.describe() {
                Err(DeviceError::NoProxy(why)) if Instant::now() < until => waiting(&why),
                known => return known.map(|known| known.can),
            }
            drop(timeout(QUIET, news).await);
        }
    }

    /// Offers a document to proxies and stays until it is known how that ended.
    pub(crate) async fn print<R>(
        &self,
        ticket: &PrintTicket,
        document: R,
        progress: mpsc::Sender<DeviceEvent>,
        cancel: CancellationToken,
    ) -> Result<Outcome, PrintFailure>
    where
        R: AsyncRead + Send + Unpin + 'static,
    {
        ticket.check()?;
        if cancel.is_cancelled() {
            return Err(not_printed(AbortCause::Asked));
        }
        let known = self.capabilities().map_err(PrintFailure::NotStarted)?;
        if !known.description.accepting {
            let reasons = known.description.reasons;
            return Err(Refusal::NotAccepting { reasons }.into());
        }
        let (format, options) = (known.format(ticket)?, known.options(ticket)?);
        let number = number_of(ticket);
        let (sender, pieces) = mpsc::channel(AHEAD);
        let offer = Offer {
            name: ticket.job_name(),
            user: ticket.user_name(),
            format,
            options,
            size: ticket.size,
            at: Instant::now(),
            pieces: Some(pieces),
        };
        let reporter = Reporter::new(progress);
        reporter.accepted(&self.reference(number, None)).await;
        let Some(mut offered) = self.offer(number, offer) else {
            let why = "another job of this printer has the same number".to_owned();
            return Err(Refusal::Ticket(why).into());
        };
        let mut source = Source::new(document, ticket.size, SOURCE_STALL);
        let watched = self.watch(number, (&mut source, sender), &reporter, cancel);
        let (verdict, fault) = watched.await;
        let printed = matches!(verdict, Verdict::Printed { .. } | Verdict::PassedOn);
        if printed {
            offered.end = DeviceJobState::Completed;
        }
        let begun = self.is_begun(number);
        drop(offered);
        match (verdict, fault) {
            (Verdict::Printed { pages }, None) => Ok(Outcome::Completed {
                pages: Some(pages),
                device_job: self.reference(number, None),
            }),
            (Verdict::PassedOn, None) => Ok(Outcome::Delivered {
                device_job: self.reference(number, None),
            }),
            (verdict, Some(fault)) => Err(cut_off(fault, &verdict, begun)),
            (Verdict::NotPrinted(Why::Canceled), None) => Err(not_printed(AbortCause::Asked)),
            (Verdict::NotPrinted(why), None) => {
                Err(not_printed(AbortCause::Proxy(why.to_string())))
            }
            (Verdict::MayHavePrinted(why), None) => Err(PrintFailure::Unknown {
                doubt: match why {
                    Why::Canceled => Doubt::CancelUnconfirmed,
                    why => Doubt::Proxy(why.to_string()),
                },
                reasons: Vec::new(),
                device_job: Some(Box::new(self.reference(number, None))),
            }),
        }
    }

    /// Gives the document to whoever fetches it, and watches the job until it has ended.
    async fn watch<R: AsyncRead + Unpin>(
        &self,
        number: i32,
        (source, pieces): (&mut Source<R>, mpsc::Sender<Piece>),
        reporter: &Reporter,
        cancel: CancellationToken,
    ) -> (Verdict, Option<SourceFault>) {
        let giving = give(source, pieces, reporter);
        tokio::pin!(giving);
        let (mut given, mut canceled, mut fault) = (false, false, None);
        let mut told = Told::default();
        let mut quiet = interval_at(Instant::now() + QUIET, QUIET);
        loop {
            let news = self.0.news.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            let now = Instant::now();
            let (deserted, verdict, deadline) = {
                let state = &mut self.shared().state;
                let deserted = state.take_back(number, now);
                (deserted, state.settle(number, now), state.deadline(number))
            };
            if deserted {
                self.tell(Change::Fetchable(number));
            }
            self.report(number, &mut told, reporter).await;
            if let Some(verdict) = verdict {
                return (verdict, fault);
            }
            tokio::select! {
                end = &mut giving, if !given => {
                    given = true;
                    if let Given::Fault(broken) = end {
                        fault = Some(broken);
                        self.cancel(number);
                    }
                }
                () = cancel.cancelled(), if !canceled => {
                    canceled = true;
                    self.cancel(number);
                }
                () = news => {}
                () = sleep_until(deadline.unwrap_or(now + QUIET)) => {}
                _ = quiet.tick() => {
                    if let Some(why) = self.waits_for(number) {
                        reporter.tell(DeviceEvent::Waiting { why });
                    }
                }
            }
        }
    }

    /// Tells what is new of a job.
    async fn report(&self, number: i32, told: &mut Told, reporter: &Reporter) {
        let now = {
            let shared = self.shared();
            let Some(job) = shared.state.job(number) else {
                return;
            };
            Told {
                taken_by: job.taken_by.clone(),
                // What its proxy left unfinished it does not have to print.
                acknowledged: job.document.acknowledged
                    && job.document.word != Some(DocumentWord::Ended),
                word: job.word.clone(),
            }
        };
        if now.taken_by != told.taken_by {
            let job = self.reference(number, now.taken_by.as_ref());
            reporter.accepted(&job).await;
        }
        if now.acknowledged && !told.acknowledged {
            reporter.taken().await;
        }
        if now.word != told.word {
            let printer = self.describe().ok();
            // A job that its proxy gave back waits again, and nothing of what was said of it is left.
            let word = now.word.clone().unwrap_or(JobWord {
                state: Some(DeviceJobState::Pending),
                reasons: Vec::new(),
                message: None,
                impressions: None,
            });
            reporter.tell(DeviceEvent::State(DeviceProgress {
                job: word.state.unwrap_or(DeviceJobState::Unknown),
                job_reasons: word.reasons,
                printer: (printer.as_ref()).map_or(PrinterState::Unknown, |printer| printer.state),
                printer_reasons: printer.map(|printer| printer.reasons).unwrap_or_default(),
                message: word.message,
                pages: word.impressions.filter(|pages| *pages > 0),
            }));
        }
        *told = now;
    }

    /// What a job waits for that nobody has taken.
    fn waits_for(&self, number: i32) -> Option<String> {
        let shared = self.shared();
        let job = shared.state.job(number)?;
        if job.taken_by.is_some() {
            return None;
        }
        Some(
            match (shared.state.silence(Instant::now()), &job.declined) {
                (silence @ Silence::Never(_), _) => in_words(silence),
                (silence @ Silence::Since(silent), _) if silent >= UNHEARD / 2 => in_words(silence),
                (_, Some(why)) => format!("the proxy did not take the job: {why}"),
                (_, None) => "waits for the proxy to fetch it".to_owned(),
            },
        )
    }

    /// Asks what became of a job of an earlier life of this node.
    pub(crate) fn ask(&self, number: i32, proxy: Option<&str>) -> DeviceVerdict {
        let Some(proxy) = proxy.and_then(|proxy| proxy.parse().ok()) else {
            return DeviceVerdict::Unknown {
                why: "this node was started again while a proxy may have fetched it".to_owned(),
            };
        };
        let now = Instant::now();
        let found = self.shared().state.recall(number, &proxy, LEASE, now);
        match found {
            Recollection::Open => DeviceVerdict::Silent {
                why: "its proxy has not said what became of it yet".to_owned(),
            },
            Recollection::Said(word) if word.state == Some(DeviceJobState::Completed) => match word
                .completed()
            {
                Some(Verdict::Printed { pages }) => DeviceVerdict::Completed { pages: Some(pages) },
                Some(_) => DeviceVerdict::Unknown {
                    why: "its proxy says that it is completed, and counts no page".to_owned(),
                },
                None => DeviceVerdict::Unknown {
                    why: "its proxy says that it was completed with errors".to_owned(),
                },
            },
            Recollection::Said(_) => DeviceVerdict::Unknown {
                why: "its proxy ended it".to_owned(),
            },
            Recollection::Unfinished => DeviceVerdict::Unknown {
                why: "its proxy left the document unfinished".to_owned(),
            },
            Recollection::Nothing => DeviceVerdict::Unknown {
                why: "its proxy did not say what became of it".to_owned(),
            },
        }
    }

    fn reference(&self, number: i32, proxy: Option<&ProxyId>) -> DeviceJobRef {
        DeviceJobRef {
            device: self.uri(),
            job: DeviceJob::Infra {
                number,
                proxy: proxy.map(ToString::to_string),
            },
        }
    }

    fn offer(&self, number: i32, offer: Offer) -> Option<Offered<'_>> {
        {
            let mut shared = self.shared();
            if !shared.state.offer(number, offer.at) {
                return None;
            }
            shared.offers.insert(number, offer);
        }
        self.tell(Change::Fetchable(number));
        Some(Offered {
            device: self,
            number,
            end: DeviceJobState::Aborted,
        })
    }

    fn withdraw(&self, number: i32, end: DeviceJobState) {
        {
            let mut shared = self.shared();
            if let Some(mut view) = shared.view(number) {
                view.ended = Some(end);
                shared.ended.retain(|other| other.number != number);
                shared.ended.push_back(view);
                while shared.ended.len() > ENDED {
                    shared.ended.pop_front();
                }
            }
            shared.offers.remove(&number);
            shared.state.withdraw(number);
        }
        self.tell(Change::Job(number));
    }

    fn cancel(&self, number: i32) {
        self.shared().state.cancel(number, Instant::now());
        self.tell(Change::Job(number));
    }

    fn is_begun(&self, number: i32) -> bool {
        let shared = self.shared();
        (shared.state.job(number)).is_some_and(|job| job.document.begun)
    }

    /// Bytes of a document go out, if they still may.
    pub(super) fn send(&self, number: i32) -> bool {
        self.shared().state.send(number, Instant::now())
    }

    /// All of it is out, if it still may be.
    pub(super) fn finish(&self, number: i32) -> bool {
        let is_whole = self.shared().state.finish(number, Instant::now());
        self.0.news.notify_waiters();
        is_whole
    }

    pub(super) fn break_off(&self, number: i32) {
        self.shared().state.break_off(number, Instant::now());
        self.0.news.notify_waiters();
    }
}

impl Shared {
    /// A job that has not ended, as it is told.
    pub(super) fn view(&mut self, number: i32) -> Option<JobView> {
        let fetcher = self.state.active(Instant::now()).map(|(id, _)| id.clone());
        let (job, offer) = (self.state.job(number)?, self.offers.get(&number)?);
        Some(JobView {
            number,
            name: offer.name.clone(),
            user: offer.user.clone(),
            state: self.state.state_of(number)?,
            ended: None,
            taken_by: job.taken_by.clone(),
            known_to: job.taken_by.clone().or(fetcher),
            format: offer.format.clone(),
            size: offer.size,
            options: offer.options.clone(),
            impressions: job.word.as_ref().and_then(|word| word.impressions),
            age: offer.at.elapsed(),
        })
    }
}

/// What the print has told of a job.
#[derive(Debug, Default)]
struct Told {
    taken_by: Option<ProxyId>,
    acknowledged: bool,
    word: Option<JobWord>,
}

/// A job's number: of its release, so that no two jobs have one in this or another life of the node.
fn number_of(ticket: &PrintTicket) -> i32 {
    let digits = u32::from_str_radix(ticket.tag(), 16).unwrap_or_default();
    i32::try_from(digits >> 1).unwrap_or_default().max(1)
}

fn not_printed(cause: AbortCause) -> PrintFailure {
    PrintFailure::Aborted {
        cause,
        reasons: Vec::new(),
        pages: Some(0),
    }
}

/// The failure of a document of which there is no more.
fn cut_off(fault: SourceFault, verdict: &Verdict, begun: bool) -> PrintFailure {
    let stop = match verdict {
        Verdict::NotPrinted(_) if !begun => Stop::NothingSent,
        Verdict::NotPrinted(_) => Stop::Confirmed,
        Verdict::MayHavePrinted(_) => Stop::Unconfirmed,
        Verdict::Printed { .. } | Verdict::PassedOn => Stop::TooLate,
    };
    match fault {
        SourceFault::Broke(error) => PrintFailure::Body { error, stop },
        SourceFault::Stalled(after) => PrintFailure::Stalled { after, stop },
    }
}

fn in_words(silence: Silence) -> String {
    let ago = |time: Duration| match time.as_secs() {
        seconds @ 0..=119 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", seconds / 60),
    };
    match silence {
        Silence::Never(since) => format!(
            "no proxy has asked for jobs since this node was started {} ago",
            ago(since)
        ),
        Silence::Since(since) if since < UNHEARD => {
            "a proxy asks for jobs but has not said what its printer can do since this node was started; restart the proxy"
                .to_owned()
        }
        Silence::Since(since) => format!("no proxy has asked for jobs for {}", ago(since)),
    }
}

#[cfg(test)]
mod tests;
