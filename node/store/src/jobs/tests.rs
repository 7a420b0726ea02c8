#![allow(clippy::unwrap_used)]
use std::io::Read;
use std::time::Duration;

use super::super::sample::{
    NOW, copy, held, job, job_row, lease, spool_files, spooled, store, user,
};
use super::super::{Granted, LocalUser, Store};
use super::*;

#[test]
fn a_job_is_found_by_the_beginning_of_its_id() {
    let (_home, store) = store().unwrap();
    for number in [0x11, 0x12, 0x21] {
        held(&store, number, "alice").unwrap();
    }
    let found = |digits: &str| store.jobs().beginning_with(digits, 2).unwrap();
    assert_eq!(found("111111"), [job(0x11)]);
    assert_eq!(found("11111"), [job(0x11)]);
    assert_eq!(found("1"), [job(0x11), job(0x12)]);
    assert_eq!(found(""), [job(0x11), job(0x12)]);
    assert_eq!(found(&job(0x21).to_string()), [job(0x21)]);
    assert!(found("13").is_empty() && found("ffff").is_empty());
}

#[test]
fn a_kept_job_is_there_after_the_process_dies() {
    let (home, store) = store().unwrap();
    let kept = held(&store, 1, "alice").unwrap();
    assert_eq!(kept.row.sealed_size, 15);
    // What would be on disk if the process were killed now, as far as this process can tell.
    let copied = copy(home.path());
    let copy = Store::open(copied.path()).unwrap();
    assert_eq!(copy.jobs().get(job(1)).unwrap(), Some(kept));
    let mut document = Vec::new();
    copy.jobs()
        .read(job(1), 7)
        .unwrap()
        .unwrap()
        .read_to_end(&mut document)
        .unwrap();
    assert_eq!(document, b"document");
}

#[test]
fn what_was_not_kept_leaves_nothing() {
    let (home, store) = store().unwrap();
    drop(store.spool(job(1), 0).unwrap());
    drop(spooled(&store, 2).unwrap());
    assert_eq!(spool_files(home.path()), [""; 0]);
}

#[test]
fn a_row_that_is_refused_takes_its_file_with_it() {
    let (home, store) = store().unwrap();
    let row = JobRow {
        sealed_meta: vec![0; 10_000],
        ..job_row("alice")
    };
    let refused = store.jobs().keep(spooled(&store, 1).unwrap(), row);
    assert!(matches!(
        refused,
        Err(StoreError::TooLarge { column: "jobs", .. })
    ));
    assert_eq!(spool_files(home.path()), [""; 0]);
    assert_eq!(store.jobs().get(job(1)).unwrap(), None);
    assert_eq!(store.jobs().count_of(&user("alice")).unwrap(), 0);
}

#[test]
fn what_is_found_late_does_not_replace_what_was_changed_meanwhile() {
    let (_home, store) = store().unwrap();
    let known = held(&store, 1, "alice").unwrap().row.sealed_meta;
    let jobs = store.jobs();
    assert!(
        jobs.replace_meta(job(1), &known, b"first".to_vec())
            .unwrap()
    );
    assert!(!jobs.replace_meta(job(1), &known, b"late".to_vec()).unwrap());
    assert_eq!(jobs.get(job(1)).unwrap().unwrap().row.sealed_meta, b"first");
    assert!(!jobs.replace_meta(job(2), &known, b"gone".to_vec()).unwrap());
}

#[test]
fn deleting_removes_row_index_and_file() {
    let (home, store) = store().unwrap();
    held(&store, 1, "alice").unwrap();
    held(&store, 2, "alice").unwrap();
    assert_eq!(
        store.jobs().delete(job(1), JobEnd::Expired, NOW).unwrap(),
        Deletion::Deleted
    );
    assert_eq!(
        store.jobs().delete(job(1), JobEnd::Expired, NOW).unwrap(),
        Deletion::Absent
    );
    assert_eq!(store.jobs().count_of(&user("alice")).unwrap(), 1);
    assert_eq!(spool_files(home.path()), [format!("{}.sealed", job(2))]);
    store.purge_deleted().unwrap();
    assert!(store.jobs().get(job(2)).unwrap().is_some());
}

