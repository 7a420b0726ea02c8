//! Who may see the picture of a job's first page.

use rand_core::CryptoRng;

use super::Sessions;
use crate::id::{JobId, NodeId, SessionId};
use crate::release::message::Refusal;
use crate::seal::{PreviewKey, SessionWrappedKey};
use crate::text::UserId;
use crate::time::Timestamp;

/// A job with a picture, as the driver found it.
pub struct Pictured<'a> {
    /// The job.
    pub job: JobId,
    /// Whose job it is.
    pub owner: &'a UserId,
    /// Whether it has a PIN of its own.
    pub has_pin: bool,
    /// The picture's key.
    pub key: &'a PreviewKey,
}

impl Sessions {
    /// Seals the key of a job's picture to a session that may see it: one that a login of the job's
    /// owner opened, and in which the job's own PIN was proved if it has one.
    pub fn preview<R: CryptoRng>(
        &mut self,
        printer: NodeId,
        session: SessionId,
        pictured: &Pictured<'_>,
        now: Timestamp,
        rng: &mut R,
    ) -> Result<SessionWrappedKey, Refusal> {
        if self.authorize(printer, session, now)? != *pictured.owner {
            return Err(Refusal::NoJob);
        }
        let open = self.open_session(printer, session, now)?;
        if pictured.has_pin && !open.unlocked.contains(&pictured.job) {
            return Err(Refusal::Locked);
        }
        let job = *pictured.job.as_bytes();
        SessionWrappedKey::wrap_preview(&open.key, session.as_bytes(), job, pictured.key, rng)
            .map_err(|_| Refusal::Malformed)
    }
}
