//! The DHT's storage on this node.
//!
//! Kademlia hands every record that arrives to [`VerifiedRecords::put`], which refuses what does
//! not verify or does not belong at its key, and merges the rest into what is there. A refusal
//! resets the sender's stream, so a quorum counts only nodes that believed the record.

use std::borrow::Cow;
use std::collections::hash_map;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use libp2p::PeerId;
use libp2p::kad::store::{Error, RecordStore, Result};
use libp2p::kad::{ProviderRecord, Record, RecordKey as Key};
use papermesh_protocol::certificate::Certificate;
use papermesh_protocol::id::RecordKey;
use papermesh_protocol::record::{DirectoryRecord, MAX};
use papermesh_protocol::signed::Envelope;

use super::membership::Membership;

/// Records that one node stores.
const RECORDS: usize = 20_000;
/// Bytes that they may have together.
const BYTES: usize = 64 * 1024 * 1024;

/// Where records outlive the process. Implemented by whoever owns the database; errors are
/// reported there, because a record lost here is replicated again by others.
pub trait RecordShelf: Send + 'static {
    /// Everything that was saved and not removed.
    fn load(&self) -> Vec<(RecordKey, Vec<u8>)>;
    /// Saves or replaces one value.
    fn save(&self, key: RecordKey, value: &[u8]);
    /// Removes one value.
    fn remove(&self, key: RecordKey);
}

/// The record store given to Kademlia.
pub(super) struct VerifiedRecords {
    membership: Arc<Membership>,
    shelf: Box<dyn RecordShelf>,
    held: HashMap<Key, Held>,
    bytes: usize,
}

pub(super) struct Held {
    value: DirectoryRecord,
    record: Record,
}

impl VerifiedRecords {
    /// The store with what the shelf has, judged again: the site may have moved on meanwhile.
    pub(super) fn load(membership: Arc<Membership>, shelf: Box<dyn RecordShelf>) -> Self {
        let saved = shelf.load();
        let mut records = Self {
            membership,
            shelf,
            held: HashMap::new(),
            bytes: 0,
        };
        for (key, value) in saved {
            if records
                .put(Record::new(key.as_bytes().to_vec(), value))
                .is_err()
            {
                records.shelf.remove(key);
            }
        }
        records
    }

    /// How many records there are.
    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    /// Drops what has expired.
    pub(super) fn expire(&mut self) {
        let now = self.membership.now();
        let dead: Vec<Key> = self
            .held
            .iter_mut()
            .filter_map(|(key, held)| (!held.value.expire(now)).then(|| key.clone()))
            .collect();
        for key in dead {
            self.remove(&key);
        }
    }

    /// Drops the adverts of holders that the site does not let stand any more. For when a newer
    /// site state arrives: records are judged when they are put, and would stay until they expire.
    pub(super) fn judge_again(&mut self) {
        let (site, now, state) = (
            self.membership.site(),
            self.membership.now(),
            self.membership.state(),
        );
        // A holder shows one certificate in all its adverts; its signature is checked once.
        let mut judged: BTreeMap<Envelope<Certificate>, bool> = BTreeMap::new();
        let mut stands = |certificate: &Envelope<Certificate>| match judged.get(certificate) {
            Some(stands) => *stands,
            None => {
                let stands = Certificate::verify(certificate, site, &state, now).is_ok();
                judged.insert(certificate.clone(), stands);
                stands
            }
        };
        let mut fallen = Vec::new();
        for (key, held) in &mut self.held {
            if let DirectoryRecord::Adverts(set) = &mut held.value
                && set.retain_holders(&mut stands)
            {
                fallen.push(key.clone());
            }
        }
        for key in fallen {
            self.write_again(&key);
        }
    }

