//! Adverts, and the set of them that lives at a user's lookup key.
//!
//! An advert says "I hold jobs for this user, reach me here"; never which jobs. It proves by
//! itself that its holder may say so: it carries the holder's certificate and, unless the holder
//! is a shared PC, the user's delegation. Storage nodes can therefore judge it without asking
//! anybody, and nobody can fill a set with holders that do not exist.
//!
//! [`AdvertSet::merge`] is the core of the directory. Adverts have one total order: delegated
//! before shared, then newest, then larger bytes. A set keeps the greatest advert of each holder
//! and of those the greatest 32. Both steps drop only what is smaller than something kept under
//! the same order, and so merging is commutative, associative and idempotent, whatever the order
//! of arrival.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};

use crate::certificate::{Certificate, CertificateError, Role};
use crate::codec::CodecError;
use crate::delegation::{Delegation, DelegationError};
use crate::id::{NodeId, SiteId, UserKey};
use crate::judge::Judge;
use crate::limits;
use crate::record::RecordError;
use crate::remedy::Remedy;
use crate::signed::{Envelope, Record, Signed, SignedError};
use crate::text::UserId;
use crate::time::Timestamp;

/// A holder's word that it holds jobs for a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Advert {
    /// The site.
    pub site: SiteId,
    /// The user.
    pub user: UserId,
    /// The holder, who signs.
    pub holder: NodeId,
    /// Grows with every advert of this holder for this user. Made from the time of signing in
    /// milliseconds, and therefore refused when it is ahead of the reader's clock.
    pub sequence: u64,
    /// Believed until then, at most two hours ahead.
    pub expires_at: Timestamp,
    /// Where to dial the holder: binary multiaddrs, at most four.
    pub addresses: Vec<serde_bytes::ByteBuf>,
    /// The holder has no more jobs for the user. Kept as a tombstone until it expires.
    pub withdrawn: bool,
    /// The holder's certificate.
    pub certificate: Envelope<Certificate>,
    /// The user's key and delegation; none if the holder is a shared client.
    pub delegation: Option<Delegated>,
}

/// The user's word that the holder may hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delegated {
    /// The key that signed it. Readers compare it with the authority's user entry.
    pub key: UserKey,
    /// The delegation.
    pub delegation: Envelope<Delegation>,
}

impl Record for Advert {
    const DOMAIN: &'static str = "papermesh/advert/1";
    const MAX: usize = limits::ADVERT - 128;
}

/// Why an advert is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdvertError {
    /// The holder did not sign it.
    #[error(transparent)]
    Signed(#[from] SignedError),
    /// The holder is no member.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The user did not delegate to the holder.
    #[error(transparent)]
    Delegation(#[from] DelegationError),
    /// There is neither a delegation nor the role of a shared client.
    #[error("the holder may not hold jobs for this user")]
    NoRight,
    /// It is another site's.
    #[error("the advert belongs to another site")]
    ForeignSite,
    /// It has expired, is dated ahead or would live too long.
    #[error("the advert is not valid now")]
    NotNow,
    /// More or longer addresses than allowed.
    #[error("the advert's addresses are malformed")]
    Addresses,
}

impl Remedy for AdvertError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Certificate(error) => error.remedy(),
            _ => None,
        }
    }
}

impl AdvertError {
    /// Whether somebody made it up: no honest node has ever believed it, so none passes it on.
    /// Everything else may be a matter of clocks, or of which site state is known.
    #[must_use]
    pub const fn is_forgery(&self) -> bool {
        let (Self::Signed(why)
        | Self::Certificate(CertificateError::Signed(why))
        | Self::Delegation(DelegationError::Signed(why))) = self
        else {
            return false;
        };
        // Whose signature a certificate must have is the site's to say, and may change.
        matches!(self, Self::Signed(_)) || !matches!(why, SignedError::WrongSigner)
    }
}

impl Judge<'_> {
    /// Verifies one advert. Whether it lies where it belongs is judged by [`crate::record`].
    pub fn advert(&self, envelope: &Envelope<Advert>) -> Result<Signed<Advert>, AdvertError> {
        let advert = envelope.verify_named()?;
        if advert.signer() != advert.holder.as_bytes() {
            return Err(SignedError::WrongSigner.into());
        }
        if advert.site != self.site() {
            return Err(AdvertError::ForeignSite);
        }
        let latest = self.now + limits::CLOCK_SKEW;
        if advert.expires_at <= self.now
            || advert.expires_at > latest + limits::ADVERT_LIFETIME
            || advert.sequence > latest.as_millis()
        {
            return Err(AdvertError::NotNow);
        }
        if advert.addresses.len() > limits::ADDRESSES_PER_ADVERT
            || advert
                .addresses
                .iter()
                .any(|address| address.len() > limits::ADDRESS)
        {
            return Err(AdvertError::Addresses);
        }
        let certificate = Certificate::verify_of(&advert.certificate, advert.holder, self)?;
        match &advert.delegation {
            Some(Delegated { key, delegation }) if certificate.roles.may_hold() => {
                Delegation::verify(
                    delegation,
                    *key,
                    (self.site(), &advert.user, advert.holder),
                    self.now,
                )?;
            }
            None if certificate.roles.has(Role::SharedClient) => {}
            _ => return Err(AdvertError::NoRight),
        }
        Ok(advert)
    }
}

