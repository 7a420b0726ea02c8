//! Mails and documents in every order, with a crash after any step: what is held once is held once.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use papermesh_protocol::seal::StorageKey;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use papermesh_store::{Mailed, MailedKey, MailedRow};
use proptest::prelude::*;

use super::once::{self, AGAIN, Desk, Fate, KEPT, Mail, Names};

const NOW: Timestamp = Timestamp::from_secs(1_000_000);
/// A document that nobody can print.
const BAD: u8 = 7;

/// The node broke down.
#[derive(Debug)]
struct Crash;

/// What survives a crash.
#[derive(Default)]
struct Disk {
    rows: BTreeMap<MailedKey, MailedRow>,
    numbers: u32,
    /// By number: which document.
    jobs: BTreeMap<u32, u8>,
    /// Steps that are taken before the next crash; none for any number.
    left: Option<usize>,
}

impl Disk {
    /// A step, that is taken. The node may break down before it is known.
    fn step(&mut self) -> Result<(), Crash> {
        match &mut self.left {
            Some(0) => Err(Crash),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

struct At<'a> {
    disk: &'a Mutex<Disk>,
    documents: &'a [u8],
}

impl Desk for At<'_> {
    type Error = Crash;
    type Refusal = u8;

    async fn row(&self, key: MailedKey) -> Result<Option<MailedRow>, Crash> {
        Ok(self.disk.lock().unwrap().rows.get(&key).cloned())
    }

    async fn write(&self, key: MailedKey, row: Option<MailedRow>) -> Result<(), Crash> {
        let mut disk = self.disk.lock().unwrap();
        disk.step()?;
        match row {
            Some(row) => drop(disk.rows.insert(key, row)),
            None => drop(disk.rows.remove(&key)),
        }
        disk.step()
    }

    async fn number(&self) -> Result<u32, Crash> {
        let mut disk = self.disk.lock().unwrap();
        disk.numbers += 1;
        disk.step()?;
        Ok(disk.numbers)
    }

    async fn was_held(&self, number: u32) -> Result<bool, Crash> {
        Ok(self.disk.lock().unwrap().jobs.contains_key(&number))
    }

    async fn hold(&self, document: usize, number: u32) -> Result<Result<(), u8>, Crash> {
        let mut disk = self.disk.lock().unwrap();
        disk.step()?;
        let document = self.documents[document];
        if document == BAD {
            return Ok(Err(document));
        }
        let before = disk.jobs.insert(number, document);
        assert_eq!(before, None, "one number, two jobs");
        disk.step()?;
        Ok(Ok(()))
    }
}

/// Nothing here waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(done) => done,
        Poll::Pending => unreachable!("a desk without a disk waits for nothing"),
    }
}

fn names() -> Names {
    Names::new(&StorageKey::from_bytes([1; 32]))
}

fn dana() -> UserId {
    "dana".parse().unwrap()
}

/// Takes a mail; true once it may be taken from its server.
fn take(
    disk: &Mutex<Disk>,
    id: u8,
    documents: &[u8],
    at: Timestamp,
) -> Result<Vec<Fate<u8>>, Crash> {
    let user = dana();
    let desk = At { disk, documents };
    let key = names().mail(&user, Some(&id.to_string()), b"");
    let keys: Vec<_> = documents
        .iter()
        .map(|document| names().document(&user, &[*document]))
        .collect();
    now(async {
        if once::is_done(&desk, key).await? {
            return Ok(Vec::new());
        }
        let mail = Mail {
            user: &user,
            key,
            documents: &keys,
        };
        let fates = once::hold(&desk, &mail, at).await?;
        once::done(&desk, &user, key, at).await?;
        Ok(fates)
    })
}

/// Forgets what is long past.
fn sweep(disk: &Mutex<Disk>, at: Timestamp) {
    let rows = &mut disk.lock().unwrap().rows;
    let all = rows.iter().map(|(key, row)| (*key, row.at)).collect();
    for key in once::past(all, at) {
        rows.remove(&key);
    }
}

fn held(disk: &Mutex<Disk>) -> Vec<u8> {
    let mut held: Vec<u8> = disk.lock().unwrap().jobs.values().copied().collect();
    held.sort_unstable();
    held
}

