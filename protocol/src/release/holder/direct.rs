//! A job that its owner, at the holder, sends straight to a printer: a session of this one job.

use rand_core::CryptoRng;

use super::{DenyReason, Session, Sessions, Stage};
use crate::certificate::{Certificate, Role};
use crate::id::{JobId, SessionId};
use crate::seal::SessionPublic;
use crate::text::UserId;
use crate::time::Timestamp;

impl Sessions {
    /// Hands one job of `user` to a printer: opens a session, for the printer's key, that shows
    /// this job and nothing else. The caller answers for the owner's will; no PIN is asked for.
    ///
    /// # Errors
    /// [`DenyReason::NoPrinter`], [`DenyReason::Busy`].
    pub fn hand<R: CryptoRng>(
        &mut self,
        printer: &Certificate,
        (user, job): (&UserId, JobId),
        key: SessionPublic,
        now: Timestamp,
        rng: &mut R,
    ) -> Result<SessionId, DenyReason> {
        self.expire(now);
        if !printer.roles.has(Role::Printer) {
            return Err(DenyReason::NoPrinter);
        }
        self.make_room(printer.node)?;
        let id = SessionId::random(rng);
        let mut session = Session::new(printer.node, user.clone(), key, Stage::Open, now);
        session.only = Some(job);
        self.sessions.insert(id, session);
        Ok(id)
    }
}
