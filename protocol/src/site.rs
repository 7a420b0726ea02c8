//! What every member knows of its site: the state that the authority signs, and the secret that
//! keeps the DHT's keys from meaning anything to outsiders.

use core::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::id::{Serial, SiteId};
use crate::limits;
use crate::signed::{Envelope, Record, Signed, SignedError};
use crate::text::Name;
use crate::time::Timestamp;

/// What a user must show at a printer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoginPolicy {
    /// A badge (or typed user id) names the user, the PIN proves it.
    #[default]
    #[serde(rename = "badge+pin")]
    BadgeAndPin,
    /// User id and PIN; badges are not taken.
    Pin,
    /// The badge alone suffices. It can be cloned: for sites that accept that.
    Badge,
}

/// Settings of the whole site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SitePolicy {
    /// What a user must show at a printer.
    pub login: LoginPolicy,
    /// Seconds that an unclaimed job is kept when its owner did not say.
    pub job_lifetime: u32,
    /// Whether users may register unknown badges as theirs, at a printer, with id and PIN.
    pub bind_badges: bool,
}

impl Default for SitePolicy {
    fn default() -> Self {
        Self {
            login: LoginPolicy::default(),
            job_lifetime: u32::try_from(limits::JOB_LIFETIME.as_secs()).unwrap_or(u32::MAX),
            bind_badges: false,
        }
    }
}

impl SitePolicy {
    /// How long an unclaimed job is kept, within the protocol's own limit.
    #[must_use]
    pub fn job_lifetime(&self) -> Duration {
        Duration::from_secs(self.job_lifetime.into()).min(limits::JOB_LIFETIME_MAX)
    }

    /// Whether users may register badges: where badges are not taken there is nothing to register
    /// them for.
    #[must_use]
    pub fn lets_users_bind(&self) -> bool {
        self.bind_badges && self.login != LoginPolicy::Pin
    }
}

/// A certificate that is no longer accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revoked {
    /// The certificate.
    pub serial: Serial,
    /// When it would have expired; from then on it need not be listed.
    pub not_after: Timestamp,
}

/// The site as of one moment. The newer replaces the older, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteState {
    /// The site.
    pub site: SiteId,
    /// Grows with every change.
    pub sequence: u64,
    /// The site's name, for people.
    pub name: Name,
    /// Its settings.
    pub policy: SitePolicy,
    /// Withdrawn certificates, ascending.
    pub revoked: Vec<Revoked>,
}

impl Record for SiteState {
    const DOMAIN: &'static str = "papermesh/site-state/1";
    const MAX: usize = limits::SITE_STATE;
}

/// Why a site state is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SiteStateError {
    /// It is not what the authority signed.
    #[error(transparent)]
    Signed(#[from] SignedError),
    /// It is another site's.
    #[error("the site state is of another site")]
    ForeignSite,
    /// Its list of revoked certificates is too long or not in order.
    #[error("the list of revoked certificates is malformed")]
    Malformed,
    /// No more certificates can be revoked before some of the revoked ones expire.
    #[error(
        "{} certificates are revoked already; no more fit before some of them expire",
        limits::REVOKED
    )]
    Full,
}

impl SiteState {
    /// The state of a new site.
    #[must_use]
    pub fn new(site: SiteId, name: Name) -> Self {
        Self {
            site,
            sequence: 1,
            name,
            policy: SitePolicy::default(),
            revoked: Vec::new(),
        }
    }

    /// Verifies a state that anybody handed over.
    pub fn verify(envelope: &Envelope<Self>, site: SiteId) -> Result<Signed<Self>, SiteStateError> {
        let state = envelope.verify(site.as_bytes())?;
        if state.site != site {
            return Err(SiteStateError::ForeignSite);
        }
        if state.revoked.len() > limits::REVOKED
            || !state.revoked.is_sorted_by(|a, b| a.serial < b.serial)
        {
            return Err(SiteStateError::Malformed);
        }
        Ok(state)
    }

    /// Whether the certificate with this serial was withdrawn.
    #[must_use]
    pub fn is_revoked(&self, serial: Serial) -> bool {
        self.revoked
            .binary_search_by_key(&serial, |revoked| revoked.serial)
            .is_ok()
    }

    /// The next state, with further certificates withdrawn and those dropped that have expired.
    pub fn revoke(&self, more: &[Revoked], now: Timestamp) -> Result<Self, SiteStateError> {
        let mut next = self.clone();
        next.sequence += 1;
        next.revoked.extend_from_slice(more);
        next.revoked
            .retain(|revoked| revoked.not_after + limits::CLOCK_SKEW * 2 > now);
        next.revoked.sort_unstable();
        next.revoked.dedup_by_key(|revoked| revoked.serial);
        if next.revoked.len() > limits::REVOKED {
            Err(SiteStateError::Full)
        } else {
            Ok(next)
        }
    }

    /// The next state, with other settings.
    #[must_use]
    pub fn with_policy(&self, policy: SitePolicy) -> Self {
        Self {
            sequence: self.sequence + 1,
            policy,
            ..self.clone()
        }
    }
}

/// What the members of a site share and outsiders lack. It keys the DHT (see [`crate::lookup`]);
/// it protects no document.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SiteSecret([u8; 32]);

impl SiteSecret {
    /// The secret that these bytes are.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A fresh one, for a new site.
    pub fn random<R: rand_core::CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// Its bytes, to store sealed or to hand to a node that joins.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl core::fmt::Debug for SiteSecret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SiteSecret(..)")
    }
}
