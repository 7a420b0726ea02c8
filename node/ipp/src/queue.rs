//! What the hold printer asks of whoever holds the jobs, and nothing of how it is done.
//!
//! A [`Queue`] speaks of jobs as IPP does: a number, one or more documents, a state. The node's own
//! is made of its holder; tests have their own, which needs no mesh.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::time::Duration;

use futures::Stream;
use futures::future::BoxFuture;
use papermesh_protocol::direct::Abilities;
use papermesh_protocol::document_password::DocumentPassword;
use papermesh_protocol::gateway::terminated::client::Client;
use papermesh_protocol::gateway::token::PrintToken;
use papermesh_protocol::gateway::token::rights::Rights;
use papermesh_protocol::id::TokenDigest;
use papermesh_protocol::job::PrintOptions;
use papermesh_protocol::pin::Pin;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use tokio::io::AsyncRead;

use super::media;
use super::message::Failure;
use super::status::Status;

/// A job's number: `job-id`, 1 to 2³¹ − 1. Given once and never again.
pub type JobNumber = u32;

/// Holds jobs.
pub trait Queue: Clone + Send + Sync + 'static {
    /// The users who print from this computer as their own.
    fn users(&self) -> impl Future<Output = Result<Vec<UserId>, QueueError>> + Send;

    /// Whether this computer has printed for the user.
    fn knows_here(&self, user: &UserId) -> impl Future<Output = Result<bool, QueueError>> + Send;

    /// Whether there is such a user, as far as this computer can find out.
    fn knows(&self, user: &UserId) -> impl Future<Output = Result<bool, QueueError>> + Send;

    /// Whether the site has disabled the user.
    fn is_disabled(&self, user: &UserId) -> impl Future<Output = bool> + Send;

    /// Whether the PIN that came from there is the user's, who is not disabled. Wrong ones are
    /// counted, once each, and make the next wait.
    fn prove(
        &self,
        user: &UserId,
        pin: &Pin,
        from: IpAddr,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Who shows this print token from outside. Where a name is said with it, it must be that of its user.
    fn bearer(
        &self,
        token: &PrintToken,
        named: Option<&str>,
    ) -> impl Future<Output = Result<Bearer, QueueError>> + Send;

    /// Whether such a job would be taken now.
    fn admit(
        &self,
        job_request: &IppJobRequest,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// A number for a new job.
    fn number(&self) -> impl Future<Output = Result<JobNumber, QueueError>> + Send;

    /// A number for a new job that nobody guesses.
    fn draw_number(&self) -> impl Future<Output = Result<JobNumber, QueueError>> + Send;

    /// Whether a number is one of those that nobody guesses.
    fn is_drawn(number: u32) -> bool;

    /// Takes a document of a job. When this returns, the document is durable, whatever happens
    /// afterwards; if it fails, nothing of the document is left. Of one that is for a station, it
    /// gives what becomes of it there.
    fn hold(
        &self,
        document: NewDocument,
        bytes: impl AsyncRead + Send + Unpin,
    ) -> impl Future<Output = Result<Option<Underway>, QueueError>> + Send;

    /// The printers of the site that are known here, by name.
    fn printers(&self) -> impl Future<Output = Result<Vec<KnownStation>, QueueError>> + Send;

    /// The printer of the site that somebody means by a name.
    fn station(&self, name: &str) -> impl Future<Output = Result<Station, QueueError>> + Send;

    /// A user's jobs: those that have not ended oldest first, those that have, newest first. At
    /// most `limit`, after the first `skip`.
    fn jobs(
        &self,
        user: &UserId,
        which: Which,
        skip: usize,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<QueuedJob>, QueueError>> + Send;

    /// A job, whosever it is.
    fn job(
        &self,
        number: JobNumber,
    ) -> impl Future<Output = Result<Option<QueuedJob>, QueueError>> + Send;

    /// Deletes what is held of a job, or of one document of it (counted from 1).
    fn cancel(
        &self,
        number: JobNumber,
        document: Option<u16>,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// Changes a job that is held, or one document of it (counted from 1). What a document has of
    /// its own stays when its job is changed.
    fn change(
        &self,
        number: JobNumber,
        document: Option<u16>,
        change: JobChange,
    ) -> impl Future<Output = Result<(), QueueError>> + Send;

    /// What the printers of the site can do, as far as it is known.
    fn capabilities(&self) -> Capabilities;

    /// Whether everybody whom the site knows may print from this computer.
    fn is_shared(&self) -> bool;

    /// Tells whenever a job's state changes. A slow listener misses some.
    fn changes(&self) -> impl Stream<Item = JobNumber> + Send + Unpin;

    /// The time of day.
    fn now(&self) -> Timestamp;
}

/// Who shows a print token that is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// Whose jobs it brings.
    pub user: UserId,
    /// Names the token.
    pub token: TokenDigest,
    /// What it allows besides holding jobs.
    pub rights: Rights,
}

/// A job about to be taken.
#[derive(Clone, Debug)]
pub struct IppJobRequest {
    /// Whose it is to be.
    pub user: UserId,
    /// The print token with which it comes from outside, if it does. It counts.
    pub token: Option<TokenDigest>,
    /// Who sends it, as a gateway says that ended their TLS.
    pub client: Option<Client>,
    /// The format of its document, where it is said already.
    pub format: Option<String>,
    /// How it is to be printed and kept.
    pub settings: JobSettings,
}

/// How a job is printed and kept.
#[derive(Clone, Debug, Default)]
pub struct JobSettings {
    /// How to print it.
    pub options: PrintOptions,
    /// From 1 to 100, the greater the sooner: `job-priority`.
    pub priority: Option<u8>,
    /// When it may be released at the earliest.
    pub hold: Hold,
    /// After which it is deleted unprinted: `job-cancel-after`. None for what the site says.
    pub lifetime: Option<Duration>,
    /// A PIN of this one job: `job-password`.
    pub pin: Option<Pin>,
}

/// `job-hold-until`: when a held job may be released. Its owner's proof it needs in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hold {
    /// At any time.
    #[default]
    No,
    /// At this time, and later.
    Until(Timestamp),
    /// Not until somebody says otherwise.
    Indefinite,
}

/// A document about to be taken.
#[derive(Clone, Debug)]
pub struct NewDocument {
    /// Its job.
    pub number: JobNumber,
    /// Its place in the job, from 1.
    pub place: u16,
    /// The job's title.
    pub title: String,
    /// Its format.
    pub format: String,
    /// Its size in bytes, where it is known before it has come.
    pub size: Option<u64>,
    /// The id of the station that it is for; none if it is only held.
    pub station: Option<String>,
    /// The password that opens it (PWG 5100.13 `document-password`).
    pub password: Option<DocumentPassword>,
    /// Whose it is, and how it is printed and kept.
    pub job_request: IppJobRequest,
}

/// A document on its way to a station: why it was not printed there, if so.
pub type Underway = BoxFuture<'static, Option<String>>;

/// A printer of the site that has a queue of its own here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Station {
    /// What it is called.
    pub name: String,
    /// What it is, whatever it is called.
    pub id: String,
    /// Where it stands, if it says so.
    pub location: Option<String>,
    /// What it can do, as far as it is known.
    pub capabilities: Capabilities,
}

