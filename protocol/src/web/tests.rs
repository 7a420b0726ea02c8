#![allow(clippy::unwrap_used)]
use ed25519_dalek::SigningKey;

use super::*;
use crate::certificate::{Role, Roles};
use crate::id::Serial;
use crate::seal::keys::SealingPublic;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

fn key(byte: u8) -> SigningKey {
    SigningKey::from_bytes(&[byte; 32])
}

fn member() -> Certificate {
    Certificate {
        site: key(1).verifying_key().into(),
        node: NodeId::from_bytes([2; 32]),
        sealing: SealingPublic::from_bytes([5; 32]),
        name: "Desk".parse().unwrap(),
        roles: Roles::of(&[Role::Printer]),
        serial: Serial::from_bytes([1; 8]),
        not_before: NOW,
        not_after: NOW + limits::CERTIFICATE_LIFETIME,
        despite: None,
    }
}

fn places(names: &[&str]) -> Places {
    Places::new(names.iter().map(|name| name.parse().unwrap()), []).unwrap()
}

fn wanted(request: Request) -> CertificateRequest {
    let bytes = codec::encode(&request, limits::WEB_MESSAGE).unwrap();
    match codec::decode(&bytes, limits::WEB_MESSAGE).unwrap() {
        Request::Certify(wanted) => wanted,
        Request::Authority => panic!("asks for the authority"),
    }
}

fn authority(by: &SigningKey) -> Envelope<WebAuthority> {
    let authority = WebAuthority {
        site: member().site,
        certificate: ByteBuf::from(*b"the authority's"),
    };
    Signed::sign(authority, by).unwrap().envelope().clone()
}

fn certified(places: Places, by: &SigningKey) -> Answer {
    Answer::Certified(Certified {
        authority: authority(by),
        issuer: ByteBuf::from(*b"the admin's"),
        certificate: ByteBuf::from(*b"the key's"),
        places,
        not_after: NOW + limits::WEB_CERTIFICATE_LIFETIME,
    })
}

fn ask(names: &[&str]) -> Asking {
    let key = WebKey::of_admin(&key(9));
    Asking::new(&key, &member(), places(names)).0
}

#[test]
fn a_member_proves_that_it_has_the_key() {
    let key = WebKey::of_admin(&key(9));
    let (_, request) = Asking::new(&key, &member(), places(&["desk.local"]));
    let wanted = wanted(request);
    assert_eq!(examine(&wanted, &member()), Ok(()));

    // Neither for another member, nor for other names, nor for another key.
    let other = Certificate {
        node: NodeId::from_bytes([3; 32]),
        ..member()
    };
    assert_eq!(examine(&wanted, &other), Err(Denial::Malformed));
    let elsewhere = CertificateRequest {
        places: places(&["office.local"]),
        ..wanted.clone()
    };
    assert_eq!(examine(&elsewhere, &member()), Err(Denial::Malformed));
    let anothers = CertificateRequest {
        key: WebKey::of_admin(&self::key(8)).public(),
        ..wanted
    };
    assert_eq!(examine(&anothers, &member()), Err(Denial::Malformed));
}

#[test]
fn a_member_takes_what_it_asked_for_from_its_own_site() {
    let given = ask(&["desk.lan", "desk.local"])
        .finish(certified(places(&["desk.local"]), &key(1)))
        .unwrap();
    assert_eq!(given.places, places(&["desk.local"]));
    assert_eq!(given.certificate, b"the key's");

    let refused = |answer| ask(&["desk.local"]).finish(answer).err();
    assert_eq!(
        refused(certified(places(&["desk.local"]), &key(2))),
        Some(WebError::Signed(SignedError::WrongSigner))
    );
    for others in [&["office.local"][..], &[]] {
        assert_eq!(
            refused(certified(places(others), &key(1))),
            Some(WebError::NotAsAsked)
        );
    }
    assert_eq!(
        refused(Answer::Denied(Denial::Nowhere)),
        Some(WebError::Denied(Denial::Nowhere))
    );
    assert_eq!(
        refused(Answer::Authority(authority(&key(1)))),
        Some(WebError::OutOfTurn)
    );
}

#[test]
fn the_web_authority_is_shown_by_anybody_and_signed_by_the_site() {
    let site = member().site;
    let answer = Answer::Authority(authority(&key(1)));
    assert_eq!(
        shown(answer, site).unwrap().certificate.as_slice(),
        b"the authority's"
    );
    let forged = Answer::Authority(authority(&key(2)));
    assert!(matches!(shown(forged, site), Err(WebError::Signed(_))));
    let foreign = WebAuthority {
        site: SiteId::from_bytes([7; 32]),
        certificate: ByteBuf::new(),
    };
    let foreign = Signed::sign(foreign, &key(1)).unwrap();
    assert!(WebAuthority::verify(foreign.envelope(), site).is_err());
}

#[test]
fn a_certificate_lasts_two_weeks_and_not_longer_than_its_member() {
    let day = Duration::from_secs(86_400);
    let (from, until) = validity(&member(), NOW);
    assert_eq!((from, until), (NOW - day, NOW + day * 14));
    let third = Duration::from_secs(14 * 86_400) / 3;
    assert_eq!(due_at(NOW, until), NOW + day * 14 - third);
    let late = NOW + limits::CERTIFICATE_LIFETIME - day * 9;
    let (_, until) = validity(&member(), late);
    assert_eq!(until, member().not_after);
    assert_eq!(due_at(late, until), late + day * 6);
}
