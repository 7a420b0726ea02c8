//! What the site says of its users: entries and badges, both signed by the authority.

use serde::{Deserialize, Serialize};

use crate::charter::Charter;
use crate::id::{BadgeTag, SiteId, UserKey};
use crate::limits;
use crate::signed::{Envelope, Record, Signed, SignedError};
use crate::text::{Name, UserId};
use crate::time::Timestamp;

/// Whether a user may print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UserState {
    /// May hold and release jobs.
    #[default]
    Active,
    /// May not, until the admin says otherwise.
    Disabled,
}

/// A user of the site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserEntry {
    /// The site.
    pub site: SiteId,
    /// The user's id.
    pub user: UserId,
    /// Grows with every change of the entry.
    pub sequence: u64,
    /// When the authority signed it.
    pub issued_at: Timestamp,
    /// The user's name, for people.
    pub display: Name,
    /// The user's key; none until the user enrolled on a computer of their own.
    pub key: Option<UserKey>,
    /// Tags of the user's badges.
    pub badges: Vec<BadgeTag>,
    /// Groups that policies may name.
    pub groups: Vec<Name>,
    /// Whether the user may print.
    pub state: UserState,
}

impl Record for UserEntry {
    const DOMAIN: &'static str = "papermesh/user-entry/1";
    const MAX: usize = limits::USER_ENTRY;
}

/// Whom a badge names. The newer replaces the older, so a badge can change hands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Badge {
    /// The site.
    pub site: SiteId,
    /// The badge.
    pub tag: BadgeTag,
    /// Its user; none when the badge was taken back.
    pub user: Option<UserId>,
    /// Grows with every change.
    pub sequence: u64,
}

impl Record for Badge {
    const DOMAIN: &'static str = "papermesh/badge/1";
    const MAX: usize = limits::BADGE_RECORD;
}

/// Why a user entry or badge is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// It is not what the authority signed.
    #[error(transparent)]
    Signed(#[from] SignedError),
    /// It is another site's.
    #[error("the record belongs to another site")]
    ForeignSite,
    /// It is numbered as if it had been signed under a charter that is still to come.
    #[error("the record is numbered ahead of the charter")]
    Ahead,
    /// It is of another user or badge than the one asked for.
    #[error("the record belongs to another user or badge")]
    Unasked,
    /// More badges or groups than a user may have.
    #[error(
        "the user has more than {} badges or {} groups",
        limits::BADGES_PER_USER,
        limits::GROUPS_PER_USER
    )]
    TooMany,
}

impl UserEntry {
    /// Verifies the entry of any user of the site.
    pub fn verify(envelope: &Envelope<Self>, charter: &Charter) -> Result<Signed<Self>, UserError> {
        let entry = charter.signed(envelope)?;
        if entry.site != charter.site {
            return Err(UserError::ForeignSite);
        }
        if !charter.allows(entry.sequence) {
            return Err(UserError::Ahead);
        }
        entry.check()?;
        Ok(entry)
    }

    /// Verifies an entry that this node judged when it came and has kept since. Who signed it may be no
    /// admin any more; then it is good until a newer one is heard of, and for this node alone.
    pub fn verify_kept(envelope: &Envelope<Self>, site: SiteId) -> Result<Signed<Self>, UserError> {
        let entry = envelope.verify_named()?;
        if entry.site != site {
            return Err(UserError::ForeignSite);
        }
        entry.check()?;
        Ok(entry)
    }

    /// Checks what the types do not say. To be called before signing, too.
    pub fn check(&self) -> Result<(), UserError> {
        if self.badges.len() > limits::BADGES_PER_USER
            || self.groups.len() > limits::GROUPS_PER_USER
        {
            return Err(UserError::TooMany);
        }
        Ok(())
    }

    /// Whether the user may print now.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.state == UserState::Active
    }
}

impl Badge {
    /// Verifies a badge record.
    pub fn verify(envelope: &Envelope<Self>, charter: &Charter) -> Result<Signed<Self>, UserError> {
        let badge = charter.signed(envelope)?;
        if badge.site != charter.site {
            return Err(UserError::ForeignSite);
        }
        if !charter.allows(badge.sequence) {
            return Err(UserError::Ahead);
        }
        Ok(badge)
    }
}
