//! Certificates: the authority's statement that a node is a member of the site.

use std::borrow::Cow;

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::charter::Charter;
use crate::id::{NodeId, Serial, SiteId};
use crate::judge::Judge;
use crate::limits;
use crate::remedy::Remedy;
use crate::seal::keys::SealingPublic;
use crate::signed::{Envelope, Record, Signed, SignedError};
use crate::text::Name;
use crate::time::Timestamp;

/// What a member may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Holds jobs of users who delegated to it.
    Client,
    /// A shared PC: may hold jobs of any user.
    SharedClient,
    /// Releases jobs to a device.
    Printer,
    /// Seeds the DHT and relays.
    Bootstrap,
    /// Has the authority key.
    Admin,
}

impl Role {
    /// All roles, in the order of their bits.
    pub const ALL: [Self; 5] = [
        Self::Client,
        Self::SharedClient,
        Self::Printer,
        Self::Bootstrap,
        Self::Admin,
    ];

    /// The role as users write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::SharedClient => "shared-client",
            Self::Printer => "printer",
            Self::Bootstrap => "bootstrap",
            Self::Admin => "admin",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// No role has that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown role {0:?}: the roles are client, shared-client, printer, bootstrap and admin")]
pub struct UnknownRole(String);

impl FromStr for Role {
    type Err = UnknownRole;
    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

/// A set of roles, one bit each (see [`Role::ALL`]).
#[derive(Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Roles(u8);

impl Roles {
    /// These roles and no other.
    #[must_use]
    pub fn of(roles: &[Role]) -> Self {
        Self(roles.iter().fold(0, |bits, role| bits | role.bit()))
    }

    /// This set with one role more.
    #[must_use]
    pub const fn with(self, role: Role) -> Self {
        Self(self.0 | role.bit())
    }

    /// Whether the role is among them.
    #[must_use]
    pub const fn has(self, role: Role) -> bool {
        self.0 & role.bit() != 0
    }

    /// Whether a member with these roles may hold jobs at all.
    #[must_use]
    pub const fn may_hold(self) -> bool {
        self.has(Role::Client) || self.has(Role::SharedClient)
    }

    /// The roles, in the order of [`Role::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.has(*role))
    }
}

impl TryFrom<u8> for Roles {
    type Error = &'static str;
    fn try_from(bits: u8) -> Result<Self, Self::Error> {
        if bits >> Role::ALL.len() == 0 {
            Ok(Self(bits))
        } else {
            Err("unknown role bits")
        }
    }
}

impl From<Roles> for u8 {
    fn from(roles: Roles) -> Self {
        roles.0
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(Role::as_str).collect();
        f.pad(&names.join(","))
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// What the authority says of a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// The site it is a member of.
    pub site: SiteId,
    /// Its key, the same as its libp2p identity.
    pub node: NodeId,
    /// The X25519 key to which secrets for it are sealed.
    pub sealing: SealingPublic,
    /// Its name, for people.
    pub name: Name,
    /// What it may do.
    pub roles: Roles,
    /// Names this certificate in an admin's registry.
    pub serial: Serial,
    /// Valid from then,
    pub not_before: Timestamp,
    /// and until then.
    pub not_after: Timestamp,
    /// When the node was revoked last, as far as the issuer knew: the certificate is valid despite that,
    /// and despite no later revocation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub despite: Option<Timestamp>,
}

impl Record for Certificate {
    const DOMAIN: &'static str = "papermesh/certificate/1";
    const MAX: usize = limits::CERTIFICATE;
}

/// Why a certificate is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// It is not what the authority signed.
    #[error(transparent)]
    Signed(#[from] SignedError),
    /// It is another site's.
    #[error("the certificate belongs to another site")]
    ForeignSite,
    /// It names another node than the one that shows it.
    #[error("the certificate names another node")]
    WrongNode,
    /// It is not valid yet: a clock is off.
    #[error("the certificate is not valid yet: a clock is off")]
    NotYetValid,
    /// It is not valid any more.
    #[error("the certificate has expired")]
    Expired,
    /// It is valid for longer than any may be.
    #[error("the certificate is valid for too long")]
    TooLong,
    /// It is said to be valid despite a revocation that was still to come when it was issued.
    #[error("the certificate claims to know a revocation that came after it")]
    Ahead,
    /// The site withdrew it.
    #[error("the certificate is revoked")]
    Revoked,
}

impl Remedy for CertificateError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::NotYetValid => Some("check the clocks".into()),
            _ => None,
        }
    }
}