#[test]
fn the_same_document_is_held_again_after_a_day_and_the_same_mail_is_not() {
    let disk = Mutex::new(Disk::default());
    let fates = take(&disk, 1, &[1, BAD, 1], NOW).unwrap();
    assert_eq!(fates, [Fate::Held(1), Fate::Refused(BAD), Fate::Twice]);
    let late = NOW + AGAIN;
    assert_eq!(take(&disk, 1, &[1], late).unwrap(), []);
    let soon = late - std::time::Duration::from_secs(1);
    assert_eq!(take(&disk, 2, &[1], soon).unwrap(), [Fate::Before(NOW)]);
    assert_eq!(take(&disk, 3, &[1], late).unwrap(), [Fate::Held(3)]);
    assert_eq!(held(&disk), [1, 1]);
}

#[test]
fn a_mail_that_was_half_done_is_finished_however_late() {
    let disk = Mutex::new(Disk::default());
    disk.lock().unwrap().left = Some(7);
    assert!(take(&disk, 1, &[1, 2], NOW).is_err());
    assert_eq!(held(&disk), [1]);
    disk.lock().unwrap().left = None;
    // The past is swept after a mail is done, and what was finished now is not of the past.
    let late = NOW + KEPT + KEPT;
    let fates = take(&disk, 1, &[1, 2], late).unwrap();
    assert!(
        matches!(fates[..], [Fate::Held(1), Fate::Held(_)]),
        "{fates:?}"
    );
    sweep(&disk, late);
    assert_eq!(held(&disk), [1, 2]);
    assert_eq!(take(&disk, 1, &[1, 2], late).unwrap(), []);
    let again = take(&disk, 2, &[1, 2], late).unwrap();
    assert_eq!(again, [Fate::Before(late), Fate::Before(late)]);
    sweep(&disk, late + KEPT);
    assert!(disk.lock().unwrap().rows.is_empty());
}

#[test]
fn what_is_oldest_goes_first() {
    let row = |at: u32| {
        let mut key = [0; 32];
        key[..4].copy_from_slice(&at.to_be_bytes());
        (key, NOW + std::time::Duration::from_secs(at.into()))
    };
    let all: Vec<_> = (0..2000).rev().map(row).collect();
    let oldest = once::oldest(all);
    assert_eq!(oldest.len(), 1024);
    assert!(oldest.iter().all(|key| *key < row(1024).0));
}

#[test]
fn users_and_kinds_are_told_apart() {
    let (dana, bob) = (dana(), "bob".parse().unwrap());
    let keys = [
        names().mail(&dana, Some("a"), b""),
        names().mail(&dana, None, b"a"),
        names().mail(&bob, Some("a"), b""),
        names().document(&dana, b"a"),
        names().document(&bob, b"a"),
        Names::new(&StorageKey::from_bytes([2; 32])).document(&bob, b"a"),
    ];
    assert_eq!(keys.into_iter().collect::<BTreeSet<_>>().len(), keys.len());
}

#[test]
fn rows_are_swept_when_they_are_old() {
    let home = tempfile::tempdir().unwrap();
    let store = papermesh_store::Store::open(home.path()).unwrap();
    let row = |at| MailedRow {
        user: dana(),
        at,
        what: Mailed::Mail,
    };
    store.mailed().put(&[1; 32], &row(NOW)).unwrap();
    store.mailed().put(&[2; 32], &row(NOW + AGAIN)).unwrap();
    once::sweep(&store, NOW + KEPT).unwrap();
    let left = store.mailed().scan(None, 9).unwrap();
    assert_eq!(left, [([2; 32], row(NOW + AGAIN))]);
}

proptest! {
    /// Each mail stays in the mailbox until it is done; after a crash all that is there comes again, and mails and
    /// documents come in any order, also more than once.
    #[test]
    fn every_document_is_held_once(
        mails in prop::collection::vec((0..6u8, prop::collection::vec(0..8u8, 0..5)), 1..12),
        crashes in prop::collection::vec(0..14usize, 0..20),
    ) {
        // Mails of one name are the same mail.
        let content: BTreeMap<u8, Vec<u8>> = mails.iter().cloned().collect();
        let mut mailbox: VecDeque<u8> = mails.iter().map(|(id, _)| *id).collect();
        let disk = Mutex::new(Disk::default());
        let mut crashes = crashes.into_iter();
        disk.lock().unwrap().left = crashes.next();
        while let Some(id) = mailbox.front() {
            match take(&disk, *id, &content[id], NOW) {
                Ok(_) => drop(mailbox.pop_front()),
                Err(Crash) => disk.lock().unwrap().left = crashes.next(),
            }
        }
        let sent: BTreeSet<u8> = content.values().flatten().copied().collect();
        let good: Vec<u8> = sent.into_iter().filter(|document| *document != BAD).collect();
        prop_assert_eq!(held(&disk), good);
    }
}
