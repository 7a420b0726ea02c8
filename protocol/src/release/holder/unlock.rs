//! A job's own PIN: within a session of its owner a second login, for this one job.
//!
//! The PIN is verified with OPAQUE like the user's own, under a name that no user can have, so
//! that a verifier of the one never serves for the other. Guesses are counted per job; a proof of
//! the user's PIN takes none of them back.

use core::time::Duration;

use rand_core::CryptoRng;

use super::{DENIED_WAIT, Sessions};
use crate::id::{JobId, NodeId, SessionId};
use crate::limits;
use crate::pin::{Ke1, Ke3, LoginContext, PinError, PinVerifier, ServerLogin};
use crate::release::message::{Answer, Refusal};
use crate::seal::SessionPublic;
use crate::time::Timestamp;

/// A proof of which the challenge is out.
pub(super) struct Unlocking {
    job: JobId,
    login: Box<ServerLogin>,
    context: LoginContext,
    begun_at: Timestamp,
}

/// What the driver looks up before a job's PIN is asked for.
pub struct JobLock<'a> {
    /// The verifier of the job's own PIN.
    pub verifier: &'a PinVerifier,
    /// A wait that wrong guesses earned.
    pub wait: Option<Duration>,
}

/// The name under which the PIN of a job is registered and verified.
#[must_use]
pub fn pin_name(job: JobId) -> String {
    format!("job:{job}")
}

/// What binds the proof of a job's PIN to job, holder, printer and session.
pub(in crate::release) fn context(
    job: JobId,
    holder: NodeId,
    printer: NodeId,
    key: &SessionPublic,
) -> Result<LoginContext, PinError> {
    LoginContext::new(&pin_name(job), holder.as_bytes(), printer.as_bytes(), key)
}

impl Sessions {
    /// Answers an `Unlock` of a job that the driver found to be the session's user's. If the answer
    /// is a challenge, the driver counts a guess, and stores the count, before it goes out. A proof
    /// that was under way in this session is given up.
    pub fn unlock<R: CryptoRng>(
        &mut self,
        (printer, session): (NodeId, SessionId),
        (job, ke1): (JobId, &Ke1),
        lock: &JobLock<'_>,
        now: Timestamp,
        rng: &mut R,
    ) -> Result<Answer, Refusal> {
        self.authorize(printer, session, now)?;
        if let Some(wait) = lock.wait {
            return Ok(Answer::denied(wait));
        }
        let node = self.node;
        let key = self.open_session(printer, session, now)?.key;
        let malformed = |_| Refusal::Malformed;
        let context = context(job, node, printer, &key).map_err(malformed)?;
        let (login, ke2) =
            ServerLogin::respond(Some(lock.verifier), &self.decoys, &context, ke1, rng)
                .map_err(malformed)?;
        self.open_session(printer, session, now)?.unlocking = Some(Unlocking {
            job,
            login: Box::new(login),
            context,
            begun_at: now,
        });
        Ok(Answer::Challenge { session, ke2 })
    }

    /// Answers a `ProveJob`: [`Answer::Done`] if the PIN was right, and then this session may select
    /// the job, and the driver forgets the job's guesses. `locked_out` says whether the count,
    /// looked up anew, is beyond its limit; then not even the right PIN helps.
    pub fn prove_job(
        &mut self,
        (printer, session): (NodeId, SessionId),
        (job, ke3): (JobId, &Ke3),
        locked_out: bool,
        now: Timestamp,
    ) -> Result<Answer, Refusal> {
        self.authorize(printer, session, now)?;
        let session = self.open_session(printer, session, now)?;
        let timely = |begun: &Unlocking| {
            begun.job == job && now.since(begun.begun_at) < limits::LOGIN_TIMEOUT
        };
        let Some(begun) = session.unlocking.take().filter(timely) else {
            return Ok(Answer::denied(DENIED_WAIT));
        };
        let proven = begun.login.finish(&begun.context, ke3).is_ok();
        if !proven || locked_out || session.unlocked.len() >= limits::UNLOCKED {
            return Ok(Answer::denied(DENIED_WAIT));
        }
        session.unlocked.insert(job);
        Ok(Answer::Done)
    }
}
