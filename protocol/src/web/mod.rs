//! The web-certificate protocol, `/papermesh/web-certificate/1`: how what a member shows to browsers
//! and programs over TLS comes to be signed by the site, so that people trust one certificate
//! instead of one for each printer.
//!
//! The site's web authority is a P-256 key made of the root ([`WebKey::of_root`]), because browsers
//! know no Ed25519. Its certificate travels in a record that the root signs ([`WebAuthority`]), so that
//! no member can be shown another. It is made such that it vouches for names and addresses of local
//! networks and for nothing else ([`place`]). Each admin has a certificate of it with which it issues
//! those of the members; so people go on trusting one certificate when admins come and go.
//!
//! A member asks an admin: one question and one answer on a stream of its own, each one frame of
//! deterministic CBOR, at most [`limits::WEB_MESSAGE`] bytes. Both sides' judgment is here. Which
//! member holds which name, where a member is seen, and X.509 itself are the nodes' affair.
//!
//! | file | what |
//! | --- | --- |
//! | [`key`] | the keys: of the web authority, and those that it certifies |
//! | [`place`] | the names and addresses that can be certified at all |

use std::borrow::Cow;

pub mod key;
pub mod place;

use core::time::Duration;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::certificate::Certificate;
use crate::codec;
use crate::id::{NodeId, SiteId};
use crate::limits;
use crate::remedy::Remedy;
use crate::signed::{Envelope, Record, Signed, SignedError};
use crate::time::Timestamp;

pub use key::{WebKey, WebProof, WebPublic};
pub use place::{Address, HostName, Label, PlaceError, Places};

/// The protocol's name.
pub const PROTOCOL: &str = "/papermesh/web-certificate/1";

/// From when the certificate of every web authority is valid, 2026-01-01T00:00:00Z,
pub const AUTHORITY_FROM: Timestamp = Timestamp::from_secs(1_767_225_600);
/// and until when, 2056-01-01T00:00:00Z.
pub const AUTHORITY_UNTIL: Timestamp = Timestamp::from_secs(2_713_910_400);

/// What the proof of a key is bound to.
const PROOF: &str = "papermesh/web-key/1";

/// The site's web authority: what people and devices are given to trust.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebAuthority {
    /// The site.
    pub site: SiteId,
    /// Its certificate: X.509 (RFC 5280), DER.
    pub certificate: ByteBuf,
}

impl Record for WebAuthority {
    const DOMAIN: &'static str = "papermesh/web-ca/1";
    const MAX: usize = limits::WEB_AUTHORITY;
}

/// What a member asks of an admin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Shows the site's web authority.
    Authority,
    /// Certifies a key of the asking node.
    Certify(CertificateRequest),
}

/// A key, and where its node is reached, as the node says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateRequest {
    /// The key.
    pub key: WebPublic,
    /// Where the node is reached.
    pub places: Places,
    /// By the key over the rest, the site and the node: that the node has it.
    pub proof: WebProof,
}

/// What an admin answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The site's web authority.
    Authority(Envelope<WebAuthority>),
    /// The key is certified.
    Certified(Certified),
    /// Neither.
    Denied(Denial),
}

/// A certified key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certified {
    /// Who vouches for it in the end.
    pub authority: Envelope<WebAuthority>,
    /// The admin's certificate that is between them: X.509, DER.
    pub issuer: ByteBuf,
    /// The certificate: X.509, DER.
    pub certificate: ByteBuf,
    /// What it names, of what was asked for.
    pub places: Places,
    /// Until when it is valid.
    pub not_after: Timestamp,
}

/// Why an admin's node does not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Denial {
    /// Nothing of what was asked for can be certified for this node.
    #[error("none of this node's names and addresses can be certified")]
    Nowhere,
    /// The node asks too often.
    #[error("that node received too many requests, and is asked again later")]
    TooOften,
    /// The node asked is no admin's, or its authority key is not at hand.
    #[error(
        "that node cannot sign for the site right now: it is not an admin's, or its authority key waits for its \
         passphrase"
    )]
    Trouble,
    /// The request makes no sense.
    #[error("the admin's node did not understand the request")]
    Malformed,
}

impl Remedy for Denial {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Malformed => Some("check that both sides run the same version".into()),
            _ => None,
        }
    }
}

/// Why an answer is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebError {
    /// The admin's node said no.
    #[error(transparent)]
    Denied(#[from] Denial),
    /// The answer fits no question.
    #[error("unexpected reply (protocol error)")]
    OutOfTurn,
    /// The web authority is not the site's.
    #[error("the admin's answer cannot be trusted: {0}")]
    Signed(#[from] SignedError),
    /// What was certified is not what was asked for.
    #[error("the admin's answer cannot be trusted: it does not match the request")]
    NotAsAsked,
}

impl Remedy for WebError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Denied(error) => error.remedy(),
            _ => None,
        }
    }
}

/// What the proof of a key is made over.
#[derive(Serialize)]
struct Claim<'a> {
    site: SiteId,
    node: NodeId,
    key: WebPublic,
    places: &'a Places,
}

impl Claim<'_> {
    /// None if it is larger than any claim, which [`Places`] that were checked are not.
    fn to_be_signed(&self) -> Option<Vec<u8>> {
        let claim = codec::encode(self, limits::WEB_MESSAGE).ok()?;
        let mut message = Vec::with_capacity(1 + PROOF.len() + claim.len());
        message.push(u8::try_from(PROOF.len()).unwrap_or(u8::MAX));
        message.extend_from_slice(PROOF.as_bytes());
        message.extend_from_slice(&claim);
        Some(message)
    }
}

