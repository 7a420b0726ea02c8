//! The holder's side of the release protocol.
//!
//! [`Sessions`] keeps the sessions and the access tokens, and judges. It reads and writes nothing:
//! whoever drives it looks up the facts that each step asks for, and afterwards does what the
//! step returns, in the order given. Leases live in the driver's store, because they must survive
//! a restart; the judgment on them is in [`Sessions::select`], which refuses early, and in `leases` ([`extend`],
//! [`report`] and [`lapse`]).

mod attest;
mod direct;
mod leases;
mod preview;
mod unlock;

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use rand_core::CryptoRng;

use crate::bind::BadgeClaim;
use crate::certificate::{Certificate, Role};
use crate::extension::Extensions;
use crate::id::{JobId, NodeId, ReleaseId, SessionId};
use crate::limits;
use crate::pin::{Ke3, LoginContext, PinError, PinVerifier, ServerLogin};
use crate::release::message::{Answer, Grant, Login, Refusal, lease_millis};
use crate::release::stream::Token;
use crate::seal::{DecoySeed, SessionPublic, SessionWrappedKey};
use crate::site::LoginPolicy;
use crate::text::UserId;
use crate::time::Timestamp;
use crate::user::UserEntry;

pub use attest::{Attested, Grounds};
pub use leases::{Lease, Leased, Selected, Settlement, extend, lapse, report};
pub use preview::Pictured;
pub(super) use unlock::context as job_pin_context;
pub use unlock::{JobLock, pin_name};

/// The sessions of one holder.
pub struct Sessions {
    node: NodeId,
    decoys: DecoySeed,
    sessions: BTreeMap<SessionId, Session>,
    tokens: Vec<Issued>,
}

struct Session {
    printer: NodeId,
    user: UserId,
    key: SessionPublic,
    stage: Stage,
    opened_at: Timestamp,
    used_at: Timestamp,
    /// The only job that this session shows, if it was not opened by a login.
    only: Option<JobId>,
    /// The proof of a job's own PIN that is under way.
    unlocking: Option<unlock::Unlocking>,
    /// Jobs of which the own PIN was proved.
    unlocked: BTreeSet<JobId>,
    /// Whether the user's PIN opened it.
    by_pin: bool,
    /// What the holder vouched for in it.
    attested: Option<BadgeClaim>,
}

impl Session {
    fn new(
        printer: NodeId,
        user: UserId,
        key: SessionPublic,
        stage: Stage,
        now: Timestamp,
    ) -> Self {
        Self {
            printer,
            user,
            key,
            stage,
            opened_at: now,
            used_at: now,
            only: None,
            unlocking: None,
            unlocked: BTreeSet::new(),
            by_pin: false,
            attested: None,
        }
    }
}

enum Stage {
    /// The challenge is out. `genuine` is false for a decoy, whose proof can only fail.
    Proving {
        login: Box<ServerLogin>,
        context: LoginContext,
        genuine: bool,
    },
    Open,
}

struct Issued {
    token: Token,
    printer: NodeId,
    job: JobId,
    release: ReleaseId,
    until: Timestamp,
}

/// What the driver looks up before a login is answered.
pub struct LoginFacts<'a> {
    /// The authority's entry of the user, if there is such a user.
    pub entry: Option<&'a UserEntry>,
    /// The user's PIN verifier, if this holder has one.
    pub verifier: Option<&'a PinVerifier>,
    /// What the site demands.
    pub policy: LoginPolicy,
    /// A wait that wrong guesses earned (see [`super::guess`]).
    pub wait: Option<Duration>,
    /// How many jobs the user has here.
    pub jobs: u32,
}

/// What came of a step of a login, for the guess count and the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginEvent {
    /// A challenge goes out: count a guess, and store the count, before answering.
    Guess(UserId),
    /// The user proved who they are: take the guesses back.
    Opened(UserId),
    /// The user did not.
    Denied(UserId, DenyReason),
}

/// Why a login was denied: for the log and the audit, never for the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DenyReason {
    /// The peer is no printer.
    #[error("the peer is not a printer")]
    NoPrinter,
    /// Too many guesses.
    #[error("too many wrong PINs")]
    LockedOut,
    /// More log-ins with a badge alone than anybody makes.
    #[error("too many logins with a badge alone")]
    TooOften,
    /// The evidence does not satisfy the site's policy.
    #[error("the site's policy requires other evidence")]
    Policy,
    /// The PIN is wrong.
    #[error("wrong PIN")]
    WrongPin,
    /// The user does not exist or is disabled, or has no PIN here.
    #[error("unknown or disabled user, or no PIN known here")]
    Unknown,
    /// The message was not what OPAQUE expects.
    #[error("malformed login")]
    Malformed,
    /// There are more sessions than this holder keeps.
    #[error("too many sessions")]
    Busy,
}