/// A printer of the site, as far as it is known.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownStation {
    /// What it is called.
    pub name: String,
    /// What it said last of itself, if it was asked.
    pub abilities: Option<Abilities>,
}

/// Which jobs are listed: `which-jobs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those that can still be printed.
    Current,
    /// Those that cannot.
    Ended,
}

/// A job as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedJob {
    /// Its number.
    pub number: JobNumber,
    /// Whose it is.
    pub user: UserId,
    /// The print token with which it came from outside, if it did.
    pub token: Option<TokenDigest>,
    /// Who sent it, as a gateway said that ended their TLS.
    pub client: Option<Client>,
    /// Its title.
    pub title: String,
    /// Its state.
    pub state: IppJobState,
    /// Its documents in order, as far as they have come.
    pub documents: Vec<Document>,
    /// How it is to be printed.
    pub options: PrintOptions,
    /// Its priority, 1 to 100.
    pub priority: u8,
    /// When it may be released.
    pub hold: Hold,
    /// Whether it has a PIN of its own.
    pub own_pin: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it began to print, the last time.
    pub processing_at: Option<Timestamp>,
    /// When it will be deleted unprinted.
    pub expires_at: Option<Timestamp>,
    /// The printer that has it or had it.
    pub printer: Option<String>,
    /// That printer stands still and needs a hand.
    pub stopped: bool,
    /// A printer tried it, and nobody knows whether paper came out.
    pub may_have_printed: bool,
    /// Pages that are printed.
    pub pages_printed: u32,
    /// Why the printer that it was sent to did not print it.
    pub note: Option<String>,
}

/// The state of a job (RFC 8011 section 5.3.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IppJobState {
    /// It has not all its documents: `pending-held`, `job-incoming`.
    Incoming,
    /// It waits for its owner at a printer: `pending-held`.
    Held,
    /// It is being printed: `processing`.
    Processing,
    /// Paper came out.
    Completed(Timestamp),
    /// Its owner deleted it.
    Canceled(Timestamp),
    /// It was given up, and why.
    Aborted(Timestamp, String),
}

