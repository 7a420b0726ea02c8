//! Which keys the places of a door have: what shows that somebody else answers for one of them.
//!
//! A gateway has the domain of its places in its hands, so a certificate authority certifies it for any of them.
//! What it cannot have is the key of the door. So each door says in the directory, signed, which key each of its names
//! shows; and members who are elsewhere look from outside now and then, as anybody would, and compare.

use std::borrow::Cow;

use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};

use super::contract::Gateways;
use super::name::{Found, HostName};
use super::own_name::OwnNames;
use crate::certificate::{Certificate, CertificateError, Role, Roles};
use crate::id::{KeyDigest, NodeId, SiteId};
use crate::judge::Judge;
use crate::limits;
use crate::remedy::Remedy;
use crate::signed::{Envelope, Record, Signed, SignedError};
use crate::site::SiteState;
use crate::time::Timestamp;

/// What a door says of the certificates at its places.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceRecord {
    /// The site.
    pub site: SiteId,
    /// The door, which signs.
    pub node: NodeId,
    /// Grows with every record of this door. Made from the time of signing in milliseconds, and therefore
    /// refused when it is ahead of the reader's clock.
    pub sequence: u64,
    /// Believed until then, at most [`limits::PLACE_RECORD_LIFETIME`] ahead.
    pub expires_at: Timestamp,
    /// Its names, strictly ascending, at most [`limits::SHOWN_NAMES`]; none when it has none any more.
    pub shown: Vec<Shown>,
    /// The door's certificate as a member.
    pub certificate: Envelope<Certificate>,
}

/// What a door says of one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// The name.
    pub name: HostName,
    /// The key that it shows now, in a certificate of the Internet's; none while it has none. The name is the door's all
    /// the same: who else claims it is seen to.
    pub now: Option<KeyDigest>,
    /// The key for which a certificate is on order: it may be shown any moment.
    pub next: Option<KeyDigest>,
}

impl Shown {
    /// Whether the door may show this key there.
    #[must_use]
    pub fn has(&self, key: KeyDigest) -> bool {
        self.now == Some(key) || self.next == Some(key)
    }
}

impl Record for PlaceRecord {
    const DOMAIN: &'static str = "papermesh/places/1";
    const MAX: usize = limits::PLACE_RECORD - 128;
}

/// Why a record of places is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceRecordError {
    /// The door did not sign it.
    #[error(transparent)]
    Signed(#[from] SignedError),
    /// The door is no member.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// Its role opens no places.
    #[error("the node may not open places")]
    NoDoor,
    /// It is another site's.
    #[error("the record of places belongs to another site")]
    ForeignSite,
    /// It has expired, is dated ahead or would live too long.
    #[error("the record of places is not valid now")]
    NotNow,
    /// More names than allowed, or out of order.
    #[error("the record's names are malformed")]
    Malformed,
    /// A name is neither below a gateway of the site nor one of its own: members would be sent to look at it.
    #[error("{0} is no name of this site")]
    ForeignName(HostName),
}

impl Remedy for PlaceRecordError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Certificate(error) => error.remedy(),
            _ => None,
        }
    }
}

/// Whether a member with these roles may open places: whom a gateway lets in.
#[must_use]
pub fn may_open(roles: Roles) -> bool {
    roles.may_hold() || roles.has(Role::Printer)
}

/// The names that places of a site may have, by its state.
#[derive(Clone, Debug)]
pub struct NamesOfSite {
    gateways: Gateways,
    own: OwnNames,
}

impl NamesOfSite {
    /// Those that a state allows.
    #[must_use]
    pub fn of(state: &SiteState) -> Self {
        Self {
            gateways: Gateways::of(state),
            own: OwnNames::of(state),
        }
    }

    /// Whether a name is one of them.
    #[must_use]
    pub fn has(&self, name: &HostName) -> bool {
        let at_a_gateway = self
            .gateways
            .iter()
            .any(|gateway| match gateway.domain.find(name) {
                Some(Found::Site(site) | Found::Place { site, .. }) => site == gateway.site,
                Some(Found::Gateway) | None => false,
            });
        at_a_gateway || self.own.has(name)
    }
}

impl Judge<'_> {
    /// Verifies a door's record of its places. Whether it lies where it belongs is judged by [`crate::record`].
    ///
    /// # Errors
    /// [`PlaceRecordError`].
    pub fn places(
        &self,
        envelope: &Envelope<PlaceRecord>,
    ) -> Result<Signed<PlaceRecord>, PlaceRecordError> {
        let record = envelope.verify_named()?;
        if record.signer() != record.node.as_bytes() {
            return Err(SignedError::WrongSigner.into());
        }
        if record.site != self.site() {
            return Err(PlaceRecordError::ForeignSite);
        }
        let latest = self.now + limits::CLOCK_SKEW;
        if record.expires_at <= self.now
            || record.expires_at > latest + limits::PLACE_RECORD_LIFETIME
            || record.sequence > latest.as_millis()
        {
            return Err(PlaceRecordError::NotNow);
        }
        let ascend = record.shown.is_sorted_by(|one, next| one.name < next.name);
        if record.shown.len() > limits::SHOWN_NAMES || !ascend {
            return Err(PlaceRecordError::Malformed);
        }
        let certificate = Certificate::verify_of(&record.certificate, record.node, self)?;
        if !may_open(certificate.roles) {
            return Err(PlaceRecordError::NoDoor);
        }
        match record.foreign_name(&NamesOfSite::of(self.state)) {
            Some(name) => Err(PlaceRecordError::ForeignName(name.clone())),
            None => Ok(record),
        }
    }
}

impl PlaceRecord {
    /// What a door says after the record with sequence `last`. Names that the site does not have are left out, and
    /// those beyond [`limits::SHOWN_NAMES`].
    ///
    /// # Errors
    /// [`SignedError`].
    pub fn sign(
        mut shown: Vec<Shown>,
        (key, certificate): (&SigningKey, &Signed<Certificate>),
        state: &SiteState,
        (last, now): (u64, Timestamp),
    ) -> Result<Signed<Self>, SignedError> {
        let names = NamesOfSite::of(state);
        shown.retain(|shown| names.has(&shown.name));
        shown.sort_by(|one, other| one.name.cmp(&other.name));
        shown.dedup_by(|one, other| one.name == other.name);
        shown.truncate(limits::SHOWN_NAMES);
        let record = Self {
            site: certificate.site,
            node: certificate.node,
            sequence: now.as_millis().max(last.saturating_add(1)),
            expires_at: now + limits::PLACE_RECORD_LIFETIME,
            shown,
            certificate: certificate.envelope().clone(),
        };
        Signed::sign(record, key)
    }

    /// The first of its names that the site does not have.
    #[must_use]
    pub fn foreign_name(&self, names: &NamesOfSite) -> Option<&HostName> {
        let mut all = self.shown.iter().map(|shown| &shown.name);
        all.find(|name| !names.has(name))
    }

    /// What the door says of a name, if it has that name.
    #[must_use]
    pub fn at(&self, name: &HostName) -> Option<&Shown> {
        self.shown.iter().find(|shown| shown.name == *name)
    }
}