/// How long a denied printer is told to wait where no guess count says more.
const DENIED_WAIT: Duration = Duration::ZERO;

impl Sessions {
    /// A holder without sessions. From `decoys` it makes what stands in for the verifier of a
    /// user who has none here.
    #[must_use]
    pub fn new(node: NodeId, decoys: DecoySeed) -> Self {
        Self {
            node,
            decoys,
            sessions: BTreeMap::new(),
            tokens: Vec::new(),
        }
    }

    // Login -----------------------------------------------------------------------------------

    /// Answers the first message of a login.
    pub fn login<R: CryptoRng>(
        &mut self,
        printer: &Certificate,
        login: &Login,
        facts: &LoginFacts<'_>,
        now: Timestamp,
        rng: &mut R,
    ) -> (Answer, LoginEvent) {
        self.expire(now);
        match self.begin(printer, login, facts, now, rng) {
            Ok(answered) => answered,
            Err(reason) => {
                let wait = facts
                    .wait
                    .filter(|_| reason == DenyReason::LockedOut)
                    .unwrap_or(DENIED_WAIT);
                (
                    Answer::denied(wait),
                    LoginEvent::Denied(login.user.clone(), reason),
                )
            }
        }
    }

    fn begin<R: CryptoRng>(
        &mut self,
        printer: &Certificate,
        login: &Login,
        facts: &LoginFacts<'_>,
        now: Timestamp,
        rng: &mut R,
    ) -> Result<(Answer, LoginEvent), DenyReason> {
        if !printer.roles.has(Role::Printer) {
            return Err(DenyReason::NoPrinter);
        }
        if facts.wait.is_some() {
            return Err(DenyReason::LockedOut);
        }
        if login.extensions.understood(&[]).is_err() {
            return Err(DenyReason::Policy);
        }
        self.make_room(printer.node)?;
        let entry = facts.entry.filter(|entry| entry.is_active());
        let session = SessionId::random(rng);
        let (stage, answer, event) = if let Some(ke1) = &login.ke1 {
            let genuine = entry.is_some() && facts.verifier.is_some();
            let verifier = facts.verifier.filter(|_| genuine);
            let context = login_context(&login.user, self.node, printer.node, &login.session_key)
                .map_err(|_| DenyReason::Malformed)?;
            let (server, ke2) = ServerLogin::respond(verifier, &self.decoys, &context, ke1, rng)
                .map_err(|_| DenyReason::Malformed)?;
            let stage = Stage::Proving {
                login: Box::new(server),
                context,
                genuine,
            };
            (
                stage,
                Answer::Challenge { session, ke2 },
                LoginEvent::Guess(login.user.clone()),
            )
        } else {
            let badge = login.badge.ok_or(DenyReason::Policy)?;
            if facts.policy != LoginPolicy::Badge {
                return Err(DenyReason::Policy);
            }
            if !entry.is_some_and(|entry| entry.badges.contains(&badge)) {
                return Err(DenyReason::Unknown);
            }
            let open = Answer::session_open(session, facts.jobs);
            self.make_way(printer.node);
            (Stage::Open, open, LoginEvent::Opened(login.user.clone()))
        };
        let user = login.user.clone();
        self.sessions.insert(
            session,
            Session::new(printer.node, user, login.session_key, stage, now),
        );
        Ok((answer, event))
    }

    /// Whose login this is, so that the driver can look up the guess count and the jobs.
    #[must_use]
    pub fn proving(&self, printer: NodeId, session: SessionId) -> Option<&UserId> {
        let session = self.sessions.get(&session)?;
        (session.printer == printer && matches!(session.stage, Stage::Proving { .. }))
            .then_some(&session.user)
    }

