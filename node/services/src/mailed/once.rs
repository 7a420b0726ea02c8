//! That nothing that comes by mail is held twice, or lost.
//!
//! A mail stays with its server until all is done, and comes again after a crash. So each step is written down before it
//! is taken: the number that a document's job is going to have, then the job, then that it is held. Whoever finds a
//! number and does not find whether it is held asks whether such a job ever was. A mail is done when that is written
//! down, and may only then be taken from its server.
//!
//! A document that came with another mail within [`AGAIN`] is not held again. What belongs to one mail is remembered for
//! [`KEPT`], however long this node was off meanwhile: the past is swept after a mail is done and never before, and what comes
//! again is remembered anew.

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use papermesh_protocol::seal::StorageKey;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use papermesh_store::{MAILED_MAX, Mailed, MailedKey, MailedRow, Store, StoreError};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// How long the same document is not held again.
pub const AGAIN: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a mail and its documents are remembered.
pub const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Rows from which on those go that are older than [`AGAIN`].
const MANY: usize = MAILED_MAX / 2;
/// Rows that go where there is no room.
const ROOM: usize = MAILED_MAX / 16;
/// Rows that are read from the store at once.
const PAGE: usize = 512;

/// Names mails and documents: by digests under a key of this node, so that nobody who reads the disk can try out what they
/// were.
#[derive(Clone)]
pub struct Names(Zeroizing<[u8; 32]>);

impl Names {
    /// The names that this node gives, which has this key.
    #[must_use]
    pub fn new(storage: &StorageKey) -> Self {
        let digest = Sha256::new_with_prefix("papermesh mailed").chain_update(storage.expose());
        Self(Zeroizing::new(digest.finalize().into()))
    }

    /// Names a mail of a user: by its own name, or else by its bytes.
    #[must_use]
    pub fn mail(&self, user: &UserId, id: Option<&str>, mail: &[u8]) -> MailedKey {
        match id {
            Some(id) => self.name("mail", user, id.as_bytes()),
            None => self.name("nameless mail", user, mail),
        }
    }

    /// Names a document of a user.
    #[must_use]
    pub fn document(&self, user: &UserId, document: &[u8]) -> MailedKey {
        self.name("document", user, document)
    }

    fn name(&self, what: &str, user: &UserId, bytes: &[u8]) -> MailedKey {
        let mut digest = Sha256::new_with_prefix(*self.0);
        for part in [what, user.as_str()] {
            digest.update(part.as_bytes());
            digest.update([0]);
        }
        digest.update(bytes);
        digest.finalize().into()
    }
}

/// A mail whose documents are to be held.
#[derive(Clone, Debug)]
pub struct Mail<'a> {
    /// Who sent it.
    pub user: &'a UserId,
    /// Names it.
    pub key: MailedKey,
    /// Name its documents.
    pub documents: &'a [MailedKey],
}

/// What became of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate<R> {
    /// It is held, or was, under this number.
    Held(u32),
    /// It came with another mail then, and is not held again.
    Before(Timestamp),
    /// The mail has it twice.
    Twice,
    /// It is not held.
    Refused(R),
}

/// What is done with documents. What a call changes is durable when it returns.
pub trait Desk: Sync {
    /// Why it cannot be gone on now.
    type Error: Send;
    /// Why a document is not held, and would not be the next time.
    type Refusal: Send;

    /// What is written down.
    fn row(
        &self,
        key: MailedKey,
    ) -> impl Future<Output = Result<Option<MailedRow>, Self::Error>> + Send;

