//! The mismatches that a node keeps: bounded, of each member a few, for a month. Blocks on the store.
//!
//! A false alarm is worse than none. So what may have a hundred reasons, no TLS, counts when it was seen again and again,
//! and what somebody looked into and dismissed does not count again, whoever sees it, until something of it is different.
//!
//! One member's word about one thing is one row: which doors claim the name is known a part at a time, as not all of
//! them can be asked each time.

use std::cmp::Reverse;
use std::time::Duration;

use data_encoding::HEXLOWER;
use papermesh_protocol::gateway::name::HostName;
use papermesh_protocol::gateway::sighting::{Mismatch, Seen};
use papermesh_protocol::id::NodeId;
use papermesh_protocol::limits;
use papermesh_protocol::time::Timestamp;
use papermesh_store::{DismissedRow, MismatchRow, SightingsRow, Store, StoreError, site};
use sha2::{Digest, Sha256};

/// How long one is kept after it was seen last.
const LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Those that are kept by the word of this node,
const BY_SELF: usize = 16;
/// of one other member,
const BY_ONE: usize = 4;
/// and of all others.
const BY_OTHERS: usize = 32;
/// Dismissals that are kept, however long ago they were.
const DISMISSED: usize = 32;
/// Doors of one dismissal: more than claim one name at a time.
const DOORS: usize = 4 * limits::CLAIMS;
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

/// Those that count, oldest first.
pub(super) fn all(store: &Store, now: Timestamp) -> Result<Vec<MismatchRow>, StoreError> {
    let mut rows = store.site().get(&site::SIGHTINGS)?.unwrap_or_default();
    (rows.mismatches).retain(|row| row.counts && row.last + LIFETIME > now);
    Ok(rows.mismatches)
}

/// Keeps one more, on this node: whether something of it counts that did not count before.
pub(super) fn keep(store: &Store, own: NodeId, note: Note) -> Result<bool, StoreError> {
    let mut is_news = false;
    store.site().change(&site::SIGHTINGS, |rows| {
        is_news = add(rows, own, note);
    })?;
    Ok(is_news)
}

/// A member saw a place as it should be: what it saw there before and was not sure of is forgotten.
pub(super) fn saw(store: &Store, by: NodeId, name: &HostName) -> Result<(), StoreError> {
    store.site().change(&site::SIGHTINGS, |rows| {
        let is_other = |row: &MismatchRow| row.by != by || row.mismatch.sighting.name != *name;
        rows.mismatches.retain(|row| row.counts || is_other(row));
    })
}

/// Notes that an admin knows of one, as it was told.
pub(super) fn told(store: &Store, told: &MismatchRow) -> Result<(), StoreError> {
    store.site().change(&site::SIGHTINGS, |rows| {
        for row in &mut rows.mismatches {
            // Not of a door that claims the name only since.
            row.told |= is_same(row, told.by, &told.mismatch)
                && row.mismatch.doors().all(|door| has(&told.mismatch, door));
        }
    })
}

/// Dismisses what has this id, whoever saw it: what it is; none if there is none.
pub(super) fn dismiss(
    store: &Store,
    id: &str,
    now: Timestamp,
) -> Result<Option<Mismatch>, StoreError> {
    let mut dismissed = None;
    store.site().change(&site::SIGHTINGS, |rows| {
        dismissed = put_aside(rows, id, now);
    })?;
    Ok(dismissed)
}

/// By what people name one: the same for all that are alike and claimed by the same doors. Whoever dismisses what they
/// looked into does not dismiss what a further door claims meanwhile.
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
    row.by == by && row.mismatch.sighting.is_like(&mismatch.sighting)
}

fn has(mismatch: &Mismatch, door: NodeId) -> bool {
    mismatch.doors().any(|known| known == door)
}

