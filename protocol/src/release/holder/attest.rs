//! Vouching for a badge: the holder that checked a user's PIN says so, for an admin to believe (see
//! [`crate::bind`]). Once in a session: whoever knows a PIN has shown one badge.

use super::Sessions;
use crate::bind::BadgeClaim;
use crate::id::{BadgeTag, NodeId, SessionId, SiteId};
use crate::release::message::Refusal;
use crate::site::SitePolicy;
use crate::time::Timestamp;

/// What the driver looks up before the holder vouches.
pub struct Grounds<'a> {
    /// The site.
    pub site: SiteId,
    /// What it allows.
    pub policy: &'a SitePolicy,
    /// Whether this is a computer of the session's user, who is active: it has the user's delegation,
    /// which is valid now, and is not a shared one. Only there the PIN is the user's own.
    pub personal: bool,
    /// The time of day, for the claim.
    pub at: Timestamp,
}

/// What the holder vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attested {
    /// The claim, for the driver to sign.
    pub claim: BadgeClaim,
    /// Whether it was made just now; else it is the same as before.
    pub new: bool,
}

impl Sessions {
    /// Answers an `Attest`. Repeated for the same badge, it gives the same claim.
    ///
    /// # Errors
    /// [`Refusal::NoSession`], [`Refusal::Policy`], [`Refusal::Unproven`].
    pub fn attest(
        &mut self,
        (printer, session): (NodeId, SessionId),
        badge: BadgeTag,
        grounds: &Grounds<'_>,
        now: Timestamp,
    ) -> Result<Attested, Refusal> {
        let user = self.authorize(printer, session, now)?;
        let holder = self.node;
        let session = self.open_session(printer, session, now)?;
        if !grounds.policy.lets_users_bind() {
            return Err(Refusal::Policy);
        }
        if !session.by_pin || !grounds.personal {
            return Err(Refusal::Unproven);
        }
        match &session.attested {
            Some(claim) if claim.badge == badge => Ok(Attested {
                claim: claim.clone(),
                new: false,
            }),
            Some(_) => Err(Refusal::Unproven),
            None => {
                let claim = BadgeClaim {
                    site: grounds.site,
                    user,
                    badge,
                    printer,
                    holder,
                    at: grounds.at,
                };
                session.attested = Some(claim.clone());
                Ok(Attested { claim, new: true })
            }
        }
    }

    /// The claim that was made in a session of this printer, if one was: the site may say something
    /// else of its user since.
    #[must_use]
    pub fn attested(&self, printer: NodeId, session: SessionId) -> Option<&BadgeClaim> {
        let session = self.sessions.get(&session)?;
        session
            .attested
            .as_ref()
            .filter(|_| session.printer == printer)
    }
}
