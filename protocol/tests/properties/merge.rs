//! Merging is commutative, associative and idempotent, so that all nodes end with the same set
//! whatever they heard first.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use papermesh_protocol::advert::{Advert, AdvertSet, Delegated};
use papermesh_protocol::certificate::Role;
use papermesh_protocol::gateway::record::PlaceRecord;
use papermesh_protocol::id::NodeId;
use papermesh_protocol::limits;
use papermesh_protocol::lookup;
use papermesh_protocol::record::DirectoryRecord;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::SiteState;
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::user::{Badge, UserEntry};
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::{Index, select};

use crate::site::{
    AUTHORITY, HOLDER, NOW, USER, advert, badge, certificate, charlie, delegation, entry, judge,
    key, place_record, secret, set, shown, state,
};

/// More holders than a set keeps.
const HOLDERS: u8 = 40;

/// Adverts that differ in all that merging looks at: holder, right, age, tombstone, and bytes
/// where all of these are equal.
static POOL: LazyLock<Vec<Signed<Advert>>> = LazyLock::new(|| {
    let mut pool = Vec::new();
    for seed in 100..100 + HOLDERS {
        let certificate = certificate(seed, &[Role::Client, Role::SharedClient])
            .envelope()
            .clone();
        let delegated = Delegated {
            key: key(USER).verifying_key().into(),
            delegation: delegation(seed).envelope().clone(),
        };
        for (delegation, age, withdrawn, port) in [
            (true, 0, false, 1),
            (true, 0, false, 2),
            (true, 0, true, 1),
            (true, 1, false, 1),
            (true, 7_000_000, false, 1),
            (false, 0, false, 1),
            (false, 0, true, 2),
            (false, 1, false, 1),
            (false, 2, true, 1),
        ] {
            let advert = Advert {
                withdrawn,
                addresses: vec![serde_bytes::ByteBuf::from([4, 127, 0, 0, 1, 6, 0, port])],
                certificate: certificate.clone(),
                delegation: delegation.then(|| delegated.clone()),
                ..advert(seed, true, age)
            };
            pool.push(Signed::sign(advert, &key(seed)).unwrap());
        }
    }
    pool
});

/// Some adverts of the pool, from none to more than a set keeps.
fn adverts() -> impl Strategy<Value = Vec<Signed<Advert>>> {
    proptest::collection::vec(any::<Index>(), 0..100)
        .prop_map(|picks| picks.iter().map(|pick| pick.get(&POOL).clone()).collect())
}

fn merged(a: &AdvertSet, b: &AdvertSet) -> AdvertSet {
    let mut merged = a.clone();
    let changed = merged.merge(b);
    assert_eq!(
        changed,
        merged != *a,
        "`merge` says whether anything changed"
    );
    merged
}

/// What a set must keep, written down plainly: of each holder the greatest advert, and of those
/// the greatest 32.
fn model(adverts: &[Signed<Advert>]) -> Vec<Signed<Advert>> {
    let rank = |advert: &Signed<Advert>| {
        (
            advert.delegation.is_some(),
            advert.sequence,
            advert.envelope().clone(),
        )
    };
    let mut greatest: BTreeMap<NodeId, Signed<Advert>> = BTreeMap::new();
    for advert in adverts {
        let known = greatest
            .entry(advert.holder)
            .or_insert_with(|| advert.clone());
        if rank(advert) > rank(known) {
            *known = advert.clone();
        }
    }
    let mut greatest: Vec<_> = greatest.into_values().collect();
    greatest.sort_by_key(|advert| std::cmp::Reverse(rank(advert)));
    greatest.truncate(limits::ADVERTS_PER_USER);
    greatest.sort_by_key(|advert| advert.holder);
    greatest
}

