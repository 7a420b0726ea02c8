//! Delegations: a user's own statement that a node may hold and advertise the user's jobs.

use serde::{Deserialize, Serialize};

use crate::id::{NodeId, SiteId, UserKey};
use crate::limits;
use crate::signed::{Envelope, Record, Signed, SignedError};
use crate::text::UserId;
use crate::time::Timestamp;

/// What the user says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delegation {
    /// The site.
    pub site: SiteId,
    /// The user.
    pub user: UserId,
    /// The node that may hold.
    pub holder: NodeId,
    /// Said then,
    pub issued_at: Timestamp,
    /// and good until then.
    pub expires_at: Timestamp,
}

impl Record for Delegation {
    const DOMAIN: &'static str = "papermesh/delegation/1";
    const MAX: usize = limits::DELEGATION;
}

/// Why a delegation is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DelegationError {
    /// The user did not sign it.
    #[error(transparent)]
    Signed(#[from] SignedError),
    /// It is for another site, user or holder.
    #[error("the delegation is for another site, user or computer")]
    Mismatch,
    /// It is not valid now.
    #[error("the delegation is not valid now")]
    NotNow,
}

impl Delegation {
    /// A delegation as of `now`, with the protocol's lifetime.
    #[must_use]
    pub fn new(site: SiteId, user: UserId, holder: NodeId, now: Timestamp) -> Self {
        Self {
            site,
            user,
            holder,
            issued_at: now,
            expires_at: now + limits::DELEGATION_LIFETIME,
        }
    }

    /// Verifies that the user with this key lets `holder` hold.
    pub fn verify(
        envelope: &Envelope<Self>,
        key: UserKey,
        (site, user, holder): (SiteId, &UserId, NodeId),
        now: Timestamp,
    ) -> Result<Signed<Self>, DelegationError> {
        let delegation = envelope.verify(key.as_bytes())?;
        if (delegation.site, &delegation.user, delegation.holder) != (site, user, holder) {
            return Err(DelegationError::Mismatch);
        }
        let lifetime_kept =
            delegation.expires_at <= delegation.issued_at + limits::DELEGATION_LIFETIME;
        let begun = delegation.issued_at <= now + limits::CLOCK_SKEW;
        if !lifetime_kept || !begun || delegation.expires_at <= now {
            return Err(DelegationError::NotNow);
        }
        Ok(delegation)
    }
}