/// What a holder needs to sign its adverts.
#[derive(Clone, Debug)]
pub struct Advertiser<'a> {
    /// The holder's key.
    pub key: &'a SigningKey,
    /// The holder's certificate.
    pub certificate: &'a Signed<Certificate>,
    /// The user.
    pub user: &'a UserId,
    /// The user's delegation, unless the holder is a shared client.
    pub delegation: Option<Delegated>,
}

impl Advertiser<'_> {
    /// The next advert after the one with sequence `last`.
    pub fn sign(
        &self,
        last: u64,
        addresses: &[Vec<u8>],
        withdrawn: bool,
        now: Timestamp,
    ) -> Result<Signed<Advert>, SignedError> {
        let addresses = addresses
            .iter()
            .filter(|address| address.len() <= limits::ADDRESS)
            .take(limits::ADDRESSES_PER_ADVERT)
            .map(|address| serde_bytes::ByteBuf::from(address.clone()))
            .collect();
        let advert = Advert {
            site: self.certificate.site,
            user: self.user.clone(),
            holder: self.certificate.node,
            sequence: now.as_millis().max(last.saturating_add(1)),
            expires_at: now + limits::ADVERT_LIFETIME,
            addresses,
            withdrawn,
            certificate: self.certificate.envelope().clone(),
            delegation: self.delegation.clone(),
        };
        Signed::sign(advert, self.key)
    }
}

/// The adverts of one user, one per holder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdvertSet(BTreeMap<NodeId, Signed<Advert>>);

impl AdvertSet {
    /// The set that these envelopes are: verifies each and drops, without an error, those that
    /// are not believed; those that are in `known` already are not verified again. An error means
    /// that the envelopes are no set at all, or that one of them is forged: whoever sends a set has
    /// believed all of it once, and a liar is to cost one signature, not as many as it likes.
    pub fn judged(
        envelopes: &[Envelope<Advert>],
        judge: &Judge<'_>,
        known: Option<&Self>,
    ) -> Result<Self, RecordError> {
        if envelopes.len() > limits::ADVERTS_PER_USER {
            return Err(CodecError::Malformed("more adverts than a set may have".into()).into());
        }
        let mut set = Self::default();
        for envelope in envelopes {
            let known = known.and_then(|known| {
                known
                    .0
                    .values()
                    .find(|advert| advert.envelope() == envelope)
            });
            match known.cloned().map_or_else(|| judge.advert(envelope), Ok) {
                Ok(advert) if advert.expires_at > judge.now => {
                    set.insert(advert);
                }
                Err(error) if error.is_forgery() => return Err(RecordError::Forged),
                Ok(_) | Err(_) => {}
            }
        }
        Ok(set)
    }

    /// Takes one verified advert; says whether the set changed.
    pub fn insert(&mut self, advert: Signed<Advert>) -> bool {
        match self.0.get(&advert.holder) {
            Some(known) if known.rank() >= advert.rank() => return false,
            _ => {}
        }
        let holder = advert.holder;
        self.0.insert(holder, advert);
        if self.0.len() > limits::ADVERTS_PER_USER {
            let least = self
                .0
                .values()
                .min_by(|a, b| a.rank().cmp(&b.rank()))
                .map(|advert| advert.holder);
            if let Some(least) = least {
                self.0.remove(&least);
                return least != holder;
            }
        }
        true
    }

    /// Takes what another set knows; says whether this one changed.
    pub fn merge(&mut self, other: &Self) -> bool {
        other.0.values().fold(false, |changed, advert| {
            self.insert(advert.clone()) | changed
        })
    }

    /// Drops what has expired.
    pub fn expire(&mut self, now: Timestamp) {
        self.0.retain(|_, advert| advert.expires_at > now);
    }

    /// Drops the adverts, tombstones included, that do not stay; says whether there were any.
    pub fn retain(&mut self, mut stays: impl FnMut(&Advert) -> bool) -> bool {
        let before = self.0.len();
        self.0.retain(|_, advert| stays(advert));
        self.0.len() < before
    }

    /// All adverts, tombstones included, by holder.
    pub fn iter(&self) -> impl Iterator<Item = &Signed<Advert>> {
        self.0.values()
    }

    /// The adverts of holders that hold something.
    pub fn live(&self) -> impl Iterator<Item = &Signed<Advert>> {
        self.iter().filter(|advert| !advert.withdrawn)
    }

    /// How many adverts there are, tombstones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Signed<Advert> {
    /// The total order of adverts: delegated before shared, then newest, then larger bytes.
    fn rank(&self) -> impl Ord + '_ {
        (self.delegation.is_some(), self.sequence, self.envelope())
    }
}