#[test]
fn a_deleted_key_is_in_no_file_after_a_purge() {
    let (home, store) = store().unwrap();
    let key = b"a wrapped key to be looked for".to_vec();
    let row = JobRow {
        wrapped_key: key.clone(),
        ..job_row("alice")
    };
    store.jobs().keep(spooled(&store, 1).unwrap(), row).unwrap();
    let is_on_disk = || {
        std::fs::read_dir(home.path().join("store"))
            .unwrap()
            .any(|file| {
                std::fs::read(file.unwrap().path())
                    .unwrap()
                    .windows(key.len())
                    .any(|bytes| bytes == key)
            })
    };
    assert!(is_on_disk());
    assert!(store.left_behind().is_none());
    store.jobs().delete(job(1), JobEnd::Expired, NOW).unwrap();
    assert!(store.left_behind().is_some());
    store.purge_deleted().unwrap();
    assert!(!is_on_disk());
    assert!(store.left_behind().is_none());
}

#[test]
fn an_earlier_pin_verifier_is_in_no_file_after_a_purge() {
    let (home, store) = store().unwrap();
    let (alice, old) = (user("alice"), b"a verifier to be looked for".to_vec());
    let set = |pin: Option<Vec<u8>>| {
        store.local_users().change(&alice, |row| {
            *row = pin.clone().map(|pin| LocalUser {
                sealed_pin: Some(pin),
                ..LocalUser::default()
            });
        })
    };
    let is_on_disk = || {
        std::fs::read_dir(home.path().join("store"))
            .unwrap()
            .any(|file| {
                std::fs::read(file.unwrap().path())
                    .unwrap()
                    .windows(old.len())
                    .any(|bytes| bytes == old)
            })
    };
    for gone in [Some(b"another one".to_vec()), None] {
        set(Some(old.clone())).unwrap();
        store.purge_deleted().unwrap();
        assert!(is_on_disk());
        set(gone).unwrap();
        assert!(store.left_behind().is_some());
        store.purge_deleted().unwrap();
        assert!(!is_on_disk());
    }
}

#[test]
fn a_job_that_a_printer_has_already_is_born_with_its_lease() {
    let (home, store) = store().unwrap();
    let release = ReleaseId::from_bytes([1; 16]);
    let until = NOW + Duration::from_secs(90);
    let born = LeaseRow {
        streamed: true,
        ..lease(1, "alice", 1, until)
    };
    let initial = InitialState {
        lease: Some((release, born.clone())),
        ..InitialState::default()
    };
    let spooled = spooled(&store, 1).unwrap();
    store
        .jobs()
        .insert_with(spooled, job_row("alice"), initial)
        .unwrap();
    let copied = copy(home.path());
    let copy = Store::open(copied.path()).unwrap();
    assert_eq!(copy.leases().of_job(job(1)).unwrap(), Some((release, born)));
    let other = ReleaseId::from_bytes([2; 16]);
    let taken = copy.leases().grant(other, lease(1, "alice", 2, until), NOW);
    assert_eq!(taken.unwrap(), Granted::Held { until });
}

#[test]
fn a_document_is_read_while_it_is_written() {
    let (_home, store) = store().unwrap();
    let mut writer = store.spool(job(1), 0).unwrap();
    let tail = writer.tail().unwrap();
    let piece = vec![7; 600 * 1024];
    writer.write(&piece).unwrap();
    assert_eq!(writer.written(), piece.len() as u64);
    let mut read = vec![0; 100];
    assert_eq!(tail.read_at(&mut read, 1000).unwrap(), 100);
    assert_eq!(read, [7; 100]);
    assert_eq!(tail.read_at(&mut read, writer.written()).unwrap(), 0);
    // Under another name, and even without one.
    drop(writer.finish().unwrap());
    assert_eq!(tail.read_at(&mut read, 0).unwrap(), 100);
}

