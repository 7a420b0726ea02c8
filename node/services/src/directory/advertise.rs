//! Telling the DHT that this node holds jobs, and that it does not any more.
//!
//! [`Directory::announce`] looks into the store and says whatever is true of a user now, so
//! callers need not keep count: after a job came or went they call it, and the timer does, too. An
//! advert says that there are jobs, never which or how many.
//!
//! A computer that its user enrolled or linked keeps its withdrawn advert alive as well: a printer
//! finds there somebody who can check the PIN of a user without jobs.

use std::borrow::Cow;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::StreamExt;
use papermesh_mesh::MeshError;
use papermesh_protocol::advert::{AdvertSet, Advertiser, Delegated};
use papermesh_protocol::certificate::Role;
use papermesh_protocol::codec::CodecError;
use papermesh_protocol::delegation::{Delegation, DelegationError};
use papermesh_protocol::id::UserKey;
use papermesh_protocol::limits;
use papermesh_protocol::lookup;
use papermesh_protocol::record::DirectoryRecord;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::signed::SignedError;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use papermesh_store::offload::offload;
use papermesh_store::{LocalUser, Store, StoreError};
use rand::RngExt;
use tokio::time::{Instant, sleep_until};

use super::Directory;
use crate::network::{Change, Network};

/// Users that are read from the store at once.
const PAGE: usize = 256;
/// Other members that should have an advert: with fewer, it is put again when members arrive.
const WELL_PLACED: usize = 3;
/// How long changes of the mesh are collected before adverts are put again.
const SETTLING: Duration = Duration::from_secs(1);
/// The least time between two rounds over all users.
const BETWEEN_ROUNDS: Duration = Duration::from_secs(15);

/// Why something was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The mesh failed.
    #[error(transparent)]
    Mesh(#[from] MeshError),
    /// The record could not be made.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// The advert could not be signed.
    #[error(transparent)]
    Signed(#[from] SignedError),
    /// The user's delegation to this node is not valid any more.
    #[error("this computer's delegation from the user is invalid: {0}")]
    Delegation(#[from] DelegationError),
    /// This node may not hold for the user at all.
    #[error("this node may not hold jobs for this user")]
    NoRight,
}

impl Remedy for PublishError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::Store(error) => return error.remedy(),
            Self::Mesh(error) => return error.remedy(),
            Self::Delegation(_) => "run `papermesh user link` again",
            _ => return None,
        };
        Some(remedy.into())
    }
}

/// What is to be said of a user.
struct Word {
    row: LocalUser,
    withdrawn: bool,
}

impl<N: Network> Directory<N> {
    /// Says in the DHT what is true of a user now: that jobs are held here, or, if that was said
    /// and is true no more, that none are. Returns how many other members took it.
    pub async fn announce(&self, user: &UserId) -> Result<usize, PublishError> {
        let signing = self.0.signing.lock().await;
        self.0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(user);
        let name = user.clone();
        let word = offload(&self.0.store, move |store| -> Result<_, PublishError> {
            Ok(word(store, &name)?)
        })
        .await?;
        let Some(Word { row, withdrawn }) = word else {
            return Ok(0);
        };
        let advert = {
            let now = self.0.membership.now();
            let certificate = self.0.membership.certificate();
            let delegation = self.delegated(user, &row, now)?;
            let advertiser = Advertiser {
                key: &self.0.key,
                certificate: &certificate,
                user,
                delegation,
            };
            advertiser.sign(
                row.advert_sequence,
                &self.0.network.addresses(),
                withdrawn,
                now,
            )?
        };
        let (name, sequence) = (user.clone(), advert.sequence);
        // Before it is out: two adverts with one sequence number would contradict each other.
        let before: Result<(), StoreError> = offload(&self.0.store, move |store| {
            store.local_users().change(&name, |row| {
                if let Some(row) = row {
                    row.advert_sequence = row.advert_sequence.max(sequence);
                    row.advertised = true;
                }
            })
        })
        .await;
        before?;
        drop(signing);
        let mut set = AdvertSet::default();
        set.insert(advert);
        let place = lookup::adverts_key(self.0.membership.secret(), user);
        let placed = match self.put(place, &DirectoryRecord::Adverts(set)).await {
            // It is stored here, and others take it when there are others.
            Err(PublishError::Mesh(MeshError::NotStored)) => 0,
            placed => placed?,
        };
        if placed < WELL_PLACED {
            self.0.unplaced.store(true, Ordering::Relaxed);
        }
        if withdrawn {
            self.forget_advert(user, sequence).await?;
        }
        Ok(placed)
    }

