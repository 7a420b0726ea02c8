//! Signed records: as envelopes, and their payloads as if the signature had been right, which a
//! fuzzer would never find.

use papermesh_protocol::bind::{Attestation, BadgeClaim};
use papermesh_protocol::certificate::{Certificate, Role};
use papermesh_protocol::charter::Charter;
use papermesh_protocol::codec;
use papermesh_protocol::delegation::Delegation;
use papermesh_protocol::enroll::{self, KeyClaim};
use papermesh_protocol::lookup;
use papermesh_protocol::record::DirectoryRecord;
use papermesh_protocol::release::receipt::Receipt;
use papermesh_protocol::signed::{Envelope, Record};
use papermesh_protocol::site::SiteState;
use papermesh_protocol::user::{Badge, UserEntry};
use papermesh_protocol::web::WebAuthority;

use super::messages;
use super::site::{
    HOLDER, NOW, PRINTER, USER, attestation, badge_claim as badge_claim_of_the_holder,
    certificate as certificate_of, charlie, charter, judge, key, node, secret, site, state,
    state_with_own_name, tag,
};

/// The envelope that these bytes are, if they are one.
fn envelope<T: Record>(bytes: &[u8]) -> Option<Envelope<T>> {
    if let Ok(payload) = codec::decode::<T>(bytes, T::MAX) {
        assert_eq!(
            codec::encode(&payload, T::MAX).as_deref(),
            Ok(bytes),
            "one value, two encodings"
        );
    }
    let envelope = Envelope::<T>::from_bytes(bytes).ok()?;
    assert_eq!(
        envelope.to_bytes().as_deref(),
        Ok(bytes),
        "one envelope, two encodings"
    );
    if let Ok(signed) = envelope.verify_named() {
        assert_eq!(
            signed.to_bytes().as_deref(),
            Ok(bytes),
            "not what was signed"
        );
    }
    Some(envelope)
}

pub(crate) fn certificate(bytes: &[u8]) {
    if let Some(envelope) = envelope(bytes) {
        let _ = Certificate::verify_of(&envelope, node(HOLDER), &judge(&state()));
    }
}

pub(crate) fn charter_record(bytes: &[u8]) {
    if let Some(envelope) = envelope(bytes) {
        let _ = Charter::verify(&envelope, site());
    }
}

pub(crate) fn site_state(bytes: &[u8]) {
    if let Some(envelope) = envelope(bytes) {
        let _ = SiteState::verify(&envelope, charter());
    }
}

pub(crate) fn user_entry(bytes: &[u8]) {
    if let Some(envelope) = envelope(bytes) {
        let _ = UserEntry::verify(&envelope, charter());
    }
}

pub(crate) fn badge(bytes: &[u8]) {
    if let Some(envelope) = envelope(bytes) {
        let _ = Badge::verify(&envelope, charter());
    }
}

pub(crate) fn delegation(bytes: &[u8]) {
    if let Some(envelope) = envelope(bytes) {
        let user_key = key(USER).verifying_key().into();
        let _ = Delegation::verify(&envelope, user_key, (site(), &charlie(), node(HOLDER)), NOW);
    }
}

pub(crate) fn advert(bytes: &[u8]) {
    if let Some(envelope) = envelope(bytes) {
        let _ = judge(&state()).advert(&envelope);
    }
}

pub(crate) fn key_claim(bytes: &[u8]) {
    if let Some(envelope) = envelope::<KeyClaim>(bytes) {
        let _ = enroll::examine(&envelope, &certificate_of(HOLDER, &[Role::Client]));
    }
}

/// A claim in an attestation whose other parts are good.
pub(crate) fn badge_claim(bytes: &[u8]) {
    if let Some(claim) = envelope::<BadgeClaim>(bytes) {
        let good = attestation(badge_claim_of_the_holder());
        messages::attested(&Attestation { claim, ..good });
    }
}

pub(crate) fn receipt(bytes: &[u8]) {
    if let Some(envelope) = envelope(bytes) {
        let _ = Receipt::verify(&envelope, site(), node(HOLDER), node(PRINTER));
    }
}

pub(crate) fn web_authority(bytes: &[u8]) {
    if let Some(envelope) = envelope(bytes) {
        let _ = WebAuthority::verify(&envelope, site());
    }
}

/// A value offered for each of the keys that the site of the tests has.
pub(crate) fn directory_record(bytes: &[u8]) {
    let secret = secret();
    let state = state_with_own_name();
    let judge = judge(&state);
    for key in [
        lookup::adverts_key(&secret, &charlie()),
        lookup::user_entry_key(&secret, &charlie()),
        lookup::badge_key(tag()),
        lookup::site_state_key(&secret),
        lookup::places_key(&secret, node(HOLDER)),
    ] {
        let Ok(mut record) = DirectoryRecord::read(key, bytes, &secret, &judge, None) else {
            continue;
        };
        let stored = record
            .to_bytes()
            .expect("a believed record has an encoding");
        let again = DirectoryRecord::read(key, &stored, &secret, &judge, Some(&record))
            .expect("still believed");
        assert_eq!(again, record);
        assert!(!record.merge(&again), "merging is idempotent");
        assert!(record.expire(NOW), "nothing expired is believed");
    }
}