impl Certificate {
    /// Verifies a certificate shown by anybody: signature, site, validity, and revocation as far
    /// as the judge knows.
    pub fn verify(
        envelope: &Envelope<Self>,
        judge: &Judge<'_>,
    ) -> Result<Signed<Self>, CertificateError> {
        let certificate = Self::verify_issued(envelope, judge.charter)?;
        certificate.stands(judge)?;
        Ok(certificate)
    }

    /// As [`Certificate::verify`], for a certificate that `node` shows as its own.
    pub fn verify_of(
        envelope: &Envelope<Self>,
        node: NodeId,
        judge: &Judge<'_>,
    ) -> Result<Signed<Self>, CertificateError> {
        let certificate = Self::verify_issued_to(envelope, node, judge.charter)?;
        certificate.stands(judge)?;
        Ok(certificate)
    }

    /// Verifies that the site issued the certificate to the node that shows it, and nothing more:
    /// it may have expired or been withdrawn since, which is what [`Signed::stands`] tells.
    pub fn verify_issued_to(
        envelope: &Envelope<Self>,
        node: NodeId,
        charter: &Charter,
    ) -> Result<Signed<Self>, CertificateError> {
        let certificate = Self::verify_issued(envelope, charter)?;
        if certificate.node == node {
            Ok(certificate)
        } else {
            Err(CertificateError::WrongNode)
        }
    }

    /// Verifies that the site issued the certificate to some node, and nothing more.
    pub fn verify_issued(
        envelope: &Envelope<Self>,
        charter: &Charter,
    ) -> Result<Signed<Self>, CertificateError> {
        if !charter.names(envelope.signer()) && !charter.keeps(envelope.digest()) {
            return Err(SignedError::WrongSigner.into());
        }
        let certificate = envelope.verify_named()?;
        if certificate.site != charter.site {
            return Err(CertificateError::ForeignSite);
        }
        if certificate.not_after > certificate.not_before + limits::CERTIFICATE_LIFETIME {
            return Err(CertificateError::TooLong);
        }
        if certificate.despite > Some(certificate.not_before) {
            return Err(CertificateError::Ahead);
        }
        Ok(certificate)
    }

    /// Whether the last third of its validity has begun.
    #[must_use]
    pub fn is_old(&self, now: Timestamp) -> bool {
        let third = self.not_after.since(self.not_before) / 3;
        now + third >= self.not_after
    }
}

impl Signed<Certificate> {
    /// Whether the site accepts a certificate now that it issued: whether who signed it may still sign,
    /// validity, and revocation, as far as the judge knows. Takes no signature check, so that it can be
    /// asked often.
    pub fn stands(&self, judge: &Judge<'_>) -> Result<(), CertificateError> {
        let Judge {
            charter,
            state,
            now,
        } = *judge;
        if !charter.names(self.signer()) && !charter.keeps(self.envelope().digest()) {
            return Err(SignedError::WrongSigner.into());
        }
        if now + limits::CLOCK_SKEW < self.not_before {
            return Err(CertificateError::NotYetValid);
        }
        if now > self.not_after + limits::CLOCK_SKEW {
            return Err(CertificateError::Expired);
        }
        if state.is_revoked(self) {
            return Err(CertificateError::Revoked);
        }
        Ok(())
    }

    /// Whether it should be renewed: it is old, or who signed it is no admin any more.
    #[must_use]
    pub fn is_due(&self, charter: &Charter, now: Timestamp) -> bool {
        self.is_old(now) || !charter.names(self.signer())
    }
}
