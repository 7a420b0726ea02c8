//! One user's session with one holder: logging in, listing, and what is asked within it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use papermesh_mesh::{MeshError, Protocol};
use papermesh_protocol::bind::Attestation;
use papermesh_protocol::extension::Extensions;
use papermesh_protocol::id::{BadgeTag, JobId, NodeId, ReleaseId, SessionId};
use papermesh_protocol::job::{JobSummary, PrintOptions};
use papermesh_protocol::limits;
use papermesh_protocol::pin::{KsfMemo, Pin};
use papermesh_protocol::release::message::{Answer, Grant, Place, Progress, Refusal, Request};
use papermesh_protocol::release::printer::{
    self, Challenged, Evidence, LoginUnderWay, Session, SessionError,
};
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::seal::JobKey;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::link::{Link, Route};
use crate::network::{LinkError, Network};

/// Why something asked of a holder came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// There was no answer.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The answer was no.
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl Remedy for AskError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Link(error) => error.remedy(),
            Self::Session(error) => error.remedy(),
        }
    }
}

impl From<Refusal> for AskError {
    fn from(refusal: Refusal) -> Self {
        Self::Session(refusal.into())
    }
}

/// What the user showed, for as long as the visit lasts.
pub(super) struct Credentials {
    pub(super) user: UserId,
    pub(super) pin: Option<Pin>,
    pub(super) badge: Option<BadgeTag>,
    /// The stretched PIN, so that several holders cost one computation.
    pub(super) memo: KsfMemo,
}

impl Credentials {
    fn evidence(&self) -> Result<Evidence<'_>, SessionError> {
        match (&self.pin, self.badge) {
            (Some(pin), badge) => Ok(Evidence::Pin(pin, badge)),
            (None, Some(badge)) => Ok(Evidence::Badge(badge)),
            (None, None) => Err(SessionError::Unexpected),
        }
    }
}

/// How long a holder may take to hear that a session is over. It finds out by itself later.
const CLOSING: Duration = Duration::from_secs(10);

/// Ends a session, or a login under way, as soon as nobody has it any more: a visit can end at any
/// moment, and holders keep what nobody closed for minutes.
struct Closing<N: Network> {
    route: Route<N>,
    /// None when there is nothing to close.
    session: Option<SessionId>,
}

impl<N: Network> Drop for Closing<N> {
    fn drop(&mut self) {
        let (Some(session), Ok(runtime)) = (self.session, Handle::try_current()) else {
            return;
        };
        let mut link = Link::new(self.route.clone());
        runtime.spawn(async move {
            drop(timeout(CLOSING, link.ask(&Request::Close { session })).await);
        });
    }
}

/// An open session. It is closed when it is dropped.
pub(super) struct HolderSession<N: Network> {
    session: Session,
    link: Mutex<Link<N>>,
    /// Jobs whose own PIN was proven in it.
    unlocked: std::sync::Mutex<BTreeSet<JobId>>,
    closing: Closing<N>,
}

impl<N: Network> HolderSession<N> {
    /// Logs in at the holder at the end of `link`.
    pub(super) async fn login(
        mut link: Link<N>,
        printer: NodeId,
        credentials: &Arc<Credentials>,
    ) -> Result<Self, AskError> {
        let route = link.route().clone();
        link.connect().await?;
        let (under_way, login) = LoginUnderWay::begin(
            printer,
            route.holder,
            &credentials.user,
            credentials.evidence()?,
            &mut rand::rng(),
        )?;
        let answer = link.ask(&login).await?;
        // From here on the holder has something to be closed, whatever becomes of this login.
        let mut closing = Closing {
            route,
            session: match &answer {
                Answer::Challenge { session, .. } | Answer::SessionOpen { session, .. } => {
                    Some(*session)
                }
                _ => None,
            },
        };
        // Argon2id takes tens of milliseconds of a processor.
        let stretching = Arc::clone(credentials);
        let challenged = tokio::task::spawn_blocking(move || {
            under_way.challenged(answer, &stretching.memo, &mut rand::rng())
        });
        let session = match challenged.await.map_err(|_| SessionError::Unexpected)? {
            Ok(Challenged::Open(session)) => session,
            Ok(Challenged::Prove(proving, ke3)) => {
                let answer = link.ask_once(&proving.request(ke3)).await?;
                proving.answered(answer)?
            }
            Err(error) => {
                if let Some(session) = closing.session.take() {
                    // Spares the holder the wait for a proof; it counted the guess already.
                    drop(link.ask_once(&Request::Close { session }).await);
                }
                return Err(error.into());
            }
        };
        Ok(Self {
            session,
            link: Mutex::new(link),
            unlocked: std::sync::Mutex::default(),
            closing,
        })
    }

    /// A session of one job that the holder handed over.
    pub(super) fn handed(link: Link<N>, session: Session) -> Self {
        Self {
            closing: Closing {
                route: link.route().clone(),
                session: Some(session.id()),
            },
            session,
            link: Mutex::new(link),
            unlocked: std::sync::Mutex::default(),
        }
    }

    pub(super) fn holder(&self) -> NodeId {
        self.closing.route.holder
    }

