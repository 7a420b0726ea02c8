//! The holder's side: documents come in, are sealed and kept, and go out to printers.
//!
//! - [`submit`] takes a document; success told means kept.
//! - [`serve`] answers printers ([`conversation`] is what they may ask), [`stream`] sends ciphertext.
//! - [`preview`] keeps the pictures of first pages, and gives them to sessions; [`look`] is where
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
pub mod submit;

mod attest;
mod conversation;
mod early;
mod keeper;
mod look;
mod meta;
pub mod preview;
mod proof;
mod stream;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ed25519_dalek::SigningKey;
use papermesh_protocol::certificate::Role;
use papermesh_protocol::release::holder::Holder;
use papermesh_protocol::seal::StorageKey;
use papermesh_protocol::time::Timestamp;
use tokio::sync::Semaphore;

pub use direct::{DirectEnd, DirectPrint};
pub use jobs::{HeldView, JobsError};
pub use life::JobState;
pub use look::UnlockError;
pub use printers::{KnownPrinter, PrinterError};
pub use submit::{Submission, SubmitError};

use crate::audit::Audit;
use crate::auth::login::Counting;
use crate::auth::unproven::Unproven;
use crate::auth::verifier::{self, VerifierError};
use crate::convert::Converter;
use crate::directory::Directory;
use crate::mesh::Membership;
use crate::network::Network;
use crate::offload::offload;
use crate::shares::Shares;
use crate::store::Store;
use crate::tally::Tally;

/// What a client is made of.
pub struct ClientParts<N> {
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

/// A client with the jobs that it holds; cheap to clone.
pub struct Client<N>(Arc<Inner<N>>);

impl<N> Clone for Client<N> {
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
    looks: look::Looks,
    holder: Arc<Mutex<Holder>>,
    counting: Arc<Counting>,
    unproven: Arc<Unproven>,
    denials: Mutex<Tally>,
    conversations: Shares,
    proofs: proof::Proofs,
    life: life::Life,
    early: early::EarlyJobs,
    abilities: printers::Heard,
}

impl<N: Network> Client<N> {
    /// A client of these parts. [`Client::keep`] must run beside it.
    pub async fn open(parts: ClientParts<N>) -> Result<Self, VerifierError> {
        let ClientParts {
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
        } = parts;
        let storage = Arc::new(storage);
        let sealing = Arc::clone(&storage);
        let decoys = offload(&store, move |store| verifier::decoys(store, &sealing)).await?;
        let holder = Arc::new(Mutex::new(Holder::new(membership.node(), decoys)));
        let denials = Mutex::new(Tally::new(conversation::RECORDED, conversation::WINDOW));
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
            looks: look::Looks::default(),
            holder,
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

impl<N> Client<N> {
    /// Whether this node has a role.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.0.membership.certificate().roles.has(role)
    }

    /// How many sessions printers have open here.
    #[must_use]
    pub fn open_sessions(&self) -> usize {
        sessions(&self.0.holder).open_sessions()
    }

    /// The time of day.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.membership.now()
    }
}

/// The sessions. A thread that panicked with them changed one session at most.
fn sessions(holder: &Mutex<Holder>) -> MutexGuard<'_, Holder> {
    holder.lock().unwrap_or_else(PoisonError::into_inner)
}
