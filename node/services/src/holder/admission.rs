//! Whether a document may be held here: what the site's policy is asked, and what this node must know
//! of the document's user for that.

use std::sync::Arc;
use std::time::Duration;

use papermesh_protocol::certificate::Role;
use papermesh_protocol::delegation::Delegation;
use papermesh_protocol::id::UserKey;
use papermesh_protocol::pin::{Pin, PinVerifier, may_choose};
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::LoginPolicy;
use papermesh_protocol::text::UserId;
use papermesh_protocol::user::UserEntry;
use papermesh_store::offload::offload;
use papermesh_store::{LocalUser, Source, Store, StoreError};

use super::Holder;
use super::submission::{Submission, SubmitError};
use crate::auth::typed::TypedError;
use crate::auth::verifier;
use crate::network::Network;
use crate::policy::{self, Acceptance, HoldingRight, SubmitFacts, SubmitRefusal, SubmitRequest};

impl<N: Network> Holder<N> {
    /// Whether such a document would be taken now, whatever it is.
    ///
    /// # Errors
    /// What [`Holder::submit`] would refuse before it reads the document.
    pub async fn would_take(&self, submission: &Submission) -> Result<(), SubmitError> {
        self.admit(submission).await.map(drop)
    }

    /// How long a job is kept of which nothing is said.
    #[must_use]
    pub fn job_lifetime(&self) -> Duration {
        let lifetime = self.0.membership.state().policy.job_lifetime();
        lifetime.max(policy::SHORTEST_LIFETIME)
    }

    /// The largest document that is taken, in bytes.
    #[must_use]
    pub fn largest(&self) -> u64 {
        self.0.largest
    }

    /// Whether the document may be held here, and what is to be known of its user for that.
    pub(super) async fn admit(&self, submission: &Submission) -> Result<Admitted, SubmitError> {
        let inner = &self.0;
        let (user, membership) = (&submission.user, &inner.membership);
        let roles = membership.certificate().roles;
        let name = user.clone();
        let row = offload(&inner.store, move |store| store.local_users().get(&name)).await;
        let row = row
            .map_err(|error: StoreError| SubmitError::Store(error))?
            .unwrap_or_default();
        let shared = roles.has(Role::SharedClient);
        // A personal computer knows its users; a shared one asks the directory.
        let entry = match (&row.entry, shared) {
            (None, true) => inner.directory.user_entry(user).await,
            _ => inner.directory.remembered_entry(user).await,
        };
        let delegated = self.is_delegated(&row, user, entry.as_ref());
        let state = membership.state();
        let facts = SubmitFacts {
            roles,
            entry: entry.as_deref(),
            delegated,
            site: &state.policy,
            largest: inner.largest,
        };
        let request = SubmitRequest {
            user,
            format: &submission.format,
            size: submission.size,
            lifetime: submission.lifetime,
            options: &submission.options,
            priority: submission.priority,
            hold: submission
                .hold_until
                .map(|until| until.since(membership.now())),
        };
        let acceptance = policy::submit(&facts, &request)?;
        let pin = match (acceptance.right, &submission.visit_pin) {
            (HoldingRight::Delegated, Some(_)) => return Err(SubmitError::PinNotTaken),
            (HoldingRight::Delegated, None) => None,
            (HoldingRight::Shared, Some(pin)) => Some(self.visit_pin(user, &row, pin).await?),
            (HoldingRight::Shared, None) if row.sealed_pin.is_some() => row.sealed_pin.clone(),
            (HoldingRight::Shared, None) if state.policy.login == LoginPolicy::Badge => None,
            (HoldingRight::Shared, None) => return Err(SubmitError::PinRequired),
        };
        Ok(Admitted {
            acceptance,
            local: LocalFacts {
                entry,
                pin,
                known: row.sealed_pin,
            },
        })
    }