fn add(rows: &mut SightingsRow, own: NodeId, note: Note) -> bool {
    let SightingsRow {
        mismatches: rows,
        dismissed,
    } = rows;
    rows.retain(|row| row.last + LIFETIME > note.at);
    if let Some(row) = dismissal_of(dismissed, &note.mismatch) {
        if row.last + SPACING <= note.at {
            row.last = note.at;
        }
        return false;
    }
    if let Some(row) = (rows.iter_mut()).find(|row| is_same(row, note.by, &note.mismatch)) {
        return see_again(row, note);
    }
    let is_key = matches!(note.mismatch.sighting.seen, Seen::Key { .. });
    let counts = is_key || note.is_sure;
    if !make_room(rows, own, note.by, counts) {
        return false;
    }
    rows.push(MismatchRow {
        by: note.by,
        mismatch: note.mismatch,
        first: note.at,
        last: note.at,
        times: 1,
        counts,
        told: false,
    });
    counts
}

/// Somebody saw the same once more: whether something of it counts now that did not count before.
fn see_again(row: &mut MismatchRow, note: Note) -> bool {
    let known = row.mismatch.claims.clone();
    let is_further = (note.mismatch.doors()).any(|door| !has(&row.mismatch, door));
    let is_apart = row.last + SPACING <= note.at;
    if is_apart {
        row.times = row.times.saturating_add(1);
        row.last = note.at;
    }
    if is_apart || is_further {
        // The newest words are for people, and doors that could not be asked this time claim the name all the same.
        row.mismatch = note.mismatch;
        for claim in known {
            if row.mismatch.claims.len() < limits::CLAIMS && !has(&row.mismatch, claim.door) {
                row.mismatch.claims.push(claim);
            }
        }
    }
    row.told &= !is_further;
    let counted = row.counts;
    row.counts |= note.is_sure || row.times >= REPEATED;
    row.counts && (!counted || is_further)
}

/// Makes room for one more, if there is any for it. What counts goes last; of what counts what is new is worth more: an
/// old alarm, false perhaps, keeps no true one out. What does not count yet stays for its time if it is of the same
/// member: one that sees many places would else see none of them often enough.
fn make_room(rows: &mut Vec<MismatchRow>, own: NodeId, by: NodeId, counts: bool) -> bool {
    let of = |by: NodeId| rows.iter().filter(|row| row.by == by).count();
    let share = of(by);
    let is_share_full = share >= if by == own { BY_SELF } else { BY_ONE };
    let others = rows.iter().filter(|row| row.by != own).count();
    if !is_share_full && (by == own || others < BY_OTHERS) {
        return true;
    }
    let contends = |row: &MismatchRow| match is_share_full {
        true => row.by == by,
        false => row.by != own,
    };
    let may_go = |row: &MismatchRow| counts || !row.counts && of(row.by) > share + 1;
    let going = (rows.iter().enumerate())
        .filter(|(_, row)| contends(row) && may_go(row))
        // Of those who say the most.
        .max_by_key(|(place, row)| (!row.counts, of(row.by), Reverse(*place)))
        .map(|(place, _)| place);
    going.map(|place| rows.remove(place)).is_some()
}

/// What somebody looked into and dismissed, if this is nothing else: at most the same doors claim the name.
fn dismissal_of<'a>(
    dismissed: &'a mut [DismissedRow],
    mismatch: &Mismatch,
) -> Option<&'a mut DismissedRow> {
    (dismissed.iter_mut()).find(|row| is_covered(row, mismatch))
}

fn is_covered(dismissed: &DismissedRow, mismatch: &Mismatch) -> bool {
    dismissed.sighting.is_like(&mismatch.sighting)
        && mismatch.doors().all(|door| dismissed.doors.contains(&door))
}

