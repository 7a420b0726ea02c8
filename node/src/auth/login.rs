//! What a login is judged by: looked up, and counted as a guess, before anything is answered.
//!
//! Every user looks alike here, whether there is one or not: the same rows are asked for, and the
//! same count is written. All of it blocks on the store.

use papermesh_protocol::certificate::Certificate;
use papermesh_protocol::id::{NodeId, SiteId};
use papermesh_protocol::limits;
use papermesh_protocol::pin::PinVerifier;
use papermesh_protocol::release::guess;
use papermesh_protocol::release::holder::{Holder, LoginEvent, LoginFacts};
use papermesh_protocol::release::message::{Answer, Login};
use papermesh_protocol::seal::StorageKey;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::LoginPolicy;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::user::UserEntry;

use super::verifier;
use crate::store::{Store, StoreError};

/// What this holder knows of a user.
struct Known {
    entry: Option<Signed<UserEntry>>,
    verifier: Option<PinVerifier>,
    jobs: u32,
}

fn known(store: &Store, storage: &StorageKey, site: SiteId, user: &UserId) -> Result<Known, StoreError> {
    let row = store.local_users().get(user)?.unwrap_or_default();
    let entry = row.entry.and_then(|entry| UserEntry::verify(&entry, site).ok()).filter(|entry| entry.user == *user);
    let opened = row.sealed_pin.map(|sealed| verifier::open(storage, user, &sealed)).transpose();
    let verifier = opened.unwrap_or_else(|error| {
        tracing::error!(%user, %error, "the user cannot log in here until the PIN is set anew");
        None
    });
    Ok(Known { entry, verifier, jobs: jobs_of(store, user)? })
}

/// Jobs of a user, as a session says it.
pub fn jobs_of(store: &Store, user: &UserId) -> Result<u32, StoreError> {
    Ok(u32::try_from(store.jobs().count_of(user)?).unwrap_or(u32::MAX))
}

/// Answers the first message of a login. Looking at the count, judging and counting happen with
/// nobody in between as long as the caller has `holder` to itself, so that many logins begun at
/// once are not many guesses.
pub fn begin(
    holder: &mut Holder,
    store: &Store,
    storage: &StorageKey,
    (site, policy): (SiteId, LoginPolicy),
    printer: &Certificate,
    login: &Login,
    now: Timestamp,
) -> Result<(Answer, LoginEvent), StoreError> {
    let known = known(store, storage, site, &login.user)?;
    let guesses = store.guesses().get(&login.user, printer.node)?;
    let facts = LoginFacts {
        entry: known.entry.as_deref(),
        verifier: known.verifier.as_ref(),
        policy,
        wait: guess::wait(&guesses.of_printer, &guesses.of_user, now),
        jobs: known.jobs,
    };
    let (answer, event) = holder.login(printer, login, &facts, now, &mut rand::rng());
    if let LoginEvent::Guess(user) = &event {
        store.guesses().count(user, printer.node, now)?;
    }
    Ok((answer, event))
}

/// Whether more guesses were made at this user's PIN than are ever allowed, so that not even the
/// right one is taken any more.
pub fn is_locked_out(store: &Store, user: &UserId, printer: NodeId) -> Result<bool, StoreError> {
    let guesses = store.guesses().get(user, printer)?;
    Ok(guesses.of_printer.unproven > limits::GUESSES_PER_PRINTER || guesses.of_user.unproven > limits::GUESSES_PER_USER)
}
