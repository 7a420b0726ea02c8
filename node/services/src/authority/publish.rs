//! Putting into the DHT what the authority signed, putting it again before it is forgotten, and
//! looking up what another admin put there.
//!
//! The registry is the truth; a record that did not get out is put again in the next round. Badge
//! records are signed anew each time, which gives the same bytes; while the key is sealed they
//! rest, and other members' copies have to do.

use std::time::Duration;

use futures::StreamExt;
use papermesh_mesh::{MeshError, MeshEvent};
use papermesh_protocol::id::{BadgeTag, RecordKey};
use papermesh_protocol::record::DirectoryRecord;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::SiteState;
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::user::UserEntry;
use papermesh_store::StoreError;
use papermesh_store::offload::offload;
use rand::RngExt;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep_until, timeout};

use super::key::Signer;
use super::{Authority, AuthorityError, PAGE, badges};
use crate::directory::PublishError;
use crate::network::Network;

/// How often everything is put again.
const ROUND: Duration = Duration::from_secs(30 * 60);
/// The least time between two rounds.
const BETWEEN_ROUNDS: Duration = Duration::from_secs(15);
/// How long arrivals of members are collected before a round: the DHT learns of a member a
/// moment after it is connected.
const SETTLING: Duration = Duration::from_secs(1);
/// How long a command waits for its record to get out; it gets out later otherwise.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long to ask what another admin published.
const LOOKUP: Duration = Duration::from_secs(2);
/// How long an expired certificate stays in the registry.
const FORGET_AFTER: Duration = Duration::from_secs(90 * 24 * 60 * 60);

impl<N: Network> Authority<N> {
    /// Keeps what the authority signed in the DHT, and what was withdrawn withdrawn, until the
    /// mesh ends. On a node without the key it does nothing but wait for the key to come.
    pub async fn run(self) {
        let mut events = self.mesh().subscribe();
        let (mut due, mut last) = (Instant::now(), None::<Instant>);
        let mut unplaced = true;
        loop {
            tokio::select! {
                () = sleep_until(due) => {
                    unplaced = self.round().await;
                    let now = Instant::now();
                    last = Some(now);
                    due = now + ROUND.mul_f64(rand::rng().random_range(0.85..1.0));
                }
                event = events.recv() => match event {
                    Err(RecvError::Closed) => return,
                    Ok(MeshEvent::SiteState) => self.watch_state().await,
                    Err(RecvError::Lagged(_)) => self.watch_state().await,
                    Ok(MeshEvent::Connected(member)) => {
                        let authority = self.clone();
                        // Between two admins; between others it comes to nothing at once.
                        tokio::spawn(async move { authority.learn_from(member.node).await });
                        if unplaced {
                            let earliest =
                                last.map_or_else(Instant::now, |last| last + BETWEEN_ROUNDS);
                            due = due.min(earliest.max(Instant::now() + SETTLING));
                        }
                    }
                    Ok(_) => {}
                },
            }
        }
    }

    async fn watch_state(&self) {
        match self.reassert().await {
            Ok(()) | Err(AuthorityError::NotAdmin | AuthorityError::NoAdminAnyMore) => {}
            Err(error) => {
                tracing::error!(error = %error.in_full(), "could not sign the site state again; revoked members may be admitted again")
            }
        }
    }

    /// Puts users and badges that are known here; what finds nobody to take it is put in the next round.
    pub(super) async fn put_all(&self) {
        if let Err(error) = self.put_all_users().await {
            tracing::error!(error = %error.in_full(), "could not republish users");
        }
        let badges = async { self.put_all_badges(&self.key(None).await?).await };
        if let Err(error) = badges.await {
            tracing::error!(error = %error.in_full(), "could not republish badges");
        }
    }

    /// Puts everything once; says whether something found nobody to take it.
    async fn round(&self) -> bool {
        match self.is_open().await {
            Ok(Some(_)) => {}
            // It may become an admin, and then should not wait for half an hour.
            Ok(None) => return true,
            Err(error) => {
                tracing::error!(error = %error.in_full(), "could not republish records");
                return true;
            }
        }
        self.watch_state().await;
        self.learn_from_admins().await;
        let mut unplaced = !self.placed(self.put_state().await);
        match self.put_all_users().await {
            Ok(missed) => unplaced |= missed,
            Err(error) => tracing::error!(error = %error.in_full(), "could not republish users"),
        }
        if let Ok(key) = self.key(None).await {
            match self.put_all_badges(&key).await {
                Ok(missed) => unplaced |= missed,
                Err(error) => {
                    tracing::error!(error = %error.in_full(), "could not republish badges")
                }
            }
        }
        let now = self.now();
        let swept: Result<(), StoreError> = offload(self.store(), move |store| {
            store.tickets().sweep(now)?;
            forget_expired(store, now)
        })
        .await;
        if let Err(error) = swept {
            tracing::warn!(error = %error.in_full(), "could not sweep expired rows");
        }
        unplaced
    }

