//! The exposures that a node keeps: bounded, of each member a few, for a month. Blocks on the store.

use std::time::Duration;

use papermesh_protocol::time::Timestamp;
use papermesh_store::{EXPOSURES, ExposureRow, Store, StoreError, site};

/// How long one is kept.
const LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Those that are kept by the word of one member.
const BY_ONE: usize = 4;

/// Those that are kept, oldest first.
pub(super) fn all(store: &Store, now: Timestamp) -> Result<Vec<ExposureRow>, StoreError> {
    let mut rows = store.site().get(&site::EXPOSURES)?.unwrap_or_default();
    rows.retain(|row| row.at + LIFETIME > now);
    Ok(rows)
}

/// Keeps one more; false if it is known. The oldest one by the word of its member goes if there are too many.
pub(super) fn keep(store: &Store, exposure: ExposureRow) -> Result<bool, StoreError> {
    let mut is_new = false;
    store.site().change(&site::EXPOSURES, |rows| {
        is_new = add(rows, exposure);
    })?;
    Ok(is_new)
}

/// Notes that an admin knows of one.
pub(super) fn told(store: &Store, told: &ExposureRow) -> Result<(), StoreError> {
    store.site().change(&site::EXPOSURES, |rows| {
        for row in rows.iter_mut().filter(|row| is_same(row, told)) {
            row.told = true;
        }
    })
}

fn is_same(one: &ExposureRow, other: &ExposureRow) -> bool {
    let of = |row: &ExposureRow| {
        (
            row.by,
            row.door,
            row.sighting.name.clone(),
            row.sighting.key,
        )
    };
    of(one) == of(other)
}

fn add(rows: &mut Vec<ExposureRow>, exposure: ExposureRow) -> bool {
    rows.retain(|row| row.at + LIFETIME > exposure.at);
    if rows.iter().any(|row| is_same(row, &exposure)) {
        return false;
    }
    let by_it = |row: &ExposureRow| row.by == exposure.by;
    if rows.iter().filter(|row| by_it(row)).count() >= BY_ONE {
        // What is new is worth more: an old alarm, false perhaps, keeps no true one out.
        rows.iter()
            .position(by_it)
            .map(|oldest| rows.remove(oldest));
    } else if rows.len() >= EXPOSURES {
        rows.remove(0);
    }
    rows.push(exposure);
    true
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::gateway::sighting::Sighting;
    use papermesh_protocol::id::{KeyDigest, NodeId};

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn exposure(by: u8, key: u8) -> ExposureRow {
        let name = "desk.acme.gw.example".parse().unwrap();
        ExposureRow {
            by: NodeId::from_bytes([by; 32]),
            door: NodeId::from_bytes([9; 32]),
            sighting: Sighting::new(name, KeyDigest::from_bytes([key; 32]), "R11"),
            at: NOW,
            told: false,
        }
    }

    #[test]
    fn one_member_tells_little_and_none_pushes_out_all_others() {
        let mut rows = Vec::new();
        assert!(add(&mut rows, exposure(1, 1)));
        assert!(!add(&mut rows, exposure(1, 1)), "it is known");
        for key in 0..100 {
            assert!(add(&mut rows, exposure(2, key)));
        }
        let by_two: Vec<_> = rows
            .iter()
            .filter(|row| row.by == exposure(2, 0).by)
            .collect();
        assert_eq!(by_two.len(), BY_ONE);
        assert!(is_same(by_two[BY_ONE - 1], &exposure(2, 99)), "the newest");
        assert_eq!(rows[0].by, exposure(1, 1).by);
        for by in 3..100 {
            add(&mut rows, exposure(by, by));
        }
        assert_eq!(rows.len(), EXPOSURES);
    }

    #[test]
    fn they_are_forgotten_after_a_month() {
        let mut rows = vec![exposure(1, 1)];
        let later = ExposureRow {
            at: NOW + LIFETIME,
            ..exposure(1, 2)
        };
        assert!(add(&mut rows, later));
        assert_eq!(rows.len(), 1);
    }
}
