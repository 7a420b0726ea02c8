//! Everything that a node keeps on its disk: the database and the spool of sealed documents.
//!
//! This crate alone knows RocksDB and the spool's files. It may know the protocol; it may not know the network,
//! who asks, or what is in a document.
//!
//! `columns` is the table of what the
//! database has; each kind of row has a module, which also keeps its rules: what changes together,
//! what is bounded, what must be durable before the call returns. No row depends on
//! a clock that is read here, and nothing that is sealed in a row is opened here.
//!
//! | in the home | what |
//! | --- | --- |
//! | `lock` | held by the process that has the home open |
//! | `store/` | the database |
//! | `spool/` | one sealed document per job |
//! | `keys/` | this node's own secrets |
//!
//! All calls block, most of them on the disk for some milliseconds: async callers use
//! [`offload`](offload::offload). Calls that say that they are buffered take
//! microseconds.
#![forbid(unsafe_code)]

pub mod offload;
pub mod purge;

mod audit;
mod badges;
mod choices;
mod column;
mod columns;
mod database;
mod error;
mod floors;
mod folder;
mod guesses;
mod history;
mod job_list;
mod jobs;
mod journal;
mod keys;
mod leases;
mod local_users;
mod mailed;
mod mark;
mod members;
mod numbers;
mod outside;
mod peers;
mod previews;
mod records;
#[cfg(test)]
mod sample;
pub mod site;
mod spool;
mod sweep;
mod table;
mod tickets;
mod tokens;
mod upgrade;
mod users;
mod web;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use papermesh_protocol::id::{JobId, NodeId, ReleaseId, Serial, TokenDigest};
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text::UserId;
use papermesh_protocol::web::Label;

pub use audit::AuditLog;
pub use badges::{BadgeRow, Badges};
pub use choices::{CHOICE_LIFETIME, CHOICES_MAX, Choice, ChoiceRow, Choices};
pub use database::{Durability, LeftBehind};
pub use error::{Damage, StoreError};
pub use floors::{FLOOR_KEY, FLOORS_MAX, Floor, Floors};
pub use guesses::{GuessCounts, Source, UserGuesses};
pub use history::{
    Attempt, HISTORY_BOUND, History, HistoryBound, JobEnd, NamedPrinter, NumberedJob, PastJob,
    PastJobRow,
};
pub use jobs::{Amended, Amendment, Deletion, HeldJob, InitialState, JobRow, Jobs};
pub use journal::JournalRow;
pub use keys::{NodeKeys, NodeSeed, Protector, ProtectorError};
pub use leases::{Granted, LeaseRow, Leases, Settled, Settling};
pub use local_users::{LINKED_PER_USER, Linked, LocalUser};
pub use mailed::{MAILED_MAX, MailAddressRow, Mailed, MailedKey, MailedRow};
pub use members::MemberRow;
pub use numbers::JobNumbers;
pub use outside::{
    DismissedRow, MismatchRow, ORDERED_NAMES, OrdersRow, PlaceRow, RefusedRow, SightingsRow, Wakes,
    WokenBy,
};
pub use peers::{ADDRESSES_PER_PEER, PEERS_MAX, Peers, RememberedPeer};
pub use previews::Previews;
pub use records::{Records, StoredRecord};
pub use site::{Singleton, Site};
pub use spool::{RESERVE, SpoolReader, SpoolTail, SpoolWriter, Spooled};
pub use sweep::Sweep;
pub use table::Table;
pub use tickets::{Purpose, Redeemed, Ticket, TicketId, Tickets};
pub use tokens::{DeviceTokenRow, ProxyRow, SubscriptionRow, TokenRow, Tokens};
pub use users::{UserRow, Users};
pub use web::{PUBLIC_CERTIFICATES_MAX, PublicCertificateRow, WebCertificateRow, WebIssuerRow};

use database::Database;
use folder::Lock;
use records::RecordTotals;
use spool::{Entry, Spool};

/// What a node keeps. Clones are the same store; the last one to go closes it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
    sweep: Arc<Sweep>,
}

struct Inner {
    database: Database,
    spool: Spool,
    /// Held by whoever reads rows, decides, and writes durably.
    writing: Mutex<()>,
    /// The same for what is remembered of peers, who should not wait for disk flushes.
    remembering: Mutex<()>,
    /// The same for records, with their number once it was counted.
    record_totals: Mutex<Option<RecordTotals>>,
    /// The same for sequence floors.
    floor_count: Mutex<Option<usize>>,
    /// Job numbers taken from the disk and not given yet.
    numbers: Mutex<numbers::Block>,
    /// Jobs whose files were found damaged; at most as many as there are jobs.
    damaged: Mutex<BTreeMap<JobId, Damage>>,
    home: PathBuf,
    /// Last, so that it is let go after the database is closed.
    _lock: Lock,
}

