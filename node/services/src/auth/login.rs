//! What a login is judged by: looked up, and counted as a guess, before anything is answered.
//!
//! Every user looks alike here, whether there is one or not: the same rows are asked for, and the
//! same count is written. All of it blocks on the store.

use std::sync::{Mutex, MutexGuard, PoisonError};

use papermesh_protocol::certificate::Certificate;
use papermesh_protocol::id::{NodeId, SiteId};
use papermesh_protocol::limits;
use papermesh_protocol::pin::PinVerifier;
use papermesh_protocol::release::holder::{DenyReason, LoginEvent, LoginFacts, Sessions};
use papermesh_protocol::release::message::{Answer, Login};
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::seal::StorageKey;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::LoginPolicy;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::user::UserEntry;
use papermesh_store::{Store, StoreError};

use super::unproven::Unproven;
use super::verifier;

/// What this holder knows of a user.
struct Known {
    entry: Option<Signed<UserEntry>>,
    verifier: Option<PinVerifier>,
    jobs: u32,
}

fn known(
    store: &Store,
    storage: &StorageKey,
    site: SiteId,
    user: &UserId,
) -> Result<Known, StoreError> {
    let row = store.local_users().get(user)?.unwrap_or_default();
    let entry = row
        .entry
        .and_then(|entry| UserEntry::verify_kept(&entry, site).ok())
        .filter(|entry| entry.user == *user);
    let opened = row
        .sealed_pin
        .map(|sealed| verifier::open(storage, user, &sealed))
        .transpose();
    let verifier = opened.unwrap_or_else(|error| {
        tracing::error!(%user, error = %error.in_full(), "user cannot log in here until the PIN is set again");
        None
    });
    Ok(Known {
        entry,
        verifier,
        jobs: jobs_of(store, user)?,
    })
}

/// Jobs of a user, as a session says it.
pub(crate) fn jobs_of(store: &Store, user: &UserId) -> Result<u32, StoreError> {
    Ok(u32::try_from(store.jobs().count_of(user)?).unwrap_or(u32::MAX))
}

/// Held from looking at a count of guesses until the next one is counted, so that many logins
/// begun at once are not many free guesses.
#[derive(Debug, Default)]
pub struct Counting(Mutex<()>);

impl Counting {
    /// Holds it.
    pub fn hold(&self) -> MutexGuard<'_, ()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers the first message of a login, after it was counted if it is a guess.
pub fn begin(
    (sessions, counting, unproven): (&Mutex<Sessions>, &Counting, &Unproven),
    store: &Store,
    storage: &StorageKey,
    (site, policy): (SiteId, LoginPolicy),
    printer: &Certificate,
    login: &Login,
    now: Timestamp,
) -> Result<(Answer, LoginEvent), StoreError> {
    // A badge alone proves nothing, so whoever has the printer can say it as often as it likes.
    if login.ke1.is_none()
        && policy == LoginPolicy::Badge
        && !unproven.count(printer.node, &login.user, now)
    {
        let denied = LoginEvent::Denied(login.user.clone(), DenyReason::TooOften);
        return Ok((Answer::denied(limits::LOCK_OUT), denied));
    }
    let _counting = counting.hold();
    let known = known(store, storage, site, &login.user)?;
    let facts = LoginFacts {
        entry: known.entry.as_deref(),
        verifier: known.verifier.as_ref(),
        policy,
        wait: store.guesses().wait(&login.user, printer.node, now)?,
        jobs: known.jobs,
    };
    let (answer, event) = sessions
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .login(printer, login, &facts, now, &mut rand::rng());
    if let LoginEvent::Guess(user) = &event {
        store.guesses().count(user, printer.node, now)?;
    }
    Ok((answer, event))
}

/// Whether not even the right PIN opens a session any more: more guesses were made than are ever
/// allowed, or the site has disabled the user since the login began.
pub(crate) fn is_barred(
    store: &Store,
    site: SiteId,
    user: &UserId,
    printer: NodeId,
) -> Result<bool, StoreError> {
    let guesses = store.guesses().get(user, printer)?;
    let entry = store.local_users().get(user)?.and_then(|row| row.entry);
    let active = entry
        .and_then(|entry| UserEntry::verify_kept(&entry, site).ok())
        .is_some_and(|entry| entry.is_active());
    Ok(guesses.of_printer.unproven > limits::GUESSES_PER_PRINTER
        || guesses.of_user.unproven > limits::GUESSES_PER_USER
        || !active)
}
