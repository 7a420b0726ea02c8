//! The mismatches that a node keeps: bounded, of each member a few, for a month. Blocks on the store.
//!
//! A false alarm is worse than none. So what may have a hundred reasons, no TLS, counts when it was seen again and again,
//! and what somebody looked into and dismissed does not count again, whoever sees it, until something of it is different.

use std::time::Duration;

use data_encoding::HEXLOWER;
use papermesh_protocol::gateway::name::HostName;
use papermesh_protocol::gateway::sighting::{Mismatch, Seen};
use papermesh_protocol::id::NodeId;
use papermesh_protocol::time::Timestamp;
use papermesh_store::{MISMATCHES, MismatchRow, Store, StoreError, site};
use sha2::{Digest, Sha256};

/// How long one is kept after it was seen last.
const LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Those that are kept by the word of one member.
const BY_ONE: usize = 4;
/// How often something has to be seen that is not a key,
const REPEATED: u32 = 3;
/// each so long after the last: it is not one bad hour of a network.
const SPACING: Duration = Duration::from_secs(6 * 60 * 60);

/// A mismatch as it becomes known here.
#[derive(Clone, Debug)]
pub(super) struct Note {
    /// Who saw it.
    pub(super) by: NodeId,
    /// What was seen.
    pub(super) mismatch: Mismatch,
    /// Now.
    pub(super) at: Timestamp,
    /// Whether who saw it has seen it often enough.
    pub(super) is_sure: bool,
}

/// Those that count and that nobody here dismissed, oldest first.
pub(super) fn all(store: &Store, now: Timestamp) -> Result<Vec<MismatchRow>, StoreError> {
    let mut rows = store.site().get(&site::MISMATCHES)?.unwrap_or_default();
    rows.retain(|row| row.counts && !row.dismissed && row.last + LIFETIME > now);
    Ok(rows)
}

/// Keeps one more: whether it counts from now on. The oldest one by the word of its member goes if there are too many.
pub(super) fn keep(store: &Store, note: Note) -> Result<bool, StoreError> {
    let mut is_news = false;
    store.site().change(&site::MISMATCHES, |rows| {
        is_news = add(rows, note);
    })?;
    Ok(is_news)
}

/// A member saw a place as it should be: what it saw there before and was not sure of is forgotten.
pub(super) fn saw(store: &Store, by: NodeId, name: &HostName) -> Result<(), StoreError> {
    store.site().change(&site::MISMATCHES, |rows| {
        rows.retain(|row| row.counts || row.by != by || row.mismatch.sighting.name != *name);
    })
}

/// Notes that an admin knows of one.
pub(super) fn told(store: &Store, told: &MismatchRow) -> Result<(), StoreError> {
    store.site().change(&site::MISMATCHES, |rows| {
        for row in rows {
            row.told |= is_same(row, told.by, &told.mismatch);
        }
    })
}

/// Dismisses what has this id, whoever saw it: what it is; none if there is none.
pub(super) fn dismiss(store: &Store, id: &str) -> Result<Option<Mismatch>, StoreError> {
    let mut dismissed = None;
    store.site().change(&site::MISMATCHES, |rows| {
        let meant = |row: &&mut MismatchRow| row.counts && id_of(&row.mismatch) == id;
        for row in rows.iter_mut().filter(meant) {
            row.dismissed = true;
            dismissed = Some(row.mismatch.clone());
        }
    })?;
    Ok(dismissed)
}

/// By what people name one: the same for all that are alike.
#[must_use]
pub fn id_of(mismatch: &Mismatch) -> String {
    let mut hash = Sha256::new();
    hash.update(mismatch.sighting.name.as_str());
    match &mismatch.sighting.seen {
        Seen::Key { key, .. } => hash.update(key.as_bytes()),
        Seen::NoTls(_) => hash.update([1]),
        Seen::Closed => hash.update([2]),
    }
    let mut doors: Vec<NodeId> = mismatch.doors().collect();
    doors.sort_unstable();
    for door in doors {
        hash.update(door.as_bytes());
    }
    let digest: [u8; 32] = hash.finalize().into();
    HEXLOWER.encode(digest.first_chunk::<4>().unwrap_or(&[0; 4]))
}

fn is_same(row: &MismatchRow, by: NodeId, mismatch: &Mismatch) -> bool {
    row.by == by && row.mismatch.is_like(mismatch)
}

