//! What every member knows of its site: the state that the authority signs, and the secret that
//! keeps the DHT's keys from meaning anything to outsiders.

use std::borrow::Cow;

use core::cmp::Reverse;
use core::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::certificate::Certificate;
use crate::charter::Charter;
use crate::extension::{ExtensionError, Extensions};
use crate::gateway::contract::GatewaysError;
use crate::gateway::own_name::OwnNamesError;
use crate::gateway::terminated::allowed::AllowedError;
use crate::id::{NodeId, SiteId};
use crate::limits;
use crate::remedy::Remedy;
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
    /// The badge alone suffices. It can be cloned, and every printer of the site can have every user's
    /// jobs without anybody there: for sites that accept that.
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
    /// Fewest characters of a PIN that is chosen from now on.
    pub pin_length: u8,
}

impl Default for SitePolicy {
    fn default() -> Self {
        Self {
            login: LoginPolicy::default(),
            job_lifetime: u32::try_from(limits::JOB_LIFETIME.as_secs()).unwrap_or(u32::MAX),
            bind_badges: false,
            pin_length: limits::PIN_LENGTH,
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

/// A node whose certificates are no longer accepted, whoever signed them, whenever, and however many
/// there are. One is whose issuer knew of this and let the device in again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revoked {
    /// The node.
    pub node: NodeId,
    /// When it was withdrawn, by the clock of the admin who did it.
    pub at: Timestamp,
}

impl Revoked {
    /// Whether a certificate that was issued before it may still be valid anywhere.
    fn matters(&self, now: Timestamp) -> bool {
        self.at + limits::CERTIFICATE_LIFETIME + limits::CLOCK_SKEW * 3 > now
    }
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
    /// Withdrawn nodes, ascending.
    pub revoked: Vec<Revoked>,
    /// What later versions add; see [`number`].
    #[serde(default, skip_serializing_if = "Extensions::is_empty")]
    pub extensions: Extensions,
}

/// The numbers of a site state's extensions.
pub mod number {
    /// The site's gateways: [`Gateways`](crate::gateway::contract::Gateways).
    pub const GATEWAYS: u16 = 1;
    /// Names of the site's own domains: [`OwnNames`](crate::gateway::own_name::OwnNames).
    pub const OWN_NAMES: u16 = 3;
    /// Gateways that may end TLS for the site's places: [`Allowed`](crate::gateway::terminated::allowed::Allowed).
    pub const TERMINATED: u16 = 5;
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
    #[error("the site state belongs to another site")]
    ForeignSite,
    /// Its list of revoked nodes is too long or not in order.
    #[error("the list of revoked nodes is malformed")]
    Malformed,
    /// It is numbered as if it had been signed under a charter that is still to come.
    #[error("the site state is numbered ahead of the charter")]
    Ahead,
    /// It says something that must be understood and is not known here.
    #[error(transparent)]
    Extension(#[from] ExtensionError),
    /// Its gateways cannot be so.
    #[error(transparent)]
    Gateways(GatewaysError),
    /// Its list of names of own domains cannot be changed so.
    #[error(transparent)]
    OwnNames(OwnNamesError),
    /// Its list of gateways that may end TLS cannot be changed so.
    #[error(transparent)]
    Terminated(AllowedError),
    /// No more nodes can be revoked before the certificates of some revoked ones expire.
    #[error("{} nodes are already revoked", limits::REVOKED)]
    Full,
}

impl Remedy for SiteStateError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Full => Some("wait until some of their certificates expire".into()),
            Self::Extension(error) => error.remedy(),
            Self::Gateways(error) => error.remedy(),
            Self::OwnNames(error) => error.remedy(),
            Self::Terminated(error) => error.remedy(),
            _ => None,
        }
    }
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
            extensions: Extensions::default(),
        }
    }

    /// Verifies a state that anybody handed over.
    pub fn verify(
        envelope: &Envelope<Self>,
        charter: &Charter,
    ) -> Result<Signed<Self>, SiteStateError> {
        let state = charter.signed(envelope)?;
        if state.site != charter.site {
            return Err(SiteStateError::ForeignSite);
        }
        state.extensions.understood(&[])?;
        if !charter.allows(state.sequence) {
            return Err(SiteStateError::Ahead);
        }
        if state.revoked.len() > limits::REVOKED
            || !state.revoked.is_sorted_by(|a, b| a.node < b.node)
        {
            return Err(SiteStateError::Malformed);
        }
        Ok(state)
    }

    /// Verifies a state that this node judged when it came and has kept since. Who signed it may be no
    /// admin any more; then it is good until a newer one is heard of, and for this node alone.
    pub fn verify_kept(
        envelope: &Envelope<Self>,
        site: SiteId,
    ) -> Result<Signed<Self>, SiteStateError> {
        let state = envelope.verify_named()?;
        if state.site == site {
            Ok(state)
        } else {
            Err(SiteStateError::ForeignSite)
        }
    }

    /// When this node was withdrawn last, if it was.
    #[must_use]
    pub fn revocation(&self, node: NodeId) -> Option<&Revoked> {
        self.revoked
            .binary_search_by_key(&node, |revoked| revoked.node)
            .ok()
            .and_then(|at| self.revoked.get(at))
    }

    /// Whether this certificate was withdrawn with its node.
    #[must_use]
    pub fn is_revoked(&self, certificate: &Certificate) -> bool {
        self.is_withdrawn(certificate.node, certificate.despite)
    }

    /// Whether a node was withdrawn with a certificate whose issuer knew of its withdrawal at `despite`, or of none.
    #[must_use]
    pub fn is_withdrawn(&self, node: NodeId, despite: Option<Timestamp>) -> bool {
        self.revocation(node)
            .is_some_and(|revoked| despite < Some(revoked.at))
    }

    /// What withdraws this node from now on, with all of its certificates that are known: a revocation
    /// that is later than any that they or this state name, by whose clock that may have been.
    #[must_use]
    pub fn withdrawal<'a>(
        &self,
        node: NodeId,
        known: impl IntoIterator<Item = &'a Certificate>,
        now: Timestamp,
    ) -> Revoked {
        let named = known
            .into_iter()
            .filter_map(|certificate| certificate.despite);
        let stated = self.revocation(node).map(|revoked| revoked.at);
        let last = named.chain(stated).max();
        let at = last.map_or(now, |last| now.max(last + Duration::from_millis(1)));
        Revoked { node, at }
    }

    /// When this node was withdrawn last, which a certificate has to say that is issued now, and from
    /// when that one is valid.
    #[must_use]
    pub fn readmission(&self, node: NodeId, now: Timestamp) -> (Option<Timestamp>, Timestamp) {
        let despite = self.revocation(node).map(|revoked| revoked.at);
        (despite, despite.map_or(now, |despite| now.max(despite)))
    }

    /// The next state, with further nodes withdrawn and those dropped that no longer matter.
    pub fn revoke(&self, more: &[Revoked], now: Timestamp) -> Result<Self, SiteStateError> {
        let mut next = self.clone();
        next.sequence = next.sequence.saturating_add(1);
        next.revoked.extend_from_slice(more);
        next.revoked.retain(|revoked| revoked.matters(now));
        // Of several words on one node the last stands.
        next.revoked
            .sort_unstable_by_key(|revoked| (revoked.node, Reverse(revoked.at)));
        next.revoked.dedup_by_key(|revoked| revoked.node);
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
            sequence: self.sequence.saturating_add(1),
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