    /// Brings the bytes of a record up to what is left of its value, and removes it if that is
    /// nothing.
    fn write_again(&mut self, key: &Key) {
        let bytes = match self.held.get(key).map(|held| &held.value) {
            Some(DirectoryRecord::Adverts(set)) if set.is_empty() => None,
            Some(value) => value.to_bytes().ok(),
            None => return,
        };
        let place = key.to_vec().try_into().ok().map(RecordKey::from_bytes);
        match (bytes, place, self.held.get_mut(key)) {
            (Some(bytes), Some(place), Some(held)) => {
                self.shelf.save(place, &bytes);
                self.bytes -= held.record.value.len();
                self.bytes += bytes.len();
                held.record.value = bytes;
            }
            _ => self.remove(key),
        }
    }

    fn room_for(&self, key: &Key, len: usize) -> bool {
        let replaced = self.held.get(key).map_or(0, |held| held.record.value.len());
        let count = self.held.len() + usize::from(!self.held.contains_key(key));
        count <= RECORDS && self.bytes - replaced + len <= BYTES
    }
}

impl RecordStore for VerifiedRecords {
    type RecordsIter<'a> =
        std::iter::Map<hash_map::Values<'a, Key, Held>, fn(&'a Held) -> Cow<'a, Record>>;
    type ProvidedIter<'a> = std::iter::Empty<Cow<'a, ProviderRecord>>;

    fn get(&self, key: &Key) -> Option<Cow<'_, Record>> {
        self.held.get(key).map(|held| Cow::Borrowed(&held.record))
    }

    fn put(&mut self, record: Record) -> Result<()> {
        if record.value.len() > MAX {
            return Err(Error::ValueTooLarge);
        }
        let key = RecordKey::from_bytes(
            record
                .key
                .to_vec()
                .try_into()
                .map_err(|_| Error::ValueTooLarge)?,
        );
        let known = self.held.get(&record.key).map(|held| &held.value);
        let mut value = self
            .membership
            .judge(|judge| {
                DirectoryRecord::read(key, &record.value, self.membership.secret(), judge, known)
            })
            .map_err(|error| {
                tracing::debug!(%key, %error, "a record was refused");
                // Kademlia's error has no better word; it never leaves this node.
                Error::ValueTooLarge
            })?;
        if let DirectoryRecord::SiteState(state) = &value {
            // The event loop notices, and tells everybody.
            let _ = self.membership.advance(state.envelope());
        }
        if let Some(known) = known {
            value.merge(known);
            if value == *known {
                return Ok(());
            }
        }
        let bytes = value.to_bytes().map_err(|_| Error::ValueTooLarge)?;
        if !self.room_for(&record.key, bytes.len()) {
            return Err(Error::MaxRecords);
        }
        self.shelf.save(key, &bytes);
        self.bytes += bytes.len();
        // No publisher: Kademlia would neither store nor replicate a record that names its
        // receiver. No expiry: what a record says of itself is what counts.
        let record = Record::new(record.key, bytes);
        if let Some(replaced) = self.held.insert(record.key.clone(), Held { value, record }) {
            self.bytes -= replaced.record.value.len();
        }
        Ok(())
    }

    fn remove(&mut self, key: &Key) {
        if let Some(held) = self.held.remove(key) {
            self.bytes -= held.record.value.len();
            if let Ok(key) = key.to_vec().try_into() {
                self.shelf.remove(RecordKey::from_bytes(key));
            }
        }
    }

    fn records(&self) -> Self::RecordsIter<'_> {
        self.held.values().map(|held| Cow::Borrowed(&held.record))
    }

    // Provider records are unsigned and unused here.

    fn add_provider(&mut self, _: ProviderRecord) -> Result<()> {
        Err(Error::MaxProvidedKeys)
    }

    fn providers(&self, _: &Key) -> Vec<ProviderRecord> {
        Vec::new()
    }

    fn provided(&self) -> Self::ProvidedIter<'_> {
        std::iter::empty()
    }

    fn remove_provider(&mut self, _: &Key, _: &PeerId) {}
}