    /// As [`Directory::announce`], in the background; failures are told to the log.
    pub(crate) fn announce_soon(&self, user: &UserId) {
        if !self
            .0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(user.clone())
        {
            return;
        }
        let (directory, user) = (self.clone(), user.clone());
        tokio::spawn(async move {
            if let Err(error) = directory.announce(&user).await {
                tracing::warn!(%user, error = %error.in_full(), "could not advertise; will retry");
            }
        });
    }

    /// Keeps adverts and entries alive until the runtime ends: signs anew in time, and puts again
    /// when members arrive that should have them or when this node's addresses change.
    pub async fn run(self) {
        let mut changes = self.0.network.changes().fuse();
        let mut due = Instant::now();
        let mut last_round = None::<Instant>;
        loop {
            tokio::select! {
                () = sleep_until(due) => {}
                change = changes.next() => {
                    let moved = match change {
                        None => return,
                        Some(Change::Moved) => true,
                        Some(Change::Arrived(_)) => false,
                    };
                    if moved || self.0.unplaced.load(Ordering::Relaxed) {
                        let earliest = last_round.map_or_else(Instant::now, |last| last + BETWEEN_ROUNDS);
                        due = due.min(earliest.max(Instant::now() + SETTLING));
                    }
                    continue;
                }
            }
            self.0.unplaced.store(false, Ordering::Relaxed);
            self.round().await;
            let now = Instant::now();
            last_round = Some(now);
            due = now + jittered(limits::ADVERT_REFRESH);
        }
    }

    /// One round over everybody for whom something is held or was said.
    async fn round(&self) {
        let mut after: Option<UserId> = None;
        loop {
            let from = after.take();
            let users: Result<Vec<(UserId, LocalUser)>, StoreError> =
                offload(&self.0.store, move |store| {
                    store.local_users().scan(from.as_ref(), PAGE)
                })
                .await;
            let users = match users {
                Ok(users) => users,
                Err(error) => {
                    tracing::error!(error = %error.in_full(), "could not renew adverts");
                    return;
                }
            };
            for (user, row) in &users {
                self.renew_entry_soon(user);
                if let Err(error) = self.announce(user).await {
                    tracing::warn!(%user, error = %error.in_full(), "could not advertise; will retry");
                }
                self.republish_entry(row).await;
            }
            if users.len() < PAGE {
                return;
            }
            after = users.last().map(|(user, _)| user.clone());
        }
    }

    /// Any member may publish what the authority signed; the users' own computers do, so that
    /// their entries are found as long as their jobs are.
    async fn republish_entry(&self, row: &LocalUser) {
        let Some(entry) = &row.entry else { return };
        let charter = self.0.membership.charter();
        if let Ok(entry) = papermesh_protocol::user::UserEntry::verify(entry, &charter) {
            let place = lookup::user_entry_key(self.0.membership.secret(), &entry.user);
            if let Err(error) = self.put(place, &DirectoryRecord::UserEntry(entry)).await {
                tracing::debug!(error = %error.in_full(), "could not republish a user's entry");
            }
        }
    }

    fn delegated(
        &self,
        user: &UserId,
        row: &LocalUser,
        now: Timestamp,
    ) -> Result<Option<Delegated>, PublishError> {
        let membership = &self.0.membership;
        let roles = membership.certificate().roles;
        let Some(delegation) = &row.delegation else {
            return if roles.has(Role::SharedClient) {
                Ok(None)
            } else {
                Err(PublishError::NoRight)
            };
        };
        let key = UserKey::from_bytes(*delegation.signer());
        match Delegation::verify(
            delegation,
            key,
            (membership.site(), user, membership.node()),
            now,
        ) {
            Ok(_) => Ok(Some(Delegated {
                key,
                delegation: delegation.clone(),
            })),
            Err(_) if roles.has(Role::SharedClient) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Notes that nothing is said of the user any more, unless something was said since.
    async fn forget_advert(&self, user: &UserId, sequence: u64) -> Result<(), PublishError> {
        let name = user.clone();
        offload(&self.0.store, move |store| -> Result<(), PublishError> {
            store.local_users().change(&name, |row| {
                if let Some(row) = row.as_mut().filter(|row| row.advert_sequence == sequence) {
                    row.advertised = false;
                }
            })?;
            Ok(())
        })
        .await
    }
}

/// What is to be said of a user, if anything.
fn word(store: &Store, user: &UserId) -> Result<Option<Word>, StoreError> {
    let Some(row) = store.local_users().get(user)? else {
        return Ok(None);
    };
    let withdrawn = store.jobs().count_of(user)? == 0;
    let said = !withdrawn || row.advertised || row.delegation.is_some();
    Ok(said.then_some(Word { row, withdrawn }))
}

/// A little earlier, by chance, so that a site that was switched on together spreads out.
fn jittered(period: Duration) -> Duration {
    period.mul_f64(rand::rng().random_range(0.85..1.0))
}