    /// All jobs of the user here, oldest first.
    pub(super) async fn list(&self) -> Result<Vec<JobSummary>, AskError> {
        let mut jobs = Vec::new();
        let mut after = None;
        loop {
            let answer = self
                .ask(&Request::List {
                    session: self.session.id(),
                    after,
                })
                .await?;
            let (page, next) = Session::page(answer, after, jobs.len())?;
            jobs.extend(page);
            if next.is_none() {
                return Ok(jobs);
            }
            after = next;
        }
    }

    /// Keep-alive: resets the holder's idle timer.
    pub(super) async fn keep(&self) -> Result<(), AskError> {
        // Behind the last possible place nothing is listed.
        let (latest, last) = (Timestamp::from_millis(u64::MAX), [u8::MAX; 16]);
        let after = Some(Place::of(1, latest, JobId::from_bytes(last)));
        let session = self.session.id();
        match self.ask(&Request::List { session, after }).await? {
            Answer::Jobs { .. } => Ok(()),
            Answer::Refused(refusal) => Err(refusal.into()),
            _ => Err(SessionError::Unexpected.into()),
        }
    }

    /// Selects a job, for the first time or to resume its stream.
    pub(super) async fn select(
        &self,
        job: JobId,
        release: ReleaseId,
        options: &PrintOptions,
    ) -> Result<(Grant, JobKey), AskError> {
        let request = Request::Select {
            session: self.session.id(),
            job,
            release,
            options: options.clone(),
            extensions: Extensions::default(),
        };
        let answer = self.ask(&request).await?;
        Ok(self.session.granted(job, answer)?)
    }

    /// Proves a job's own PIN, so that the job may be selected in this session.
    pub(super) async fn unlock(
        &self,
        printer: NodeId,
        job: JobId,
        pin: &Pin,
    ) -> Result<(), AskError> {
        let holder = self.holder();
        let (unlocking, request) =
            self.session
                .unlock(printer, holder, job, pin, &mut rand::rng())?;
        // Both go over one stream, so that the second finds what the first began.
        let mut link = self.link.lock().await;
        let answer = link.ask(&request).await?;
        let stretching = tokio::task::spawn_blocking(move || {
            unlocking.challenged(answer, &KsfMemo::new(), &mut rand::rng())
        });
        let proof = stretching.await.map_err(|_| SessionError::Unexpected)??;
        printer::done(link.ask(&proof).await?)?;
        let mut unlocked = self.unlocked.lock().unwrap_or_else(PoisonError::into_inner);
        // The holder lets so many be unlocked and no more.
        if unlocked.len() < limits::UNLOCKED {
            unlocked.insert(job);
        }
        Ok(())
    }

    /// Whether a job's own PIN was proven in this session.
    pub(super) fn is_unlocked(&self, job: JobId) -> bool {
        let unlocked = self.unlocked.lock().unwrap_or_else(PoisonError::into_inner);
        unlocked.contains(&job)
    }

    /// Asks the holder to vouch that its user showed this badge at this printer.
    pub(super) async fn attest(
        &self,
        (user, badge): (&UserId, BadgeTag),
        printer: NodeId,
    ) -> Result<Attestation, AskError> {
        let answer = self.ask(&self.session.attest(badge)).await?;
        let about = (printer, self.holder());
        Ok(Session::attested(answer, (user, badge), about)?)
    }

    /// Tells how far the device is; nobody minds if it does not arrive.
    pub(super) async fn progress(&self, progress: Progress) -> Result<(), AskError> {
        Ok(printer::done(
            self.ask(&Request::Progress(progress)).await?,
        )?)
    }

    /// Prolongs a lease.
    pub(super) async fn extend(&self, release: ReleaseId) -> Result<(), AskError> {
        match self.ask(&Request::Extend { release }).await? {
            Answer::Extended { .. } => Ok(()),
            Answer::Refused(refusal) => Err(refusal.into()),
            _ => Err(SessionError::Unexpected.into()),
        }
    }

    /// Deletes a job.
    pub(super) async fn delete(&self, job: JobId) -> Result<(), AskError> {
        Ok(printer::done(
            self.ask(&Request::Delete {
                session: self.session.id(),
                job,
            })
            .await?,
        )?)
    }

    /// Protects a job, or no longer.
    pub(super) async fn protect(&self, job: JobId, on: bool) -> Result<(), AskError> {
        Ok(printer::done(
            self.ask(&Request::Protect {
                session: self.session.id(),
                job,
                on,
            })
            .await?,
        )?)
    }

    /// Ends the session, and waits until the holder has heard of it.
    pub(super) async fn close(mut self) -> Result<(), AskError> {
        let session = self.session.id();
        printer::done(self.ask(&Request::Close { session }).await?)?;
        self.closing.session = None;
        Ok(())
    }

    /// Asks anything.
    pub(super) async fn ask(&self, request: &Request) -> Result<Answer, LinkError> {
        self.link.lock().await.ask(request).await
    }

    /// Opens a stream for the ciphertext of a job.
    pub(super) async fn open_job(&self) -> Result<N::Stream, MeshError> {
        self.closing.route.open(Protocol::Job).await
    }

    /// The way to the holder, for other streams than the session's own.
    pub(super) fn route(&self) -> &Route<N> {
        &self.closing.route
    }

    /// The session itself.
    pub(super) fn session(&self) -> &Session {
        &self.session
    }
}
