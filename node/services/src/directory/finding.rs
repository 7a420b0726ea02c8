//! Making sense of what the DHT says about a user's holders. Pure: values in, holders out.
//!
//! Every node that is asked says what it knows, and some know old things. Each believable holder
//! comes out once as soon as anybody names it, and once more if a newer advert gives it other
//! addresses; a holder that turns out to have withdrawn is not taken back, since it tells the
//! truth itself when dialed. One that was never known otherwise comes out, too: it holds nothing,
//! and can tell who is the user and who is not.

use std::collections::BTreeMap;

use papermesh_protocol::advert::{Advert, AdvertSet};
use papermesh_protocol::certificate::Certificate;
use papermesh_protocol::id::{NodeId, RecordKey, UserKey};
use papermesh_protocol::judge::Judge;
use papermesh_protocol::lookup;
use papermesh_protocol::record::DirectoryRecord;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::SiteSecret;
use papermesh_protocol::text::{Name, UserId};
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::user::UserEntry;

/// A holder that says it has jobs for the user, or that it has none any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundHolder(Signed<Advert>);

impl FoundHolder {
    /// Which node it is.
    #[must_use]
    pub fn holder(&self) -> NodeId {
        self.0.holder
    }

    /// Whether it says that it has jobs.
    #[must_use]
    pub fn holds(&self) -> bool {
        !self.0.withdrawn
    }

    /// Whether it holds by the user's delegation; else it is a shared client.
    #[must_use]
    pub(crate) fn is_delegated(&self) -> bool {
        self.0.delegation.is_some()
    }

    /// When it said so: adverts are numbered by their holder's clock, which is never ahead.
    #[must_use]
    pub(crate) fn said_at(&self) -> Timestamp {
        Timestamp::from_millis(self.0.sequence)
    }

    /// Where to dial it.
    #[must_use]
    pub fn addresses(&self) -> Vec<Vec<u8>> {
        self.0
            .addresses
            .iter()
            .map(|address| address.to_vec())
            .collect()
    }

    /// Its name, by its certificate.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        let certificate: Signed<Certificate> = self.0.certificate.verify_named().ok()?;
        Some(certificate.name.clone())
    }

    /// Whether the authority's entry agrees with the user key by which this holder may hold. A
    /// shared client holds by its certificate and needs no key.
    #[must_use]
    pub(crate) fn agrees_with(&self, entry: &UserEntry) -> bool {
        self.0.user == entry.user && agrees(&self.0, entry.key)
    }
}

fn agrees(advert: &Advert, key: Option<UserKey>) -> bool {
    advert
        .delegation
        .as_ref()
        .is_none_or(|delegated| Some(delegated.key) == key)
}

/// A search for the holders of one user.
pub struct Finding {
    user: UserId,
    place: RecordKey,
    secret: SiteSecret,
    set: AdvertSet,
    told: BTreeMap<NodeId, Signed<Advert>>,
    /// The user's key by the authority's entry, once the entry is known.
    key: Option<Option<UserKey>>,
}

impl Finding {
    /// A search that has heard nothing yet.
    #[must_use]
    pub fn new(user: UserId, secret: SiteSecret) -> Self {
        let place = lookup::adverts_key(&secret, &user);
        Self {
            user,
            place,
            secret,
            set: AdvertSet::default(),
            told: BTreeMap::new(),
            key: None,
        }
    }

    /// Where to ask.
    #[must_use]
    pub fn place(&self) -> RecordKey {
        self.place
    }

    /// Takes the authority's entry: from now on adverts by another user key are not believed.
    pub fn know(&mut self, entry: &UserEntry) {
        self.key = Some(entry.key);
    }

