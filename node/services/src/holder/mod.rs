//! The holder's side: documents come in, are sealed and kept, and go out to printers.
//!
//! - [`submit`] takes a document; success told means kept. [`submission`] is what it is given,
//!   [`admission`] whether that may be held.
//! - [`serve`] answers printers ([`conversation`] is what they may ask, [`leasing`] what they ask of a
//!   lease), [`stream`] sends ciphertext.
//! - [`preview`] keeps the pictures of first pages, and gives them to sessions; [`inspect`] is where
//!   large documents are looked at for that, once they are held.
//! - [`jobs`] is what this computer's own user sees and does, [`amend`] what is changed of a job,
//!   [`mod@bundle`] jobs of several documents; [`meta`] is what is kept sealed of a
//!   job beside its document.
//! - [`life`] is what is known of a job from held to gone, and the news of it.
//! - [`direct`] sends a job straight to one of the [`printers`], perhaps while it still arrives
//!   ([`early`]).
//! - [`attest`] vouches for a badge that a user showed at a printer.
//! - [`proof`] knows this computer's users and their PINs.
//! - [`keeper`] does what is due: leases that ran out, jobs whose time is over.
//!
//! Deleting is always in this order: the row with the job key, then the file; then the advert is
//! withdrawn if it was the last.

pub mod amend;
pub mod bundle;
pub mod direct;
pub mod jobs;
pub mod life;
pub mod printers;
pub mod serve;
pub mod submission;

mod admission;
mod attest;
mod conversation;
mod early;
mod inspect;
mod keeper;
mod leasing;
mod meta;
pub mod preview;
mod proof;
mod stream;
mod submit;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ed25519_dalek::SigningKey;
use papermesh_convert::Converter;
use papermesh_mesh::Membership;
use papermesh_protocol::certificate::Role;
use papermesh_protocol::release::holder::Sessions;
use papermesh_protocol::seal::StorageKey;
use papermesh_protocol::time::Timestamp;
use papermesh_store::Store;
use papermesh_store::offload::offload;
use tokio::sync::Semaphore;

pub use direct::{DirectEnd, DirectPrint};
pub use inspect::UnlockError;
pub use jobs::{HeldView, JobsError};
pub use life::JobState;
pub use printers::{KnownPrinter, PrinterError};
pub use submission::{Submission, SubmitError};

use crate::audit::Audit;
use crate::auth::login::Counting;
use crate::auth::unproven::Unproven;
use crate::auth::verifier::{self, VerifierError};
use crate::directory::Directory;
use crate::network::Network;
use crate::rate_window::RateWindow;
use crate::shares::Shares;

/// Dependencies of a [`Sessions`].
pub struct Deps<N> {
    /// Where jobs lie.
    pub store: Store,
    /// How printers are reached.
    pub network: N,
    /// Where they are advertised.
    pub directory: Directory<N>,
    /// What this node knows of its site.
    pub membership: Arc<Membership>,
    /// Where it is recorded what happens to them.
    pub audit: Audit,
    /// Signs what this holder vouches for.
    pub key: SigningKey,
    /// Wraps their keys.
    pub storage: StorageKey,
    /// The largest document, in bytes.
    pub largest: u64,
    /// Looks at documents while they arrive.
    pub converter: Converter,
    /// Whether it also makes pictures of their first pages.
    pub previews: bool,
}

/// The holder: the jobs that this node holds for users; cheap to clone.
pub struct Holder<N>(Arc<Inner<N>>);

impl<N> Clone for Holder<N> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Inner<N> {
    store: Store,
    network: N,
    directory: Directory<N>,
    membership: Arc<Membership>,
    audit: Audit,
    key: SigningKey,
    storage: Arc<StorageKey>,
    largest: u64,
    converter: Converter,
    previews: bool,
    /// Pictures that are being made.
    making: Arc<Semaphore>,
    inspections: inspect::Inspections,
    sessions: Arc<Mutex<Sessions>>,
    counting: Arc<Counting>,
    unproven: Arc<Unproven>,
    denials: Mutex<RateWindow>,
    conversations: Shares,
    proofs: proof::Proofs,
    life: life::Life,
    early: early::EarlyJobs,
    abilities: printers::Heard,
}

impl<N: Network> Holder<N> {
    /// A holder with these dependencies. [`Holder::keep`] must run beside it.
    pub async fn open(deps: Deps<N>) -> Result<Self, VerifierError> {
        let Deps {
            store,
            network,
            directory,
            membership,
            audit,
            key,
            storage,
            largest,
            converter,
            previews,
        } = deps;
        let storage = Arc::new(storage);
        let sealing = Arc::clone(&storage);
        let decoys = offload(&store, move |store| verifier::decoys(store, &sealing)).await?;
        let sessions = Arc::new(Mutex::new(Sessions::new(membership.node(), decoys)));
        let denials = Mutex::new(RateWindow::new(
            conversation::RECORDED,
            conversation::WINDOW,
        ));
        let (counting, unproven, life, early, abilities) = Default::default();
        Ok(Self(Arc::new(Inner {
            store,
            network,
            directory,
            membership,
            audit,
            key,
            storage,
            largest,
            converter,
            previews,
            making: Arc::new(Semaphore::new(preview::MAKING)),
            inspections: inspect::Inspections::default(),
            sessions,
            counting,
            unproven,
            denials,
            conversations: Shares::new(serve::CONVERSATIONS, serve::CONVERSATIONS_PER_PRINTER),
            proofs: proof::Proofs::default(),
            life,
            early,
            abilities,
        })))
    }
}

impl<N> Holder<N> {
    /// Whether this node has a role.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.0.membership.certificate().roles.has(role)
    }

    /// How many sessions printers have open here.
    #[must_use]
    pub fn open_sessions(&self) -> usize {
        sessions(&self.0.sessions).open_sessions()
    }

    /// The time of day.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.membership.now()
    }
}

/// Locks the sessions. A thread that panicked with them changed one session at most.
fn sessions(sessions: &Mutex<Sessions>) -> MutexGuard<'_, Sessions> {
    sessions.lock().unwrap_or_else(PoisonError::into_inner)
}
