//! One released job that a proxy may fetch: what is known of it, and what that means for paper. Pure.
//!
//! A proxy's word alone is not believed: it says *completed* also where it fetched nothing. Paper is
//! believed where the proxy had every byte of the document, acknowledged it, did not leave it
//! unfinished by its own word, and says *completed*. It is certain that there is none only where no
//! byte went out, or the proxy says that the document could not be printed and counts no page.

use std::time::Duration;

use tokio::time::Instant;

use super::super::event::DeviceJobState;
use super::super::ipp::Completion;
use super::super::reasons::StateReason;
use super::state::ProxyId;

/// How long no proxy may be heard of before a job that nobody took is taken back.
pub(super) const UNHEARD: Duration = Duration::from_secs(120);
/// How long proxies that are heard may leave a job lying before it is taken back. Its owner waits. A proxy
/// that took it and left, or fell silent, without asking for a byte begins that time anew.
pub(super) const UNFETCHED: Duration = Duration::from_secs(10 * 60);
/// How long a proxy that asked for a document may be silent before its job is given up.
pub(super) const LEASE: Duration = Duration::from_secs(30 * 60);
/// How long a proxy that is heard may say nothing new of a job that it took, and how long a job may be nobody's
/// in all.
pub(super) const STANDSTILL: Duration = Duration::from_secs(2 * 60 * 60);
/// How long a proxy may take to say how a job ended that was canceled, which it hears when it asks next, or
/// of which it cannot have the document.
pub(super) const CANCEL: Duration = Duration::from_secs(2 * 60);

/// Reasons that say of themselves that nothing of the document was printed (PWG 5100.13 section 7,
/// RFC 8011 section 5.3.8).
const UNPRINTED: [&str; 8] = [
    "compression-error",
    "document-access-error",
    "document-format-error",
    "document-password-error",
    "document-permission-error",
    "document-security-error",
    "document-unprintable-error",
    "unsupported-document-format",
];

/// The states of a job as an infrastructure printer tells them (PWG 5100.18 section 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// It can be fetched: `pending`, `job-fetchable`.
    Fetchable,
    /// A proxy took it.
    Taken(DeviceJobState),
    /// It is to be printed no more: whoever has it is to stop.
    Canceled,
}

/// What a proxy says of a job (`output-device-job-…`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobWord {
    /// `output-device-job-state`; none if it says none.
    pub state: Option<DeviceJobState>,
    /// `output-device-job-state-reasons`.
    pub reasons: Vec<StateReason>,
    /// `output-device-job-state-message`, cleaned.
    pub message: Option<String>,
    /// `job-impressions-completed`.
    pub impressions: Option<u32>,
}

/// What a proxy says of a document (`output-device-document-state`, PWG 5100.5 section 9.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentWord {
    /// It is at it, or has not begun (3, 5, 6).
    UnderWay,
    /// It is printed (9).
    Completed,
    /// It is not, or not wholly (7, 8).
    Ended,
}

impl DocumentWord {
    /// Reads the `enum` value.
    #[must_use]
    pub const fn read(value: i32) -> Option<Self> {
        Some(match value {
            3 | 5 | 6 => Self::UnderWay,
            7 | 8 => Self::Ended,
            9 => Self::Completed,
            _ => return None,
        })
    }
}

/// How the document stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct DocumentState {
    /// Its bytes were asked for: nobody gets them again.
    pub(super) asked: bool,
    /// At least one byte went out.
    pub(super) begun: bool,
    /// All of them did.
    pub(super) whole: bool,
    /// The proxy acknowledged it, after all had gone out.
    pub(super) acknowledged: bool,
    /// What the proxy says of it.
    pub(super) word: Option<DocumentWord>,
}

/// A job.
#[derive(Debug, Clone)]
pub(super) struct Job {
    /// Whose proxy took it.
    pub(super) taken_by: Option<ProxyId>,
    pub(super) document: DocumentState,
    /// What the proxy that took it says last.
    pub(super) word: Option<JobWord>,
    /// Why a proxy did not take it, or gave it back.
    pub(super) declined: Option<String>,
    /// Whether it was called off from here, and when.
    pub(super) canceled: Option<Instant>,
    /// The proxy that took it has deregistered.
    pub(super) left: bool,
    /// The document broke off on its way, and when. Nobody gets it again.
    pub(super) broken: Option<Instant>,
    /// It is known how it ended: no byte goes out any more.
    pub(super) closed: bool,
    pub(super) offered_at: Instant,
    /// Since when it is there for any proxy, if none has it.
    free_since: Instant,
    /// When the proxy said something new of it.
    pub(super) changed_at: Instant,
}

