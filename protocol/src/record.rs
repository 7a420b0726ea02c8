//! What a DHT node stores: one value per key, judged and merged by the node itself.
//!
//! A value says by itself what it is, and every member can compute the key at which it belongs,
//! because all share the site secret. A storage node therefore refuses what is forged, expired,
//! foreign or merely in the wrong place without asking anybody. See SPEC.md, "Records".

use serde::{Deserialize, Serialize};

use crate::advert::{Advert, AdvertSet};
use crate::codec::{self, CodecError};
use crate::gateway::record::PlaceRecord;
use crate::id::RecordKey;
use crate::judge::Judge;
use crate::limits;
use crate::lookup;
use crate::signed::{Envelope, Signed};
use crate::site::{SiteSecret, SiteState};
use crate::time::Timestamp;
use crate::user::{Badge, UserEntry};

/// A value as it travels.
#[derive(Serialize, Deserialize)]
enum Wire {
    Adverts(Vec<Envelope<Advert>>),
    UserEntry(Envelope<UserEntry>),
    Badge(Envelope<Badge>),
    SiteState(Envelope<SiteState>),
    Places(Envelope<PlaceRecord>),
}

/// The most bytes of any value.
pub const MAX: usize = limits::ADVERT_SET + 64;

/// A value that was judged and believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DirectoryRecord {
    /// At a user's lookup key.
    Adverts(AdvertSet),
    /// At the user entry's key.
    UserEntry(Signed<UserEntry>),
    /// At the badge's tag.
    Badge(Signed<Badge>),
    /// At the site's key.
    SiteState(Signed<SiteState>),
    /// At the key of a door's places.
    Places(Signed<PlaceRecord>),
}

/// Why a value is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// It is no value of ours.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// Nothing of it verifies, or nothing of it is current.
    #[error("no part of the record is valid")]
    Unbelieved,
    /// A part of it is forged, and the rest was not looked at.
    #[error("a part of the record is forged")]
    Forged,
    /// It belongs at another key.
    #[error("the record belongs at another key")]
    Misplaced,
}

impl DirectoryRecord {
    /// Judges the bytes found at, or offered for, `key`. Adverts that are `known` already are not
    /// verified again.
    pub fn read(
        key: RecordKey,
        bytes: &[u8],
        secret: &SiteSecret,
        judge: &Judge<'_>,
        known: Option<&Self>,
    ) -> Result<Self, RecordError> {
        let record = match codec::decode(bytes, MAX)? {
            Wire::Adverts(envelopes) => {
                let known = match known {
                    Some(Self::Adverts(set)) => Some(set),
                    _ => None,
                };
                Self::Adverts(AdvertSet::judged(&envelopes, judge, known)?)
            }
            Wire::UserEntry(entry) => Self::UserEntry(
                UserEntry::verify(&entry, judge.charter).map_err(|_| RecordError::Unbelieved)?,
            ),
            Wire::Badge(badge) => Self::Badge(
                Badge::verify(&badge, judge.charter).map_err(|_| RecordError::Unbelieved)?,
            ),
            Wire::SiteState(state) => Self::SiteState(
                SiteState::verify(&state, judge.charter).map_err(|_| RecordError::Unbelieved)?,
            ),
            Wire::Places(record) => {
                Self::Places(judge.places(&record).map_err(|_| RecordError::Unbelieved)?)
            }
        };
        record.belongs_at(key, secret)
    }

    /// Keeps what belongs at `key`; an error if that is nothing.
    fn belongs_at(self, key: RecordKey, secret: &SiteSecret) -> Result<Self, RecordError> {
        let belongs = match &self {
            Self::Adverts(set) if set.is_empty() => return Err(RecordError::Unbelieved),
            Self::Adverts(set) => set
                .iter()
                .all(|advert| lookup::adverts_key(secret, &advert.user) == key),
            Self::UserEntry(entry) => lookup::user_entry_key(secret, &entry.user) == key,
            Self::Badge(badge) => lookup::badge_key(badge.tag) == key,
            Self::SiteState(_) => lookup::site_state_key(secret) == key,
            Self::Places(record) => lookup::places_key(secret, record.node) == key,
        };
        if belongs {
            Ok(self)
        } else {
            Err(RecordError::Misplaced)
        }
    }

    /// The bytes to store or send.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CodecError> {
        let wire = match self {
            Self::Adverts(set) => {
                Wire::Adverts(set.iter().map(|advert| advert.envelope().clone()).collect())
            }
            Self::UserEntry(entry) => Wire::UserEntry(entry.envelope().clone()),
            Self::Badge(badge) => Wire::Badge(badge.envelope().clone()),
            Self::SiteState(state) => Wire::SiteState(state.envelope().clone()),
            Self::Places(record) => Wire::Places(record.envelope().clone()),
        };
        codec::encode(&wire, MAX)
    }

    /// Takes what another value for the same key knows; says whether this one changed. Adverts
    /// merge by holder; of the others the higher sequence wins, or the larger bytes.
    pub fn merge(&mut self, other: &Self) -> bool {
        match (self, other) {
            (Self::Adverts(mine), Self::Adverts(theirs)) => mine.merge(theirs),
            (Self::UserEntry(mine), Self::UserEntry(theirs)) => {
                newer(mine, theirs, |entry| entry.sequence)
            }
            (Self::Badge(mine), Self::Badge(theirs)) => newer(mine, theirs, |badge| badge.sequence),
            (Self::SiteState(mine), Self::SiteState(theirs)) => {
                newer(mine, theirs, |state| state.sequence)
            }
            (Self::Places(mine), Self::Places(theirs)) => {
                newer(mine, theirs, |record| record.sequence)
            }
            _ => false,
        }
    }

    /// Drops what has expired; says whether anything is left.
    pub fn expire(&mut self, now: Timestamp) -> bool {
        match self {
            Self::Adverts(set) => {
                set.expire(now);
                !set.is_empty()
            }
            Self::Places(record) => record.expires_at > now,
            Self::UserEntry(_) | Self::Badge(_) | Self::SiteState(_) => true,
        }
    }
}

fn newer<T: Clone + crate::signed::Record>(
    mine: &mut Signed<T>,
    theirs: &Signed<T>,
    sequence: impl Fn(&T) -> u64,
) -> bool {
    let newer = (sequence(theirs), theirs.envelope()) > (sequence(mine), mine.envelope());
    if newer {
        *mine = theirs.clone();
    }
    newer
}