proptest! {
    #[test]
    fn sets_merge_in_any_order_to_the_same(a in adverts(), b in adverts(), c in adverts()) {
        let all = [a.clone(), b.clone(), c.clone()].concat();
        let (a, b, c) = (set(a), set(b), set(c));
        prop_assert_eq!(merged(&a, &b), merged(&b, &a));
        prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
        prop_assert_eq!(merged(&a, &a), a.clone());
        prop_assert_eq!(merged(&merged(&a, &b), &b), merged(&a, &b));
        let kept: Vec<_> = merged(&merged(&a, &b), &c).iter().cloned().collect();
        prop_assert_eq!(kept, model(&all));
    }

    #[test]
    fn a_tombstone_hides_what_its_holder_said_before(older in 1..1000_u64, others in adverts()) {
        let seed = 100;
        let said = Signed::sign(advert(seed, true, older), &key(seed)).unwrap();
        let withdrawn = Advert { withdrawn: true, ..advert(seed, true, 0) };
        let withdrawn = Signed::sign(withdrawn, &key(seed)).unwrap();
        let mut known = set([withdrawn]);
        known.insert(said.clone());
        known.merge(&set(others));
        known.insert(said.clone());
        prop_assert!(known.live().all(|advert| *advert != said));
    }

    #[test]
    fn expiry_drops_what_has_expired_and_nothing_else(adverts in adverts(), later in 0..8_000_000_u64) {
        let now = Timestamp::from_millis(NOW.as_millis() + later);
        let before = set(adverts);
        let mut after = before.clone();
        after.expire(now);
        let left: Vec<_> = before.iter().filter(|advert| advert.expires_at > now).cloned().collect();
        prop_assert_eq!(after.iter().cloned().collect::<Vec<_>>(), left);
    }

    /// What one node stores another reads as the same, but for what has expired meanwhile.
    #[test]
    fn sets_travel_whole(adverts in adverts(), known in adverts()) {
        let state = state();
        let key = lookup::adverts_key(&secret(), &charlie());
        let mut sent = set(adverts);
        let bytes = DirectoryRecord::Adverts(sent.clone()).to_bytes().unwrap();
        let known = DirectoryRecord::Adverts(set(known));
        let read = DirectoryRecord::read(key, &bytes, &secret(), &judge(&state), Some(&known));
        sent.expire(NOW);
        match read {
            Ok(read) => prop_assert_eq!(read, DirectoryRecord::Adverts(sent)),
            Err(_) => prop_assert!(sent.is_empty()),
        }
    }
}

/// Records of which a key has one: with sequences from 1 to 3, and different ones of each.
fn single() -> impl Strategy<Value = fn(u64, bool) -> DirectoryRecord> {
    let user_entry = |sequence, other| {
        let display = if other { "Charlie" } else { "Charles" }.parse().unwrap();
        let entry = UserEntry {
            sequence,
            display,
            ..entry()
        };
        DirectoryRecord::UserEntry(Signed::sign(entry, &key(AUTHORITY)).unwrap())
    };
    let badge = |sequence, taken_back: bool| {
        let user = (!taken_back).then(charlie);
        let badge = Badge {
            sequence,
            user,
            ..badge()
        };
        DirectoryRecord::Badge(Signed::sign(badge, &key(AUTHORITY)).unwrap())
    };
    let site_state = |sequence, other| {
        let name = if other { "Werk Nord" } else { "Werk Süd" }
            .parse()
            .unwrap();
        let state = SiteState {
            sequence,
            name,
            ..state()
        };
        DirectoryRecord::SiteState(Signed::sign(state, &key(AUTHORITY)).unwrap())
    };
    let places = |sequence, empty: bool| {
        let record = PlaceRecord {
            sequence,
            shown: if empty { Vec::new() } else { shown() },
            ..place_record()
        };
        DirectoryRecord::Places(Signed::sign(record, &key(HOLDER)).unwrap())
    };
    let kinds: [fn(u64, bool) -> DirectoryRecord; 4] = [user_entry, badge, site_state, places];
    select(kinds.to_vec())
}

fn sequence() -> impl Strategy<Value = (u64, bool)> {
    (prop_oneof![Just(1), Just(2), Just(3)], any::<bool>())
}

fn newer(a: &DirectoryRecord, b: &DirectoryRecord) -> DirectoryRecord {
    let mut newer = a.clone();
    let changed = newer.merge(b);
    assert_eq!(
        changed,
        newer != *a,
        "`merge` says whether anything changed"
    );
    newer
}

proptest! {
    #[test]
    fn of_single_records_the_newest_wins_everywhere(
        make in single(),
        a in sequence(),
        b in sequence(),
        c in sequence(),
    ) {
        let highest = a.0.max(b.0).max(c.0);
        let [a, b, c] = [a, b, c].map(|(sequence, other)| make(sequence, other));
        prop_assert_eq!(newer(&a, &b), newer(&b, &a));
        prop_assert_eq!(newer(&newer(&a, &b), &c), newer(&a, &newer(&b, &c)));
        prop_assert_eq!(newer(&a, &a), a.clone());
        let sequence = match newer(&newer(&a, &b), &c) {
            DirectoryRecord::UserEntry(entry) => entry.sequence,
            DirectoryRecord::Badge(badge) => badge.sequence,
            DirectoryRecord::SiteState(state) => state.sequence,
            DirectoryRecord::Places(record) => record.sequence,
            DirectoryRecord::Adverts(_) => unreachable!("not made here"),
        };
        prop_assert_eq!(sequence, highest);
    }
}