impl WebAuthority {
    /// Verifies a web authority that anybody handed over.
    ///
    /// # Errors
    /// [`SignedError`] if the site's root did not sign it, or not for this site.
    pub fn verify(envelope: &Envelope<Self>, site: SiteId) -> Result<Signed<Self>, SignedError> {
        let authority = envelope.verify(site.as_bytes())?;
        if authority.site == site {
            Ok(authority)
        } else {
            Err(SignedError::WrongSigner)
        }
    }
}

/// A node that asks to have a key certified.
#[derive(Debug)]
pub struct Asking {
    site: SiteId,
    places: Places,
}

/// What a node was given. Whether the certificate is what `places` and `not_after` say, and whether
/// the authority signed it, is for whoever reads X.509 to see.
#[derive(Debug)]
pub struct Given {
    /// Who vouches in the end.
    pub authority: Signed<WebAuthority>,
    /// The admin's certificate that is between them: X.509, DER.
    pub issuer: Vec<u8>,
    /// X.509, DER.
    pub certificate: Vec<u8>,
    /// What it names.
    pub places: Places,
    /// Until when it is valid.
    pub not_after: Timestamp,
}

impl Asking {
    /// Asks for `key`, of the node with this certificate, which is reached at `places`.
    #[must_use]
    pub fn new(key: &WebKey, own: &Certificate, places: Places) -> (Self, Request) {
        let public = key.public();
        let claim = Claim {
            site: own.site,
            node: own.node,
            key: public,
            places: &places,
        };
        let proof = key.prove(&claim.to_be_signed().unwrap_or_default());
        let wanted = CertificateRequest {
            key: public,
            places: places.clone(),
            proof,
        };
        let asking = Self {
            site: own.site,
            places,
        };
        (asking, Request::Certify(wanted))
    }

    /// What the admin's node gave.
    ///
    /// # Errors
    /// [`WebError::Denied`], and all that an answer can lack.
    pub fn finish(self, answer: Answer) -> Result<Given, WebError> {
        let certified = match answer {
            Answer::Certified(certified) => certified,
            Answer::Denied(denial) => return Err(denial.into()),
            Answer::Authority(_) => return Err(WebError::OutOfTurn),
        };
        let authority = WebAuthority::verify(&certified.authority, self.site)?;
        if certified.places.is_empty()
            || certified.issuer.len() > limits::WEB_ISSUER
            || !certified.places.is_within(&self.places)
        {
            return Err(WebError::NotAsAsked);
        }
        Ok(Given {
            authority,
            issuer: certified.issuer.into_vec(),
            certificate: certified.certificate.into_vec(),
            places: certified.places,
            not_after: certified.not_after,
        })
    }
}

/// The web authority of `site` that an answer to [`Request::Authority`] shows.
///
/// # Errors
/// [`WebError::Denied`], and all that an answer can lack.
pub fn shown(answer: Answer, site: SiteId) -> Result<Signed<WebAuthority>, WebError> {
    match answer {
        Answer::Authority(authority) => Ok(WebAuthority::verify(&authority, site)?),
        Answer::Denied(denial) => Err(denial.into()),
        Answer::Certified(_) => Err(WebError::OutOfTurn),
    }
}

/// The admin's side: checks that the member with this certificate has the key.
///
/// # Errors
/// What to answer the member.
pub fn examine(wanted: &CertificateRequest, member: &Certificate) -> Result<(), Denial> {
    let claim = Claim {
        site: member.site,
        node: member.node,
        key: wanted.key,
        places: &wanted.places,
    };
    let message = claim.to_be_signed().ok_or(Denial::Malformed)?;
    if wanted.key.verify(&message, &wanted.proof) {
        Ok(())
    } else {
        Err(Denial::Malformed)
    }
}

/// The admin's side: from when to when a certificate is valid that is made now. It begins a day
/// ago, for devices whose clocks are behind, and does not outlive the membership.
#[must_use]
pub fn validity(member: &Certificate, now: Timestamp) -> (Timestamp, Timestamp) {
    let not_after = (now + limits::WEB_CERTIFICATE_LIFETIME).min(member.not_after);
    // X.509 counts whole seconds.
    let whole = |time: Timestamp| Timestamp::from_secs(time.as_secs());
    (
        whole(now - limits::WEB_CERTIFICATE_BEFORE),
        whole(not_after),
    )
}

/// From when to when an admin may issue certificates whom the root lets now.
#[must_use]
pub fn issuing(now: Timestamp) -> (Timestamp, Timestamp) {
    let whole = |time: Timestamp| Timestamp::from_secs(time.as_secs());
    let not_after = (now + limits::WEB_ISSUER_LIFETIME).min(AUTHORITY_UNTIL);
    (
        whole(now - limits::WEB_CERTIFICATE_BEFORE),
        whole(not_after),
    )
}

/// When a certificate that was made at `from` and ends at `not_after` should be followed by another:
/// in the last third of its life.
#[must_use]
pub fn due_at(from: Timestamp, not_after: Timestamp) -> Timestamp {
    let third: Duration = not_after.since(from) / 3;
    not_after - third
}

#[cfg(test)]
mod tests;