    /// Answers the last message of a login. `locked_out` says whether the guess count, looked up
    /// anew, has reached its limit since the challenge went out; then not even the right PIN
    /// opens a session.
    pub fn prove(
        &mut self,
        printer: NodeId,
        session: SessionId,
        ke3: &Ke3,
        locked_out: bool,
        jobs: u32,
        now: Timestamp,
    ) -> (Answer, Option<LoginEvent>) {
        self.expire(now);
        if self.proving(printer, session).is_none() {
            return (Answer::denied(DENIED_WAIT), None);
        }
        let Some(Session {
            user,
            key,
            stage:
                Stage::Proving {
                    login,
                    context,
                    genuine,
                },
            ..
        }) = self.sessions.remove(&session)
        else {
            return (Answer::denied(DENIED_WAIT), None);
        };
        let proven = login.finish(&context, ke3).is_ok();
        let denied = |user, reason| {
            (
                Answer::denied(DENIED_WAIT),
                Some(LoginEvent::Denied(user, reason)),
            )
        };
        match (proven, genuine, locked_out) {
            (true, true, false) => {
                self.make_way(printer);
                let mut open = Session::new(printer, user.clone(), key, Stage::Open, now);
                open.by_pin = true;
                self.sessions.insert(session, open);
                (
                    Answer::session_open(session, jobs),
                    Some(LoginEvent::Opened(user)),
                )
            }
            (_, _, true) => denied(user, DenyReason::LockedOut),
            (_, false, _) => denied(user, DenyReason::Unknown),
            (false, ..) => denied(user, DenyReason::WrongPin),
        }
    }

    /// Ends a login that its printer gave up before the proof, as an honest one does when the
    /// challenge shows that the PIN is wrong. The guess stays counted; the event is for the audit.
    pub fn abandon(&mut self, printer: NodeId, session: SessionId) -> Option<LoginEvent> {
        self.proving(printer, session)?;
        let Session { user, stage, .. } = self.sessions.remove(&session)?;
        let reason = match stage {
            Stage::Proving { genuine: false, .. } => DenyReason::Unknown,
            _ => DenyReason::WrongPin,
        };
        Some(LoginEvent::Denied(user, reason))
    }

    fn make_room(&mut self, printer: NodeId) -> Result<(), DenyReason> {
        let proving =
            |s: &&Session| s.printer == printer && matches!(s.stage, Stage::Proving { .. });
        if self.sessions.values().filter(proving).count() >= limits::LOGINS_PER_PRINTER
            || self.sessions.len() >= limits::SESSIONS
        {
            return Err(DenyReason::Busy);
        }
        Ok(())
    }

    /// Ends the session that a printer used longest ago if it has as many as it may. Those that
    /// were handed over are the holder's own doing, and not counted.
    fn make_way(&mut self, printer: NodeId) {
        let of_printer = self.sessions.iter().filter(|(_, session)| {
            session.printer == printer
                && session.only.is_none()
                && matches!(session.stage, Stage::Open)
        });
        let by_use: BTreeSet<_> = of_printer
            .map(|(id, session)| (session.used_at, *id))
            .collect();
        if by_use.len() >= limits::SESSIONS_PER_PRINTER
            && let Some((_, oldest)) = by_use.first()
        {
            self.sessions.remove(oldest);
        }
    }

    /// How many sessions are open.
    #[must_use]
    pub fn open_sessions(&self) -> usize {
        let open = |session: &&Session| matches!(session.stage, Stage::Open);
        self.sessions.values().filter(open).count()
    }

    // Within a session ------------------------------------------------------------------------

