//! The printer's side of the release protocol: one login (see [`LoginUnderWay`]) and then one
//! [`Session`] with each holder, the merged list of jobs, and the phases of printing one job.

use std::borrow::Cow;

use core::time::Duration;

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

use crate::bind::Attestation;
use crate::extension::{ExtensionError, Extensions};
use crate::id::{BadgeTag, JobId, NodeId, SessionId};
use crate::job::{JobError, JobSummary};
use crate::limits;
use crate::pin::{ClientLogin, Ke3, KsfMemo, LoginContext, Pin, PinError};
use crate::preview;
use crate::release::holder::{job_pin_context, login_context};
use crate::release::message::{Answer, Grant, Login, Place, Refusal, Request};
use crate::release::receipt::Outcome;
use crate::remedy::Remedy;
use crate::seal::{JobKey, SessionSecret, open_preview};
use crate::text::UserId;

/// What proves the user.
#[derive(Clone, Copy)]
pub enum Evidence<'a> {
    /// A PIN or password, with the badge if one was read.
    Pin(&'a Pin, Option<BadgeTag>),
    /// A badge alone.
    Badge(BadgeTag),
}

/// Why a login or a session with one holder came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The holder denied the login.
    #[error("not logged in: unknown user, wrong PIN, or too many attempts")]
    Denied {
        /// Until another attempt is looked at.
        retry_after: Duration,
    },
    /// The holder's answer shows that the PIN is not the one it knows.
    #[error("the PIN is not the one that this holder knows")]
    WrongPin,
    /// This printer is too short of memory to check the PIN.
    #[error("there is not enough memory to check the PIN")]
    Memory,
    /// The holder refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The holder speaks a later version and relies on something in it.
    #[error(transparent)]
    Extension(#[from] ExtensionError),
    /// The holder answered something else, or something impossible.
    #[error("the holder answered out of turn or with impossible values")]
    Unexpected,
}

impl Remedy for SessionError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::Memory => "try again",
            Self::Refused(error) => return error.remedy(),
            Self::Extension(error) => return error.remedy(),
            _ => return None,
        };
        Some(remedy.into())
    }
}

impl From<PinError> for SessionError {
    fn from(error: PinError) -> Self {
        match error {
            PinError::WrongPin => Self::WrongPin,
            PinError::Memory => Self::Memory,
            _ => Self::Unexpected,
        }
    }
}

/// A login under way with one holder.
pub struct LoginUnderWay {
    secret: SessionSecret,
    pin: Option<(ClientLogin, Pin, LoginContext)>,
}

impl LoginUnderWay {
    /// Begins a login of `user` at `printer` with `holder`.
    pub fn begin<R: CryptoRng>(
        printer: NodeId,
        holder: NodeId,
        user: &UserId,
        evidence: Evidence<'_>,
        rng: &mut R,
    ) -> Result<(Self, Request), SessionError> {
        let secret = SessionSecret::generate(rng);
        let session_key = secret.public();
        let (pin, ke1, badge) = match evidence {
            Evidence::Pin(pin, badge) => {
                let (login, ke1) = ClientLogin::start(pin, rng)?;
                let context = login_context(user, holder, printer, &session_key)?;
                (Some((login, pin.clone(), context)), Some(ke1), badge)
            }
            Evidence::Badge(badge) => (None, None, Some(badge)),
        };
        let login = Login {
            user: user.clone(),
            badge,
            ke1,
            session_key,
            extensions: Extensions::default(),
        };
        Ok((Self { secret, pin }, Request::Login(login)))
    }

    /// Takes the answer to the first message: the session at once, or what to send next. With a
    /// PIN this computes Argon2id, tens of milliseconds of work, unless `memo` knows the result.
    ///
    /// On [`SessionError::WrongPin`] the driver closes the session that the challenge named, so
    /// that the holder need not wait for a proof that never comes.
    pub fn challenged<R: CryptoRng>(
        self,
        answer: Answer,
        memo: &KsfMemo,
        rng: &mut R,
    ) -> Result<Challenged, SessionError> {
        match (answer, self.pin) {
            (Answer::Challenge { session, ke2 }, Some((login, pin, context))) => {
                let (ke3, _) = login.finish(&pin, &context, &ke2, memo, rng)?;
                Ok(Challenged::Prove(
                    Proving {
                        secret: self.secret,
                        session,
                    },
                    ke3,
                ))
            }
            (
                Answer::SessionOpen {
                    session,
                    jobs,
                    extensions,
                },
                None,
            ) => {
                extensions.understood(&[])?;
                Ok(Challenged::Open(Session {
                    id: session,
                    secret: self.secret,
                    jobs,
                }))
            }
            (answer, _) => Err(unexpected(answer)),
        }
    }
}

/// What follows a holder's first answer.
pub enum Challenged {
    /// Send this proof, see [`Proving::request`]; then see [`Proving::answered`].
    Prove(Proving, Ke3),
    /// The session is open already.
    Open(Session),
}

