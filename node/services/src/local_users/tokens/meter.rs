//! What is printed with tokens, as it is printed: all documents of a token that are under way share one
//! meter, so that many at once are together no more than one after the other.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use papermesh_protocol::gateway::token::allowance::{Allowance, Spent, Used};
use papermesh_protocol::id::TokenDigest;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::time::Clock;
use papermesh_store::offload::offload;
use papermesh_store::{StoreError, TokenRow};

use super::super::LocalUsers;
use crate::network::Network;

/// Why nothing is printed with a token.
#[derive(Debug, thiserror::Error)]
pub enum MeterError {
    /// Its allowance is used up.
    #[error(transparent)]
    Spent(#[from] Spent),
    /// It was withdrawn a moment ago.
    #[error("the print token was withdrawn")]
    Withdrawn,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Remedy for MeterError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Spent(Spent::JobsToday(_) | Spent::BytesToday(_)) => {
                Some("print again tomorrow (UTC)".into())
            }
            Self::Spent(Spent::Jobs(_)) | Self::Withdrawn => {
                Some("ask whoever gave it to you for another".into())
            }
            Self::Store(error) => error.remedy(),
        }
    }
}

/// Counts what is printed with one token. Each document is a job.
pub struct Meter {
    token: TokenDigest,
    allowance: Allowance,
    used: Mutex<Used>,
    clock: Clock,
}

impl Meter {
    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts bytes of a document as they come.
    ///
    /// # Errors
    /// [`Spent::BytesToday`].
    pub fn take_bytes(&self, bytes: u64) -> Result<(), Spent> {
        self.used()
            .take_bytes(bytes, self.allowance, (self.clock)())
    }

    /// Checks that one more job may come.
    ///
    /// # Errors
    /// [`Spent`].
    pub fn check(&self) -> Result<(), Spent> {
        self.used().check(self.allowance, (self.clock)())
    }

    fn take_job(&self) -> Result<(), Spent> {
        self.used().take_job(self.allowance, (self.clock)())
    }

    /// Gives a job back that came to nothing.
    pub fn give_back_job(&self) {
        self.used().give_back_job((self.clock)());
    }
}

/// The meters of the tokens that were shown since this computer's node started.
#[derive(Default)]
pub(in super::super) struct Meters(Mutex<HashMap<TokenDigest, Arc<Meter>>>);

impl Meters {
    fn all(&self) -> MutexGuard<'_, HashMap<TokenDigest, Arc<Meter>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, token: TokenDigest, row: &TokenRow, clock: Clock) -> Arc<Meter> {
        let fresh = || {
            Arc::new(Meter {
                token,
                allowance: row.allowance,
                used: Mutex::new(row.used),
                clock,
            })
        };
        Arc::clone(self.all().entry(token).or_insert_with(fresh))
    }

    /// A token is not kept any more.
    pub(super) fn forget(&self, token: TokenDigest) {
        self.all().remove(&token);
    }

    /// How much was printed with a token, as far as that is newer than what is kept.
    pub(super) fn used(&self, token: TokenDigest) -> Option<Used> {
        self.all().get(&token).map(|meter| *meter.used())
    }
}

impl<N: Network> LocalUsers<N> {
    /// The meter of a token.
    ///
    /// # Errors
    /// [`MeterError::Withdrawn`], and those of the store.
    pub async fn meter(&self, token: TokenDigest) -> Result<Arc<Meter>, MeterError> {
        let row = offload(self.store(), move |store| store.tokens().get(token)).await?;
        let row = row.ok_or(MeterError::Withdrawn)?;
        Ok(self.meters().of(token, &row, self.0.clock))
    }

    /// Takes a job of a token before its document comes, durably.
    ///
    /// # Errors
    /// [`MeterError`].
    pub async fn take_job(&self, meter: &Arc<Meter>) -> Result<(), MeterError> {
        meter.take_job()?;
        Ok(self.note(meter).await?)
    }

    /// Has what was printed outlive this computer's node.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn note(&self, meter: &Arc<Meter>) -> Result<(), StoreError> {
        let meter = Arc::clone(meter);
        offload(self.store(), move |store| {
            store.tokens().note(meter.token, || *meter.used())
        })
        .await
    }
}
