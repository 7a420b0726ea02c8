//! Judges the letters that call this node's door, and remembers those that it took; writes those that call another's.
//!
//! What is taken is kept before anything is done about it, so that no letter counts twice, also after a crash. Nobody
//! is answered. What is refused is in the audit log, up to [`REFUSED`] an hour, unless it is not sealed to this node:
//! of those there may be any number, and nothing is known of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use ed25519_dalek::SigningKey;
use papermesh_mesh::Membership;
use papermesh_protocol::gateway::name::Label;
use papermesh_protocol::gateway::wake::{
    Accepted, Callee, Door, Letter, LetterError, Order, Refusal, Remembered, Signer, Wake,
};
use papermesh_protocol::id::{SiteId, UserKey, WakeNonce};
use papermesh_protocol::seal::SealingSecret;
use papermesh_protocol::text::UserId;
use papermesh_protocol::user::UserEntry;
use papermesh_store::offload::offload;
use papermesh_store::{Store, StoreError};

use crate::audit::{Audit, Event, Kind};
use crate::rate_window::RateWindow;

/// Refused letters in the audit log,
pub const REFUSED: u32 = 20;
/// within this time.
const HOUR: Duration = Duration::from_secs(60 * 60);
/// Users of this computer who may call.
const USERS: usize = 4096;

/// What it needs.
pub struct Deps {
    /// Where it is kept what was taken.
    pub store: Store,
    /// What is known of the site, and the time.
    pub membership: Arc<Membership>,
    /// Opens letters.
    pub sealing: SealingSecret,
    /// Where it is noted.
    pub audit: Audit,
}

/// Why a letter does nothing.
#[derive(Debug, thiserror::Error)]
pub enum WakeError {
    /// It is refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It could not be kept, so it is not acted upon.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Judges letters, one after another.
pub struct Waking {
    deps: Deps,
    remembered: Remembered,
    refused: RateWindow<()>,
}

impl Waking {
    /// One that remembers what was taken before this node was started.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn open(deps: Deps) -> Result<Self, StoreError> {
        let rows = offload(&deps.store, |store| store.wakes().all()).await?;
        let remembered = Remembered::restore(rows, deps.membership.now());
        Ok(Self {
            deps,
            remembered,
            refused: RateWindow::new(REFUSED, HOUR),
        })
    }

    /// Judges a letter. These are the places that this node opens when it is woken.
    ///
    /// # Errors
    /// [`WakeError`].
    pub async fn judge(
        &mut self,
        letter: &[u8],
        places: &BTreeSet<Option<Label>>,
    ) -> Result<Accepted, WakeError> {
        // Anybody may write: what does not open costs no more than that.
        if let Err(refusal @ Refusal::NotForMe) = Letter::open(letter, &self.deps.sealing) {
            return Err(refusal.into());
        }
        let users = self.users().await?;
        // Taken only when it is kept: what is not may come again.
        let mut taken = self.remembered.clone();
        let (secret, remembered) = (&self.deps.sealing, &mut taken);
        let judged = self.deps.membership.judge(|judge| {
            let door = Door {
                secret,
                judge: *judge,
                users: &users,
                places,
            };
            door.judge(letter, remembered)
        });
        match judged {
            Ok(accepted) => {
                self.keep(&accepted).await?;
                self.remembered = taken;
                let event = match &accepted.signer {
                    Signer::Member(node) => Event::new(Kind::Woken).peer(*node),
                    Signer::User(user) => Event::new(Kind::Woken).user(user),
                    Signer::Gateway(_) => Event::new(Kind::Woken),
                };
                self.note(event.because(said(&accepted))).await;
                Ok(accepted)
            }
            Err(refusal) => {
                let now = self.deps.membership.steady();
                if self.refused.count((), now) {
                    self.note(Event::new(Kind::WakeRefused).because(refusal))
                        .await;
                }
                Err(refusal.into())
            }
        }
    }

    /// Keeps what was taken, and no longer what is over.
    async fn keep(&self, accepted: &Accepted) -> Result<(), StoreError> {
        let (row, now) = (accepted.row, self.deps.membership.now());
        offload(&self.deps.store, move |store| {
            let wakes = store.wakes();
            wakes.put(&row)?;
            let all = wakes.all()?;
            let mut over = all.into_iter().filter(|row| row.is_over(now));
            over.try_for_each(|row| wakes.delete(&row.wake))
        })
        .await
    }

    async fn note(&self, event: Event) {
        self.deps.audit.record_best_effort(event).await;
    }

    /// The users for whom this node holds, by their keys.
    async fn users(&self) -> Result<BTreeMap<UserKey, UserId>, StoreError> {
        let rows = offload(&self.deps.store, |store| {
            store.local_users().scan(None, USERS)
        })
        .await?;
        let site = self.deps.membership.site();
        let known = rows.into_iter().filter_map(|(user, row)| {
            let entry = row.entry?;
            Some((key_of(&entry, site)?, user))
        });
        Ok(known.collect())
    }
}

/// Writes letters that call another door, in this node's name.
pub struct Letters {
    key: SigningKey,
    membership: Arc<Membership>,
}

impl Letters {
    /// What writes in the name of the node that has this key.
    #[must_use]
    pub const fn new(key: SigningKey, membership: Arc<Membership>) -> Self {
        Self { key, membership }
    }

    /// What calls a door now, and is good for so long.
    #[must_use]
    pub fn wake(&self, callee: &Callee, long: Duration) -> Wake {
        let nonce = WakeNonce::from_bytes(rand::random());
        let (site, now) = (self.membership.site(), self.membership.now());
        callee.wake(site, nonce, (now, long))
    }

    /// What takes that back.
    #[must_use]
    pub fn cancel(&self, wake: &Wake) -> Wake {
        wake.cancel(self.membership.now())
    }

    /// The letter that says it, sealed to the door.
    ///
    /// # Errors
    /// [`LetterError`].
    pub fn write(&self, callee: &Callee, wake: Wake) -> Result<Vec<u8>, LetterError> {
        let certificate = self.membership.certificate().envelope().clone();
        let letter = Letter::sign(wake, &self.key, Some(certificate))?;
        letter.seal(&callee.sealing, &mut rand::rng())
    }
}

/// The key of a user who may print.
fn key_of(
    entry: &papermesh_protocol::signed::Envelope<UserEntry>,
    site: SiteId,
) -> Option<UserKey> {
    let entry = UserEntry::verify_kept(entry, site).ok()?;
    entry.key.filter(|_| entry.is_active())
}

fn said(accepted: &Accepted) -> String {
    let order = match accepted.order {
        Order::Connect => "to come",
        Order::Cancel => "to leave",
    };
    let place = accepted.place.as_ref().map_or("the site", Label::as_str);
    format!("{order}, at {place}")
}