fn put_aside(rows: &mut SightingsRow, id: &str, now: Timestamp) -> Option<Mismatch> {
    let mut rows_of_id = rows.mismatches.iter();
    let meant = rows_of_id.find(|row| row.counts && id_of(&row.mismatch) == id)?;
    let mismatch = meant.mismatch.clone();
    let known = (rows.dismissed.iter()).position(|row| row.sighting.is_like(&mismatch.sighting));
    let known = known.map(|place| rows.dismissed.remove(place).doors);
    let mut doors: Vec<NodeId> = mismatch.doors().collect();
    for door in known.unwrap_or_default() {
        if doors.len() < DOORS && !doors.contains(&door) {
            doors.push(door);
        }
    }
    if rows.dismissed.len() >= DISMISSED {
        let place = (rows.dismissed.iter().enumerate()).min_by_key(|(_, row)| row.last);
        let place = place.map(|(place, _)| place);
        place.map(|place| rows.dismissed.remove(place));
    }
    let row = DismissedRow {
        sighting: mismatch.sighting.clone(),
        doors,
        last: now,
    };
    (rows.mismatches).retain(|mismatch| !is_covered(&row, &mismatch.mismatch));
    rows.dismissed.push(row);
    Some(mismatch)
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

    /// This node.
    const OWN: NodeId = NodeId::from_bytes([0; 32]);

    fn add(rows: &mut SightingsRow, note: Note) -> bool {
        super::add(rows, OWN, note)
    }

    fn at(note: Note, name: u32) -> Note {
        let name = format!("p{name}.acme.gw.example").parse().unwrap();
        let mut note = note;
        note.mismatch.sighting.name = name;
        note
    }

    fn claimed(note: Note, doors: &[u8]) -> Note {
        let claim = |door: &u8| Claim {
            door: NodeId::from_bytes([*door; 32]),
            key: None,
        };
        let mut note = note;
        note.mismatch.claims = doors.iter().map(claim).collect();
        note
    }

    fn of(rows: &SightingsRow, by: u8) -> Vec<&MismatchRow> {
        let by = NodeId::from_bytes([by; 32]);
        (rows.mismatches.iter())
            .filter(|row| row.by == by)
            .collect()
    }

    fn counting(rows: &SightingsRow) -> usize {
        rows.mismatches.iter().filter(|row| row.counts).count()
    }

    #[test]
    fn one_member_tells_little_and_none_pushes_out_all_others() {
        let mut rows = SightingsRow::default();
        assert!(add(&mut rows, saw_key(1, 1)));
        assert!(!add(&mut rows, saw_key(1, 1)), "it is known");
        for key in 0..100 {
            assert!(add(&mut rows, saw_key(2, key)));
        }
        assert_eq!(of(&rows, 2).len(), BY_ONE);
        let newest = saw_key(2, 99);
        assert!(is_same(
            of(&rows, 2)[BY_ONE - 1],
            newest.by,
            &newest.mismatch
        ));
        for by in 3..=12 {
            for key in 0..9 {
                add(&mut rows, saw_key(by, key));
            }
        }
        assert_eq!(rows.mismatches.len(), BY_OTHERS);
        assert_eq!(of(&rows, 1).len(), 1, "those who say the most make room");
        // What this node saw itself has room of its own.
        for key in 0..100 {
            assert!(add(&mut rows, saw_key(0, key)));
        }
        assert_eq!(of(&rows, 0).len(), BY_SELF);
        assert_eq!(rows.mismatches.len(), BY_OTHERS + BY_SELF);
    }

    #[test]
    fn what_does_not_count_pushes_out_nothing_that_does() {
        let mut rows = SightingsRow::default();
        for by in 1..=8 {
            for key in 0..4 {
                assert!(add(&mut rows, saw_key(by, key)));
            }
        }
        assert_eq!(counting(&rows), BY_OTHERS);
        for by in 1..=20 {
            for name in 0..9 {
                assert!(!add(&mut rows, at(saw(by, Seen::Closed), name)));
            }
        }
        assert_eq!(counting(&rows), BY_OTHERS);
        // And it makes room for what does: also where others have told of everything that they may.
        let mut rows = SightingsRow::default();
        for by in 1..=20 {
            for name in 0..9 {
                add(&mut rows, at(saw(by, Seen::Closed), name));
            }
        }
        assert_eq!((rows.mismatches.len(), counting(&rows)), (BY_OTHERS, 0));
        assert!((1..=12).all(|by| !of(&rows, by).is_empty()));
        for by in 1..=12 {
            assert!(add(&mut rows, saw_key(by, 1)));
        }
        assert_eq!((rows.mismatches.len(), counting(&rows)), (BY_OTHERS, 12));
    }

    /// However many places are looked at in turn.
    #[test]
    fn what_is_seen_everywhere_is_seen_often_enough() {
        for (by, share) in [(0, BY_SELF), (1, BY_ONE)] {
            let mut rows = SightingsRow::default();
            for round in 0..REPEATED {
                for name in 0..40 {
                    let note = at(saw(by, Seen::no_tls("why")), name);
                    add(&mut rows, later(note, SPACING * round));
                }
            }
            assert_eq!(counting(&rows), share);
        }
    }

    #[test]
    fn they_are_forgotten_a_month_after_they_were_seen_last() {
        let mut rows = SightingsRow::default();
        add(&mut rows, saw_key(1, 1));
        add(&mut rows, later(saw_key(1, 1), LIFETIME / 2));
        add(&mut rows, later(saw_key(1, 2), LIFETIME));
        assert_eq!(rows.mismatches.len(), 2);
        add(&mut rows, later(saw_key(1, 3), LIFETIME * 3 / 2));
        assert_eq!(rows.mismatches.len(), 2);
    }

    #[test]
    fn no_tls_counts_when_it_was_seen_again_and_again() {
        let mut rows = SightingsRow::default();
        let look = |rows: &mut SightingsRow, after: Duration| {
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
        assert_eq!(rows.mismatches.len(), 1);
        // Who is told by a member that saw it so often need not wait.
        let told = Note {
            is_sure: true,
            ..saw(2, Seen::no_tls("why"))
        };
        assert!(add(&mut rows, told));
    }

    /// Which doors claim a name is asked of many, of which some are away.
    #[test]
    fn one_place_is_one_row_whoever_could_be_asked_who_claims_it() {
        let mut rows = SightingsRow::default();
        let looks: [&[u8]; REPEATED as usize] = [&[9, 8], &[9], &[7, 9]];
        for (place, doors) in (0..).zip(looks) {
            let note = later(saw(1, Seen::no_tls("why")), SPACING * place);
            let counts = add(&mut rows, claimed(note, doors));
            assert_eq!(counts, place + 1 == REPEATED);
        }
        let mut doors: Vec<NodeId> = rows.mismatches[0].mismatch.doors().collect();
        doors.sort_unstable();
        assert_eq!(doors, [7, 8, 9].map(|door| NodeId::from_bytes([door; 32])));
        let id = id_of(&rows.mismatches[0].mismatch);
        rows.mismatches[0].told = true;

        let late = later(saw(1, Seen::no_tls("why")), SPACING * 9);
        assert!(!add(&mut rows, claimed(late.clone(), &[9])));
        assert!(rows.mismatches[0].told && id_of(&rows.mismatches[0].mismatch) == id);
        assert!(
            add(&mut rows, claimed(late.clone(), &[9, 6])),
            "a further door"
        );
        assert!(!rows.mismatches[0].told && id_of(&rows.mismatches[0].mismatch) != id);
        assert!(!add(&mut rows, claimed(late.clone(), &[8, 7])));
        // Never more than may be told.
        for door in 10..30 {
            add(&mut rows, claimed(late.clone(), &[9, door]));
        }
        assert_eq!(rows.mismatches.len(), 1);
        assert!(rows.mismatches[0].mismatch.cleaned().is_some());
    }

    #[test]
    fn what_was_dismissed_stays_so_and_hides_nothing_else() {
        let mut rows = SightingsRow::default();
        add(&mut rows, claimed(saw_key(1, 1), &[9, 8]));
        add(&mut rows, claimed(saw_key(2, 1), &[9]));
        add(&mut rows, claimed(saw_key(3, 1), &[9, 7]));
        let id = id_of(&rows.mismatches[0].mismatch);
        assert!(put_aside(&mut rows, "none", NOW).is_none());
        assert!(put_aside(&mut rows, &id, NOW).is_some());
        assert_eq!(rows.mismatches.len(), 1, "what another door claims stays");
        assert!(put_aside(&mut rows, &id, NOW).is_none(), "it is gone");
        let id = id_of(&rows.mismatches[0].mismatch);
        assert!(put_aside(&mut rows, &id, NOW).is_some());
        assert_eq!(rows.dismissed.len(), 1);
        // Whoever sees it, whoever of them could be asked, and however many rows have come and gone since.
        let late = LIFETIME * 9;
        for key in 10..200 {
            add(&mut rows, later(saw_key(key, key), late));
        }
        for doors in [&[9, 8][..], &[9], &[7, 8]] {
            for by in [0, 1, 2] {
                assert!(!add(&mut rows, claimed(later(saw_key(by, 1), late), doors)));
            }
        }
        assert!(add(&mut rows, later(saw_key(1, 2), late)), "another key");
        let further = claimed(later(saw_key(1, 1), late), &[9, 6]);
        assert!(add(&mut rows, further), "another door that claims it");
        assert!(
            !add(&mut rows, later(saw(1, Seen::Closed), late)),
            "it does not count yet"
        );
    }

    #[test]
    fn of_dismissals_the_one_goes_that_was_not_seen_the_longest() {
        let mut rows = SightingsRow::default();
        let last = u8::try_from(DISMISSED).unwrap();
        for key in 0..=last {
            let note = later(saw_key(0, key), Duration::from_secs(u64::from(key)));
            add(&mut rows, note.clone());
            assert!(put_aside(&mut rows, &id_of(&note.mismatch), note.at).is_some());
            assert!(!add(&mut rows, later(saw_key(1, 0), SPACING * 2)));
        }
        assert_eq!(rows.dismissed.len(), DISMISSED);
        assert!(!add(&mut rows, saw_key(1, 0)));
        assert!(add(&mut rows, saw_key(1, 1)));
        // However many doors have claimed one name in turn.
        for door in 10..90 {
            let note = claimed(saw_key(1, 200), &[9, door]);
            add(&mut rows, note.clone());
            assert!(put_aside(&mut rows, &id_of(&note.mismatch), NOW).is_some());
        }
        assert!(rows.dismissed.iter().all(|row| row.doors.len() <= DOORS));
    }

    #[test]
    fn the_longest_of_them_have_room() {
        let label = "a".repeat(62);
        let name: HostName = format!("{label}.{label}.{label}.{label}").parse().unwrap();
        let mut note = claimed(saw(0, Seen::no_tls(&"why ".repeat(99))), &[1, 2, 3, 4]);
        note.mismatch.sighting.name = name;
        for claim in &mut note.mismatch.claims {
            claim.key = Some(KeyDigest::from_bytes([255; 32]));
        }
        let mismatch = MismatchRow {
            by: note.by,
            mismatch: note.mismatch.clone(),
            first: NOW,
            last: NOW,
            times: u32::MAX,
            counts: true,
            told: true,
        };
        let dismissed = DismissedRow {
            sighting: note.mismatch.sighting,
            doors: vec![note.by; DOORS],
            last: NOW,
        };
        let rows = SightingsRow {
            mismatches: vec![mismatch; BY_SELF + BY_OTHERS],
            dismissed: vec![dismissed; DISMISSED],
        };
        let (_home, store) = store();
        store.site().put(&site::SIGHTINGS, &rows).unwrap();
        assert_eq!(store.site().get(&site::SIGHTINGS).unwrap(), Some(rows));
    }

    fn store() -> (tempfile::TempDir, Store) {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path()).unwrap();
        (home, store)
    }
}