    /// The verifier of a visitor's PIN. While jobs wait under an earlier one, it is that one that
    /// must be typed: with another PIN anybody could have those jobs.
    async fn visit_pin(
        &self,
        user: &UserId,
        row: &LocalUser,
        pin: &Pin,
    ) -> Result<Vec<u8>, SubmitError> {
        if let Some(known) = &row.sealed_pin {
            let name = user.clone();
            let waiting = offload(&self.0.store, move |store| store.jobs().count_of(&name)).await?;
            if waiting > 0 {
                return match self.prove(user, pin, Source::HERE).await {
                    Ok(()) => Ok(known.clone()),
                    Err(TypedError::Pin(_)) => Err(SubmitError::OtherPin(user.clone())),
                    Err(TypedError::Wait(wait) | TypedError::Busy(wait)) => {
                        Err(SubmitError::TooManyPins(wait))
                    }
                    Err(TypedError::Disabled(user)) => Err(SubmitRefusal::Disabled(user).into()),
                    Err(TypedError::Store(error)) => Err(error.into()),
                };
            }
        }
        may_choose(pin, self.0.membership.state().policy.pin_length)?;
        self.sealed_verifier(user, pin).await
    }

    /// Whether the user lets this computer hold, by the key that the authority's entry names.
    pub(super) fn is_delegated(
        &self,
        row: &LocalUser,
        user: &UserId,
        entry: Option<&Signed<UserEntry>>,
    ) -> bool {
        let membership = &self.0.membership;
        let (Some(delegation), Some(key)) = (&row.delegation, entry.and_then(|entry| entry.key))
        else {
            return false;
        };
        let signer = UserKey::from_bytes(*delegation.signer());
        let whose = (membership.site(), user, membership.node());
        signer == key && Delegation::verify(delegation, key, whose, membership.now()).is_ok()
    }

    async fn sealed_verifier(&self, user: &UserId, pin: &Pin) -> Result<Vec<u8>, SubmitError> {
        let _place = self.0.proofs.place().await.ok_or(SubmitError::Busy)?;
        let (storage, user, pin) = (Arc::clone(&self.0.storage), user.clone(), pin.clone());
        offload(&self.0.store, move |_| {
            let verifier = PinVerifier::register(user.as_str(), &pin, &mut rand::rng())?;
            Ok(verifier::seal(&storage, &user, &verifier)?)
        })
        .await
    }
}

/// A submission that may be held.
pub(super) struct Admitted {
    pub(super) acceptance: Acceptance,
    pub(super) local: LocalFacts,
}

/// What this node has to know of a user to hold and release the job.
pub(super) struct LocalFacts {
    entry: Option<Signed<UserEntry>>,
    /// The verifier of the PIN that releases the job, on a shared computer.
    pin: Option<Vec<u8>>,
    /// The one that was there when that was decided.
    known: Option<Vec<u8>>,
}

impl LocalFacts {
    /// Keeps what is new of it; before the job's row, which means nothing without it.
    pub(super) fn keep(self, store: &Store, user: &UserId) -> Result<(), SubmitError> {
        let there = store.local_users().get(user)?.unwrap_or_default();
        let has_pin = self.pin.is_none() || self.pin == there.sealed_pin;
        if there.entry.is_some() && has_pin {
            return Ok(());
        }
        let mut taken = true;
        store.local_users().change(user, |row| {
            let row = row.get_or_insert_default();
            if let Some(entry) = &self.entry {
                row.entry.get_or_insert_with(|| entry.envelope().clone());
            }
            if self.pin.is_none() || self.pin == row.sealed_pin {
                return;
            }
            // Another document of the same name may have brought another PIN meanwhile.
            taken = row.sealed_pin.is_none() || row.sealed_pin == self.known;
            if taken {
                row.sealed_pin = self.pin;
                row.pin_epoch += 1;
            }
        })?;
        match taken {
            true => Ok(()),
            false => Err(SubmitError::OtherPin(user.clone())),
        }
    }
}
