//! What doors say of their places is believed as they say it, and nothing else is: not from another's hand, not of names
//! that the site does not have.

use core::time::Duration;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use papermesh_protocol::certificate::Role;
use papermesh_protocol::gateway::name::HostName;
use papermesh_protocol::gateway::own_name::{Answers, Heard, NameRefusal, proof_text};
use papermesh_protocol::gateway::record::{PlaceRecord, PlaceRecordError, Shown};
use papermesh_protocol::id::{KeyDigest, SiteId};
use papermesh_protocol::limits;
use papermesh_protocol::lookup;
use papermesh_protocol::record::DirectoryRecord;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::SiteState;
use proptest::collection::{btree_set, vec};
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};
use proptest::sample::select;

use crate::site::{
    HOLDER, NOW, PRINTER, certificate, judge, judge_at, key, node, place_record, revoked, secret,
    site, state, state_with_gateway, state_with_own_name,
};

fn judged(record: PlaceRecord, seed: u8) -> Result<(), PlaceRecordError> {
    let state = state_with_own_name();
    let record = Signed::sign(record, &key(seed)).unwrap();
    judge(&state).places(record.envelope()).map(drop)
}

#[test]
fn invariant_6_a_record_of_places_is_its_doors_own() {
    assert_eq!(judged(place_record(), HOLDER), Ok(()));
    assert!(matches!(
        judged(place_record(), PRINTER),
        Err(PlaceRecordError::Signed(_))
    ));
    let of_another = PlaceRecord {
        certificate: certificate(PRINTER, &[Role::Printer]).envelope().clone(),
        ..place_record()
    };
    assert!(matches!(
        judged(of_another, HOLDER),
        Err(PlaceRecordError::Certificate(_))
    ));
    let bootstrap = PlaceRecord {
        certificate: certificate(HOLDER, &[Role::Bootstrap]).envelope().clone(),
        ..place_record()
    };
    assert_eq!(judged(bootstrap, HOLDER), Err(PlaceRecordError::NoDoor));
    let foreign = PlaceRecord {
        site: SiteId::from_bytes([9; 32]),
        ..place_record()
    };
    assert_eq!(judged(foreign, HOLDER), Err(PlaceRecordError::ForeignSite));
}

#[test]
fn invariant_6_a_record_of_places_ends_with_its_time_and_with_its_door() {
    let late = PlaceRecord {
        expires_at: NOW,
        ..place_record()
    };
    let long = PlaceRecord {
        expires_at: NOW + limits::PLACE_RECORD_LIFETIME + limits::CLOCK_SKEW * 2,
        ..place_record()
    };
    let ahead = PlaceRecord {
        sequence: (NOW + limits::CLOCK_SKEW * 2).as_millis(),
        ..place_record()
    };
    for record in [late, long, ahead] {
        assert_eq!(judged(record, HOLDER), Err(PlaceRecordError::NotNow));
    }
    let signed = Signed::sign(place_record(), &key(HOLDER)).unwrap();
    let without = SiteState {
        revoked: vec![revoked(HOLDER)],
        ..state_with_own_name()
    };
    assert!(judge(&without).places(signed.envelope()).is_err());
    let mut kept = DirectoryRecord::Places(signed);
    assert!(kept.expire(NOW));
    assert!(!kept.expire(NOW + limits::PLACE_RECORD_LIFETIME));
}

/// No member sends all others to look at somebody else's computer.
#[test]
fn invariant_6_a_record_names_nobody_else() {
    for name in [
        "www.example.org",
        "gw.example",
        "desk.other.gw.example",
        "a.b.acme.gw.example",
        "acme.gw.example.org",
        "xprint.acme.example",
    ] {
        let record = PlaceRecord {
            shown: vec![shown(name, 1)],
            ..place_record()
        };
        let refused = judged(record, HOLDER);
        assert!(
            matches!(refused, Err(PlaceRecordError::ForeignName(_))),
            "{name}: {refused:?}"
        );
    }
    let signed = Signed::sign(place_record(), &key(HOLDER)).unwrap();
    for state in [state(), state_with_gateway()] {
        assert!(judge(&state).places(signed.envelope()).is_err());
    }
}

