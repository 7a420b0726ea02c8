//! The users of this computer: enrolling, linking further computers, changing the PIN.
//!
//! A user enrolls on a *first* computer, which makes the user key and keeps it. *Linked* computers
//! have the user's leave to hold jobs, and the PIN's verifier, but no key: what only the user may
//! say, the first computer says.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`enroll`] | makes a user's key and has the authority enter it |
//! | [`link`] | `/papermesh/link/1`, from both ends |
//! | [`pin`] | changes the PIN and carries it to linked computers |
//! | [`tokens`] | what users' programs show outside the site |
//! | [`addresses`] | the mail addresses from which documents come for users |
//! | [`leave`] | keeps the user's leave for this computer from running out |
//!
//! Not here: the site's registry of users ([`crate::authority`]), logging in at a printer, and
//! holding jobs.

pub mod addresses;
pub mod enroll;
pub mod link;
pub mod pin;
pub mod tokens;

mod error;
mod here;
mod leave;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ed25519_dalek::SigningKey;
use futures::StreamExt;
use papermesh_mesh::{Membership, Protocol};
use papermesh_protocol::id::{NodeId, UserKey};
use papermesh_protocol::limits;
use papermesh_protocol::pin::{Pin, PinVerifier, may_choose};
use papermesh_protocol::seal::SealingSecret;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Clock;
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::user::UserEntry;
use papermesh_protocol::version::Version;
use papermesh_store::offload::offload;
use papermesh_store::{LocalUser, Store, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

pub use enroll::Enrolled;
pub use error::LocalUsersError;
pub use here::{Further, Here};
pub use link::{LinkOffer, Linked};
pub use pin::PinChanged;

use crate::audit::{Audit, Event};
use crate::auth::verifier;
use crate::directory::Directory;
use crate::network::{self, Change, LinkError, Network, Opening};
use crate::vault::Vault;
use addresses::Pending;
use pin::{Again, To};
use tokens::meter::Meters;

/// How long another node may take to answer. An admin's node publishes before it does.
const ANSWER: Duration = Duration::from_secs(20);
/// How often the users' leaves are looked after.
const DAILY: Duration = Duration::from_secs(24 * 60 * 60);
/// Rows that are read from the store at once.
const PAGE: usize = 256;

/// Dependencies of [`LocalUsers`].
pub struct Deps<N> {
    /// Where users, their keys and their PINs are kept.
    pub store: Store,
    /// Seals what is kept.
    pub vault: Vault,
    /// Opens what is sealed to this node.
    pub sealing: SealingSecret,
    /// Reaches other members, and this node itself where it is the admin's, too.
    pub network: N,
    /// What this node is, and of which site.
    pub membership: Arc<Membership>,
    /// What the site says of users, and where holders are advertised.
    pub directory: Directory<N>,
    /// Where what was done is written down.
    pub audit: Audit,
    /// Tells the time.
    pub clock: Clock,
}

/// The users of this computer; cheap to clone.
pub struct LocalUsers<N>(Arc<Deps<N>>, Arc<Notify>, Arc<Meters>, Arc<Mutex<Pending>>);

// Written out because deriving would ask the same of the network.
impl<N> Clone for LocalUsers<N> {
    fn clone(&self) -> Self {
        Self(
            Arc::clone(&self.0),
            Arc::clone(&self.1),
            Arc::clone(&self.2),
            Arc::clone(&self.3),
        )
    }
}

/// A user who enrolled here, with all that this computer may say in the user's name.
struct First {
    entry: Signed<UserEntry>,
    key: SigningKey,
    verifier: PinVerifier,
    row: LocalUser,
}

impl<N: Network> LocalUsers<N> {
    /// The local users with these dependencies.
    #[must_use]
    pub fn new(deps: Deps<N>) -> Self {
        Self(
            Arc::new(deps),
            Arc::default(),
            Arc::default(),
            Arc::default(),
        )
    }

    /// Looks after users in the background until the network ends: changed PINs are carried to
    /// linked computers when these are met, and again while they are connected and lack them, and leaves to
    /// hold are renewed.
    pub async fn run(self) {
        let mut changes = self.0.network.changes();
        self.renew_leaves().await;
        let mut again = Again::new();
        again.carried(self.carry_pins(To::All).await, Instant::now());
        let mut next = Instant::now() + DAILY;
        loop {
            let due = again.next();
            tokio::select! {
                () = sleep_until(next) => {
                    self.renew_leaves().await;
                    next = Instant::now() + DAILY;
                }
                () = sleep_until(due.unwrap_or(next)), if due.is_some() => {
                    again.carried(self.carry_pins(To::Connected).await, Instant::now());
                }
                () = self.missed().notified() => again.afresh(true, Instant::now()),
                change = changes.next() => {
                    let to = match change {
                        Some(Change::Arrived(node)) => To::One(node),
                        // Or something was not heard, which may have been that somebody came.
                        Some(Change::Moved) => To::Connected,
                        None => return,
                    };
                    again.afresh(self.carry_pins(to).await, Instant::now());
                }
            }
        }
    }

    /// What is printed with tokens.
    fn meters(&self) -> &Meters {
        &self.2
    }

    /// Mail addresses that wait for their codes. A thread that panicked with them left none half done.
    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.3.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Told when a linked computer did not take a changed PIN.
    fn missed(&self) -> &Notify {
        &self.1
    }

    fn store(&self) -> &Store {
        &self.0.store
    }

    fn now(&self) -> Timestamp {
        (self.0.clock)()
    }

    async fn record_best_effort(&self, event: Event) {
        self.0.audit.record_best_effort(event).await;
    }

    async fn row(&self, user: &UserId) -> Result<Option<LocalUser>, StoreError> {
        let user = user.clone();
        offload(self.store(), move |store| store.local_users().get(&user)).await
    }

    /// All users of this computer.
    async fn rows(&self) -> Result<Vec<(UserId, LocalUser)>, StoreError> {
        offload(self.store(), |store| {
            let mut rows: Vec<(UserId, LocalUser)> = Vec::new();
            loop {
                let page = store
                    .local_users()
                    .scan(rows.last().map(|(user, _)| user), PAGE)?;
                let whole = page.len() == PAGE;
                rows.extend(page);
                if !whole {
                    return Ok(rows);
                }
            }
        })
        .await
    }

    /// The user who is meant: the one named, or the only one who enrolled here.
    async fn whom(&self, user: Option<UserId>) -> Result<UserId, LocalUsersError> {
        if let Some(user) = user {
            return Ok(user);
        }
        let mut enrolled: Vec<_> = self.rows().await?;
        enrolled.retain(|(_, row)| row.sealed_user_key.is_some() && row.sealed_pin.is_some());
        let mut users: Vec<_> = enrolled.into_iter().map(|(user, _)| user).collect();
        match (users.pop(), users.is_empty()) {
            (None, _) => Err(LocalUsersError::NobodyEnrolled),
            (Some(user), true) => Ok(user),
            (Some(_), false) => Err(LocalUsersError::WhichUser),
        }
    }

    /// A user who enrolled here and whose key the site still knows.
    async fn first(&self, user: &UserId) -> Result<First, LocalUsersError> {
        let row = self
            .row(user)
            .await?
            .ok_or_else(|| LocalUsersError::NotEnrolled(user.clone()))?;
        let sealed = match (&row.sealed_user_key, &row.delegation) {
            (Some(sealed), _) => sealed,
            (None, Some(_)) => return Err(LocalUsersError::OnlyLinked(user.clone())),
            (None, None) => return Err(LocalUsersError::NotEnrolled(user.clone())),
        };
        let key = self.0.vault.open_user_key(user, sealed)?;
        let sealed_pin = row
            .sealed_pin
            .as_ref()
            .ok_or_else(|| LocalUsersError::NotEnrolled(user.clone()))?;
        let verifier = verifier::open(self.0.vault.storage(), user, sealed_pin)?;
        let entry = self
            .entry(user, &row)
            .await
            .ok_or_else(|| LocalUsersError::NotEnrolled(user.clone()))?;
        if entry.key == Some(UserKey::from(key.verifying_key())) {
            Ok(First {
                entry,
                key,
                verifier,
                row,
            })
        } else {
            Err(LocalUsersError::EnrolledElsewhere(user.clone()))
        }
    }

    /// A PIN that a user may choose at this site.
    fn chosen(&self, text: &str) -> Result<Pin, LocalUsersError> {
        let pin = Pin::new(text)?;
        let least = self.0.membership.state().policy.pin_length;
        may_choose(&pin, least)?;
        Ok(pin)
    }

    /// The newest that the site says of a user, as far as it can be learned now.
    async fn entry(&self, user: &UserId, row: &LocalUser) -> Option<Signed<UserEntry>> {
        let kept = row
            .entry
            .as_ref()
            .and_then(|kept| UserEntry::verify_kept(kept, self.0.membership.site()).ok());
        let found = self.0.directory.user_entry(user).await;
        // The one kept here may be newer than what the directory has to say yet.
        match (kept, found) {
            (Some(kept), Some(found)) => Some(if found.sequence > kept.sequence {
                found
            } else {
                kept
            }),
            (kept, found) => kept.or(found),
        }
    }

    /// Asks one question of a member, which may hear it twice.
    async fn ask<Q, A>(
        &self,
        to: NodeId,
        addresses: &[Vec<u8>],
        protocol: fn(Version) -> Protocol,
        question: &Q,
    ) -> Result<A, LocalUsersError>
    where
        Q: Serialize + Sync,
        A: Serialize + DeserializeOwned,
    {
        let opening = Opening {
            protocol,
            question: &|_| Some(question),
            max: limits::ENROLL_MESSAGE,
            reach: ANSWER,
            wait: ANSWER,
        };
        let asked = network::begin(&self.0.network, to, addresses, opening).await;
        let (mut stream, answer) = asked.map_err(|error| match error {
            LinkError::Mesh(error) => LocalUsersError::Unreachable(error),
            LinkError::Frame(error) => error.into(),
            LinkError::Ended | LinkError::TooOld => LocalUsersError::HungUp,
        })?;
        // The answer is all that was wanted; how the stream ends does not matter.
        let _ = stream.shutdown().await;
        Ok(answer)
    }

    /// Where a member was met before.
    async fn addresses_of(&self, node: NodeId) -> Vec<Vec<u8>> {
        let known = offload(self.store(), move |store| store.peers().get(node)).await;
        let addresses = known
            .ok()
            .flatten()
            .map(|peer| peer.addresses)
            .unwrap_or_default();
        addresses
            .into_iter()
            .map(serde_bytes::ByteBuf::into_vec)
            .collect()
    }
}
