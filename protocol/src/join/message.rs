//! What a device and an admin say to each other. Every message is one frame of deterministic
//! CBOR, at most [`limits::JOIN_MESSAGE`] bytes; the device asks, the admin answers in order.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::digits::{Commitment, Nonce};
use crate::certificate::{Certificate, Roles};
use crate::charter::Charter;
use crate::id::{NodeId, SiteId};
use crate::invite::TicketSecret;
#[cfg(doc)]
use crate::limits;
use crate::remedy::Remedy;
use crate::seal::keys::SealingPublic;
use crate::signed::Envelope;
use crate::site::{SiteSecret, SiteState};
use crate::text::Name;

/// What a device says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Asks to become a member; the first message.
    Ask {
        /// What the device asks for.
        terms: Terms,
        /// By what right.
        right: Right,
    },
    /// Opens the commitment; the answer to [`Answer::Challenge`].
    Reveal {
        /// The device's nonce.
        nonce: Nonce,
    },
}

/// What a device asks for. The certificate says the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The device's X25519 key.
    pub sealing: SealingPublic,
    /// The device's name.
    pub name: Name,
    /// What the device wants to do.
    pub roles: Roles,
}

/// By what right a device asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Right {
    /// It was invited.
    Invite(TicketSecret),
    /// Two people will compare digits.
    Digits(Commitment),
}

/// What an admin answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Answer {
    /// Open the commitment.
    Challenge {
        /// The site.
        site: SiteId,
        /// Its name, for people.
        site_name: Name,
        /// The admin's nonce.
        nonce: Nonce,
    },
    /// The device is a member.
    Welcome(Box<Welcome>),
    /// It is not.
    Denied(Denial),
}

/// All that a new member needs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Welcome {
    /// The device's certificate.
    pub certificate: Envelope<Certificate>,
    /// Who may sign for the site.
    pub charter: Envelope<Charter>,
    /// The site as of now.
    pub state: Envelope<SiteState>,
    /// What the members share.
    #[serde(with = "site_secret")]
    pub secret: SiteSecret,
    /// Members to begin with, at most [`limits::ADDRESSES_ON_JOIN`].
    pub members: Vec<MemberAddress>,
}

/// Where one member can be reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberAddress {
    /// The member.
    pub node: NodeId,
    /// A binary multiaddr, at most [`limits::ADDRESS`] bytes.
    pub address: ByteBuf,
}

/// Why a device does not become a member, as much of it as a stranger is told: an invite that
/// was never made, was used before or has expired, and an admin who says no, all read the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Denial {
    /// The admin does not admit the device.
    #[error("the admin did not admit this device")]
    Refused,
    /// Too many devices wait for approval, or asked within the last minutes.
    #[error("too many devices are asking to join")]
    Busy,
    /// Nobody approved.
    #[error("nobody approved this device in time")]
    Unanswered,
    /// The request makes no sense.
    #[error("the admin's node did not understand the request")]
    Malformed,
    /// The admin's node cannot sign now.
    #[error("the admin's node had an internal error")]
    Trouble,
}

impl Remedy for Denial {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::Refused => {
                "if you have an invite, it may be used, withdrawn or expired: ask for a new one"
            }
            Self::Busy => "try again in ten minutes, or ask the admin for an invite",
            Self::Unanswered => "ask the admin to run `papermesh pending`, and join again",
            Self::Malformed => "check that both sides run the same version",
            Self::Trouble => "ask the admin to check its log, then try again",
        };
        Some(remedy.into())
    }
}

/// The site secret as a byte string. Its type has no encoding of its own, so that it is never
/// written anywhere by accident; here is the one place where it travels.
mod site_secret {
    use serde::{Deserializer, Serializer};
    use zeroize::Zeroizing;

    use crate::site::SiteSecret;

    pub(super) fn serialize<S: Serializer>(
        secret: &SiteSecret,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serde_bytes::serialize(secret.expose(), serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<SiteSecret, D::Error> {
        let bytes: Zeroizing<[u8; 32]> = Zeroizing::new(serde_bytes::deserialize(deserializer)?);
        Ok(SiteSecret::from_bytes(*bytes))
    }
}
