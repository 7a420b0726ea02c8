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
use papermesh_protocol::gateway::record::NamesOfSite;
use papermesh_protocol::id::RecordKey;
use papermesh_protocol::judge::Judge;
use papermesh_protocol::record::{DirectoryRecord, MAX};
use papermesh_protocol::signed::Envelope;

use super::membership::Membership;
use super::room::Room;

/// Where records outlive the process. Implemented by whoever owns the database; errors are
/// reported there, because a record lost here is replicated again by others.
pub trait RecordStorage: Send + 'static {
    /// Everything that was saved and not removed.
    fn load(&self) -> Vec<(RecordKey, Vec<u8>)>;
    /// Saves or replaces one value. Called from the mesh's task, which must not wait for a disk.
    fn save(&self, key: RecordKey, value: &[u8]);
    /// Removes one value. Does not wait, either.
    fn remove(&self, key: RecordKey);
}

/// The record store given to Kademlia.
pub(super) struct VerifiedRecords {
    membership: Arc<Membership>,
    storage: Box<dyn RecordStorage>,
    held: HashMap<Key, Held>,
    room: Room,
    /// What comes next, if it was judged already.
    believed: Option<Judged>,
}

pub(super) struct Held {
    value: Arc<DirectoryRecord>,
    record: Record,
}

/// A value that was judged before it gets to the store.
pub(super) struct Judged {
    key: RecordKey,
    bytes: Vec<u8>,
    value: DirectoryRecord,
    /// The site state by which it was judged.
    by: u64,
}

impl Judged {
    /// Judges a value. Adverts that are `known` are not verified again.
    pub(super) fn new(
        membership: &Membership,
        key: RecordKey,
        bytes: Vec<u8>,
        known: Option<&DirectoryRecord>,
    ) -> Result<Self> {
        if bytes.len() > MAX {
            return Err(Error::ValueTooLarge);
        }
        let by = membership.state().sequence;
        let value = membership
            .judge(|judge| DirectoryRecord::read(key, &bytes, membership.secret(), judge, known))
            .map_err(|error| {
                tracing::debug!(%key, %error, "record refused");
                // Kademlia's error has no better word; it never leaves this node.
                Error::ValueTooLarge
            })?;
        Ok(Self {
            key,
            bytes,
            value,
            by,
        })
    }
}

impl VerifiedRecords {
    /// The store with what the storage has, judged again: the site may have moved on meanwhile.
    pub(super) fn load(membership: Arc<Membership>, storage: Box<dyn RecordStorage>) -> Self {
        let saved = storage.load();
        let mut records = Self {
            membership,
            storage,
            held: HashMap::new(),
            room: Room::default(),
            believed: None,
        };
        for (key, saved) in saved {
            match records.take(key, &saved) {
                Err(_) => records.storage.remove(key),
                Ok(Some(bytes)) if bytes != saved => records.storage.save(key, &bytes),
                Ok(_) => {}
            }
        }
        records
    }

    /// How many records there are.
    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    /// What is stored at a key.
    pub(super) fn known(&self, key: RecordKey) -> Option<Arc<DirectoryRecord>> {
        let held = self.held.get(&Key::new(key.as_bytes()));
        held.map(|held| held.value.clone())
    }

    /// Spares the next value to be judged once more, if it is this one.
    pub(super) fn believe(&mut self, judged: Judged) {
        self.believed = Some(judged);
    }

    /// Drops what has expired.
    pub(super) fn expire(&mut self) {
        let now = self.membership.now();
        let mut dead = Vec::new();
        for (key, held) in &mut self.held {
            if held.change(&mut self.room, |value| !value.expire(now)) {
                dead.push(key.clone());
            }
        }
        for key in dead {
            self.remove(&key);
        }
    }

