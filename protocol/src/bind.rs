//! The bind protocol, `/papermesh/bind/1`: a user registers an unknown badge at a printer.
//!
//! A printer's word is not enough to give somebody a badge. So the user first logs in there with
//! id and PIN, and the holder that checked the PIN vouches for it: it signs a [`BadgeClaim`] (see
//! [`crate::release`]). The printer brings that to an admin, over the mesh, and the authority signs
//! whom the badge names from then on. Nobody but the printer sees the badge's number.
//!
//! One question, an [`Attestation`], and one [`Answer`] on a stream of their own, each one frame of
//! deterministic CBOR, at most [`limits::BIND_MESSAGE`] bytes. The judgment of all three is here;
//! which users and badges there are, and the authority's key, are the admin's node's affair.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::certificate::{Certificate, Role, Roles};
use crate::charter::Charter;
use crate::delegation::Delegation;
use crate::id::{BadgeTag, NodeId, SiteId, UserKey};
use crate::judge::Judge;
use crate::limits;
use crate::remedy::Remedy;
use crate::signed::{Envelope, Record, Signed};
use crate::text::UserId;
use crate::time::Timestamp;
use crate::user::{Badge, UserError, UserState};

/// The protocol's name.
pub const PROTOCOL: &str = "/papermesh/bind/1";

/// A holder's word: this user proved the PIN to me at this printer, which says that the user showed
/// this badge there. Signed by the holder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BadgeClaim {
    /// The site.
    pub site: SiteId,
    /// Who logged in.
    pub user: UserId,
    /// The badge, as the printer names it.
    pub badge: BadgeTag,
    /// The printer.
    pub printer: NodeId,
    /// Who checked the PIN, and signs.
    pub holder: NodeId,
    /// When it was said, by the holder's clock.
    pub at: Timestamp,
}

impl Record for BadgeClaim {
    const DOMAIN: &'static str = "papermesh/badge-claim/1";
    const MAX: usize = limits::BADGE_CLAIM;
}

/// A claim, and by what right its holder makes it: what a printer brings to an admin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// What the holder says.
    pub claim: Envelope<BadgeClaim>,
    /// That the holder is a member.
    pub certificate: Envelope<Certificate>,
    /// That it is a computer of the user's.
    pub delegation: Envelope<Delegation>,
}

/// What an admin answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The badge is the user's, now or already.
    Bound(Envelope<Badge>),
    /// It is not.
    Denied(Denial),
}

/// Why an admin's node does not give a badge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Denial {
    /// The site does not let users register badges.
    #[error("the site does not let users register badges at printers")]
    NotAllowed,
    /// Not every signature, name and right in it is what it should be.
    #[error("the admin's node does not accept this printer's request for this user")]
    NotBelieved,
    /// Too old, from the future, or carried out before.
    #[error("the holder's statement is too old or was already used")]
    Stale,
    /// The site has no such user, or a disabled one.
    #[error("the site does not let this user have a badge")]
    Refused,
    /// The badge names somebody else.
    #[error("the badge belongs to somebody else")]
    Taken,
    /// The user has as many as a user may have.
    #[error("the user has {} badges already", limits::BADGES_PER_USER)]
    TooMany,
    /// This printer, or all together, asked too often.
    #[error("that node received too many requests")]
    Busy,
    /// The node asked is no admin's, or its authority key is not at hand.
    #[error("that node cannot sign for the site right now")]
    Trouble,
    /// The request makes no sense.
    #[error("the admin's node did not understand the request")]
    Malformed,
}

impl Remedy for Denial {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::Stale => "check the clocks",
            Self::Busy => "try again in a minute",
            Self::Malformed => "check that both sides run the same version",
            _ => return None,
        };
        Some(remedy.into())
    }
}

impl Denial {
    /// Whether another admin's node may answer otherwise.
    #[must_use]
    pub const fn is_of_that_node(self) -> bool {
        matches!(self, Self::Busy | Self::Trouble)
    }
}

/// Whether a computer with these roles is one where a PIN is its user's alone. On a shared one
/// anybody can print for anybody, with a PIN made up for the visit.
#[must_use]
pub const fn is_personal(roles: Roles) -> bool {
    roles.has(Role::Client) && !roles.has(Role::SharedClient)
}

impl Attestation {
    /// The printer's side: whether it is what the printer asked the holder for, so that it does not
    /// bring nonsense to an admin.
    #[must_use]
    pub fn is_of(
        &self,
        (user, badge): (&UserId, BadgeTag),
        (printer, holder): (NodeId, NodeId),
    ) -> bool {
        self.claim.verify(holder.as_bytes()).is_ok_and(|claim| {
            (&claim.user, claim.badge, claim.printer, claim.holder)
                == (user, badge, printer, holder)
        })
    }
}

