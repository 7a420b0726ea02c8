//! What a member saw when it looked at a place from outside, `/papermesh/sighting/1`: told to the door that has the place
//! and, if that shows another key, to the admins.
//!
//! One question and one answer on a stream of its own. The connection says who tells; a member can lie, so what it says is
//! shown to people with its name, and nothing follows from it by itself.

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
    /// The key that it showed.
    pub key: KeyDigest,
    /// Who issued its certificate, in that one's words, for people: at most [`limits::ISSUER`] bytes.
    pub issuer: String,
}

impl Sighting {
    /// What was seen; the issuer's words are cleaned of what does not belong on a screen.
    #[must_use]
    pub fn new(name: HostName, key: KeyDigest, issuer: &str) -> Self {
        Self {
            name,
            key,
            issuer: clean(issuer, limits::ISSUER),
        }
    }

    /// The same as its reader keeps it.
    #[must_use]
    pub fn cleaned(&self) -> Self {
        Self::new(self.name.clone(), self.key, &self.issuer)
    }
}

/// What a member tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Told {
    /// To the door: this is what your place shows.
    Seen(Sighting),
    /// To an admin: this is what a place of that door shows, which is not what the door says.
    Exposed {
        /// The door.
        door: NodeId,
        /// What was seen.
        sighting: Sighting,
    },
}

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The key is the door's.
    Mine,
    /// The place is the door's and the key is not.
    NotMine,
    /// It is noted.
    Noted,
    /// This node has no such place, or is no admin.
    NotHere,
}