fn add(rows: &mut Vec<MismatchRow>, note: Note) -> bool {
    let Note {
        by,
        mismatch,
        at,
        is_sure,
    } = note;
    rows.retain(|row| row.last + LIFETIME > at);
    let is_key = matches!(mismatch.sighting.seen, Seen::Key { .. });
    if let Some(row) = rows.iter_mut().find(|row| is_same(row, by, &mismatch)) {
        if row.last + SPACING <= at {
            row.times = row.times.saturating_add(1);
            row.last = at;
            // The newest words are for people.
            row.mismatch = mismatch;
        }
        let counted = row.counts;
        row.counts |= is_sure || row.times >= REPEATED;
        return row.counts && !counted && !row.dismissed;
    }
    let dismissed = rows
        .iter()
        .any(|row| row.dismissed && row.mismatch.is_like(&mismatch));
    let by_it = |row: &MismatchRow| row.by == by;
    if rows.iter().filter(|row| by_it(row)).count() >= BY_ONE {
        // What is new is worth more: an old alarm, false perhaps, keeps no true one out.
        rows.iter()
            .position(by_it)
            .map(|oldest| rows.remove(oldest));
    } else if rows.len() >= MISMATCHES {
        rows.remove(0);
    }
    let counts = is_key || is_sure;
    rows.push(MismatchRow {
        by,
        mismatch,
        first: at,
        last: at,
        times: 1,
        counts,
        told: false,
        dismissed,
    });
    counts && !dismissed
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::gateway::sighting::{Claim, Sighting};
    use papermesh_protocol::id::KeyDigest;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn saw(by: u8, seen: Seen) -> Note {
        let name = "desk.acme.gw.example".parse().unwrap();
        let door = NodeId::from_bytes([9; 32]);
        Note {
            by: NodeId::from_bytes([by; 32]),
            mismatch: Mismatch {
                sighting: Sighting { name, seen },
                claims: vec![Claim { door, key: None }],
            },
            at: NOW,
            is_sure: false,
        }
    }

    fn saw_key(by: u8, key: u8) -> Note {
        saw(by, Seen::key(KeyDigest::from_bytes([key; 32]), "R11"))
    }

    fn later(note: Note, by: Duration) -> Note {
        Note {
            at: note.at + by,
            ..note
        }
    }

    #[test]
    fn one_member_tells_little_and_none_pushes_out_all_others() {
        let mut rows = Vec::new();
        assert!(add(&mut rows, saw_key(1, 1)));
        assert!(!add(&mut rows, saw_key(1, 1)), "it is known");
        for key in 0..100 {
            assert!(add(&mut rows, saw_key(2, key)));
        }
        let by_two: Vec<_> = rows
            .iter()
            .filter(|row| row.by == saw_key(2, 0).by)
            .collect();
        assert_eq!(by_two.len(), BY_ONE);
        let newest = saw_key(2, 99);
        assert!(is_same(by_two[BY_ONE - 1], newest.by, &newest.mismatch));
        assert_eq!(rows[0].by, saw_key(1, 1).by);
        for by in 3..100 {
            add(&mut rows, saw_key(by, by));
        }
        assert_eq!(rows.len(), MISMATCHES);
    }

    #[test]
    fn they_are_forgotten_a_month_after_they_were_seen_last() {
        let mut rows = Vec::new();
        add(&mut rows, saw_key(1, 1));
        add(&mut rows, later(saw_key(1, 1), LIFETIME / 2));
        add(&mut rows, later(saw_key(1, 2), LIFETIME));
        assert_eq!(rows.len(), 2);
        add(&mut rows, later(saw_key(1, 3), LIFETIME * 3 / 2));
        assert_eq!(rows.len(), 2);
    }

    #[test]
    fn no_tls_counts_when_it_was_seen_again_and_again() {
        let mut rows = Vec::new();
        let look = |rows: &mut Vec<MismatchRow>, after: Duration| {
            add(rows, later(saw(1, Seen::no_tls("why")), after))
        };
        assert!(!look(&mut rows, Duration::ZERO));
        // However often within an hour.
        for _ in 0..9 {
            assert!(!look(&mut rows, SPACING / 2));
        }
        assert!(!look(&mut rows, SPACING));
        assert!(look(&mut rows, SPACING * 2));
        assert!(!look(&mut rows, SPACING * 3), "once");
        assert_eq!(rows.len(), 1);
        // Who is told by a member that saw it so often need not wait.
        let told = Note {
            is_sure: true,
            ..saw(2, Seen::no_tls("why"))
        };
        assert!(add(&mut rows, told));
    }

    #[test]
    fn what_was_dismissed_stays_so_and_hides_nothing_else() {
        let mut rows = Vec::new();
        add(&mut rows, saw_key(1, 1));
        let id = id_of(&rows[0].mismatch);
        rows[0].dismissed = true;
        assert!(!add(&mut rows, later(saw_key(1, 1), SPACING)));
        assert!(!add(&mut rows, saw_key(2, 1)), "by whomever it is seen");
        assert!(rows.iter().all(|row| row.dismissed));
        assert!(add(&mut rows, saw_key(1, 2)), "another key");
        let mut claimed = saw_key(1, 1);
        let door = NodeId::from_bytes([8; 32]);
        claimed.mismatch.claims.push(Claim { door, key: None });
        assert_ne!(id_of(&claimed.mismatch), id);
        assert!(add(&mut rows, claimed), "another door that claims it");
        assert!(
            !add(&mut rows, saw(1, Seen::Closed)),
            "it does not count yet"
        );
    }
}
