//! How much of the directory one node stores, and for whom.
//!
//! Any client may sign adverts for users that it made up. So each holder has a share, all that members say by
//! themselves, adverts and records of places, has half of the room, and what the authority signed always finds
//! the other half.

use std::collections::HashMap;

use papermesh_protocol::advert::AdvertSet;
use papermesh_protocol::id::NodeId;
use papermesh_protocol::limits::{STORED_BYTES, STORED_PER_HOLDER, STORED_RECORDS};
use papermesh_protocol::record::DirectoryRecord;

/// Records and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Taken {
    records: usize,
    bytes: usize,
}

/// What the records that are stored take of the room.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Room {
    all: Taken,
    /// Of all, what no authority signed.
    of_members: Taken,
    /// How many sets each holder is in.
    holders: HashMap<NodeId, usize>,
}

impl Room {
    /// A value of so many bytes is stored from now on.
    pub(super) fn enter(&mut self, value: &DirectoryRecord, bytes: usize) {
        self.all.enter(bytes);
        if is_of_members(value) {
            self.of_members.enter(bytes);
        }
        if let DirectoryRecord::Adverts(set) = value {
            for advert in set.iter() {
                *self.holders.entry(advert.holder).or_default() += 1;
            }
        }
    }

    /// A value that entered is stored no longer.
    pub(super) fn leave(&mut self, value: &DirectoryRecord, bytes: usize) {
        self.all.leave(bytes);
        if is_of_members(value) {
            self.of_members.leave(bytes);
        }
        if let DirectoryRecord::Adverts(set) = value {
            for advert in set.iter() {
                if let Some(sets) = self.holders.get_mut(&advert.holder) {
                    *sets -= 1;
                    if *sets == 0 {
                        self.holders.remove(&advert.holder);
                    }
                }
            }
        }
    }

    /// Whether a holder may be in one more set.
    pub(super) fn has_share(&self, holder: NodeId) -> bool {
        self.holders.get(&holder).copied().unwrap_or(0) < STORED_PER_HOLDER
    }

    /// Whether a value of so many bytes fits in, in place of one of `replaced` bytes, if there is one.
    pub(super) fn fits(
        &self,
        value: &DirectoryRecord,
        bytes: usize,
        replaced: Option<usize>,
    ) -> bool {
        let of_all = (STORED_RECORDS, STORED_BYTES);
        let half = (STORED_RECORDS / 2, STORED_BYTES / 2);
        self.all.fits(of_all, bytes, replaced)
            && (!is_of_members(value) || self.of_members.fits(half, bytes, replaced))
    }

    /// Leaves out of a set the adverts of holders that are not in the stored one and whose share
    /// is full. `own` has no share: a node stores all that itself says.
    pub(super) fn share(&self, set: &mut AdvertSet, stored: Option<&AdvertSet>, own: NodeId) {
        let is_stored = |holder| {
            let mut stored = stored.into_iter().flat_map(AdvertSet::iter);
            stored.any(|advert| advert.holder == holder)
        };
        set.retain(|advert| {
            advert.holder == own || self.has_share(advert.holder) || is_stored(advert.holder)
        });
    }
}

/// Whether members say it by themselves.
const fn is_of_members(value: &DirectoryRecord) -> bool {
    matches!(
        value,
        DirectoryRecord::Adverts(_) | DirectoryRecord::Places(_)
    )
}

impl Taken {
    fn enter(&mut self, bytes: usize) {
        self.records += 1;
        self.bytes += bytes;
    }

    fn leave(&mut self, bytes: usize) {
        self.records -= 1;
        self.bytes -= bytes;
    }

    fn fits(
        &self,
        (records, of_bytes): (usize, usize),
        bytes: usize,
        replaced: Option<usize>,
    ) -> bool {
        self.records + usize::from(replaced.is_none()) <= records
            && self.bytes - replaced.unwrap_or(0) + bytes <= of_bytes
    }
}