/// How a job ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The paper is out.
    Printed {
        /// Pages, as the proxy counts them.
        pages: u32,
    },
    /// The proxy says so without counting a page, or has passed it on to what does not report back.
    PassedOn,
    /// Nothing came out, and nothing will.
    NotPrinted(Why),
    /// Nobody knows.
    MayHavePrinted(Why),
}

/// Why there is no paper, or nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Why {
    #[error("it was canceled")]
    Canceled,
    #[error("its proxy says that the job is completed, but {0}")]
    Incomplete(&'static str),
    #[error("its proxy ended the job{}", .0.as_ref().map(|why| format!(": {why}")).unwrap_or_default())]
    Ended(Option<String>),
    #[error("no proxy has asked for jobs for {} minutes", .0.as_secs() / 60)]
    Unheard(Duration),
    #[error("proxies ask for jobs, but none took this one within {} minutes{}", UNFETCHED.as_secs() / 60, .0.as_ref().map(|why| format!(" ({why})")).unwrap_or_default())]
    Unfetched(Option<String>),
    #[error("its proxy took the job and has been silent for {} minutes", LEASE.as_secs() / 60)]
    Silent,
    #[error("its proxy has said nothing new of the job for {} minutes", STANDSTILL.as_secs() / 60)]
    Standstill,
    #[error("its proxy took the job and left")]
    Left,
    #[error("the connection broke while its proxy fetched the document")]
    Broken,
}