    async fn put_all_users(&self) -> Result<bool, AuthorityError> {
        let (mut after, mut missed, charter) = (None, false, self.membership().charter());
        loop {
            let from = after.take();
            let page = offload(self.store(), move |store| {
                store.users().scan(from.as_ref(), PAGE)
            })
            .await?;
            after = page.last().map(|(user, _)| user.clone());
            let whole = page.len() == PAGE;
            for entry in page.into_iter().filter_map(|(_, row)| row.entry) {
                let Ok(entry) = UserEntry::verify(&entry, &charter) else {
                    continue;
                };
                missed |= !self.placed(self.0.deps.directory.put_user_entry(entry).await);
            }
            if !whole {
                return Ok(missed);
            }
        }
    }

    async fn put_all_badges(&self, key: &Signer) -> Result<bool, AuthorityError> {
        let (mut after, mut missed) = (None, false);
        loop {
            let from = after.take();
            let page = offload(self.store(), move |store| store.badges().scan(from, PAGE)).await?;
            after = page.last().map(|(tag, _)| *tag);
            let whole = page.len() == PAGE;
            for (tag, row) in page {
                missed |= !self.placed(
                    self.0
                        .deps
                        .directory
                        .put_badge(badges::sign(tag, &row, key)?)
                        .await,
                );
            }
            if !whole {
                return Ok(missed);
            }
        }
    }

    async fn put_state(&self) -> Result<usize, PublishError> {
        self.0
            .deps
            .directory
            .put_site_state(Signed::clone(&self.membership().state()))
            .await
    }

    /// The newest record at a place in the DHT that anybody who answers has. Not from memory: what
    /// the authority signs next must be newer than what another admin signed a moment ago.
    pub(super) async fn published(&self, place: RecordKey) -> Option<DirectoryRecord> {
        let membership = self.membership();
        let mut newest: Option<DirectoryRecord> = None;
        let mut values = self.mesh().get(place);
        let asking = async {
            while let Some(value) = values.next().await {
                let read = membership.judge(|judge| {
                    DirectoryRecord::read(place, &value, membership.secret(), judge, None)
                });
                match (read, &mut newest) {
                    (Ok(record), Some(newest)) => {
                        newest.merge(&record);
                    }
                    (Ok(record), None) => newest = Some(record),
                    (Err(_), _) => {}
                }
            }
        };
        // Members that are gone may keep the lookup from ending by itself.
        let _ = timeout(LOOKUP, asking).await;
        newest
    }

    /// Publishes a user's entry.
    pub(super) async fn publish_user(&self, entry: Signed<UserEntry>) {
        let authority = self.clone();
        let putting =
            async move { authority.placed(authority.0.deps.directory.put_user_entry(entry).await) };
        patiently(putting).await;
    }

    /// Publishes whom badges name now.
    pub(super) async fn publish_badges(
        &self,
        key: &Signer,
        tags: &[BadgeTag],
    ) -> Result<(), AuthorityError> {
        for &tag in tags {
            let row = offload(self.store(), move |store| store.badges().get(tag)).await?;
            let Some(row) = row else { continue };
            let (badge, authority) = (badges::sign(tag, &row, key)?, self.clone());
            let putting =
                async move { authority.placed(authority.0.deps.directory.put_badge(badge).await) };
            patiently(putting).await;
        }
        Ok(())
    }

    /// Publishes the site's state.
    pub(super) async fn publish_state(&self, state: Signed<SiteState>) {
        let authority = self.clone();
        let putting =
            async move { authority.placed(authority.0.deps.directory.put_site_state(state).await) };
        patiently(putting).await;
    }

    /// Whether a record found somebody to take it. Failing that is told and made up for later.
    fn placed(&self, put: Result<usize, PublishError>) -> bool {
        match put {
            Ok(_) => true,
            // Nobody else is there yet.
            Err(PublishError::Mesh(MeshError::NotStored)) => false,
            Err(error) => {
                tracing::warn!(error = %error.in_full(), "could not publish a record of the authority; will retry");
                false
            }
        }
    }
}

/// Waits a while for a record to get out, and lets it go on by itself then.
async fn patiently(putting: impl Future<Output = bool> + Send + 'static) {
    let _ = timeout(PATIENCE, tokio::spawn(putting)).await;
}

/// Drops certificates from the registry that expired long ago. Blocks.
fn forget_expired(store: &papermesh_store::Store, now: Timestamp) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let page = store.members().scan(after.as_ref(), PAGE)?;
        after = page.last().map(|(serial, _)| *serial);
        for (serial, row) in &page {
            let ended = row
                .certificate
                .verify_named()
                .map(|certificate| certificate.not_after);
            if ended.is_ok_and(|ended| ended + FORGET_AFTER < now) {
                store.members().delete(serial)?;
            }
        }
        if page.len() < PAGE {
            return Ok(());
        }
    }
}