impl Store {
    /// Opens what is kept in `home`, or begins anew in an empty one, and sweeps the spool.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::Damaged`], [`StoreError::Behind`] and
    /// [`StoreError::Newer`]; in each case nothing that was kept has been touched.
    pub fn open(home: &Path) -> Result<Self, StoreError> {
        folder::create(home)?;
        let lock = Lock::take(home)?;
        let database = Database::open(&home.join("store"))?;
        let spool = Spool::open(&home.join("spool"))?;
        let inner = Inner {
            database,
            spool,
            writing: Mutex::default(),
            remembering: Mutex::default(),
            record_totals: Mutex::default(),
            floor_count: Mutex::default(),
            numbers: Mutex::new(0..0),
            damaged: Mutex::default(),
            home: home.to_owned(),
            _lock: lock,
        };
        let sweep = sweep::sweep(&inner)?;
        Ok(Self {
            inner: Arc::new(inner),
            sweep: Arc::new(sweep),
        })
    }

    /// What the sweep found when the store was opened.
    #[must_use]
    pub fn swept(&self) -> &Sweep {
        &self.sweep
    }

    /// The node's own keys. At the first time they are made of the random bytes with which `fill`
    /// fills its slice; a key that is missing later is an error, not a new key.
    pub fn keys(&self, fill: impl FnMut(&mut [u8])) -> Result<NodeKeys, StoreError> {
        keys::load(&self.inner, &self.inner.home, fill)
    }