/// An attestation of which all is believed but that the holder is a computer of the user's. That
/// takes the user's key, see [`Examined::decide`].
#[derive(Debug)]
pub struct Examined {
    claim: BadgeClaim,
    delegation: Envelope<Delegation>,
}

/// The admin's side: what a member with the certificate `asker` brings.
///
/// # Errors
/// What to answer it.
pub fn examine(
    attestation: &Attestation,
    asker: &Signed<Certificate>,
    judge: &Judge<'_>,
) -> Result<Examined, Denial> {
    let Judge { state, now, .. } = *judge;
    if !state.policy.lets_users_bind() {
        return Err(Denial::NotAllowed);
    }
    let is_printer = asker.roles.has(Role::Printer) && asker.stands(judge).is_ok();
    if !is_printer || asker.site != state.site {
        return Err(Denial::NotBelieved);
    }
    let holder =
        Certificate::verify(&attestation.certificate, judge).map_err(|_| Denial::NotBelieved)?;
    let claim = attestation
        .claim
        .verify(holder.node.as_bytes())
        .map_err(|_| Denial::NotBelieved)?;
    let names = (claim.site, claim.holder, claim.printer);
    if !is_personal(holder.roles) || names != (state.site, holder.node, asker.node) {
        return Err(Denial::NotBelieved);
    }
    if !is_fresh(&claim, now) {
        return Err(Denial::Stale);
    }
    Ok(Examined {
        claim: claim.into_value(),
        delegation: attestation.delegation.clone(),
    })
}

/// Whether a claim is recent enough to be carried out. One that was must be remembered for as long
/// as this says so.
#[must_use]
pub fn is_fresh(claim: &BadgeClaim, now: Timestamp) -> bool {
    now.since(claim.at) <= limits::CLOCK_SKEW && claim.at.since(now) <= limits::CLOCK_SKEW
}

/// What an admin knows of a claim's user and badge.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// Whether the user may print.
    pub state: UserState,
    /// The user's key; none until the user enrolled.
    pub key: Option<UserKey>,
    /// Tags of the user's badges.
    pub badges: &'a [BadgeTag],
    /// Whom the badge names.
    pub owner: Option<&'a UserId>,
}

/// What is to be done about a claim that is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Give the user the badge.
    Give,
    /// Nothing: the user has it.
    Given,
}

impl Examined {
    /// The claim.
    #[must_use]
    pub const fn claim(&self) -> &BadgeClaim {
        &self.claim
    }

    /// Whether the user gets the badge. `standing` is none if there is no such user.
    ///
    /// # Errors
    /// What to answer the printer.
    pub fn decide(
        &self,
        standing: Option<&Standing<'_>>,
        now: Timestamp,
    ) -> Result<Verdict, Denial> {
        let claim = &self.claim;
        let standing = standing
            .filter(|standing| standing.state == UserState::Active)
            .ok_or(Denial::Refused)?;
        let key = standing.key.ok_or(Denial::NotBelieved)?;
        let whose = (claim.site, &claim.user, claim.holder);
        Delegation::verify(&self.delegation, key, whose, now).map_err(|_| Denial::NotBelieved)?;
        if standing.owner.is_some_and(|owner| *owner != claim.user) {
            return Err(Denial::Taken);
        }
        if standing.badges.contains(&claim.badge) {
            return Ok(Verdict::Given);
        }
        if standing.badges.len() >= limits::BADGES_PER_USER {
            return Err(Denial::TooMany);
        }
        Ok(Verdict::Give)
    }
}

/// Why a badge was not bound, on the printer's side.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// The admin's node said no.
    #[error(transparent)]
    Denied(#[from] Denial),
    /// The badge record does not verify.
    #[error("the admin's answer cannot be trusted: {0}")]
    Badge(#[from] UserError),
    /// What was signed says something else than was asked for.
    #[error("the admin's answer cannot be trusted: it does not match the request")]
    NotAsAsked,
}

impl Remedy for BindError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Denied(error) => error.remedy(),
            _ => None,
        }
    }
}

/// The printer's side: takes the answer to an attestation.
///
/// # Errors
/// [`BindError::Denied`], and all that an answer can lack.
pub fn bound(
    answer: &Answer,
    charter: &Charter,
    (user, badge): (&UserId, BadgeTag),
) -> Result<Signed<Badge>, BindError> {
    let bound = match answer {
        Answer::Bound(bound) => Badge::verify(bound, charter)?,
        Answer::Denied(denial) => return Err((*denial).into()),
    };
    if bound.tag == badge && bound.user.as_ref() == Some(user) {
        Ok(bound)
    } else {
        Err(BindError::NotAsAsked)
    }
}