    /// Drops what admins signed who are none any more, and what members say, adverts and records of places,
    /// whom the site does not let stand any more, or of names that it does not have any more. For when a newer charter or site state arrives: records are judged when
    /// they are put, and would stay.
    pub(super) fn judge_again(&mut self) {
        let (charter, now, state) = (
            self.membership.charter(),
            self.membership.now(),
            self.membership.state(),
        );
        let judge = Judge {
            charter: &charter,
            state: &state,
            now,
        };
        let unsigned = self
            .held
            .iter()
            .filter(|(_, held)| match held.value.as_ref() {
                DirectoryRecord::Adverts(_) | DirectoryRecord::Places(_) => false,
                DirectoryRecord::UserEntry(entry) => !charter.names(entry.signer()),
                DirectoryRecord::Badge(badge) => !charter.names(badge.signer()),
                DirectoryRecord::SiteState(state) => !charter.names(state.signer()),
            });
        let unsigned: Vec<_> = unsigned.map(|(key, _)| key.clone()).collect();
        for key in unsigned {
            self.remove(&key);
        }
        // A holder shows one certificate in all its adverts; its signature is checked once.
        let mut judged: BTreeMap<Envelope<Certificate>, bool> = BTreeMap::new();
        let mut stands = |certificate: &Envelope<Certificate>| match judged.get(certificate) {
            Some(stands) => *stands,
            None => {
                let stands = Certificate::verify(certificate, &judge).is_ok();
                judged.insert(certificate.clone(), stands);
                stands
            }
        };
        let names = NamesOfSite::of(&state);
        let unsaid = self
            .held
            .iter()
            .filter(|(_, held)| match held.value.as_ref() {
                DirectoryRecord::Places(record) => {
                    !stands(&record.certificate) || record.foreign_name(&names).is_some()
                }
                _ => false,
            });
        let unsaid: Vec<_> = unsaid.map(|(key, _)| key.clone()).collect();
        for key in unsaid {
            self.remove(&key);
        }
        let mut fallen = Vec::new();
        for (key, held) in &mut self.held {
            let fell = held.change(&mut self.room, |value| match value {
                DirectoryRecord::Adverts(set) => set.retain(|advert| stands(&advert.certificate)),
                _ => false,
            });
            if fell {
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
        let bytes = match self.held.get(key).map(|held| &*held.value) {
            Some(DirectoryRecord::Adverts(set)) if set.is_empty() => None,
            Some(value) => value.to_bytes().ok(),
            None => return,
        };
        let place = key.to_vec().try_into().ok().map(RecordKey::from_bytes);
        match (bytes, place, self.held.get_mut(key)) {
            (Some(bytes), Some(place), Some(held)) => {
                self.storage.save(place, &bytes);
                self.room.leave(&held.value, held.record.value.len());
                self.room.enter(&held.value, bytes.len());
                held.record.value = bytes;
            }
            _ => self.remove(key),
        }
    }

    /// Judges a value and merges it into what is there. The bytes that are stored for the key from
    /// now on, unless they are those of before.
    fn take(&mut self, key: RecordKey, bytes: &[u8]) -> Result<Option<Vec<u8>>> {
        let state = self.membership.state().sequence;
        let believed = self.believed.take();
        let believed = believed
            .filter(|judged| judged.by == state && judged.key == key && judged.bytes == bytes);
        let place = Key::new(key.as_bytes());
        let held = self.held.get(&place);
        let known = held.map(|held| &*held.value);
        let judged = match believed {
            Some(judged) => judged,
            None => Judged::new(&self.membership, key, bytes.to_vec(), known)?,
        };
        let mut value = judged.value;
        match &mut value {
            DirectoryRecord::SiteState(state) => {
                // The event loop notices, and tells everybody.
                let _ = self.membership.advance(state.envelope());
            }
            DirectoryRecord::Adverts(set) => {
                let stored = match known {
                    Some(DirectoryRecord::Adverts(stored)) => Some(stored),
                    _ => None,
                };
                self.room.share(set, stored, self.membership.node());
                if set.is_empty() {
                    return Err(Error::MaxRecords);
                }
            }
            DirectoryRecord::UserEntry(_)
            | DirectoryRecord::Badge(_)
            | DirectoryRecord::Places(_) => {}
        }
        if let Some(known) = known {
            value.merge(known);
            if value == *known {
                return Ok(None);
            }
        }
        let bytes = value.to_bytes().map_err(|_| Error::ValueTooLarge)?;
        let replaced = held.map(|held| held.record.value.len());
        if !self.room.fits(&value, bytes.len(), replaced) {
            return Err(Error::MaxRecords);
        }
        self.room.enter(&value, bytes.len());
        // No publisher: Kademlia would neither store nor replicate a record that names its
        // receiver. No expiry: what a record says of itself is what counts.
        let record = Record::new(place.clone(), bytes.clone());
        let value = Arc::new(value);
        if let Some(replaced) = self.held.insert(place, Held { value, record }) {
            self.room
                .leave(&replaced.value, replaced.record.value.len());
        }
        Ok(Some(bytes))
    }
}

impl Held {
    /// Changes the value, and what it takes of the room with it; its bytes stay those of before.
    fn change<T>(&mut self, room: &mut Room, change: impl FnOnce(&mut DirectoryRecord) -> T) -> T {
        let bytes = self.record.value.len();
        room.leave(&self.value, bytes);
        let changed = change(Arc::make_mut(&mut self.value));
        room.enter(&self.value, bytes);
        changed
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
        let key = record.key.to_vec().try_into().map(RecordKey::from_bytes);
        let key = key.map_err(|_| Error::ValueTooLarge)?;
        if let Some(bytes) = self.take(key, &record.value)? {
            self.storage.save(key, &bytes);
        }
        Ok(())
    }

    fn remove(&mut self, key: &Key) {
        if let Some(held) = self.held.remove(key) {
            self.room.leave(&held.value, held.record.value.len());
            if let Ok(key) = key.to_vec().try_into() {
                self.storage.remove(RecordKey::from_bytes(key));
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use ed25519_dalek::SigningKey;
    use papermesh_protocol::advert::{AdvertSet, Advertiser};
    use papermesh_protocol::certificate::{Role, Roles};
    use papermesh_protocol::id::{NodeId, Serial, SiteId};
    use papermesh_protocol::limits::STORED_PER_HOLDER;
    use papermesh_protocol::lookup;
    use papermesh_protocol::seal::keys::SealingPublic;
    use papermesh_protocol::signed::Signed;
    use papermesh_protocol::site::{SiteSecret, SiteState};
    use papermesh_protocol::text::UserId;
    use papermesh_protocol::time::Timestamp;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000_000);

    /// A storage that forgets at once.
    struct NoStorage;

    impl RecordStorage for NoStorage {
        fn load(&self) -> Vec<(RecordKey, Vec<u8>)> {
            Vec::new()
        }
        fn save(&self, _: RecordKey, _: &[u8]) {}
        fn remove(&self, _: RecordKey) {}
    }

    struct Holder {
        key: SigningKey,
        certificate: Signed<Certificate>,
    }

    fn secret() -> SiteSecret {
        SiteSecret::from_bytes([3; 32])
    }

    fn authority() -> SigningKey {
        SigningKey::from_bytes(&[1; 32])
    }

    fn holder(seed: u8) -> Holder {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let certificate = Certificate {
            site: SiteId::from(authority().verifying_key()),
            node: NodeId::from(key.verifying_key()),
            sealing: SealingPublic::from_bytes([9; 32]),
            name: "pool".parse().unwrap(),
            roles: Roles::of(&[Role::SharedClient]),
            serial: Serial::from_bytes([seed; 8]),
            not_before: NOW,
            not_after: NOW + Duration::from_secs(3600),
            despite: None,
        };
        let certificate = Signed::sign(certificate, &authority()).unwrap();
        Holder { key, certificate }
    }

    fn state(sequence: u64) -> Signed<SiteState> {
        let site = SiteId::from(authority().verifying_key());
        let mut state = SiteState::new(site, "Acme".parse().unwrap());
        state.sequence = sequence;
        Signed::sign(state, &authority()).unwrap()
    }

    /// The records of a node that is no holder of the tests.
    fn records() -> VerifiedRecords {
        let membership = Membership::new(
            holder(2).certificate,
            (crate::sample::charter_of(&authority()), state(1)),
            secret(),
            || NOW,
        );
        VerifiedRecords::load(Arc::new(membership), Box::new(NoStorage))
    }

    fn user(number: usize) -> UserId {
        format!("user{number}").parse().unwrap()
    }

    /// What these holders say together of a user.
    fn adverts(holders: &[&Holder], user: &UserId) -> Record {
        let mut set = AdvertSet::default();
        for holder in holders {
            let advertiser = Advertiser {
                key: &holder.key,
                certificate: &holder.certificate,
                user,
                delegation: None,
            };
            set.insert(advertiser.sign(0, &[], false, NOW).unwrap());
        }
        let bytes = DirectoryRecord::Adverts(set).to_bytes().unwrap();
        let key = lookup::adverts_key(&secret(), user);
        Record::new(key.as_bytes().to_vec(), bytes)
    }

    #[test]
    fn a_holder_that_makes_up_users_keeps_out_itself_only() {
        let mut records = records();
        let (greedy, honest) = (holder(4), holder(5));
        for number in 0..STORED_PER_HOLDER {
            records.put(adverts(&[&greedy], &user(number))).unwrap();
        }
        let one_more = user(STORED_PER_HOLDER);
        let refused = records.put(adverts(&[&greedy], &one_more));
        assert!(matches!(refused, Err(Error::MaxRecords)));
        // What it has it may say again, and beside it others are heard.
        records.put(adverts(&[&greedy, &honest], &user(0))).unwrap();
        records
            .put(adverts(&[&greedy, &honest], &one_more))
            .unwrap();
        let key = Key::new(lookup::adverts_key(&secret(), &one_more).as_bytes());
        let DirectoryRecord::Adverts(stored) = &*records.held[&key].value else {
            panic!("not adverts");
        };
        let holders: Vec<NodeId> = stored.iter().map(|advert| advert.holder).collect();
        assert_eq!(holders, [honest.certificate.node]);
        // What it gives up it may take again.
        records.remove(&Key::new(
            lookup::adverts_key(&secret(), &user(1)).as_bytes(),
        ));
        records.put(adverts(&[&greedy], &user(1))).unwrap();
    }

    #[test]
    fn whatever_happens_to_records_the_room_is_what_they_take() {
        let mut records = records();
        let (one, other) = (holder(4), holder(5));
        records.put(adverts(&[&one, &other], &user(0))).unwrap();
        records.put(adverts(&[&one], &user(1))).unwrap();
        records.put(adverts(&[&other], &user(1))).unwrap();
        let key = lookup::site_state_key(&secret());
        let bytes = DirectoryRecord::SiteState(state(2)).to_bytes().unwrap();
        let site = Record::new(key.as_bytes().to_vec(), bytes);
        records.put(site).unwrap();
        let counted = |records: &VerifiedRecords| {
            let mut room = Room::default();
            for held in records.held.values() {
                room.enter(&held.value, held.record.value.len());
            }
            room
        };
        assert_eq!(records.room, counted(&records));
        records.judge_again();
        records.expire();
        records.remove(&Key::new(
            lookup::adverts_key(&secret(), &user(0)).as_bytes(),
        ));
        assert_eq!((records.len(), &records.room), (2, &counted(&records)));
    }
}