/// A login of which only the holder's last answer is missing.
pub struct Proving {
    secret: SessionSecret,
    session: SessionId,
}

impl Proving {
    /// The request that carries the proof.
    #[must_use]
    pub fn request(&self, ke3: Ke3) -> Request {
        Request::Prove {
            session: self.session,
            ke3,
        }
    }

    /// Takes the holder's last answer.
    pub fn answered(self, answer: Answer) -> Result<Session, SessionError> {
        match answer {
            Answer::SessionOpen {
                session,
                jobs,
                extensions,
            } if session == self.session => {
                extensions.understood(&[])?;
                Ok(Session {
                    id: session,
                    secret: self.secret,
                    jobs,
                })
            }
            answer => Err(unexpected(answer)),
        }
    }
}

/// An open session with one holder. Its secret dies with it.
pub struct Session {
    id: SessionId,
    secret: SessionSecret,
    jobs: u32,
}

impl Session {
    /// Names the session in requests.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// How many jobs the holder said it has; a hint, no more.
    #[must_use]
    pub fn jobs(&self) -> u32 {
        self.jobs
    }

    /// Takes one page of jobs: checked, in order, and the place after which to ask again, if
    /// there is more to ask for. `had` is how many came before.
    pub fn page(
        answer: Answer,
        after: Option<Place>,
        had: usize,
    ) -> Result<(Vec<JobSummary>, Option<Place>), SessionError> {
        let Answer::Jobs { mut jobs, more } = answer else {
            return Err(unexpected(answer));
        };
        let is_unknown = |error| matches!(error, JobError::Extension(ExtensionError::Unknown(_)));
        let is_sound = |job: &JobSummary| job.check().map_or_else(is_unknown, |()| true);
        if jobs.len() > limits::JOBS_PER_PAGE || !jobs.iter().all(is_sound) {
            return Err(SessionError::Unexpected);
        }
        let places: Vec<Place> = jobs.iter().map(place).collect();
        let ascending = places.is_sorted_by(|a, b| a < b);
        if !ascending
            || after.is_some_and(|after| places.first().is_some_and(|first| *first <= after))
        {
            return Err(SessionError::Unexpected);
        }
        let next = places
            .last()
            .copied()
            .filter(|_| more && had + jobs.len() < limits::JOBS_PER_HOLDER);
        jobs.truncate(limits::JOBS_PER_HOLDER.saturating_sub(had));
        // What a later version wants to be understood is not shown by one that does not.
        jobs.retain(|job| job.check().is_ok());
        Ok((jobs, next))
    }

    /// A session of one job that its holder handed over.
    #[must_use]
    pub fn handed(id: SessionId, secret: SessionSecret) -> Self {
        Self {
            id,
            secret,
            jobs: 1,
        }
    }

    /// Begins the proof of a job's own PIN.
    pub fn unlock<R: CryptoRng>(
        &self,
        printer: NodeId,
        holder: NodeId,
        job: JobId,
        pin: &Pin,
        rng: &mut R,
    ) -> Result<(Unlocking, Request), SessionError> {
        let (login, ke1) = ClientLogin::start(pin, rng)?;
        let unlocking = Unlocking {
            session: self.id,
            job,
            login,
            context: job_pin_context(job, holder, printer, &self.secret.public())?,
            pin: pin.clone(),
        };
        let request = Request::Unlock {
            session: self.id,
            job,
            ke1,
        };
        Ok((unlocking, request))
    }

    /// Asks for the picture of a job's first page.
    #[must_use]
    pub fn preview(&self, job: JobId) -> preview::Request {
        preview::Request {
            session: self.id,
            job,
        }
    }

    /// Takes the answer to [`Session::preview`] and opens the picture; none if the holder has none.
    /// What is in it is the holder's word, of at most [`limits::PREVIEW`] bytes.
    pub fn previewed(
        &self,
        job: JobId,
        answer: preview::Answer,
    ) -> Result<Option<Vec<u8>>, SessionError> {
        match answer {
            preview::Answer::Preview { key, sealed } => {
                let job = *job.as_bytes();
                let key = key
                    .unwrap_preview(&self.secret, self.id.as_bytes(), job)
                    .map_err(|_| SessionError::Unexpected)?;
                open_preview(&key, job, &sealed)
                    .map(Some)
                    .map_err(|_| SessionError::Unexpected)
            }
            preview::Answer::None => Ok(None),
            preview::Answer::Refused(refusal) => Err(refusal.into()),
        }
    }

    /// Asks the holder to vouch that the session's user showed this badge.
    #[must_use]
    pub fn attest(&self, badge: BadgeTag) -> Request {
        Request::Attest {
            session: self.id,
            badge,
        }
    }

