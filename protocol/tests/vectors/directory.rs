//! Keys of the DHT, badge tags, and the merge of advert sets.

use papermesh_protocol::advert::Advert;
use papermesh_protocol::badge::BadgeNumber;
use papermesh_protocol::lookup;
use papermesh_protocol::record::DirectoryRecord;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::SiteState;
use papermesh_protocol::text::UserId;
use papermesh_protocol::user::{Badge, UserEntry};
use serde_json::{Value, json};

use crate::site::{
    AUTHORITY, HOLDER, PRINTER, SHARED, advert, badge, charlie, entry, judge, key, node,
    place_record, secret, set, signed_advert, site, state, state_with_own_name, tag,
};
use crate::{check, hex};

#[test]
fn records_lie_where_they_always_did() {
    let secret = secret();
    let mut vectors = vec![json!({
        "name": "site state",
        "site_secret": hex(secret.expose()),
        "key": hex(lookup::site_state_key(&secret).as_bytes()),
    })];
    vectors.push(json!({
        "name": "prologue of handshakes",
        "site": hex(site().as_bytes()),
        "prologue": hex(lookup::prologue(&secret, site())),
    }));
    for user in ["charlie", "Charlie", "dora müller", "dora@example.org"] {
        let keys = user.parse::<UserId>().map(|user| {
            let adverts = lookup::adverts_key(&secret, &user);
            (adverts, lookup::user_entry_key(&secret, &user))
        });
        vectors.push(json!({
            "name": format!("user {user}"),
            "adverts": keys.as_ref().ok().map(|(adverts, _)| hex(adverts.as_bytes())),
            "user_entry": keys.as_ref().ok().map(|(_, entry)| hex(entry.as_bytes())),
        }));
    }
    for number in [
        "04A1B2C3D4E5F6",
        "04:a1:b2:c3:d4:e5:f6",
        "0004A1B2C3D4E5F6",
        "04;A1",
        "",
    ] {
        let tag = lookup::badge_tag(&secret, &BadgeNumber::of(number)).ok();
        vectors.push(json!({
            "name": format!("badge {number}"),
            "tag": tag.map(|tag| hex(tag.as_bytes())),
        }));
    }
    let about = "Where records live under `site_secret`, and with what handshakes begin; null where the user id or badge number is refused.";
    vectors.push(json!({
        "name": "places of a door",
        "node": hex(node(HOLDER).as_bytes()),
        "places": hex(lookup::places_key(&secret, node(HOLDER)).as_bytes()),
    }));
    check("lookup", about, vectors);
}

/// A record and its value as it lies in the DHT, read back by a member.
fn stored(name: &str, key: papermesh_protocol::id::RecordKey, record: &DirectoryRecord) -> Value {
    let bytes = record.to_bytes().unwrap();
    let state = match record {
        DirectoryRecord::Places(_) => state_with_own_name(),
        _ => state(),
    };
    let read = DirectoryRecord::read(key, &bytes, &secret(), &judge(&state), None).unwrap();
    assert_eq!(read, *record);
    json!({ "name": name, "key": hex(key.as_bytes()), "value": hex(bytes) })
}

#[test]
fn values_of_the_dht_are_encoded_as_ever() {
    let secret = secret();
    let authority = key(AUTHORITY);
    let entry: Signed<UserEntry> = Signed::sign(entry(), &authority).unwrap();
    let badge: Signed<Badge> = Signed::sign(badge(), &authority).unwrap();
    let site_state: Signed<SiteState> = Signed::sign(state(), &authority).unwrap();
    let adverts = set([
        signed_advert(HOLDER, true, 0),
        signed_advert(SHARED, false, 0),
    ]);
    let at_user = lookup::adverts_key(&secret, &charlie());
    let vectors = vec![
        stored("advert set", at_user, &DirectoryRecord::Adverts(adverts)),
        stored(
            "user entry",
            lookup::user_entry_key(&secret, &charlie()),
            &DirectoryRecord::UserEntry(entry),
        ),
        stored(
            "badge",
            lookup::badge_key(tag()),
            &DirectoryRecord::Badge(badge),
        ),
        stored(
            "site state",
            lookup::site_state_key(&secret),
            &DirectoryRecord::SiteState(site_state),
        ),
        stored(
            "places of a door",
            lookup::places_key(&secret, node(HOLDER)),
            &DirectoryRecord::Places(Signed::sign(place_record(), &key(HOLDER)).unwrap()),
        ),
    ];
    check(
        "directory",
        "Values of the DHT and the keys at which they belong.",
        vectors,
    );
}

/// What two nodes know, and what both know after they merged it.
fn merge(name: &str, ours: &[Advert], theirs: &[Advert]) -> Value {
    let signed = |adverts: &[Advert]| {
        set(adverts.iter().map(|advert| {
            let seed = [HOLDER, SHARED, PRINTER]
                .into_iter()
                .find(|&seed| crate::site::node(seed) == advert.holder);
            Signed::sign(advert.clone(), &key(seed.unwrap())).unwrap()
        }))
    };
    let value = |set: &papermesh_protocol::advert::AdvertSet| {
        hex(DirectoryRecord::Adverts(set.clone()).to_bytes().unwrap())
    };
    let (ours, theirs) = (signed(ours), signed(theirs));
    let mut merged = ours.clone();
    merged.merge(&theirs);
    let mut other_way = theirs.clone();
    other_way.merge(&ours);
    assert_eq!(merged, other_way);
    json!({ "name": name, "ours": value(&ours), "theirs": value(&theirs), "merged": value(&merged) })
}

#[test]
fn advert_sets_merge_as_ever() {
    let withdrawn = |advert: Advert| Advert {
        withdrawn: true,
        ..advert
    };
    let vectors = vec![
        merge(
            "the higher sequence wins",
            &[advert(HOLDER, true, 0)],
            &[advert(HOLDER, true, 1)],
        ),
        merge(
            "of equal sequences the larger payload wins",
            &[advert(HOLDER, true, 0)],
            &[withdrawn(advert(HOLDER, true, 0))],
        ),
        merge(
            "a tombstone stays, and hides what is older",
            &[withdrawn(advert(HOLDER, true, 0)), advert(SHARED, false, 0)],
            &[advert(HOLDER, true, 1), advert(PRINTER, false, 5)],
        ),
        merge(
            "of one holder the delegated advert wins over the newer shared one",
            &[advert(HOLDER, true, 9)],
            &[advert(HOLDER, false, 0)],
        ),
    ];
    check(
        "merge",
        "Advert sets as values of the DHT, before and after merging.",
        vectors,
    );
}