#[test]
fn a_leased_job_is_not_deleted() {
    let (_home, store) = store().unwrap();
    held(&store, 1, "alice").unwrap();
    let until = NOW + Duration::from_secs(90);
    let release = ReleaseId::from_bytes([1; 16]);
    assert_eq!(
        store
            .leases()
            .grant(release, lease(1, "alice", 1, until), NOW)
            .unwrap(),
        Granted::New
    );
    assert_eq!(
        store.jobs().delete(job(1), JobEnd::Expired, NOW).unwrap(),
        Deletion::Leased { until }
    );
    assert_eq!(
        store.jobs().delete(job(1), JobEnd::Expired, until).unwrap(),
        Deletion::Deleted
    );
}

#[test]
fn jobs_expire_in_the_order_of_their_time() {
    let (_home, store) = store().unwrap();
    for (number, seconds) in [(1, 20), (2, 10), (3, 30)] {
        let row = JobRow {
            expires_at: NOW + Duration::from_secs(seconds),
            ..job_row("alice")
        };
        store
            .jobs()
            .keep(spooled(&store, number).unwrap(), row)
            .unwrap();
    }
    let expired = |seconds, limit| {
        store
            .jobs()
            .expired(NOW + Duration::from_secs(seconds), limit)
            .unwrap()
    };
    assert_eq!(expired(9, 10), []);
    assert_eq!(expired(20, 10), [job(2), job(1)]);
    assert_eq!(expired(99, 1), [job(2)]);
}

#[test]
fn a_damaged_row_hurts_no_other_job_and_can_be_deleted() {
    let (_home, store) = store().unwrap();
    for number in 1..=3 {
        held(&store, number, "alice").unwrap();
    }
    let garbage = super::super::column::Column::<JobId, u64>::new(JOBS.name(), 16);
    let mut batch = store.inner.database.batch();
    batch.put(&garbage, &job(2), &7).unwrap();
    batch.commit(Durability::Synced).unwrap();

    assert!(matches!(
        store.jobs().get(job(2)),
        Err(StoreError::Row { column: "jobs", .. })
    ));
    let readable = store.jobs().of_user(&user("alice"), None, 10).unwrap();
    assert_eq!(
        readable.iter().map(|held| held.job).collect::<Vec<_>>(),
        [job(1), job(3)]
    );
    assert_eq!(store.jobs().all(None, 10).unwrap(), readable);

    assert_eq!(
        store.jobs().delete(job(2), JobEnd::Expired, NOW).unwrap(),
        Deletion::Deleted
    );
    assert_eq!(store.jobs().count_of(&user("alice")).unwrap(), 2);
    assert_eq!(
        store
            .jobs()
            .expired(NOW + Duration::from_secs(9999), 10)
            .unwrap(),
        [job(1), job(3)]
    );
}

#[test]
fn guesses_at_a_jobs_pin_are_counted_with_it() {
    let (home, store) = store().unwrap();
    held(&store, 1, "alice").unwrap();
    assert_eq!(store.jobs().count_guess(job(9), NOW).unwrap(), None);
    for number in 1..=3 {
        let counted = store.jobs().count_guess(job(1), NOW).unwrap();
        assert_eq!(counted.unwrap().unproven, number);
    }
    drop(store);
    let store = Store::open(home.path()).unwrap();
    let guesses = || store.jobs().get(job(1)).unwrap().unwrap().row.pin_guesses;
    assert_eq!(guesses().unproven, 3);
    assert!(store.jobs().forgive_guesses(job(1)).unwrap());
    assert_eq!(guesses().unproven, 0);
}

#[test]
fn marks_survive() {
    let (home, store) = store().unwrap();
    held(&store, 1, "alice").unwrap();
    assert!(store.jobs().set_protected(job(1), true).unwrap());
    assert!(!store.jobs().set_protected(job(9), true).unwrap());
    drop(store);
    let store = Store::open(home.path()).unwrap();
    assert!(store.jobs().get(job(1)).unwrap().unwrap().row.protected);
}

#[test]
fn an_offset_past_the_end_is_refused() {
    let (_home, store) = store().unwrap();
    held(&store, 1, "alice").unwrap();
    assert_eq!(store.jobs().read(job(1), 15).unwrap().unwrap().left(), 0);
    assert!(matches!(
        store.jobs().read(job(1), 16),
        Err(StoreError::Offset { len: 15, .. })
    ));
    assert!(store.jobs().read(job(2), 0).unwrap().is_none());
}