    /// Takes the answer to [`Session::attest`]. `about` is whose badge it is to be, and between
    /// which printer and holder: an attestation of anything else is of no use.
    pub fn attested(
        answer: Answer,
        (user, badge): (&UserId, BadgeTag),
        about: (NodeId, NodeId),
    ) -> Result<Attestation, SessionError> {
        match answer {
            Answer::Attested(attestation) if attestation.is_of((user, badge), about) => {
                Ok(*attestation)
            }
            answer => Err(unexpected(answer)),
        }
    }

    /// Takes the grant of `job`: checks it and opens the job key.
    pub fn granted(&self, job: JobId, answer: Answer) -> Result<(Grant, JobKey), SessionError> {
        let Answer::Grant(grant) = answer else {
            return Err(unexpected(answer));
        };
        grant.extensions.understood(&[])?;
        grant.options.extensions.understood(&[])?;
        let consistent = crate::seal::sealed_len(grant.size) == Some(grant.sealed_size)
            && grant.options.check().is_ok()
            && crate::job::check_title(&grant.title).is_ok()
            && crate::job::check_format(&grant.format).is_ok();
        if !consistent {
            return Err(SessionError::Unexpected);
        }
        let key = grant
            .key
            .unwrap(&self.secret, self.id.as_bytes(), *job.as_bytes())
            .map_err(|_| SessionError::Unexpected)?;
        Ok((grant, key))
    }
}

/// The proof of a job's own PIN, under way.
pub struct Unlocking {
    session: SessionId,
    job: JobId,
    login: ClientLogin,
    context: LoginContext,
    pin: Pin,
}

impl Unlocking {
    /// Takes the holder's challenge and gives the proof, which is answered with [`Answer::Done`]
    /// (see [`done`]). Computes Argon2id, tens of milliseconds of work, unless `memo` knows the
    /// result.
    ///
    /// # Errors
    /// [`SessionError::WrongPin`] if the challenge shows that it is not the PIN;
    /// [`SessionError::Denied`] after too many wrong ones.
    pub fn challenged<R: CryptoRng>(
        self,
        answer: Answer,
        memo: &KsfMemo,
        rng: &mut R,
    ) -> Result<Request, SessionError> {
        match answer {
            Answer::Challenge { session, ke2 } if session == self.session => {
                let (ke3, _) = self
                    .login
                    .finish(&self.pin, &self.context, &ke2, memo, rng)?;
                Ok(Request::ProveJob {
                    session,
                    job: self.job,
                    ke3,
                })
            }
            answer => Err(unexpected(answer)),
        }
    }
}

/// Takes an answer that should be `Done`.
pub fn done(answer: Answer) -> Result<(), SessionError> {
    match answer {
        Answer::Done | Answer::Settled { .. } => Ok(()),
        answer => Err(unexpected(answer)),
    }
}

fn unexpected(answer: Answer) -> SessionError {
    match answer {
        Answer::Denied { retry_after } => SessionError::Denied {
            retry_after: Duration::from_millis(retry_after).min(limits::LOCK_OUT),
        },
        Answer::Refused(why) | Answer::Explained { why, .. } => SessionError::Refused(why),
        _ => SessionError::Unexpected,
    }
}

/// Where a job stands in its holder's list.
#[must_use]
pub fn place(job: &JobSummary) -> Place {
    Place::of(job.priority, job.listed_at, job.job)
}

/// One list over all holders in the order of the jobs' places: oldest first, as a queue would have
/// printed them, unless their owner said otherwise.
#[must_use]
pub fn merge(lists: Vec<(NodeId, Vec<JobSummary>)>) -> Vec<(NodeId, JobSummary)> {
    let mut merged: Vec<_> = lists
        .into_iter()
        .flat_map(|(holder, jobs)| jobs.into_iter().map(move |job| (holder, job)))
        .collect();
    merged.sort_by_key(|(holder, job)| (place(job), *holder));
    merged
}

/// How far printing one job has come. The printer's journal stores it before the step that it
/// names begins, so that after a crash the phase says the most that can have happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Granted; nothing has gone to the device.
    Granted,
    /// Bytes may have gone to the device.
    Sending,
    /// The device has said that it has the whole document.
    Taken,
    /// The outcome is known and signed; the holder may not have heard it yet.
    Settled,
}

/// What a device says of a job when asked after a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceWord {
    /// The paper is out.
    Completed,
    /// It gave up, and nothing more will come out.
    Stopped,
    /// It cannot tell, or does not know the job.
    Unknown,
}

/// How an attempt ended that a restart found in the journal.
#[must_use]
pub fn settle_after_restart(phase: Phase, word: DeviceWord, keep: bool) -> Outcome {
    match (phase, word) {
        (Phase::Granted, _) => Outcome::NotPrinted,
        // A device whose connection ended in the middle of a document completes the part that it has.
        (Phase::Sending, DeviceWord::Completed) => Outcome::MayHavePrinted,
        (_, DeviceWord::Completed) => Outcome::Printed { pages: None, keep },
        // A device that stopped half-way may have printed the first pages.
        (_, DeviceWord::Stopped | DeviceWord::Unknown) => Outcome::MayHavePrinted,
    }
}
