//! The audit log: every release, refusal and deletion on this node, signed and chained.
//!
//! [`Audit::record`] returns when the record is durable; whoever answers a peer or a person on the
//! strength of an event records it first. What a record says and how records hang together is in
//! [`entry`]; where they lie is the store's business.

pub mod entry;

use std::borrow::Cow;
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use papermesh_protocol::id::NodeId;
use papermesh_protocol::release::receipt::AuditHead;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::signed::{Signed, SignedError};
use papermesh_protocol::time::Clock;
use papermesh_protocol::time::Timestamp;
use papermesh_store::offload::offload;
use papermesh_store::{Durability, Store, StoreError};
use tokio::sync::Mutex;

pub use entry::{AuditEntry, ChainError, Event, Head, Kind};

/// Records that are read from the store at once.
pub const PAGE: usize = 256;

/// Why the log could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The store failed.
    #[error("the audit log: {0}")]
    Store(#[from] StoreError),
    /// A record could not be signed, or is larger than records may be.
    #[error("the audit log: {0}")]
    Signed(#[from] SignedError),
    /// A record is not the next one of its chain.
    #[error("the audit log was tampered with or is damaged: {0}")]
    Chain(#[from] ChainError),
}

impl Remedy for AuditError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Store(error) => error.remedy(),
            _ => None,
        }
    }
}

/// The audit log of this node; cheap to clone.
#[derive(Clone)]
pub struct Audit(Arc<Inner>);

struct Inner {
    store: Store,
    node: NodeId,
    key: SigningKey,
    clock: Clock,
    /// Where the next record goes; none until the store was asked.
    head: Mutex<Option<Head>>,
}

/// Some records, oldest first.
#[derive(Debug)]
pub struct Page {
    /// The records.
    pub entries: Vec<Signed<AuditEntry>>,
    /// Where to go on reading; none after the last.
    pub next: Option<u64>,
}

/// A chain that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Records in it.
    pub records: u64,
    /// When the first was written.
    pub first_at: Option<Timestamp>,
    /// When the last was written.
    pub last_at: Option<Timestamp>,
    /// Where it ends. Whoever wrote the hash down can tell later that nothing before it changed.
    pub head: Head,
}

impl Audit {
    /// The log in `store`, of the node with this key.
    #[must_use]
    pub fn new(store: Store, key: SigningKey, clock: Clock) -> Self {
        let node = NodeId::from(key.verifying_key());
        Self(Arc::new(Inner {
            store,
            node,
            key,
            clock,
            head: Mutex::new(None),
        }))
    }

    /// Writes down what happened, durably.
    pub async fn record(&self, event: Event) -> Result<(), AuditError> {
        let mut head = self.0.head.lock().await;
        let at = self.head(*head).await?;
        let entry = Signed::sign(at.entry(self.0.node, (self.0.clock)(), event), &self.0.key)?;
        let bytes = entry.to_bytes().map_err(SignedError::from)?;
        let next = Head::after(at.next, &bytes);
        // Unknown until the store says that it worked: the record may be there or not.
        *head = None;
        offload(&self.0.store, move |store| {
            store
                .audit()
                .append(at.next, vec![bytes], Durability::Synced)
        })
        .await?;
        *head = Some(next);
        Ok(())
    }

    /// Writes down what happened where nothing can be done any more if that fails.
    pub(crate) async fn record_best_effort(&self, event: Event) {
        if let Err(error) = self.record(event).await {
            tracing::error!(error = %error.in_full(), "could not write an event to the audit log");
        }
    }

    /// At most [`PAGE`] records from the number `from` on, of which those before `since` are left
    /// out. Each is verified to be this node's own word; only [`Audit::verify`] looks at the chain.
    pub async fn read(&self, from: u64, since: Timestamp) -> Result<Page, AuditError> {
        let rows = offload(&self.0.store, move |store| store.audit().scan(from, PAGE)).await?;
        let next = rows
            .last()
            .filter(|_| rows.len() == PAGE)
            .map(|(sequence, _)| sequence.saturating_add(1));
        let mut entries = Vec::new();
        for (sequence, bytes) in rows {
            let entry = entry::read(sequence, &bytes, self.0.node)?;
            if entry.at >= since {
                entries.push(entry);
            }
        }
        Ok(Page { entries, next })
    }

    /// Where the log ends now.
    ///
    /// # Errors
    /// [`AuditError::Store`].
    pub async fn ends(&self) -> Result<Head, AuditError> {
        let mut head = self.0.head.lock().await;
        let at = self.head(*head).await?;
        *head = Some(at);
        Ok(at)
    }

    async fn head(&self, known: Option<Head>) -> Result<Head, StoreError> {
        if let Some(head) = known {
            return Ok(head);
        }
        let last = offload(&self.0.store, |store| store.audit().last()).await?;
        Ok(last.map_or_else(Head::default, |(sequence, bytes)| {
            Head::after(sequence, &bytes)
        }))
    }

    /// Walks the whole chain; the error names the first record that does not follow, or says that
    /// this is not the chain of which somebody `witnessed` an end.
    pub async fn verify(&self, witnessed: Option<AuditHead>) -> Result<Verified, AuditError> {
        let is_other =
            |head: Head| witnessed.is_some_and(|w| w.records == head.next && w.hash != head.hash);
        let mut verified = Verified {
            records: 0,
            first_at: None,
            last_at: None,
            head: Head::default(),
        };
        loop {
            let from = verified.head.next;
            let rows = offload(&self.0.store, move |store| store.audit().scan(from, PAGE)).await?;
            if rows.is_empty() {
                let found = verified.records;
                return match witnessed {
                    Some(AuditHead { records, .. }) if records > found => {
                        let expected = records;
                        Err(ChainError::Cut { expected, found }.into())
                    }
                    _ => Ok(verified),
                };
            }
            for (sequence, bytes) in rows {
                let (head, entry) = verified.head.follow(sequence, &bytes, self.0.node)?;
                if is_other(head) {
                    return Err(ChainError::Rewritten(head.next).into());
                }
                verified.head = head;
                verified.records += 1;
                verified.first_at.get_or_insert(entry.at);
                verified.last_at = Some(entry.at);
            }
        }
    }
}
