//! Taking a document: judged, sealed while it arrives, durable before it is acknowledged.
//!
//! Two workers cooperate: this task reads what arrives, a blocking thread seals it and writes it to
//! the spool; between them there is room for a few pieces. The plaintext is never on disk, and
//! memory does not grow with it. If anything fails, or whoever submits goes away before the end,
//! nothing is left.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use papermesh_convert::flaw::Flaw;
use papermesh_convert::format::{self, Foreign};
use papermesh_convert::media::PageSize;
use papermesh_convert::{ComingPreview, Condition, Effort, Facts, Inspection, Looked};
use papermesh_protocol::certificate::Role;
use papermesh_protocol::delegation::Delegation;
use papermesh_protocol::document_password::DocumentPassword;
use papermesh_protocol::extension::Extensions;
use papermesh_protocol::id::{JobId, UserKey};
use papermesh_protocol::job::{JobSummary, PrintOptions, check_media};
use papermesh_protocol::limits;
use papermesh_protocol::pin::{ChoiceError, Pin, PinError, PinVerifier, may_choose};
use papermesh_protocol::release::guess::Guesses;
use papermesh_protocol::release::holder::pin_name;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::seal::{
    JobKey, SealError, SealWriter, WrapError, WrappedJobKey, sealed_len,
};
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::LoginPolicy;
use papermesh_protocol::text::counted;
use papermesh_protocol::text::{self, UserId};
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::user::UserEntry;
use papermesh_store::offload::offload;
use papermesh_store::{InitialState, JobRow, LocalUser, Source, SpoolWriter, Store, StoreError};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::bytes::Bytes;

use super::direct::HandOver;
use super::early::{Arriving, EarlyJob};
use super::meta::{JobMeta, MetaError};
use super::{HeldView, Holder};
use crate::audit::{Event, Kind};
use crate::auth::typed::TypedError;
use crate::auth::verifier::{self, VerifierError};
use crate::network::Network;
use crate::policy::{self, Acceptance, HoldingRight, SubmitFacts, SubmitRefusal, SubmitRequest};

/// Bytes of the document that are read at once.
const PIECE: usize = 256 * 1024;
/// Pieces that wait to be sealed.
const AHEAD: usize = 3;
/// Sealed bytes that are written at once.
const WRITE: usize = 1024 * 1024;

/// A document to hold.
#[derive(Debug, Clone)]
pub struct Submission {
    /// Whose it is.
    pub user: UserId,
    /// Its title; any text.
    pub title: String,
    /// Its format, a MIME media type in lower case (see [`papermesh_convert::format::FORMATS`]).
    pub format: String,
    /// Its bytes, where they are known before; then it must have as many.
    pub size: Option<u64>,
    /// What is known of its pages.
    pub facts: DocumentFacts,
    /// How to print it.
    pub options: PrintOptions,
    /// How urgent it is, 1 to 100; 50 as a rule.
    pub priority: u8,
    /// Not to be offered at printers before then.
    pub hold_until: Option<Timestamp>,
    /// How long to keep it; none for what the site says.
    pub lifetime: Option<Duration>,
    /// On a shared computer, the PIN that releases this user's jobs there from now on.
    pub visit_pin: Option<Pin>,
    /// A PIN of this job alone, asked for at the printer beside the user's own.
    pub job_pin: Option<Pin>,
    /// The password that opens the document, if it is locked.
    pub password: Option<DocumentPassword>,
    /// The number that it is to have, from [`Holder::reserve_number`]; none for the next.
    pub number: Option<u32>,
    /// It is a further document of the job that has this number, printed as a job of its own but
    /// after it.
    pub part_of: Option<u32>,
}

/// What is known of a document's pages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentFacts {
    /// How many they are.
    pub pages: Option<u32>,
    /// The size of the first: a PWG 5101.1 size name.
    pub page_size: Option<String>,
    /// Whether there is any color.
    pub color: Option<bool>,
    /// Whether the document opens with a password only, which is not known.
    pub locked: bool,
    /// Whether all of it was read, and is whole.
    pub whole: bool,
}

