//! What the authority says of users and badges: asked of the DHT, remembered, and published.
//!
//! A node that was once asked answers from memory while the DHT is slow, and asks again in the
//! background of the next question. Older entries than one already seen are replays, also after a
//! restart: the store keeps their sequence numbers as floors.

use std::sync::PoisonError;
use std::time::Duration;

use futures::StreamExt;
use papermesh_protocol::id::{BadgeTag, RecordKey};
use papermesh_protocol::limits;
use papermesh_protocol::lookup;
use papermesh_protocol::record::DirectoryRecord;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::SiteState;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::user::{Badge, UserEntry};
use papermesh_store::offload::offload;
use papermesh_store::{Floor, StoreError};
use tokio::time::timeout;

use super::Directory;
use super::advertise::PublishError;
use crate::network::Network;

/// How long an entry is taken from memory without asking anybody.
const FRESH: Duration = Duration::from_secs(60);
/// How long to wait for the DHT when there is an older entry in memory.
const RENEWAL: Duration = Duration::from_millis(300);
/// How long to wait for the DHT when there is none.
const LOOKUP: Duration = Duration::from_secs(3);
/// How long to wait for a newer record after the first believable one.
const NEWER: Duration = Duration::from_millis(100);
/// Entries kept in memory.
const REMEMBERED: usize = 4096;

/// An entry in memory, and when it was asked for.
pub(super) struct Known {
    entry: Signed<UserEntry>,
    asked_at: Timestamp,
}

impl<N: Network> Directory<N> {
    /// What the authority says of a user; none if nobody who answers knows the user.
    pub async fn user_entry(&self, user: &UserId) -> Option<Signed<UserEntry>> {
        let now = self.0.membership.now();
        let known = self.known_entry(user).await;
        if let Some((entry, asked_at)) = &known
            && now.since(*asked_at) < FRESH
        {
            return Some(entry.clone());
        }
        let wait = if known.is_some() { RENEWAL } else { LOOKUP };
        let floor = known.as_ref().map_or(0, |(entry, _)| entry.sequence);
        let place = lookup::user_entry_key(self.0.membership.secret(), user);
        let asked = self.newest(place, wait, |record| match record {
            DirectoryRecord::UserEntry(entry) if entry.user == *user && entry.sequence >= floor => {
                Some((entry.sequence, entry))
            }
            _ => None,
        });
        if let Some(entry) = asked.await
            && self.not_replayed(place, entry.sequence).await
        {
            self.remember(&entry, now).await;
            return Some(entry);
        }
        known.map(|(entry, _)| entry)
    }

    /// What this node knows of a user without asking anybody.
    pub(crate) async fn remembered_entry(&self, user: &UserId) -> Option<Signed<UserEntry>> {
        self.known_entry(user).await.map(|(entry, _)| entry)
    }

    /// Asks again for the entry of a user whom this node knows already, in the background.
    pub(crate) fn renew_entry_soon(&self, user: &UserId) {
        let (directory, user) = (self.clone(), user.clone());
        tokio::spawn(async move {
            if directory.known_entry(&user).await.is_some() {
                directory.user_entry(&user).await;
            }
        });
    }

    /// As [`Directory::renew_entry_soon`], however lately the entry was asked for: the authority has
    /// probably just signed another one.
    pub(crate) fn renew_entry_now(&self, user: &UserId) {
        {
            let mut known = self
                .0
                .entries
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = known.get_mut(user) {
                known.asked_at = Timestamp::default();
            }
        }
        self.renew_entry_soon(user);
    }

    /// The user of a badge; none if the badge names nobody, or nobody who answers knows it.
    pub(crate) async fn badge_owner(&self, tag: BadgeTag) -> Option<UserId> {
        let place = lookup::badge_key(tag);
        let asked = self.newest(place, LOOKUP, |record| match record {
            DirectoryRecord::Badge(badge) if badge.tag == tag => Some((badge.sequence, badge)),
            _ => None,
        });
        let badge = asked.await?;
        if self.not_replayed(place, badge.sequence).await {
            badge.into_value().user
        } else {
            None
        }
    }

    /// Publishes what the authority signed of a user; says how many other members took it.
    pub(crate) async fn put_user_entry(
        &self,
        entry: Signed<UserEntry>,
    ) -> Result<usize, PublishError> {
        let place = lookup::user_entry_key(self.0.membership.secret(), &entry.user);
        self.remember(&entry, self.0.membership.now()).await;
        self.put(place, &DirectoryRecord::UserEntry(entry)).await
    }