    /// The user of a session that this printer opened with a login.
    pub fn authorize(
        &mut self,
        printer: NodeId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<UserId, Refusal> {
        self.expire(now);
        match self.open_session(printer, session, now)? {
            Session { only: Some(_), .. } => Err(Refusal::NoSession),
            session => Ok(session.user.clone()),
        }
    }

    /// The user of a session of this printer, opened with a login or handed over with one job.
    pub fn owner(
        &mut self,
        printer: NodeId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<UserId, Refusal> {
        self.expire(now);
        self.open_session(printer, session, now)
            .map(|session| session.user.clone())
    }

    /// Counts a printer's word under a live lease as use of the session that the lease was obtained
    /// in: while it prints, or stands still for want of paper, a printer has nothing else to say.
    pub fn touch(&mut self, printer: NodeId, session: SessionId, now: Timestamp) {
        self.expire(now);
        // One that has ended stays so; the lease does not need it.
        let _ = self.open_session(printer, session, now);
    }

    fn open_session(
        &mut self,
        printer: NodeId,
        id: SessionId,
        now: Timestamp,
    ) -> Result<&mut Session, Refusal> {
        match self.sessions.get_mut(&id) {
            Some(session) if session.printer == printer && matches!(session.stage, Stage::Open) => {
                session.used_at = now;
                Ok(session)
            }
            _ => Err(Refusal::NoSession),
        }
    }

    /// Judges a `Select` of a job of `owner`, which `lease` holds if anything does. On `Ok` the
    /// driver stores the lease, atomically and durably, and then asks for the [`Grant`].
    pub fn select(
        &mut self,
        printer: NodeId,
        session: SessionId,
        selected: &Selected<'_>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.expire(now);
        let session = self.open_session(printer, session, now)?;
        let shown = session.only.is_none_or(|only| only == selected.job);
        if session.user != *selected.owner || !shown {
            return Err(Refusal::NoJob);
        }
        // Whoever handed the job over themselves need not prove its PIN to themselves.
        if selected.has_pin && session.only.is_none() && !session.unlocked.contains(&selected.job) {
            return Err(Refusal::Locked);
        }
        selected.options.check().map_err(|_| Refusal::Malformed)?;
        match selected.lease {
            Some(lease) if lease.release != selected.release && lease.until > now => {
                Err(Refusal::Leased)
            }
            Some(lease) if lease.release == selected.release && lease.printer != printer => {
                Err(Refusal::Leased)
            }
            Some(lease) if lease.release == selected.release && lease.is_over(now) => {
                Err(Refusal::NoLease)
            }
            _ => Ok(()),
        }
    }

    /// Grants a leased job: issues a token, which replaces an earlier one of the same release,
    /// and seals the job key to the session.
    pub fn grant<R: CryptoRng>(
        &mut self,
        printer: NodeId,
        session: SessionId,
        leased: Leased<'_>,
        now: Timestamp,
        rng: &mut R,
    ) -> Result<Grant, Refusal> {
        let to = self.open_session(printer, session, now)?.key;
        let key = SessionWrappedKey::wrap(
            &to,
            session.as_bytes(),
            *leased.job.as_bytes(),
            leased.key,
            rng,
        )
        .map_err(|_| Refusal::Malformed)?;
        let token = Token::random(rng);
        self.tokens
            .retain(|issued| issued.release != leased.release && issued.until > now);
        self.tokens.push(Issued {
            token: token.clone(),
            printer,
            job: leased.job,
            release: leased.release,
            until: now + limits::TOKEN,
        });
        Ok(Grant {
            token,
            key,
            sealed_size: leased.sealed_size,
            size: leased.size,
            format: leased.format,
            title: leased.title,
            options: leased.options,
            document_password: leased.document_password,
            counted: leased.counted,
            extensions: Extensions::default(),
            lease: lease_millis(),
        })
    }

    /// Takes a token from the stream of `printer`; it is good once, whatever comes of it.
    pub fn redeem(
        &mut self,
        printer: NodeId,
        token: &Token,
        now: Timestamp,
    ) -> Option<(JobId, ReleaseId)> {
        let at = self
            .tokens
            .iter()
            .position(|issued| issued.token == *token)?;
        let issued = self.tokens.swap_remove(at);
        (issued.printer == printer && issued.until > now).then_some((issued.job, issued.release))
    }

    /// Ends a session; unknown ones have ended already.
    pub fn close(&mut self, printer: NodeId, session: SessionId) {
        if self
            .sessions
            .get(&session)
            .is_some_and(|session| session.printer == printer)
        {
            self.sessions.remove(&session);
        }
    }

    /// Forgets what has waited too long.
    pub fn expire(&mut self, now: Timestamp) {
        self.sessions.retain(|_, session| {
            let patience = match session.stage {
                Stage::Proving { .. } => limits::LOGIN_TIMEOUT,
                Stage::Open => limits::SESSION_IDLE,
            };
            now.since(session.used_at) < patience
                && now.since(session.opened_at) < limits::SESSION_MAX
        });
        self.tokens.retain(|issued| issued.until > now);
    }
}

/// What binds an OPAQUE login to user, holder, printer and the printer's session key, so that no
/// message of it means anything between other parties.
pub(super) fn login_context(
    user: &UserId,
    holder: NodeId,
    printer: NodeId,
    session_key: &SessionPublic,
) -> Result<LoginContext, PinError> {
    LoginContext::new(
        user.as_str(),
        holder.as_bytes(),
        printer.as_bytes(),
        session_key,
    )
}
