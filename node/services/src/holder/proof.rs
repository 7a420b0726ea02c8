//! Who prints from this computer, and whether that is who they say.
//!
//! Whoever reaches the hold printer may type PINs, so each costs little until it is due: what was
//! tried a short while ago is remembered ([`crate::auth::remembered`]), one place tries a few in a
//! minute, and of the rest some are looked at at once while a few wait.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use papermesh_protocol::pin::{Pin, PinError, PinVerifier};
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::seal::DecoySeed;
use papermesh_protocol::text::UserId;
use papermesh_protocol::user::UserEntry;
use papermesh_store::offload::offload;
use papermesh_store::{Source, Store, StoreError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::{Holder, Inner};
use crate::audit::{Event, Kind};
use crate::auth::remembered::{Remembered, Tried};
use crate::auth::typed::{self, TypedError};
use crate::auth::verifier::{self, VerifierError};
use crate::network::Network;
use crate::rate_window::RateWindow;

/// Users of one computer.
const USERS: usize = 256;
/// PINs that are looked at at once: each takes 19 MiB and a core for a part of a second.
const PLACES: usize = 2;
/// PINs that wait for a place.
const WAITING: usize = 8;
/// How long one waits.
const PATIENCE: Duration = Duration::from_secs(10);
/// PINs that one place may try within [`WINDOW`], besides those that were right.
const TRIES: u32 = 12;
/// See [`TRIES`].
const WINDOW: Duration = Duration::from_secs(60);

/// What PINs are looked at with.
pub(super) struct Proofs {
    remembered: Remembered,
    tries: Mutex<RateWindow<Source>>,
    /// Those that are looked at and those that wait for it.
    admitted: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl Default for Proofs {
    fn default() -> Self {
        Self {
            remembered: Remembered::default(),
            tries: Mutex::new(RateWindow::new(TRIES, WINDOW)),
            admitted: Arc::new(Semaphore::new(PLACES + WAITING)),
            places: Arc::new(Semaphore::new(PLACES)),
        }
    }
}

impl Proofs {
    fn tries(&self) -> MutexGuard<'_, RateWindow<Source>> {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place to look at a PIN, or to make a verifier of one, for as long as that takes.
    pub(super) async fn place(&self) -> Option<[OwnedSemaphorePermit; 2]> {
        let admitted = Arc::clone(&self.admitted).try_acquire_owned().ok()?;
        let place = Arc::clone(&self.places).acquire_owned();
        let place = timeout(PATIENCE, place).await.ok()?.ok()?;
        Some([admitted, place])
    }
}

/// What a typed PIN is judged by.
struct Facts {
    verifier: Option<PinVerifier>,
    decoys: DecoySeed,
    is_active: bool,
    tried: Tried,
}

impl<N: Network> Holder<N> {
    /// The users who delegated to this computer, by their ids.
    pub async fn users(&self) -> Result<Vec<UserId>, StoreError> {
        offload(&self.0.store, |store| {
            let rows = store.local_users().scan(None, USERS)?;
            let delegated = rows.into_iter().filter(|(_, row)| row.delegation.is_some());
            Ok(delegated.map(|(user, _)| user).collect())
        })
        .await
    }

    /// Whether this computer has printed for the user.
    pub async fn knows_here(&self, user: &UserId) -> Result<bool, StoreError> {
        let user = user.clone();
        let row = offload(&self.0.store, move |store| store.local_users().get(&user));
        Ok(row.await?.is_some())
    }

    /// Whether there is such a user: one whom this computer has printed for, or whom the site knows.
    pub async fn knows(&self, user: &UserId) -> Result<bool, StoreError> {
        Ok(self.knows_here(user).await? || self.0.directory.user_entry(user).await.is_some())
    }

    /// Whether the site has disabled the user, as far as it is known here.
    pub async fn is_disabled(&self, user: &UserId) -> bool {
        let entry = self.0.directory.remembered_entry(user).await;
        entry.is_some_and(|entry| !entry.is_active())
    }

    /// Whether a PIN that somebody typed there is that of the user. Wrong ones count, once each, and
    /// users who are not known here are treated like those who are.
    ///
    /// # Errors
    /// [`TypedError`].
    pub async fn prove(&self, user: &UserId, pin: &Pin, from: Source) -> Result<(), TypedError> {
        let (inner, whose, typed) = (Arc::clone(&self.0), user.clone(), pin.clone());
        let remembered = offload(&self.0.store, move |store| {
            inner.remembered(store, &whose, &typed, from)
        });
        let proven = match remembered.await {
            Ok(Some(ending)) => return ending.map_err(TypedError::from),
            Ok(None) => self.try_pin(user, pin, from).await,
            Err(error) => Err(error),
        };
        match &proven {
            // Whoever prints here may have been disabled meanwhile.
            Ok(()) => self.0.directory.renew_entry_soon(user),
            Err(error) => {
                let event = Event::new(Kind::LoginDenied)
                    .user(user)
                    .because(error.in_full());
                self.record_refusal(self.0.membership.node(), event).await;
            }
        }
        proven
    }

    async fn try_pin(&self, user: &UserId, pin: &Pin, from: Source) -> Result<(), TypedError> {
        let proofs = &self.0.proofs;
        let now = self.0.membership.steady();
        if !proofs.tries().count(from, now) {
            return Err(TypedError::Busy(WINDOW));
        }
        let place = proofs.place().await.ok_or(TypedError::Busy(PATIENCE))?;
        let (inner, user, pin) = (Arc::clone(&self.0), user.clone(), pin.clone());
        let proven = offload(&self.0.store, move |store| {
            let _place = place;
            inner.look_at(store, &user, &pin, from)
        })
        .await;
        // Neither did any harm.
        if matches!(proven, Ok(()) | Err(TypedError::Wait(_))) {
            proofs.tries().take_back(&from);
        }
        proven
    }
}

impl<N> Inner<N> {
    fn facts(&self, store: &Store, user: &UserId, pin: &Pin) -> Result<Facts, TypedError> {
        let failed = |error: VerifierError| match error {
            VerifierError::Store(error) => TypedError::Store(error),
            error => {
                tracing::error!(%user, error = %error.in_full(), "user cannot log in here until the PIN is set again");
                TypedError::Pin(PinError::WrongPin)
            }
        };
        let decoys = verifier::decoys(store, &self.storage).map_err(failed)?;
        let row = store.local_users().get(user)?.unwrap_or_default();
        let entry = row.entry.as_ref();
        let written = entry.and_then(|entry| entry.to_bytes().ok());
        let sealed = row.sealed_pin.as_deref();
        let judged_by = [sealed.unwrap_or_default(), &written.unwrap_or_default()];
        let site = self.membership.site();
        Ok(Facts {
            verifier: sealed
                .map(|sealed| verifier::open(&self.storage, user, sealed))
                .transpose()
                .map_err(failed)?,
            decoys,
            is_active: entry
                .and_then(|entry| UserEntry::verify_kept(entry, site).ok())
                .is_some_and(|entry| entry.user == *user && entry.is_active()),
            tried: self.proofs.remembered.tried(user, pin, &judged_by),
        })
    }

    /// How it ended when this PIN was looked at lately; none if it was not, and may be now.
    fn remembered(
        &self,
        store: &Store,
        user: &UserId,
        pin: &Pin,
        from: Source,
    ) -> Result<Option<Result<(), PinError>>, TypedError> {
        let remembered = &self.proofs.remembered;
        // Whoever has to wait learns nothing, not even what is known already: they would try on until
        // they are not told to wait.
        let from = (from, remembered.knows(user, from));
        let counts = store.typed_guesses();
        if let Some(wait) = counts.wait(user, from, self.membership.steady())? {
            return Err(TypedError::Wait(wait));
        }
        let ending = remembered.ending(self.facts(store, user, pin)?.tried);
        Ok(ending.map(|is_right| match is_right {
            true => Ok(()),
            false => Err(PinError::WrongPin),
        }))
    }

    /// Looks at a PIN, and remembers how that ended. What it is judged by is read now: it may have
    /// waited for its place, and the same may have been looked at meanwhile.
    fn look_at(
        &self,
        store: &Store,
        user: &UserId,
        pin: &Pin,
        from: Source,
    ) -> Result<(), TypedError> {
        let remembered = &self.proofs.remembered;
        let facts = self.facts(store, user, pin)?;
        match remembered.ending(facts.tried) {
            Some(true) => return Ok(()),
            Some(false) => return Err(PinError::WrongPin.into()),
            None => {}
        }
        let (node, now) = (self.membership.node(), self.membership.steady());
        let whose = (user, facts.verifier.as_ref());
        let from_where = (from, remembered.knows(user, from));
        match typed::prove(store, whose, pin, (node, &facts.decoys), from_where, now) {
            Ok(()) if !facts.is_active => Err(TypedError::Disabled(user.clone())),
            Ok(()) => {
                remembered.right(facts.tried, user, from);
                Ok(())
            }
            Err(TypedError::Pin(error)) => {
                remembered.wrong(facts.tried);
                Err(error.into())
            }
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn few_are_looked_at_a_few_wait_and_all_others_hear_so_at_once() {
        let proofs = Proofs::default();
        let mut first = Vec::new();
        for _ in 0..PLACES {
            first.push(proofs.place().await.unwrap());
        }
        let begun = tokio::time::Instant::now();
        let waiting: Vec<_> = (0..WAITING).map(|_| proofs.place()).collect();
        let waiting = futures::future::join_all(waiting);
        let beyond = async {
            // The others are waiting once this is polled.
            tokio::task::yield_now().await;
            (proofs.place().await.is_none(), begun.elapsed())
        };
        let (waited, (refused, after)) = tokio::join!(waiting, beyond);
        assert!(refused && after < PATIENCE);
        assert!(waited.iter().all(Option::is_none), "nobody waits for ever");
        drop(first);
        assert!(proofs.place().await.is_some());
    }
}