    /// Publishes whom a badge names; says how many other members took it.
    pub(crate) async fn put_badge(&self, badge: Signed<Badge>) -> Result<usize, PublishError> {
        self.put(lookup::badge_key(badge.tag), &DirectoryRecord::Badge(badge))
            .await
    }

    /// Publishes the site's state; says how many other members took it.
    pub(crate) async fn put_site_state(
        &self,
        state: Signed<SiteState>,
    ) -> Result<usize, PublishError> {
        let place = lookup::site_state_key(self.0.membership.secret());
        self.put(place, &DirectoryRecord::SiteState(state)).await
    }

    /// The record with the highest sequence among those that members have: the first, unless a
    /// newer one comes right after it.
    async fn newest<T>(
        &self,
        place: RecordKey,
        wait: Duration,
        pick: impl Fn(DirectoryRecord) -> Option<(u64, T)>,
    ) -> Option<T> {
        let membership = &self.0.membership;
        let mut values = self.0.network.get(place);
        let mut best: Option<(u64, T)> = None;
        loop {
            let patience = if best.is_some() { NEWER } else { wait };
            let Ok(Some(value)) = timeout(patience, values.next()).await else {
                return best.map(|(_, record)| record);
            };
            let read = membership.judge(|judge| {
                DirectoryRecord::read(place, &value, membership.secret(), judge, None)
            });
            if let Some((sequence, record)) = read.ok().and_then(&pick)
                && best.as_ref().is_none_or(|(best, _)| sequence > *best)
            {
                best = Some((sequence, record));
            }
        }
    }

    /// Raises the floor of a record; false if a newer one has been seen before.
    async fn not_replayed(&self, place: RecordKey, sequence: u64) -> bool {
        let until = self.0.membership.now() + limits::CERTIFICATE_LIFETIME;
        let raised: Result<bool, StoreError> = offload(&self.0.store, move |store| {
            store
                .floors()
                .raise(place.as_bytes(), Floor { sequence, until })
        })
        .await;
        raised.unwrap_or_else(|error| {
            tracing::warn!(error = %error.in_full(), "could not save a sequence number");
            true
        })
    }

    async fn known_entry(&self, user: &UserId) -> Option<(Signed<UserEntry>, Timestamp)> {
        {
            let known = self
                .0
                .entries
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            // What an admin signed who is none any more is good on the users' own computers alone.
            let charter = self.0.membership.charter();
            let known = known.get(user);
            if let Some(known) = known.filter(|known| charter.names(known.entry.signer())) {
                return Some((known.entry.clone(), known.asked_at));
            }
        }
        // A user of this computer: known from the last time it ran.
        let name = user.clone();
        let kept = offload(&self.0.store, move |store| store.local_users().get(&name)).await;
        let entry = kept.unwrap_or_else(|error: StoreError| {
            tracing::error!(error = %error.in_full(), "could not read a user of this computer");
            None
        })?;
        let entry = UserEntry::verify_kept(&entry.entry?, self.0.membership.site()).ok()?;
        (entry.user == *user).then(|| (entry, Timestamp::default()))
    }

    async fn remember(&self, entry: &Signed<UserEntry>, now: Timestamp) {
        {
            let mut known = self
                .0
                .entries
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if known.len() >= REMEMBERED && !known.contains_key(&entry.user) {
                let oldest = known
                    .iter()
                    .min_by_key(|(_, known)| known.asked_at)
                    .map(|(user, _)| user.clone());
                if let Some(oldest) = oldest {
                    known.remove(&oldest);
                }
            }
            known.insert(
                entry.user.clone(),
                Known {
                    entry: entry.clone(),
                    asked_at: now,
                },
            );
        }
        let entry = entry.clone();
        let kept: Result<(), StoreError> = offload(&self.0.store, move |store| {
            let users = store.local_users();
            let newer = |kept: &papermesh_store::LocalUser| {
                kept.entry
                    .as_ref()
                    .is_none_or(|kept| kept != entry.envelope())
            };
            if users.get(&entry.user)?.is_some_and(|kept| newer(&kept)) {
                users.change(&entry.user, |row| {
                    if let Some(row) = row {
                        row.entry = Some(entry.envelope().clone());
                    }
                })?;
            }
            Ok(())
        })
        .await;
        if let Err(error) = kept {
            tracing::warn!(error = %error.in_full(), "could not store a user's entry");
        }
    }

    pub(super) async fn put(
        &self,
        place: RecordKey,
        record: &DirectoryRecord,
    ) -> Result<usize, PublishError> {
        let value = record.to_bytes()?;
        Ok(self.0.network.put(place, value).await?)
    }
}
