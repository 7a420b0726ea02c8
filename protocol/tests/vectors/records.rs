//! One signed record of each kind.

use papermesh_protocol::bind::BadgeClaim;
use papermesh_protocol::certificate::{Certificate, Role};
use papermesh_protocol::charter::Charter;
use papermesh_protocol::delegation::Delegation;
use papermesh_protocol::enroll::KeyClaim;
use papermesh_protocol::release::receipt::{Outcome, Receipt};
use papermesh_protocol::signed::{Envelope, Record, Signed};
use papermesh_protocol::site::SiteState;
use papermesh_protocol::user::{Badge, UserEntry};
use papermesh_protocol::web::WebAuthority;
use serde_json::{Value, json};

use crate::site::{
    AUTHORITY, HOLDER, NOW, PRINTER, ROOT, SHARED, USER, badge, badge_claim, certificate_of,
    charlie, charter, claim, delegation, entry, judge, key, node, receipt, second_charter,
    second_state, signed_advert, site, state, web_authority,
};
use crate::{check, hex, readable};

/// A record signed by the key with this seed, and read back.
fn record<T: Record>(name: &str, value: T, seed: u8) -> Value {
    let signed = Signed::sign(value, &key(seed)).unwrap();
    let bytes = signed.to_bytes().unwrap();
    let read = Envelope::<T>::from_bytes(&bytes).unwrap();
    let verified = read.verify(key(seed).verifying_key().as_bytes()).unwrap();
    assert_eq!(&read, verified.envelope());
    json!({
        "name": name,
        "domain": T::DOMAIN,
        "signer_seed": hex([seed; 32]),
        "value": readable(&*signed),
        "envelope": hex(bytes),
    })
}

#[test]
fn records_are_encoded_as_ever() {
    let certificate = certificate_of(node(HOLDER), HOLDER, &[Role::Client, Role::Printer]);
    let printed = Outcome::Printed {
        pages: Some(12),
        keep: false,
    };
    let vectors = vec![
        record::<Certificate>("certificate", certificate.clone(), AUTHORITY),
        record(
            "certificate, of a node that was let in again",
            Certificate {
                despite: Some(NOW),
                ..certificate
            },
            AUTHORITY,
        ),
        record::<Charter>("charter", charter().clone(), ROOT),
        record::<Charter>(
            "charter, after an admin was replaced",
            second_charter(),
            ROOT,
        ),
        record::<SiteState>("site-state", second_state(), AUTHORITY),
        record::<UserEntry>("user-entry", entry(), AUTHORITY),
        record(
            "user-entry, not enrolled",
            UserEntry {
                key: None,
                ..entry()
            },
            AUTHORITY,
        ),
        record::<Badge>("badge", badge(), AUTHORITY),
        record(
            "badge, taken back",
            Badge {
                user: None,
                sequence: 2,
                ..badge()
            },
            AUTHORITY,
        ),
        record::<Delegation>("delegation", delegation(HOLDER).into_value(), USER),
        record(
            "advert, delegated",
            signed_advert(HOLDER, true, 0).into_value(),
            HOLDER,
        ),
        record(
            "advert, shared client",
            signed_advert(SHARED, false, 0).into_value(),
            SHARED,
        ),
        record::<KeyClaim>("key-claim", claim(), USER),
        record::<BadgeClaim>("badge-claim", badge_claim(), HOLDER),
        record("receipt, printed", receipt(printed), PRINTER),
        record::<Receipt>(
            "receipt, not printed",
            receipt(Outcome::NotPrinted),
            PRINTER,
        ),
        record(
            "receipt, may have printed",
            receipt(Outcome::MayHavePrinted),
            PRINTER,
        ),
        record::<WebAuthority>("web-authority", web_authority(), ROOT),
    ];
    check(
        "records",
        "Signed records; the signer's Ed25519 seed is `signer_seed`.",
        vectors,
    );
}

/// The vectors are not only well-formed: a member believes them.
#[test]
fn records_are_believed_by_members() {
    let state = state();
    for advert in [
        signed_advert(HOLDER, true, 0),
        signed_advert(SHARED, false, 0),
    ] {
        assert!(judge(&state).advert(advert.envelope()).is_ok());
    }
    let key = key(USER).verifying_key().into();
    let whose = (site(), &charlie(), node(HOLDER));
    assert!(Delegation::verify(delegation(HOLDER).envelope(), key, whose, NOW).is_ok());
}