    /// The folder that all of it lies in.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.inner.home
    }

    /// Who keeps the key to this node's own keys; nobody if they lie in files that open by themselves.
    ///
    /// # Errors
    /// [`StoreError`] if that cannot be read.
    pub fn key_protector(&self) -> Result<Option<Protector>, StoreError> {
        keys::protector(&self.inner.home)
    }

    /// Has this node's own keys kept by `wanted` from now on, or by nobody. `fill` fills a slice with
    /// random bytes of the operating system. Blocks on the protector.
    ///
    /// # Errors
    /// [`StoreError::Locked`], [`StoreError::NotLocked`]; the keys are as before then.
    pub fn protect_keys(
        &self,
        wanted: Option<Protector>,
        fill: impl FnMut(&mut [u8]),
    ) -> Result<(), StoreError> {
        keys::protect(&self.inner.home, wanted, fill)
    }

    /// Begins the file of a new job. `expected` is the length of the sealed document where it is
    /// known beforehand, else 0: what would not fit is refused at once.
    pub fn spool(&self, job: JobId, expected: u64) -> Result<SpoolWriter, StoreError> {
        self.inner.spool.create(job, expected)
    }

    /// Held jobs.
    #[must_use]
    pub fn jobs(&self) -> Jobs<'_> {
        self.inner.jobs()
    }

    /// Pictures of their first pages.
    #[must_use]
    pub fn previews(&self) -> Previews<'_> {
        Previews(&self.inner)
    }

    /// Numbers for jobs.
    #[must_use]
    pub fn numbers(&self) -> JobNumbers<'_> {
        JobNumbers(&self.inner)
    }

    /// Jobs that are gone.
    #[must_use]
    pub fn history(&self) -> History<'_> {
        History(&self.inner)
    }

    /// Which job is promised to which printer, and how releases ended.
    #[must_use]
    pub fn leases(&self) -> Leases<'_> {
        self.inner.leases()
    }

    /// Users who print from this computer.
    #[must_use]
    pub fn local_users(&self) -> Table<'_, UserId, LocalUser> {
        local_users::table(&self.inner)
    }

    /// Counts of wrong PINs, of users at printers.
    #[must_use]
    pub fn guesses(&self) -> GuessCounts<'_, NodeId> {
        GuessCounts::at_printers(&self.inner)
    }

    /// Counts of wrong PINs that were typed at this node itself. They are kept apart, so that who
    /// types here locks nobody out anywhere else.
    #[must_use]
    pub fn typed_guesses(&self) -> GuessCounts<'_, Source> {
        GuessCounts::typed(&self.inner)
    }

    /// Records of the DHT.
    #[must_use]
    pub fn records(&self) -> Records<'_> {
        Records(&self.inner)
    }

    /// Sequence floors.
    #[must_use]
    pub fn floors(&self) -> Floors<'_> {
        Floors(&self.inner)
    }

    /// Certificate, site state, sealed secrets.
    #[must_use]
    pub fn site(&self) -> Site<'_> {
        self.inner.site()
    }

    /// Members met before.
    #[must_use]
    pub fn peers(&self) -> Peers<'_> {
        Peers(&self.inner)
    }

    /// The printer's journal.
    #[must_use]
    pub fn journal(&self) -> Table<'_, ReleaseId, JournalRow> {
        journal::table(&self.inner)
    }

    /// How users wanted things printed last.
    #[must_use]
    pub fn choices(&self) -> Choices<'_> {
        Choices(&self.inner)
    }

    /// Certificates that this admin issued.
    #[must_use]
    pub fn members(&self) -> Table<'_, Serial, MemberRow> {
        members::table(&self.inner)
    }

    /// The users of the site, on an admin.
    #[must_use]
    pub fn users(&self) -> Users<'_> {
        Users(&self.inner)
    }

    /// Badges, on an admin.
    #[must_use]
    pub fn badges(&self) -> Badges<'_> {
        Badges(&self.inner)
    }

    /// Print tokens of the users who print from this computer.
    #[must_use]
    pub fn tokens(&self) -> Tokens<'_> {
        Tokens(&self.inner)
    }

    /// What the proxies said that fetch what is released here.
    #[must_use]
    pub fn proxies(&self) -> Table<'_, TokenDigest, ProxyRow> {
        tokens::proxies(&self.inner)
    }

    /// The wakes that this node took lately.
    #[must_use]
    pub fn wakes(&self) -> Wakes<'_> {
        Wakes(&self.inner)
    }

    /// Mail addresses of the users who print from this computer, in lower case.
    #[must_use]
    pub fn mail_addresses(&self) -> Table<'_, String, MailAddressRow> {
        mailed::addresses(&self.inner)
    }

    /// The mails that came lately, and their documents.
    #[must_use]
    pub fn mailed(&self) -> Table<'_, MailedKey, MailedRow> {
        mailed::mailed(&self.inner)
    }

    /// Invites and user tickets, on an admin.
    #[must_use]
    pub fn tickets(&self) -> Tickets<'_> {
        Tickets(&self.inner)
    }

    /// Certificates of this node's names at gateways, by the names.
    #[must_use]
    pub fn public_certificates(&self) -> Table<'_, String, PublicCertificateRow> {
        web::public(&self.inner)
    }

    /// Which member has which host name, on an admin.
    #[must_use]
    pub fn web_names(&self) -> Table<'_, Label, NodeId> {
        web::names(&self.inner)
    }

    /// The audit log.
    #[must_use]
    pub fn audit(&self) -> AuditLog<'_> {
        AuditLog(&self.inner)
    }

    /// Makes durable what was only buffered; for an orderly end.
    pub fn sync(&self) -> Result<(), StoreError> {
        self.inner.database.sync()
    }

    /// Bytes that may still be written on the disk with the spool.
    ///
    /// # Errors
    /// [`StoreError`] when the system does not say.
    pub fn free_space(&self) -> Result<u64, StoreError> {
        self.inner.spool.free()
    }

    /// Since when, if at all, there are secrets in the database's files that were deleted: keys of
    /// jobs, PIN verifiers, keys of the site, all sealed with the storage key or by a passphrase.
    #[must_use]
    pub fn left_behind(&self) -> Option<LeftBehind> {
        self.inner.database.left_behind()
    }

    /// Removes them from the files. Takes some tens of milliseconds; worth doing now and then after
    /// deletions.
    pub(crate) fn purge_deleted(&self) -> Result<(), StoreError> {
        self.inner.database.purge()
    }
}

impl Inner {
    fn jobs(&self) -> Jobs<'_> {
        Jobs(self)
    }

    fn leases(&self) -> Leases<'_> {
        Leases(self)
    }

    fn site(&self) -> Site<'_> {
        Site(self)
    }

    // A thread that panicked while it held one of these left nothing half done: rows change in
    // batches.
    fn writing(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn damaged(&self) -> MutexGuard<'_, BTreeMap<JobId, Damage>> {
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes the file of a job that has no row any more. If that fails, the sweep at the next
    /// start does it: without its key the file is nothing to anybody.
    fn forget_file(&self, job: JobId) {
        self.damaged().remove(&job);
        if let Err(error) = self.spool.remove(Entry::Sealed(job)) {
            tracing::warn!(error = %error.in_full(), "left for the next start");
        }
    }
}