impl IppJobState {
    /// Whether nothing will happen to the job any more.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended_at().is_some()
    }

    /// When it ended.
    #[must_use]
    pub fn ended_at(&self) -> Option<Timestamp> {
        match self {
            Self::Incoming | Self::Held | Self::Processing => None,
            Self::Completed(at) | Self::Canceled(at) | Self::Aborted(at, _) => Some(*at),
        }
    }
}

/// A document of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its title.
    pub title: String,
    /// Its format.
    pub format: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its pages, where known.
    pub pages: Option<u32>,
    /// How it is to be printed.
    pub options: PrintOptions,
    /// It needs a password that is not known here.
    pub locked: bool,
    /// When it came.
    pub created_at: Timestamp,
    /// Its state.
    pub state: IppJobState,
}

/// Changes to a held job; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct JobChange {
    /// Its title.
    pub title: Option<String>,
    /// How it is printed.
    pub options: Option<PrintOptions>,
    /// Its priority.
    pub priority: Option<u8>,
    /// When it may be released.
    pub hold: Option<Hold>,
}

/// What the printers of the site can do together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// What one of them can do; the media are PWG 5101.1 names, the default first.
    pub can: Abilities,
    /// The largest document, in bytes.
    pub largest: u64,
}

impl Capabilities {
    /// What is offered when no printer is known: what most printers do.
    #[must_use]
    pub(crate) fn sane(largest: u64) -> Self {
        let media = media::SIZES.map(str::to_owned).to_vec();
        let can = Abilities {
            media,
            ..Abilities::default()
        };
        Self { can, largest }
    }

    /// What these printers can do together; what most can, if none is known. What one of them can do is
    /// offered: the user chooses the printer later.
    #[must_use]
    pub fn of(largest: u64, known: &[Abilities]) -> Self {
        let sane = Self::sane(largest);
        if known.is_empty() {
            return sane;
        }
        let media = media::offer(known.iter().flat_map(|printer| &printer.media));
        let has_sizes = media::sizes(&media).next().is_some();
        let media = if has_sizes { media } else { sane.can.media };
        let can = Abilities {
            media,
            ..Abilities::of_all(known)
        };
        Self { can, largest }
    }
}

/// Why something was not done, in words for the person at the program, and of a kind for the
/// program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueError {
    /// What the program may do about it.
    pub kind: QueueErrorKind,
    /// What the person may do about it.
    pub text: String,
}

/// The kinds of [`QueueError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueErrorKind {
    /// The user may not print here.
    NotAllowed,
    /// The PIN is wrong, or too many were.
    NotProven,
    /// A PIN is missing.
    PinMissing,
    /// The format is not taken.
    Format,
    /// The document is not what it is said to be.
    FormatError,
    /// The document is too large.
    TooLarge,
    /// The document does not open with the password that came with it.
    Password,
    /// The document broke off.
    Broken,
    /// An option is not possible.
    Options,
    /// There is no such job or document.
    NotFound,
    /// The job's state does not allow it.
    NotPossible,
    /// There is no room, or too much is going on.
    Busy,
    /// Too many PINs are being looked at, or came from one place.
    Crowded,
    /// The allowance of the print token is used up.
    Spent,
    /// Something is wrong with this node.
    Failed,
}

impl From<QueueError> for Failure {
    fn from(error: QueueError) -> Self {
        let status = match error.kind {
            QueueErrorKind::NotAllowed => Status::NotAuthorized,
            QueueErrorKind::NotProven => Status::Forbidden,
            QueueErrorKind::PinMissing | QueueErrorKind::Options => Status::AttributesOrValues,
            QueueErrorKind::Format => Status::DocumentFormat,
            QueueErrorKind::FormatError | QueueErrorKind::Broken => Status::DocumentFormatError,
            QueueErrorKind::Password => Status::DocumentPassword,
            QueueErrorKind::TooLarge => Status::RequestEntityTooLarge,
            QueueErrorKind::NotFound => Status::NotFound,
            QueueErrorKind::NotPossible => Status::NotPossible,
            QueueErrorKind::Busy | QueueErrorKind::Crowded => Status::Busy,
            QueueErrorKind::Spent => Status::AccountLimitReached,
            QueueErrorKind::Failed => Status::InternalError,
        };
        Self::new(status, error.text)
    }
}

impl QueueError {
    /// An error of this kind.
    #[must_use]
    pub fn new(kind: QueueErrorKind, text: impl fmt::Display) -> Self {
        Self {
            kind,
            text: text.to_string(),
        }
    }
}
