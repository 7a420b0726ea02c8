//! What a member saw when it looked at a place from outside, `/papermesh/sighting/1`: told to the door that has the place
//! and, if that is not as the door says, to the admins.
//!
//! One question and one answer on a stream of its own. Who tells is known by the handshake, which proved the key of its
//! node. A member can lie all the same, so what it says is shown to people with its name, and nothing follows from it by
//! itself.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::name::HostName;
use crate::id::{KeyDigest, NodeId};
use crate::limits;
use crate::text::clean;

/// The protocol's name: question and answer, one after the other, on one stream.
pub const PROTOCOL: &str = "/papermesh/sighting/1";

/// What was seen at a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sighting {
    /// The name.
    pub name: HostName,
    /// What is there.
    pub seen: Seen,
}

/// What is at a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seen {
    /// TLS, and a key that the other end has.
    Key {
        /// The key.
        key: KeyDigest,
        /// Who issued its certificate, in that one's words, for people: at most [`limits::ISSUER`] bytes.
        issuer: String,
    },
    /// Somebody answers, and no TLS comes of it: why, for people, at most [`limits::NO_TLS`] bytes.
    NoTls(String),
    /// The gateway says that nobody is there (`unrecognized_name`, RFC 6066 section 3).
    Closed,
}

impl Seen {
    /// A key, in a certificate of that issuer.
    #[must_use]
    pub fn key(key: KeyDigest, issuer: &str) -> Self {
        let issuer = clean(issuer, limits::ISSUER);
        Self::Key { key, issuer }
    }

    /// No TLS, for that reason.
    #[must_use]
    pub fn no_tls(why: &str) -> Self {
        Self::NoTls(clean(why, limits::NO_TLS))
    }

    /// Whether it is the same, in whatever words.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Key { key, .. }, Self::Key { key: other, .. }) => key == other,
            (Self::NoTls(_), Self::NoTls(_)) | (Self::Closed, Self::Closed) => true,
            _ => false,
        }
    }
}

impl Sighting {
    /// Whether both are about the same: the same is seen at one name.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.name == other.name && self.seen.is_like(&other.seen)
    }

    /// The same as its reader keeps it: cleaned of what does not belong on a screen.
    #[must_use]
    pub fn cleaned(&self) -> Self {
        let seen = match &self.seen {
            Seen::Key { key, issuer } => Seen::key(*key, issuer),
            Seen::NoTls(why) => Seen::no_tls(why),
            Seen::Closed => Seen::Closed,
        };
        let name = self.name.clone();
        Self { name, seen }
    }
}

/// That a door says, signed in the directory, that a name is its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The door.
    pub door: NodeId,
    /// The key that it shows there, by its word; none if no certificate of the Internet's.
    pub key: Option<KeyDigest>,
}

/// That a place is not as its door says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mismatch {
    /// What was seen.
    pub sighting: Sighting,
    /// What was compared with it, first, and which other doors claim that name: of 1 to [`limits::CLAIMS`], each door
    /// once. Where there is more than one, whose the place is nobody can tell by the records alone.
    pub claims: Vec<Claim>,
}

impl Mismatch {
    /// The same as its reader keeps it; none if it is malformed.
    #[must_use]
    pub fn cleaned(&self) -> Option<Self> {
        let doors: BTreeSet<NodeId> = self.doors().collect();
        let is_whole = (1..=limits::CLAIMS).contains(&self.claims.len());
        (is_whole && doors.len() == self.claims.len()).then(|| Self {
            sighting: self.sighting.cleaned(),
            claims: self.claims.clone(),
        })
    }

    /// The doors that claim the name, that whose record was compared first.
    pub fn doors(&self) -> impl Iterator<Item = NodeId> {
        self.claims.iter().map(|claim| claim.door)
    }
}

/// What a member tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Told {
    /// To the door: this is what is at your place.
    Seen(Sighting),
    /// To an admin: this is not as a door says.
    Mismatch(Mismatch),
}

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The key is the door's.
    Mine,
    /// The place is the door's, is open, and shows something else.
    NotMine,
    /// It is noted.
    Noted,
    /// This node has no such place, or not open now; or is no admin.
    NotHere,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::codec;

    /// The longest that may be told fits into a message.
    #[test]
    fn the_longest_word_has_room() {
        let claim = |door| Claim {
            door: NodeId::from_bytes([door; 32]),
            key: Some(KeyDigest::from_bytes([door; 32])),
        };
        let label = "a".repeat(62);
        let name = format!("{label}.{label}.{label}.{label}").parse().unwrap();
        let sighting = Sighting {
            name,
            seen: Seen::no_tls(&"why ".repeat(99)),
        };
        let told = Told::Mismatch(Mismatch {
            sighting,
            claims: (1..=4).map(claim).collect(),
        });
        assert!(codec::encode(&told, limits::SIGHTING_MESSAGE).is_ok());
    }

    #[test]
    fn a_mismatch_is_of_doors_that_are_each_one() {
        let claim = |door| Claim {
            door: NodeId::from_bytes([door; 32]),
            key: None,
        };
        let of = |doors: &[u8]| Mismatch {
            sighting: Sighting {
                name: "desk.acme.gw.example".parse().unwrap(),
                seen: Seen::Closed,
            },
            claims: doors.iter().copied().map(claim).collect(),
        };
        assert!(of(&[1, 2]).cleaned().is_some());
        for doors in [&[][..], &[1, 1], &[1, 2, 3, 4, 5]] {
            assert_eq!(of(doors).cleaned(), None, "{doors:?}");
        }
    }
}