impl Job {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            taken_by: None,
            document: DocumentState::default(),
            word: None,
            declined: None,
            canceled: None,
            left: false,
            broken: None,
            closed: false,
            offered_at: now,
            free_since: now,
            changed_at: now,
        }
    }

    /// It is nobody's: what was said of it before counts no more.
    fn free(&mut self) {
        self.taken_by = None;
        self.word = None;
        self.document.word = None;
    }

    /// Its proxy does not take it after all, for this reason.
    pub(super) fn decline(&mut self, why: String) {
        self.free();
        self.declined = Some(why);
    }

    /// Its proxy is gone. Where it asked for no byte the job is there for others; else nobody gets it again.
    pub(super) fn leave(&mut self, now: Instant) {
        if self.document.asked {
            self.left = true;
        } else {
            self.free();
            self.free_since = now;
        }
    }

    /// The state that is told of it.
    pub(super) fn state(&self) -> JobState {
        if self.canceled.is_some() {
            return JobState::Canceled;
        }
        match &self.taken_by {
            None => JobState::Fetchable,
            Some(_) => JobState::Taken(
                (self.word.as_ref())
                    .and_then(|word| word.state)
                    .unwrap_or(DeviceJobState::Processing),
            ),
        }
    }

    /// Whether bytes of the document may go out.
    pub(super) const fn is_given(&self) -> bool {
        !self.closed && self.canceled.is_none() && !self.left
    }

    /// How it ended; none while it may still end otherwise. `heard` is when the proxy was heard of
    /// last, or any if none took it; none if there is none.
    pub(super) fn verdict(&self, heard: Option<Instant>, now: Instant) -> Option<Verdict> {
        let doubt = |why| match self.document.begun {
            true => Verdict::MayHavePrinted(why),
            false => Verdict::NotPrinted(why),
        };
        if let Some(word) = &self.word
            && let Some(verdict) = self.by_word(word)
        {
            return Some(verdict);
        }
        // Without a byte there is nothing that could be printed, whatever the proxy does.
        if let Some(at) = self.canceled
            && (!self.document.begun || now >= at + CANCEL)
        {
            return Some(doubt(Why::Canceled));
        }
        if self.left {
            return Some(doubt(Why::Left));
        }
        if self.broken.is_some_and(|at| now >= at + CANCEL) {
            return Some(doubt(Why::Broken));
        }
        let heard = self.heard(heard);
        if self.taken_by.is_none() {
            return if now >= heard + UNHEARD {
                Some(doubt(Why::Unheard(now - heard)))
            } else if now >= self.unfetched() {
                Some(doubt(Why::Unfetched(self.declined.clone())))
            } else {
                None
            };
        }
        if now >= heard + LEASE {
            return Some(doubt(Why::Silent));
        }
        (now >= self.changed_at + STANDSTILL).then(|| doubt(Why::Standstill))
    }

    /// Whether its proxy has been silent for so long, without having asked for a byte, that others may have it.
    pub(super) fn is_deserted(&self, heard: Option<Instant>, now: Instant) -> bool {
        self.taken_by.is_some() && !self.document.asked && now >= self.heard(heard) + UNHEARD
    }

    fn heard(&self, heard: Option<Instant>) -> Instant {
        heard.map_or(self.offered_at, |heard| heard.max(self.offered_at))
    }

    /// When it has been nobody's for too long.
    fn unfetched(&self) -> Instant {
        (self.free_since + UNFETCHED).min(self.offered_at + STANDSTILL)
    }

    /// When time alone may end it, or make it nobody's.
    pub(super) fn deadline(&self, heard: Option<Instant>) -> Instant {
        let heard = self.heard(heard);
        let by_time = match self.taken_by {
            None => (heard + UNHEARD).min(self.unfetched()),
            Some(_) if !self.document.asked => heard + UNHEARD,
            Some(_) => (heard + LEASE).min(self.changed_at + STANDSTILL),
        };
        let ends = self.canceled.into_iter().chain(self.broken);
        ends.fold(by_time, |first, at| first.min(at + CANCEL))
    }

    /// How it ended by the proxy's word; none where that is no end.
    fn by_word(&self, word: &JobWord) -> Option<Verdict> {
        let DocumentState {
            begun,
            whole,
            acknowledged,
            word: document,
            ..
        } = self.document;
        let unprinted = |reason: &StateReason| UNPRINTED.contains(&reason.keyword.as_str());
        match word.state? {
            DeviceJobState::Completed if !begun => Some(Verdict::NotPrinted(match self.canceled {
                Some(_) => Why::Canceled,
                None => Why::Incomplete("it fetched nothing of the document"),
            })),
            // There are proxies that call a job completed which they canceled at the printer.
            DeviceJobState::Completed if self.canceled.is_some() => {
                Some(Verdict::MayHavePrinted(Why::Canceled))
            }
            DeviceJobState::Completed => Some(match (whole, acknowledged, document) {
                (true, true, None | Some(DocumentWord::Completed)) => {
                    word.completed().unwrap_or_else(|| may("with errors"))
                }
                (false, ..) => may("it did not fetch the whole document"),
                (true, false, _) => may("it did not acknowledge the document"),
                (true, true, _) => may("not the document"),
            }),
            DeviceJobState::Canceled | DeviceJobState::Aborted => {
                let said = word.in_words();
                let none_came = word.impressions == Some(0) && word.reasons.iter().any(unprinted);
                Some(match begun && !none_came {
                    true => Verdict::MayHavePrinted(Why::Ended(said)),
                    false => Verdict::NotPrinted(Why::Ended(said)),
                })
            }
            DeviceJobState::Pending
            | DeviceJobState::PendingHeld
            | DeviceJobState::Processing
            | DeviceJobState::ProcessingStopped
            | DeviceJobState::Unknown => None,
        }
    }
}

fn may(why: &'static str) -> Verdict {
    Verdict::MayHavePrinted(Why::Incomplete(why))
}

impl JobWord {
    /// What *completed* means with the reasons that come with it; none where there were errors.
    pub(super) fn completed(&self) -> Option<Verdict> {
        match Completion::read(&self.reasons) {
            Completion::WithErrors => None,
            Completion::PassedOn => Some(Verdict::PassedOn),
            Completion::Printed => Some(match self.impressions {
                Some(pages) if pages > 0 => Verdict::Printed { pages },
                _ => Verdict::PassedOn,
            }),
        }
    }

    /// This word, after what was said before. What it does not say stays as it was; of an end nothing is taken back.
    pub(super) fn after(self, before: Option<&Self>) -> Self {
        match before {
            Some(end) if end.is_end() => end.clone(),
            Some(before) => Self {
                state: self.state.or(before.state),
                impressions: self.impressions.or(before.impressions),
                ..self
            },
            None => self,
        }
    }

    /// Whether the job has ended by it.
    pub(super) fn is_end(&self) -> bool {
        self.state.is_some_and(|state| state.is_terminal())
    }

    /// What it says, for people.
    fn in_words(&self) -> Option<String> {
        let reasons: Vec<&str> = (self.reasons.iter())
            .map(|reason| reason.words.as_str())
            .collect();
        match reasons.is_empty() {
            true => self.message.clone(),
            false => Some(reasons.join(", ")),
        }
    }
}