    /// Takes one node's answer; gives the holders that are new in it.
    pub fn take(&mut self, value: &[u8], judge: &Judge<'_>) -> Vec<FoundHolder> {
        let known = DirectoryRecord::Adverts(std::mem::take(&mut self.set));
        let read = DirectoryRecord::read(self.place, value, &self.secret, judge, Some(&known));
        if let DirectoryRecord::Adverts(set) = known {
            self.set = set;
        }
        let Ok(DirectoryRecord::Adverts(theirs)) = read else {
            return Vec::new();
        };
        if !self.set.merge(&theirs) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for advert in self.set.iter() {
            let news = self.told.get(&advert.holder).is_none_or(|told| {
                let other = told.addresses != advert.addresses || told.withdrawn;
                other && (told.withdrawn || !advert.withdrawn) && told != advert
            });
            let believed =
                advert.user == self.user && self.key.is_none_or(|key| agrees(advert, key));
            if news && believed {
                self.told.insert(advert.holder, advert.clone());
                found.push(FoundHolder(advert.clone()));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use ed25519_dalek::SigningKey;
    use papermesh_protocol::advert::{Advertiser, Delegated};
    use papermesh_protocol::certificate::{Role, Roles};
    use papermesh_protocol::delegation::Delegation;
    use papermesh_protocol::id::{Serial, SiteId};
    use papermesh_protocol::seal::SealingPublic;
    use papermesh_protocol::site::SiteState;
    use papermesh_protocol::time::Timestamp;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn site() -> SiteId {
        SiteId::from(key(1).verifying_key())
    }

    fn user() -> UserId {
        "alice".parse().unwrap()
    }

    fn secret() -> SiteSecret {
        SiteSecret::from_bytes([9; 32])
    }

    /// The value at Alice's lookup key that holder `holder` would put, with her key `by`.
    fn value(holder: u8, by: u8, sequence: u64, address: &[u8], withdrawn: bool) -> Vec<u8> {
        let node = NodeId::from(key(holder).verifying_key());
        let certificate = Certificate {
            site: site(),
            node,
            sealing: SealingPublic::from_bytes([holder; 32]),
            name: "laptop".parse().unwrap(),
            roles: Roles::of(&[Role::Client]),
            serial: Serial::from_bytes([holder; 8]),
            not_before: NOW,
            not_after: NOW + papermesh_protocol::limits::CERTIFICATE_LIFETIME,
            despite: None,
        };
        let certificate = Signed::sign(certificate, &key(1)).unwrap();
        let delegation =
            Signed::sign(Delegation::new(site(), user(), node, NOW), &key(by)).unwrap();
        let delegated = Delegated {
            key: UserKey::from(key(by).verifying_key()),
            delegation: delegation.envelope().clone(),
        };
        let advertiser = Advertiser {
            key: &key(holder),
            certificate: &certificate,
            user: &user(),
            delegation: Some(delegated),
        };
        let advert = advertiser
            .sign(
                NOW.as_millis() + sequence - 1,
                &[address.to_vec()],
                withdrawn,
                NOW,
            )
            .unwrap();
        let mut set = AdvertSet::default();
        set.insert(advert);
        DirectoryRecord::Adverts(set).to_bytes().unwrap()
    }

    fn take(finding: &mut Finding, value: &[u8]) -> Vec<(u8, Vec<Vec<u8>>)> {
        let state = SiteState::new(site(), "here".parse().unwrap());
        let judge = Judge {
            charter: &crate::tests::charter_of(&key(1)),
            state: &state,
            now: NOW,
        };
        let of = |node: NodeId| {
            (0..=255)
                .find(|&n| NodeId::from(key(n).verifying_key()) == node)
                .unwrap()
        };
        finding
            .take(value, &judge)
            .iter()
            .filter(|found| found.holds())
            .map(|found| (of(found.holder()), found.addresses()))
            .collect()
    }

    #[test]
    fn each_holder_is_told_once_whoever_names_it() {
        let mut finding = Finding::new(user(), secret());
        assert_eq!(
            take(&mut finding, &value(10, 2, 1, b"a", false)),
            [(10, vec![b"a".to_vec()])]
        );
        assert_eq!(take(&mut finding, &value(10, 2, 1, b"a", false)), []);
        assert_eq!(take(&mut finding, &value(11, 2, 1, b"b", false)).len(), 1);
    }

    #[test]
    fn newer_addresses_are_told_and_older_ones_are_not() {
        let mut finding = Finding::new(user(), secret());
        take(&mut finding, &value(10, 2, 2, b"a", false));
        assert_eq!(
            take(&mut finding, &value(10, 2, 3, b"b", false)),
            [(10, vec![b"b".to_vec()])]
        );
        assert_eq!(take(&mut finding, &value(10, 2, 1, b"c", false)), []);
    }

    #[test]
    fn a_holder_that_withdrew_is_told_as_one_that_holds_nothing() {
        let state = SiteState::new(site(), "here".parse().unwrap());
        let judge = Judge {
            charter: &crate::tests::charter_of(&key(1)),
            state: &state,
            now: NOW,
        };
        let mut finding = Finding::new(user(), secret());
        let found = finding.take(&value(10, 2, 2, b"a", true), &judge);
        assert_eq!(found.len(), 1);
        assert!(!found[0].holds());
        // What it said before counts no more; what it says later does.
        assert_eq!(take(&mut finding, &value(10, 2, 1, b"a", false)), []);
        assert_eq!(take(&mut finding, &value(10, 2, 3, b"a", false)).len(), 1);
        assert_eq!(finding.take(&value(10, 2, 4, b"a", true), &judge), []);
    }

    #[test]
    fn a_key_that_the_authority_does_not_know_is_not_believed_once_that_is_known() {
        let entry = UserEntry {
            site: site(),
            user: user(),
            sequence: 1,
            issued_at: NOW,
            display: "Alice".parse().unwrap(),
            key: Some(UserKey::from(key(2).verifying_key())),
            badges: Vec::new(),
            groups: Vec::new(),
            state: papermesh_protocol::user::UserState::Active,
        };
        let mut finding = Finding::new(user(), secret());
        assert_eq!(take(&mut finding, &value(10, 3, 1, b"a", false)).len(), 1);
        finding.know(&entry);
        assert_eq!(take(&mut finding, &value(11, 3, 1, b"a", false)), []);
        assert_eq!(take(&mut finding, &value(12, 2, 1, b"a", false)).len(), 1);
    }

    #[test]
    fn rubbish_is_passed_over() {
        let mut finding = Finding::new(user(), secret());
        let mut cut = value(10, 2, 1, b"a", false);
        cut.truncate(100);
        assert_eq!(take(&mut finding, &cut), []);
        assert_eq!(take(&mut finding, &[]), []);
        assert_eq!(take(&mut finding, &value(10, 2, 1, b"a", false)).len(), 1);
    }
}