    /// Writes something down, or strikes it out.
    fn write(
        &self,
        key: MailedKey,
        row: Option<MailedRow>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// A number that no job has or had.
    fn number(&self) -> impl Future<Output = Result<u32, Self::Error>> + Send;

    /// Whether there is or was a job with this number.
    fn was_held(&self, number: u32) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// Holds one of the mail's documents under this number.
    fn hold(
        &self,
        document: usize,
        number: u32,
    ) -> impl Future<Output = Result<Result<(), Self::Refusal>, Self::Error>> + Send;
}

/// Whether all is done that a mail asks for.
///
/// # Errors
/// Those of the desk.
pub async fn is_done<D: Desk>(desk: &D, mail: MailedKey) -> Result<bool, D::Error> {
    Ok(desk.row(mail).await?.is_some())
}

/// Writes down that all is done that a mail asks for.
///
/// # Errors
/// Those of the desk.
pub async fn done<D: Desk>(
    desk: &D,
    user: &UserId,
    mail: MailedKey,
    now: Timestamp,
) -> Result<(), D::Error> {
    let row = MailedRow {
        user: user.clone(),
        at: now,
        what: Mailed::Mail,
    };
    desk.write(mail, Some(row)).await
}

/// Holds the documents of a mail, or finds that they are held.
///
/// # Errors
/// Those of the desk: then some of them may be held, and it is to be begun anew.
pub async fn hold<D: Desk>(
    desk: &D,
    mail: &Mail<'_>,
    now: Timestamp,
) -> Result<Vec<Fate<D::Refusal>>, D::Error> {
    let mut fates = Vec::with_capacity(mail.documents.len());
    let mut seen = BTreeSet::new();
    for (at, key) in mail.documents.iter().enumerate() {
        fates.push(match seen.insert(key) {
            true => document(desk, mail, (at, *key), now).await?,
            false => Fate::Twice,
        });
    }
    Ok(fates)
}

async fn document<D: Desk>(
    desk: &D,
    mail: &Mail<'_>,
    (at, key): (usize, MailedKey),
    now: Timestamp,
) -> Result<Fate<D::Refusal>, D::Error> {
    let written = |number, held| MailedRow {
        user: mail.user.clone(),
        at: now,
        what: Mailed::Document {
            mail: mail.key.into(),
            number,
            held,
        },
    };
    let mut begun = None;
    if let Some(row) = desk.row(key).await?
        && let Mailed::Document {
            mail: of,
            number,
            held,
        } = row.what
    {
        let is_of_this = *of == mail.key;
        let is_held = held || desk.was_held(number).await?;
        match (is_held, is_of_this) {
            (true, true) => {
                desk.write(key, Some(written(number, true))).await?;
                return Ok(Fate::Held(number));
            }
            (true, false) if now.since(row.at) < AGAIN => return Ok(Fate::Before(row.at)),
            (true, false) => {}
            (false, _) => begun = Some(number),
        }
    }
    let number = match begun {
        Some(number) => number,
        None => desk.number().await?,
    };
    desk.write(key, Some(written(number, false))).await?;
    match desk.hold(at, number).await? {
        Ok(()) => {
            desk.write(key, Some(written(number, true))).await?;
            Ok(Fate::Held(number))
        }
        Err(refusal) => {
            desk.write(key, None).await?;
            Ok(Fate::Refused(refusal))
        }
    }
}

/// Forgets what is long past. To be called when a mail is done. Blocks.
///
/// # Errors
/// Those of the store.
pub fn sweep(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let mut past = past(all(store)?, now).into_iter();
    past.try_for_each(|key| store.mailed().delete(&key))
}

/// What is long past.
pub(super) fn past(all: Vec<(MailedKey, Timestamp)>, now: Timestamp) -> Vec<MailedKey> {
    let kept = match all.len() < MANY {
        true => KEPT,
        false => AGAIN,
    };
    let past = all.into_iter().filter(|(_, at)| now.since(*at) >= kept);
    past.map(|(key, _)| key).collect()
}

/// Writes something down. Where there is no room, what is oldest is forgotten: so nobody who mails much keeps others from it.
/// Blocks.
///
/// # Errors
/// Those of the store.
pub fn put(store: &Store, key: &MailedKey, row: &MailedRow) -> Result<(), StoreError> {
    match store.mailed().put(key, row) {
        Err(StoreError::TooMany { .. }) => {
            let mut oldest = oldest(all(store)?).into_iter();
            oldest.try_for_each(|key| store.mailed().delete(&key))?;
            store.mailed().put(key, row)
        }
        put => put,
    }
}

/// What is forgotten where there is no room.
pub(super) fn oldest(mut all: Vec<(MailedKey, Timestamp)>) -> Vec<MailedKey> {
    all.sort_unstable_by_key(|(_, at)| *at);
    let oldest = all.into_iter().take(ROOM);
    oldest.map(|(key, _)| key).collect()
}

/// What is written down of a mail or a document. What cannot be read is as if it were not there: it must not keep others
/// waiting. Blocks.
///
/// # Errors
/// Those of the store that concern more than this.
pub fn row(store: &Store, key: &MailedKey) -> Result<Option<MailedRow>, StoreError> {
    match store.mailed().get(key) {
        Err(error @ StoreError::Row { .. }) => {
            tracing::error!(%error, "what is written down of a mail cannot be read");
            Ok(None)
        }
        row => row,
    }
}

fn all(store: &Store) -> Result<Vec<(MailedKey, Timestamp)>, StoreError> {
    let mut all: Vec<(MailedKey, Timestamp)> = Vec::new();
    loop {
        let page = store.mailed().scan(all.last().map(|(key, _)| key), PAGE)?;
        let is_last = page.len() < PAGE;
        all.extend(page.into_iter().map(|(key, row)| (key, row.at)));
        if is_last {
            return Ok(all);
        }
    }
}