impl DocumentFacts {
    /// What can be believed of them.
    pub(super) fn within_limits(self) -> Self {
        Self {
            pages: self.pages.filter(|pages| *pages <= limits::PAGES),
            page_size: self.page_size.filter(|size| check_media(size).is_ok()),
            ..self
        }
    }
}

impl From<Facts> for DocumentFacts {
    fn from(facts: Facts) -> Self {
        Self {
            pages: facts.pages,
            page_size: facts.page_size.map(PageSize::name),
            color: facts.color,
            locked: facts.condition == Condition::Locked,
            whole: facts.condition == Condition::Whole,
        }
    }
}

/// How urgent a job is of which nobody says it (RFC 8011 §5.2.1).
pub const PRIORITY: u8 = 50;

impl Submission {
    /// A submission of which nothing else is said.
    #[must_use]
    pub fn new(user: UserId, title: impl Into<String>, format: impl Into<String>) -> Self {
        Self {
            user,
            title: title.into(),
            format: format.into(),
            size: None,
            facts: DocumentFacts::default(),
            options: PrintOptions::default(),
            priority: PRIORITY,
            hold_until: None,
            lifetime: None,
            visit_pin: None,
            job_pin: None,
            password: None,
            number: None,
            part_of: None,
        }
    }
}

/// Why a document is not held. Nothing is left of it.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// It is not allowed.
    #[error(transparent)]
    Refused(#[from] SubmitRefusal),
    /// A shared computer, and it knows no PIN of the user.
    #[error("this computer is shared")]
    PinRequired,
    /// The user's own computer.
    #[error("this computer already has your own PIN")]
    PinNotTaken,
    /// A shared computer, where jobs of the user wait under another PIN.
    #[error("jobs of {0} are held here under a different PIN")]
    OtherPin(UserId),
    /// Too many of those that were typed were not that one.
    #[error("too many wrong PINs")]
    TooManyPins(Duration),
    /// The PIN is not one to choose.
    #[error(transparent)]
    Choice(#[from] ChoiceError),
    /// So many come with a PIN that this one was not looked at.
    #[error("too many documents arrived with a PIN at once")]
    Busy,
    /// The PIN cannot be used.
    #[error(transparent)]
    Pin(#[from] PinError),
    /// Nothing came.
    #[error("the document is empty")]
    Empty,
    /// It is something else than was said, or nothing that is held.
    #[error(transparent)]
    Format(#[from] Foreign),
    /// A picture that can be printed nowhere.
    #[error(transparent)]
    Flaw(#[from] Flaw),
    /// Its password is another one.
    #[error("the document is locked, and the password that came with it does not open it")]
    Password,
    /// It is shorter or longer than was said.
    #[error("the document should be {expected} bytes long but is {found}")]
    Size {
        /// What was said.
        expected: u64,
        /// What came; more may have followed.
        found: u64,
    },
    /// It broke off.
    #[error("the document was cut off: {0}")]
    Broken(io::Error),
    /// It could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// Its key could not be sealed.
    #[error(transparent)]
    Key(#[from] WrapError),
    /// Its title and options could not be sealed.
    #[error(transparent)]
    Meta(#[from] MetaError),
    /// The PIN could not be sealed.
    #[error(transparent)]
    Verifier(#[from] VerifierError),
}

impl Remedy for SubmitError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Refused(error) => return error.remedy(),
            Self::PinRequired => "choose a PIN to release your jobs with".into(),
            Self::PinNotTaken => {
                "leave out the PIN for this visit, which only shared computers need".into()
            }
            Self::OtherPin(_) => {
                "enter that one, or delete them first with `papermesh jobs delete`".into()
            }
            Self::TooManyPins(time) => {
                format!("wait {}", counted(time.as_secs().max(1), "second")).into()
            }
            Self::Choice(error) => return error.remedy(),
            Self::Busy => "send this one again in a moment".into(),
            Self::Format(error) => return error.remedy(),
            Self::Flaw(error) => return error.remedy(),
            Self::Size { .. } | Self::Broken(_) => "submit it again".into(),
            Self::Store(error) => return error.remedy(),
            Self::Seal(error) => return error.remedy(),
            Self::Verifier(error) => return error.remedy(),
            _ => return None,
        })
    }
}

/// What goes from the reading task to the sealing thread. The end must be said: a channel that
/// just closes is a submitter that went away.
enum Piece {
    Bytes(Bytes),
    End(Facts),
}

/// What is to be done with a document once it is held.
enum Coming {
    Nothing,
    /// The picture of its first page is being made.
    Preview(Box<ComingPreview>),
    /// It was too large to be looked at while it arrived.
    Inspect,
}

impl<N: Network> Holder<N> {
    /// Takes a document. When this returns it is held, whatever happens afterwards.
    pub async fn submit(
        &self,
        submission: Submission,
        document: impl AsyncRead + Send + Unpin,
    ) -> Result<HeldView, SubmitError> {
        self.submit_with(submission, None, document).await
    }

    /// As [`Holder::submit`]; `handing` is given what a printer is to have of it.
    pub(super) async fn submit_with(
        &self,
        submission: Submission,
        handing: Option<oneshot::Sender<HandOver>>,
        document: impl AsyncRead + Send + Unpin,
    ) -> Result<HeldView, SubmitError> {
        let user = submission.user.clone();
        match self.take(submission, handing, document).await {
            Ok(view) => {
                self.0
                    .audit
                    .record_best_effort(
                        Event::new(Kind::Submitted)
                            .user(&user)
                            .job(view.summary.job),
                    )
                    .await;
                self.0.directory.announce_soon(&user);
                self.tell(view.number).await;
                Ok(view)
            }
            // Who is asked for a PIN brings the document again, with it.
            Err(error @ SubmitError::PinRequired) => Err(error),
            Err(error) => {
                self.0
                    .audit
                    .record_best_effort(
                        Event::new(Kind::SubmitRefused)
                            .user(&user)
                            .because(error.in_full()),
                    )
                    .await;
                Err(error)
            }
        }
    }

    /// Whether such a document would be taken now, whatever it is.
    ///
    /// # Errors
    /// What [`Holder::submit`] would refuse before it reads the document.
    pub async fn would_take(&self, submission: &Submission) -> Result<(), SubmitError> {
        self.admit(submission).await.map(drop)
    }

    /// How long a job is kept of which nothing is said.
    #[must_use]
    pub fn job_lifetime(&self) -> Duration {
        let lifetime = self.0.membership.state().policy.job_lifetime();
        lifetime.max(policy::SHORTEST_LIFETIME)
    }

    /// The largest document that is taken, in bytes.
    #[must_use]
    pub fn largest(&self) -> u64 {
        self.0.largest
    }

    /// A number for a job that comes later, such as one of which the document is sent in a request
    /// of its own. One that is not used is never given again.
    pub async fn reserve_number(&self) -> Result<u32, StoreError> {
        offload(&self.0.store, |store| store.numbers().next()).await
    }

    /// A number for a job that is to come, which nobody guesses.
    pub async fn draw_number(&self) -> Result<u32, StoreError> {
        offload(&self.0.store, |store| store.numbers().draw()).await
    }

    async fn take(
        &self,
        submission: Submission,
        handing: Option<oneshot::Sender<HandOver>>,
        document: impl AsyncRead + Send + Unpin,
    ) -> Result<HeldView, SubmitError> {
        let admitted = self.admit(&submission).await?;
        let moment = self.0.membership.moment();
        let now = moment.now;
        let job = JobId::random(&mut rand::rng());
        let sealed_pin = match &submission.job_pin {
            Some(pin) => Some(self.sealed_job_pin(job, pin).await?.into()),
            None => None,
        };
        let DocumentFacts {
            pages,
            page_size,
            color,
            ..
        } = submission.facts.clone().within_limits();
        let meta = JobMeta {
            title: title(&submission.title),
            format: submission.format.clone(),
            pages,
            page_size,
            color,
            options: submission.options.clone(),
            locked: false,
            whole: false,
            document_password: submission.password.clone(),
        };
        let number = match submission.number {
            Some(number) => number,
            None => self.reserve_number().await?,
        };
        let row = JobRow {
            user: submission.user.clone(),
            number,
            sealed_meta: Vec::new(),
            wrapped_key: Vec::new(),
            plain_size: 0,
            sealed_size: 0,
            submitted_at: now,
            priority: submission.priority,
            listed_at: now,
            hold_until: submission.hold_until.filter(|until| *until > now),
            expires_at: policy::expiry(&admitted.acceptance, now),
            protected: false,
            may_have_printed: false,
            visit_pin: admitted.acceptance.right == HoldingRight::Shared,
            sealed_pin,
            pin_guesses: Guesses::default(),
            last: None,
        };
        let (ready, waiting) = oneshot::channel();
        let is_direct = handing.is_some();
        if let Some(handing) = handing {
            let job = Box::new(offered(job, &row, &meta, submission.size));
            let offer = self.offer(&submission, job).await?;
            // The caller may have been dropped.
            drop(handing.send(HandOver {
                offer,
                ready: waiting,
            }));
        }
        let (pieces, arriving) = mpsc::channel(AHEAD);
        let inner = Arc::clone(&self.0);
        let (expected, part_of) = (submission.size, submission.part_of);
        let sealing = offload(&self.0.store, move |store| {
            let key = JobKey::generate(&mut rand::rng());
            let mut ready = Some(ready);
            let row = JobRow {
                wrapped_key: WrappedJobKey::wrap(
                    &inner.storage,
                    *job.as_bytes(),
                    &key,
                    &mut rand::rng(),
                )?
                .as_bytes()
                .to_vec(),
                ..row
            };
            let spool = store.spool(job, expected.and_then(sealed_len).unwrap_or(0))?;
            let available = watch::Sender::new(0);
            // A printer can have what it knows the length of while it still arrives.
            let sizes = expected.and_then(|size| Some((size, sealed_len(size)?)));
            let early = match sizes.filter(|_| is_direct) {
                Some(sizes) => {
                    let whose = (row.user.clone(), key.clone());
                    let password = meta.document_password.clone();
                    let about = (meta.title.clone(), meta.format.clone(), password);
                    let early =
                        EarlyJob::new(whose, about, sizes, spool.tail()?, available.subscribe());
                    Arriving::begin(&inner, job, early)
                }
                None => None,
            };
            let tell = |ready: Option<oneshot::Sender<()>>| ready.map(|ready| ready.send(()));
            if early.is_some() {
                tell(ready.take());
            }
            let Some((spool, plain_size, facts)) = seal(job, &key, spool, arriving, &available)?
            else {
                return Ok(None);
            };
            let meta = meta.fill_missing(&DocumentFacts::from(facts).within_limits());
            let file = spool.finish()?;
            admitted.local.keep(store, &row.user)?;
            // Last, because what the document itself tells is known by now.
            let row = JobRow {
                sealed_meta: meta.seal(&inner.storage, job)?,
                plain_size,
                ..row
            };
            let held = match early {
                Some(early) => early.keep(store, file, row, inner.membership.moment())?,
                None => {
                    let initial = InitialState {
                        part_of,
                        ..InitialState::default()
                    };
                    store.jobs().insert_with(file, row, initial)?
                }
            };
            // Now the end of the document may go out, too.
            available.send_replace(held.row.sealed_size);
            tell(ready.take());
            let view = inner.life.view(store, &inner.storage, held, moment)?;
            Ok::<_, SubmitError>(Some(view))
        });
        let (read, sealed) = tokio::join!(self.read(&submission, document, pieces), sealing);
        // If sealing failed, reading could not go on either, and the cause is what counts.
        match (read, sealed?) {
            (Ok(coming), Some(view)) => {
                match coming {
                    Coming::Preview(coming) => self.keep_preview(job, *coming),
                    Coming::Inspect => self.inspect_later(job),
                    Coming::Nothing => {}
                }
                Ok(view)
            }
            (Err(error), _) => Err(error),
            (Ok(_), None) => Err(SubmitError::Broken(io::ErrorKind::UnexpectedEof.into())),
        }
    }

    /// Reads the document to its end and hands it on; gives what is to be done once it is held.
    async fn read(
        &self,
        submission: &Submission,
        mut document: impl AsyncRead + Send + Unpin,
        pieces: mpsc::Sender<Piece>,
    ) -> Result<Coming, SubmitError> {
        let mut size = 0;
        let mut watch = format::Watch::new(&submission.format);
        let (format, converter) = (&submission.format, &self.0.converter);
        let password = submission.password.as_ref();
        let mut inspection = Inspection::begin(
            converter,
            format,
            self.0.previews,
            password,
            Effort::WAITED_FOR,
        );
        loop {
            let mut piece = Vec::with_capacity(PIECE);
            let mut limited = (&mut document).take(PIECE as u64);
            while piece.len() < PIECE {
                if limited
                    .read_buf(&mut piece)
                    .await
                    .map_err(SubmitError::Broken)?
                    == 0
                {
                    break;
                }
            }
            if size == 0 {
                check_format(&submission.format, &piece)?;
            }
            watch.look(&piece)?;
            let ended = piece.len() < PIECE;
            size += piece.len() as u64;
            if size > self.0.largest {
                return Err(SubmitRefusal::TooLarge(self.0.largest).into());
            }
            match submission.size {
                Some(expected) if size > expected || (ended && size < expected) => {
                    return Err(SubmitError::Size {
                        expected,
                        found: size,
                    });
                }
                _ => {}
            }
            let piece = Bytes::from(piece);
            inspection.feed(piece.clone()).await;
            // Sending fails when sealing has failed, which then says why.
            let taken = pieces.send(Piece::Bytes(piece)).await.is_ok();
            if ended {
                let is_large = inspection.is_too_large();
                let Looked { facts, preview } = inspection.finish().await;
                if facts.condition == Condition::Locked && password.is_some() {
                    return Err(SubmitError::Password);
                }
                if let Some(flaw) = facts.flaw {
                    return Err(flaw.into());
                }
                drop(pieces.send(Piece::End(facts)).await);
                return Ok(match preview {
                    _ if is_large => Coming::Inspect,
                    Some(preview) => Coming::Preview(Box::new(preview)),
                    None => Coming::Nothing,
                });
            }
            if !taken {
                return Ok(Coming::Nothing);
            }
        }
    }

    /// Whether the document may be held here, and what is to be known of its user for that.
    async fn admit(&self, submission: &Submission) -> Result<Admitted, SubmitError> {
        let inner = &self.0;
        let (user, membership) = (&submission.user, &inner.membership);
        let roles = membership.certificate().roles;
        let name = user.clone();
        let row = offload(&inner.store, move |store| store.local_users().get(&name)).await;
        let row = row
            .map_err(|error: StoreError| SubmitError::Store(error))?
            .unwrap_or_default();
        let shared = roles.has(Role::SharedClient);
        // A personal computer knows its users; a shared one asks the directory.
        let entry = match (&row.entry, shared) {
            (None, true) => inner.directory.user_entry(user).await,
            _ => inner.directory.remembered_entry(user).await,
        };
        let delegated = self.is_delegated(&row, user, entry.as_ref());
        let state = membership.state();
        let facts = SubmitFacts {
            roles,
            entry: entry.as_deref(),
            delegated,
            site: &state.policy,
            largest: inner.largest,
        };
        let request = SubmitRequest {
            user,
            format: &submission.format,
            size: submission.size,
            lifetime: submission.lifetime,
            options: &submission.options,
            priority: submission.priority,
            hold: submission
                .hold_until
                .map(|until| until.since(membership.now())),
        };
        let acceptance = policy::submit(&facts, &request)?;
        let pin = match (acceptance.right, &submission.visit_pin) {
            (HoldingRight::Delegated, Some(_)) => return Err(SubmitError::PinNotTaken),
            (HoldingRight::Delegated, None) => None,
            (HoldingRight::Shared, Some(pin)) => Some(self.visit_pin(user, &row, pin).await?),
            (HoldingRight::Shared, None) if row.sealed_pin.is_some() => row.sealed_pin.clone(),
            (HoldingRight::Shared, None) if state.policy.login == LoginPolicy::Badge => None,
            (HoldingRight::Shared, None) => return Err(SubmitError::PinRequired),
        };
        Ok(Admitted {
            acceptance,
            local: LocalFacts {
                entry,
                pin,
                known: row.sealed_pin,
            },
        })
    }

    /// The verifier of a visitor's PIN. While jobs wait under an earlier one, it is that one that
    /// must be typed: with another PIN anybody could have those jobs.
    async fn visit_pin(
        &self,
        user: &UserId,
        row: &LocalUser,
        pin: &Pin,
    ) -> Result<Vec<u8>, SubmitError> {
        if let Some(known) = &row.sealed_pin {
            let name = user.clone();
            let waiting = offload(&self.0.store, move |store| store.jobs().count_of(&name)).await?;
            if waiting > 0 {
                return match self.prove(user, pin, Source::HERE).await {
                    Ok(()) => Ok(known.clone()),
                    Err(TypedError::Pin(_)) => Err(SubmitError::OtherPin(user.clone())),
                    Err(TypedError::Wait(wait) | TypedError::Busy(wait)) => {
                        Err(SubmitError::TooManyPins(wait))
                    }
                    Err(TypedError::Disabled(user)) => Err(SubmitRefusal::Disabled(user).into()),
                    Err(TypedError::Store(error)) => Err(error.into()),
                };
            }
        }
        may_choose(pin, self.0.membership.state().policy.pin_length)?;
        self.sealed_verifier(user, pin).await
    }

    /// Whether the user lets this computer hold, by the key that the authority's entry names.
    pub(super) fn is_delegated(
        &self,
        row: &LocalUser,
        user: &UserId,
        entry: Option<&Signed<UserEntry>>,
    ) -> bool {
        let membership = &self.0.membership;
        let (Some(delegation), Some(key)) = (&row.delegation, entry.and_then(|entry| entry.key))
        else {
            return false;
        };
        let signer = UserKey::from_bytes(*delegation.signer());
        let whose = (membership.site(), user, membership.node());
        signer == key && Delegation::verify(delegation, key, whose, membership.now()).is_ok()
    }

    async fn sealed_job_pin(&self, job: JobId, pin: &Pin) -> Result<Vec<u8>, SubmitError> {
        let _place = self.0.proofs.place().await.ok_or(SubmitError::Busy)?;
        let (storage, pin) = (Arc::clone(&self.0.storage), pin.clone());
        offload(&self.0.store, move |_| {
            let verifier = PinVerifier::register(&pin_name(job), &pin, &mut rand::rng())?;
            Ok(verifier::seal_for_job(&storage, job, &verifier)?)
        })
        .await
    }

    async fn sealed_verifier(&self, user: &UserId, pin: &Pin) -> Result<Vec<u8>, SubmitError> {
        let _place = self.0.proofs.place().await.ok_or(SubmitError::Busy)?;
        let (storage, user, pin) = (Arc::clone(&self.0.storage), user.clone(), pin.clone());
        offload(&self.0.store, move |_| {
            let verifier = PinVerifier::register(user.as_str(), &pin, &mut rand::rng())?;
            Ok(verifier::seal(&storage, &user, &verifier)?)
        })
        .await
    }
}

/// A submission that may be held.
struct Admitted {
    acceptance: Acceptance,
    local: LocalFacts,
}

/// What this node has to know of a user to hold and release the job.
struct LocalFacts {
    entry: Option<Signed<UserEntry>>,
    /// The verifier of the PIN that releases the job, on a shared computer.
    pin: Option<Vec<u8>>,
    /// The one that was there when that was decided.
    known: Option<Vec<u8>>,
}

impl LocalFacts {
    /// Keeps what is new of it; before the job's row, which means nothing without it.
    fn keep(self, store: &Store, user: &UserId) -> Result<(), SubmitError> {
        let there = store.local_users().get(user)?.unwrap_or_default();
        let has_pin = self.pin.is_none() || self.pin == there.sealed_pin;
        if there.entry.is_some() && has_pin {
            return Ok(());
        }
        let mut taken = true;
        store.local_users().change(user, |row| {
            let row = row.get_or_insert_default();
            if let Some(entry) = &self.entry {
                row.entry.get_or_insert_with(|| entry.envelope().clone());
            }
            if self.pin.is_none() || self.pin == row.sealed_pin {
                return;
            }
            // Another document of the same name may have brought another PIN meanwhile.
            taken = row.sealed_pin.is_none() || row.sealed_pin == self.known;
            if taken {
                row.sealed_pin = self.pin;
                row.pin_epoch += 1;
            }
        })?;
        match taken {
            true => Ok(()),
            false => Err(SubmitError::OtherPin(user.clone())),
        }
    }
}

/// Seals what arrives into the spool; none if it broke off.
fn seal(
    job: JobId,
    key: &JobKey,
    mut spool: SpoolWriter,
    mut arriving: mpsc::Receiver<Piece>,
    available: &watch::Sender<u64>,
) -> Result<Option<(SpoolWriter, u64, Facts)>, SubmitError> {
    let mut sealed = Vec::with_capacity(WRITE + 2 * PIECE);
    let mut writer = SealWriter::new(key, *job.as_bytes(), &mut rand::rng(), &mut sealed)?;
    while let Some(piece) = arriving.blocking_recv() {
        match piece {
            Piece::Bytes(bytes) => {
                writer.update(&bytes, &mut sealed)?;
                if sealed.len() >= WRITE {
                    spool.write(&sealed)?;
                    sealed.clear();
                    available.send_replace(spool.written());
                }
            }
            Piece::End(facts) => {
                let size = writer.finish(&mut sealed)?;
                spool.write(&sealed)?;
                return Ok(Some((spool, size, facts)));
            }
        }
    }
    Ok(None)
}

fn check_format(expected: &str, head: &[u8]) -> Result<(), SubmitError> {
    if head.is_empty() {
        Err(SubmitError::Empty)
    } else {
        Ok(format::check(expected, head)?)
    }
}

/// A job that is not held yet, as a printer is offered it.
fn offered(job: JobId, row: &JobRow, meta: &JobMeta, size: Option<u64>) -> JobSummary {
    JobSummary {
        job,
        title: meta.title.clone(),
        format: meta.format.clone(),
        size: size.unwrap_or(0),
        pages: meta.pages,
        page_size: meta.page_size.clone(),
        color: meta.color,
        submitted_at: row.submitted_at,
        priority: row.priority,
        listed_at: row.listed_at,
        expires_at: row.expires_at,
        options: meta.options.clone(),
        protected: false,
        may_have_printed: false,
        leased: false,
        needs_pin: row.sealed_pin.is_some(),
        locked: meta.locked,
        extensions: Extensions::default(),
    }
}

/// A title for people, whatever was said.
pub(super) fn title(text: &str) -> String {
    let title = text::clean(text, limits::TITLE);
    if title.is_empty() {
        "untitled".to_owned()
    } else {
        title
    }
}