fn shown(name: &str, key: u8) -> Shown {
    Shown {
        name: name.parse().unwrap(),
        now: Some(KeyDigest::from_bytes([key; 32])),
        next: None,
    }
}

fn name() -> impl Strategy<Value = HostName> {
    let label = select(vec![
        "desk", "hall", "acme", "gw", "example", "print", "www",
    ]);
    let labels = vec(label, 1..5);
    labels.prop_map(|labels| labels.join(".").parse().unwrap())
}

fn address() -> impl Strategy<Value = IpAddr> {
    (0..6u8).prop_map(|last| Ipv4Addr::new(192, 0, 2, last).into())
}

proptest! {
    /// Whatever a door has, what it signs is believed, and of the site's names nothing is lost.
    #[test]
    fn what_a_door_signs_is_believed(names in vec((name(), any::<u8>()), 0..100), last in any::<u32>()) {
        let state = state_with_own_name();
        let all: Vec<Shown> = names.iter().map(|(name, key)| shown(name.as_str(), *key)).collect();
        let mine = certificate(HOLDER, &[Role::Client]);
        let signing = (&key(HOLDER), &mine);
        let record = PlaceRecord::sign(all, signing, &state, (last.into(), NOW)).unwrap();
        let at = lookup::places_key(&secret(), node(HOLDER));
        let bytes = DirectoryRecord::Places(record.clone()).to_bytes().unwrap();
        let read = DirectoryRecord::read(at, &bytes, &secret(), &judge(&state), None);
        prop_assert_eq!(read, Ok(DirectoryRecord::Places(record.clone())));
        for (name, _) in &names {
            let is_ours = name.as_str() == "print.acme.example" || {
                let labels: Vec<&str> = name.as_str().split('.').collect();
                let labels = labels.strip_suffix(&["acme", "gw", "example"][..]);
                labels.is_some_and(|above| above.len() <= 1 && above.iter().all(|label| label.len() > 2 && *label != "www"))
            };
            prop_assert_eq!(record.at(name).is_some(), is_ours, "{}", name);
        }
        let elsewhere = lookup::places_key(&secret(), node(PRINTER));
        prop_assert!(DirectoryRecord::read(elsewhere, &bytes, &secret(), &judge(&state), None).is_err());
        let later = NOW + limits::PLACE_RECORD_LIFETIME + Duration::from_secs(1);
        prop_assert!(judge_at(&state, later).places(record.envelope()).is_err());
    }

    /// A gateway lets a name lead to a place exactly when every address is its own and some text names the site; and
    /// takes it from nobody because nothing is said of it.
    #[test]
    fn a_name_is_a_sites_when_its_owner_says_so_twice(
        addresses in btree_set(address(), 0..4),
        gateway in btree_set(address(), 0..4),
        texts in vec(select(vec![
            proof_text(site()), proof_text(SiteId::from_bytes([3; 32])), "v=spf1 -all".to_owned(), String::new(),
        ]), 0..4),
    ) {
        let (agrees, of_another) = (texts.contains(&proof_text(site())), proof_text(SiteId::from_bytes([3; 32])));
        let leads = !addresses.is_empty() && addresses.iter().all(|address| gateway.contains(address));
        let leads_away = addresses.iter().any(|address| !gateway.contains(address));
        let is_anothers = !agrees && texts.contains(&of_another);
        let heard = Answers { addresses, texts }.judge(site(), &gateway);
        prop_assert_eq!(heard == Heard::Agreed, leads && agrees);
        let says_otherwise = (leads_away && !gateway.is_empty()) || (!leads_away && is_anothers);
        prop_assert_eq!(matches!(heard, Heard::Refused(_)), says_otherwise, "{:?}", heard);
        prop_assert_eq!(heard.judged().is_ok(), leads && agrees);
        let nothing = Answers::default().judge(site(), &BTreeSet::new());
        prop_assert_eq!(nothing, Heard::Silent(NameRefusal::Elsewhere));
    }
}
