//! Invariant 6: a forged, replayed, expired, withdrawn, oversized or foreign-site record is stored
//! by no one and believed by no one.

use core::fmt::Debug;
use core::time::Duration;

use papermesh_protocol::advert::{Advert, AdvertError, Delegated};
use papermesh_protocol::certificate::{Certificate, CertificateError, Role};
use papermesh_protocol::codec::{self, CodecError};
use papermesh_protocol::delegation::{Delegation, DelegationError};
use papermesh_protocol::enroll::KeyClaim;
use papermesh_protocol::id::{NodeId, RecordKey, SiteId};
use papermesh_protocol::judge::Judge;
use papermesh_protocol::limits;
use papermesh_protocol::link::PinCarrier;
use papermesh_protocol::lookup;
use papermesh_protocol::record::{self, DirectoryRecord, RecordError};
use papermesh_protocol::release::receipt::{Outcome, Receipt, ReceiptError};
use papermesh_protocol::signed::{Envelope, Record, Signed, SignedError};
use papermesh_protocol::site::{Revoked, SiteSecret, SiteState, SiteStateError};
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::user::{Badge, UserEntry, UserError};
use serde::Serialize;
use serde_bytes::ByteBuf;

use crate::site::{
    AUTHORITY, HOLDER, NOW, PRINTER, SHARED, USER, advert, badge, badge_claim, certificate,
    certificate_of, charlie, charter, claim, delegation, entry, judge, judge_at, key, node,
    receipt, revoked, secret, set, signed_advert, site, state, tag,
};

// Forged --------------------------------------------------------------------------------------

/// Flips every bit of a record's envelope, one after the other.
fn no_bit_can_be_flipped<T: Record + Debug>(record: T, seed: u8) {
    let signed = Signed::sign(record, &key(seed)).unwrap();
    let signer = *signed.signer();
    let bytes = signed.to_bytes().unwrap();
    assert!(
        Envelope::<T>::from_bytes(&bytes)
            .unwrap()
            .verify(&signer)
            .is_ok()
    );
    for bit in 0..bytes.len() * 8 {
        let mut forged = bytes.clone();
        forged[bit / 8] ^= 1 << (bit % 8);
        if let Ok(envelope) = Envelope::<T>::from_bytes(&forged) {
            assert!(
                envelope.verify(&signer).is_err(),
                "bit {bit} of {}",
                T::DOMAIN
            );
            assert!(
                envelope.verify_named().is_err(),
                "bit {bit} of {}",
                T::DOMAIN
            );
        }
    }
    for length in 0..bytes.len() {
        assert!(Envelope::<T>::from_bytes(&bytes[..length]).is_err());
    }
}

#[test]
fn invariant_6_no_bit_of_a_signed_record_can_be_flipped() {
    let carrier = PinCarrier {
        site: site(),
        user: charlie(),
        holder: node(HOLDER),
        epoch: 7,
        sealed: ByteBuf::from([0x5a; 64]),
    };
    no_bit_can_be_flipped(
        certificate_of(node(HOLDER), HOLDER, &[Role::Client]),
        AUTHORITY,
    );
    no_bit_can_be_flipped(state(), AUTHORITY);
    no_bit_can_be_flipped(entry(), AUTHORITY);
    no_bit_can_be_flipped(badge(), AUTHORITY);
    no_bit_can_be_flipped(delegation(HOLDER).into_value(), USER);
    no_bit_can_be_flipped(advert(HOLDER, true, 0), HOLDER);
    no_bit_can_be_flipped(advert(SHARED, false, 0), SHARED);
    no_bit_can_be_flipped(claim(), USER);
    no_bit_can_be_flipped(badge_claim(), HOLDER);
    no_bit_can_be_flipped(carrier, USER);
    no_bit_can_be_flipped(receipt(Outcome::NotPrinted), PRINTER);
}

/// A record of another type with the same fields and no domain of ours.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Lookalike(KeyClaim);

impl Record for Lookalike {
    const DOMAIN: &'static str = "papermesh/key-claim/2";
    const MAX: usize = KeyClaim::MAX;
}

#[test]
fn invariant_6_a_signature_is_good_for_one_kind_of_record_only() {
    let signed = Signed::sign(Lookalike(claim()), &key(USER)).unwrap();
    let same = Signed::sign(claim(), &key(USER)).unwrap();
    assert_eq!(
        codec::encode(&Lookalike(claim()), 512).unwrap(),
        codec::encode(&claim(), 512).unwrap(),
        "the payloads are the same"
    );
    let bytes = signed.to_bytes().unwrap();
    assert!(
        Envelope::<Lookalike>::from_bytes(&bytes)
            .unwrap()
            .verify(signed.signer())
            .is_ok()
    );
    let taken = Envelope::<KeyClaim>::from_bytes(&bytes).unwrap();
    assert_eq!(
        taken.verify(same.signer()).unwrap_err(),
        SignedError::BadSignature
    );
}

// Adverts -------------------------------------------------------------------------------------

/// A value of the DHT with any adverts in it, as a hostile node would send it.
#[derive(Serialize)]
enum Value<'a> {
    Adverts(Vec<&'a Envelope<Advert>>),
    UserEntry(&'a Envelope<UserEntry>),
    Badge(&'a Envelope<Badge>),
    SiteState(&'a Envelope<SiteState>),
}

fn stored(
    key: RecordKey,
    value: &Value<'_>,
    judge: &Judge<'_>,
) -> Result<DirectoryRecord, RecordError> {
    let bytes = codec::encode(value, usize::MAX).unwrap();
    DirectoryRecord::read(key, &bytes, &secret(), judge, None)
}

fn at_charlie() -> RecordKey {
    lookup::adverts_key(&secret(), &charlie())
}

/// Neither a reader nor a storage node takes the advert, alone or among good ones.
fn is_refused(advert: &Signed<Advert>, judge: &Judge<'_>) -> AdvertError {
    let error = judge.advert(advert.envelope()).unwrap_err();
    let alone = Value::Adverts(vec![advert.envelope()]);
    let is = match error.is_forgery() {
        true => RecordError::Forged,
        false => RecordError::Unbelieved,
    };
    assert_eq!(stored(at_charlie(), &alone, judge), Err(is));
    let good = signed_advert(SHARED, false, 0);
    let among = Value::Adverts(vec![advert.envelope(), good.envelope()]);
    let is_good = judge.advert(good.envelope()).is_ok();
    let kept = stored(at_charlie(), &among, judge);
    if is_good {
        let left = match error.is_forgery() {
            true => Err(RecordError::Forged),
            false => Ok(DirectoryRecord::Adverts(set([good]))),
        };
        assert_eq!(kept, left);
    }
    error
}

/// The advert that the holder signs after something was changed in it.
fn bent(bend: impl FnOnce(&mut Advert)) -> Signed<Advert> {
    let mut advert = advert(HOLDER, true, 0);
    bend(&mut advert);
    Signed::sign(advert, &key(HOLDER)).unwrap()
}

#[test]
fn invariant_6_a_forged_advert_is_refused() {
    let state = state();
    let judge = judge(&state);
    // Signed by somebody else, who is a member too.
    let forged = Signed::sign(advert(HOLDER, true, 0), &key(SHARED)).unwrap();
    assert_eq!(is_refused(&forged, &judge), SignedError::WrongSigner.into());
    // With the certificate of somebody else, or one that is self-made.
    let borrowed =
        bent(|advert| advert.certificate = certificate(SHARED, &[Role::Client]).envelope().clone());
    assert_eq!(
        is_refused(&borrowed, &judge),
        CertificateError::WrongNode.into()
    );
    let self_made = certificate_of(node(HOLDER), HOLDER, &[Role::Client, Role::SharedClient]);
    let self_made = Signed::sign(self_made, &key(HOLDER)).unwrap();
    let forged = bent(|advert| advert.certificate = self_made.envelope().clone());
    assert_eq!(
        is_refused(&forged, &judge),
        CertificateError::Signed(SignedError::WrongSigner).into()
    );
}

/// Whoever sends a set has believed it; so one lie is enough, and the rest costs no signature.
#[test]
fn a_set_with_a_forged_advert_is_not_looked_at_any_further() {
    let state = state();
    let judge = judge(&state);
    let good = signed_advert(HOLDER, true, 0);
    let mut bytes = good.to_bytes().unwrap();
    // The signature comes last.
    *bytes.last_mut().unwrap() ^= 1;
    let forged = Envelope::<Advert>::from_bytes(&bytes).unwrap();
    let error = judge.advert(&forged).unwrap_err();
    assert_eq!(error, SignedError::BadSignature.into());
    assert!(error.is_forgery());
    for among in [
        vec![&forged, good.envelope()],
        vec![good.envelope(), &forged],
    ] {
        assert_eq!(
            stored(at_charlie(), &Value::Adverts(among), &judge),
            Err(RecordError::Forged)
        );
    }
    // What may be a matter of clocks or of what is known costs the others nothing.
    let late = bent(|advert| advert.expires_at = NOW);
    assert!(!judge.advert(late.envelope()).unwrap_err().is_forgery());
}

#[test]
fn invariant_6_an_advert_without_the_users_word_is_refused() {
    let state = state();
    let judge = judge(&state);
    let none = bent(|advert| advert.delegation = None);
    assert_eq!(is_refused(&none, &judge), AdvertError::NoRight);
    let printer = bent(|advert| {
        advert.certificate = certificate(HOLDER, &[Role::Printer]).envelope().clone()
    });
    assert_eq!(is_refused(&printer, &judge), AdvertError::NoRight);

    let user_key = key(USER).verifying_key().into();
    let with = |delegation: Signed<Delegation>| {
        bent(|advert| {
            advert.delegation = Some(Delegated {
                key: user_key,
                delegation: delegation.envelope().clone(),
            });
        })
    };
    let by = |seed: u8, delegation: Delegation| Signed::sign(delegation, &key(seed)).unwrap();
    let given = Delegation::new(site(), charlie(), node(HOLDER), NOW);
    let refused = |delegation| match is_refused(&with(delegation), &judge) {
        AdvertError::Delegation(error) => error,
        error => panic!("{error:?}"),
    };
    assert_eq!(
        refused(by(HOLDER, given.clone())),
        SignedError::WrongSigner.into()
    );
    for other in [
        Delegation {
            holder: node(SHARED),
            ..given.clone()
        },
        Delegation {
            user: "dora".parse().unwrap(),
            ..given.clone()
        },
        Delegation {
            site: SiteId::from_bytes([9; 32]),
            ..given.clone()
        },
    ] {
        assert_eq!(refused(by(USER, other)), DelegationError::Mismatch);
    }
    let day = Duration::from_secs(24 * 60 * 60);
    for not_now in [
        Delegation {
            expires_at: NOW,
            ..given.clone()
        },
        Delegation {
            issued_at: NOW + day,
            expires_at: NOW + day * 2,
            ..given.clone()
        },
        Delegation {
            expires_at: given.expires_at + day,
            ..given
        },
    ] {
        assert_eq!(refused(by(USER, not_now)), DelegationError::NotNow);
    }
}

#[test]
fn invariant_6_an_expired_advert_is_refused_and_so_is_one_from_the_future() {
    let state = state();
    let judge = judge(&state);
    let later = NOW + limits::CLOCK_SKEW + limits::ADVERT_LIFETIME;
    let millisecond = Duration::from_millis(1);
    let ahead = (NOW + limits::CLOCK_SKEW).as_millis();
    for not_now in [
        bent(|advert| advert.expires_at = NOW),
        bent(|advert| advert.expires_at = later + millisecond),
        bent(|advert| advert.expires_at = Timestamp::from_millis(u64::MAX)),
        bent(|advert| advert.sequence = ahead + 1),
        bent(|advert| advert.sequence = u64::MAX),
    ] {
        assert_eq!(is_refused(&not_now, &judge), AdvertError::NotNow);
    }
    for just in [
        bent(|advert| advert.expires_at = later),
        bent(|advert| advert.sequence = ahead),
    ] {
        assert!(judge.advert(just.envelope()).is_ok());
    }
    // One that was believed is dropped when its time is over, also by a node that knows it.
    let believed = signed_advert(HOLDER, true, 0);
    let mut known = DirectoryRecord::Adverts(set([believed.clone()]));
    let bytes = known.to_bytes().unwrap();
    let over = Judge {
        now: believed.expires_at,
        ..judge
    };
    let read = DirectoryRecord::read(at_charlie(), &bytes, &secret(), &over, Some(&known));
    assert_eq!(read, Err(RecordError::Unbelieved));
    assert!(!known.expire(believed.expires_at));
}

#[test]
fn invariant_6_an_advert_of_a_withdrawn_or_expired_member_is_refused() {
    let good = signed_advert(HOLDER, true, 0);
    let state = state().revoke(&[revoked(HOLDER)], NOW).unwrap();
    assert_eq!(
        is_refused(&good, &judge(&state)),
        CertificateError::Revoked.into()
    );

    let mut old = certificate_of(node(HOLDER), HOLDER, &[Role::Client]);
    old.not_after = NOW - limits::CLOCK_SKEW * 2;
    let old = Signed::sign(old, &key(AUTHORITY)).unwrap();
    let expired = bent(|advert| advert.certificate = old.envelope().clone());
    let state = crate::site::state();
    assert_eq!(
        is_refused(&expired, &judge(&state)),
        CertificateError::Expired.into()
    );
}

#[test]
fn invariant_6_a_replayed_advert_never_replaces_what_came_after_it() {
    let old = signed_advert(HOLDER, true, 1000);
    let withdrawn = bent(|advert| advert.withdrawn = true);
    let mut known = set([withdrawn.clone()]);
    assert!(!known.insert(old.clone()));
    assert!(!known.merge(&set([old])));
    assert_eq!(known, set([withdrawn]));
    assert_eq!(known.live().count(), 0);
}

#[test]
fn invariant_6_an_oversized_advert_or_set_is_refused() {
    let state = state();
    let judge = judge(&state);
    let long = ByteBuf::from(vec![4; limits::ADDRESS + 1]);
    for addresses in [
        vec![long],
        vec![ByteBuf::from([4]); limits::ADDRESSES_PER_ADVERT + 1],
    ] {
        assert_eq!(
            is_refused(&bent(|advert| advert.addresses = addresses), &judge),
            AdvertError::Addresses
        );
    }
    let huge = vec![ByteBuf::from(vec![4; limits::ADDRESS]); 20];
    let advert = Advert {
        addresses: huge,
        ..advert(HOLDER, true, 0)
    };
    assert!(matches!(
        Signed::sign(advert, &key(HOLDER)),
        Err(SignedError::Codec(CodecError::TooLong { .. }))
    ));

    let good = signed_advert(HOLDER, true, 0);
    let many = Value::Adverts(vec![good.envelope(); limits::ADVERTS_PER_USER + 1]);
    assert!(matches!(
        stored(at_charlie(), &many, &judge),
        Err(RecordError::Codec(_))
    ));
    let bytes = vec![0; record::MAX + 1];
    assert_eq!(
        DirectoryRecord::read(at_charlie(), &bytes, &secret(), &judge, None),
        Err(CodecError::TooLong {
            len: record::MAX + 1,
            max: record::MAX
        }
        .into())
    );
}

/// The longest ids, names and addresses still make an advert that fits.
#[test]
fn the_largest_honest_set_fits() {
    let user: papermesh_protocol::text::UserId = "u".repeat(limits::USER_ID).parse().unwrap();
    let state = state();
    let adverts = (100..100 + limits::ADVERTS_PER_USER as u8).map(|seed| {
        let mut certificate = certificate_of(node(seed), seed, &[Role::Client]);
        certificate.name = "n".repeat(limits::NAME).parse().unwrap();
        let certificate = Signed::sign(certificate, &key(AUTHORITY)).unwrap();
        let delegation = Delegation::new(site(), user.clone(), node(seed), NOW);
        let advert = Advert {
            user: user.clone(),
            addresses: vec![ByteBuf::from(vec![4; limits::ADDRESS]); limits::ADDRESSES_PER_ADVERT],
            certificate: certificate.envelope().clone(),
            delegation: Some(Delegated {
                key: key(USER).verifying_key().into(),
                delegation: Signed::sign(delegation, &key(USER))
                    .unwrap()
                    .envelope()
                    .clone(),
            }),
            ..advert(seed, true, 0)
        };
        Signed::sign(advert, &key(seed)).unwrap()
    });
    let largest = DirectoryRecord::Adverts(set(adverts));
    let bytes = largest.to_bytes().unwrap();
    let at = lookup::adverts_key(&secret(), &user);
    assert_eq!(
        DirectoryRecord::read(at, &bytes, &secret(), &judge(&state), None),
        Ok(largest)
    );
}

// Foreign and misplaced -----------------------------------------------------------------------

/// Another site's authority, and what it calls itself.
const OTHER_AUTHORITY: u8 = 99;

fn other_site() -> SiteId {
    key(OTHER_AUTHORITY).verifying_key().into()
}

#[test]
fn invariant_6_a_record_of_another_site_is_refused() {
    let state = state();
    let judge = judge(&state);
    let foreign = bent(|advert| advert.site = other_site());
    assert_eq!(is_refused(&foreign, &judge), AdvertError::ForeignSite);

    // Properly signed by the other site's authority, and by ours in the other's name.
    for (seed, named) in [
        (OTHER_AUTHORITY, other_site()),
        (OTHER_AUTHORITY, site()),
        (AUTHORITY, other_site()),
    ] {
        let authority = key(seed);
        let entry = Signed::sign(
            UserEntry {
                site: named,
                ..entry()
            },
            &authority,
        )
        .unwrap();
        let badge = Signed::sign(
            Badge {
                site: named,
                ..badge()
            },
            &authority,
        )
        .unwrap();
        let site_state = Signed::sign(
            SiteState {
                site: named,
                ..crate::site::state()
            },
            &authority,
        )
        .unwrap();
        let secret = secret();
        for (key, value) in [
            (
                lookup::user_entry_key(&secret, &charlie()),
                Value::UserEntry(entry.envelope()),
            ),
            (lookup::badge_key(tag()), Value::Badge(badge.envelope())),
            (
                lookup::site_state_key(&secret),
                Value::SiteState(site_state.envelope()),
            ),
        ] {
            assert_eq!(stored(key, &value, &judge), Err(RecordError::Unbelieved));
        }
        let foreign = Certificate {
            site: named,
            ..certificate_of(node(HOLDER), HOLDER, &[Role::Client])
        };
        let foreign = Signed::sign(foreign, &authority).unwrap();
        assert!(Certificate::verify(foreign.envelope(), &judge).is_err());
    }
}

#[test]
fn invariant_6_a_record_at_another_key_is_refused() {
    let state = state();
    let judge = judge(&state);
    let secret = secret();
    let authority = key(AUTHORITY);
    let advert = signed_advert(HOLDER, true, 0);
    let entry = Signed::sign(entry(), &authority).unwrap();
    let badge = Signed::sign(badge(), &authority).unwrap();
    let site_state = Signed::sign(crate::site::state(), &authority).unwrap();
    let values = [
        (at_charlie(), Value::Adverts(vec![advert.envelope()])),
        (
            lookup::user_entry_key(&secret, &charlie()),
            Value::UserEntry(entry.envelope()),
        ),
        (lookup::badge_key(tag()), Value::Badge(badge.envelope())),
        (
            lookup::site_state_key(&secret),
            Value::SiteState(site_state.envelope()),
        ),
    ];
    let dora = "dora".parse().unwrap();
    let stranger = SiteSecret::from_bytes([0x51; 32]);
    for (home, value) in &values {
        assert!(stored(*home, value, &judge).is_ok());
        let elsewhere = values
            .iter()
            .map(|(key, _)| *key)
            .filter(|key| key != home)
            .chain([
                lookup::adverts_key(&secret, &dora),
                lookup::user_entry_key(&secret, &dora),
                lookup::adverts_key(&stranger, &charlie()),
                lookup::site_state_key(&stranger),
                RecordKey::from_bytes([0; 32]),
            ]);
        for key in elsewhere {
            assert_eq!(stored(key, value, &judge), Err(RecordError::Misplaced));
        }
    }
}

// What the authority signs ----------------------------------------------------------------------

#[test]
fn invariant_6_what_the_authority_did_not_mean_is_refused() {
    let authority = key(AUTHORITY);
    let many = UserEntry {
        badges: vec![tag(); limits::BADGES_PER_USER + 1],
        ..entry()
    };
    let many = Signed::sign(many, &authority).unwrap();
    assert_eq!(
        UserEntry::verify(many.envelope(), charter()).unwrap_err(),
        UserError::TooMany
    );

    let revoked = |byte: u8| Revoked {
        node: NodeId::from_bytes([byte; 32]),
        at: NOW,
    };
    for list in [vec![revoked(2), revoked(1)], vec![revoked(1), revoked(1)]] {
        let malformed = Signed::sign(
            SiteState {
                revoked: list,
                ..state()
            },
            &authority,
        )
        .unwrap();
        let refused = SiteState::verify(malformed.envelope(), charter()).unwrap_err();
        assert_eq!(refused, SiteStateError::Malformed);
    }
}

#[test]
fn invariant_6_a_certificate_is_good_for_its_node_and_time_only() {
    let state = state();
    let verify = |node: NodeId, now| {
        let shown = certificate(HOLDER, &[Role::Client]);
        Certificate::verify_of(shown.envelope(), node, &judge_at(&state, now)).map(|_| ())
    };
    assert_eq!(verify(node(HOLDER), NOW), Ok(()));
    assert_eq!(verify(node(SHARED), NOW), Err(CertificateError::WrongNode));
    let before = NOW - limits::CLOCK_SKEW - Duration::from_millis(1);
    assert_eq!(
        verify(node(HOLDER), before),
        Err(CertificateError::NotYetValid)
    );
    let after = NOW + limits::CERTIFICATE_LIFETIME + limits::CLOCK_SKEW + Duration::from_millis(1);
    assert_eq!(verify(node(HOLDER), after), Err(CertificateError::Expired));
}

#[test]
fn invariant_6_a_receipt_is_the_printers_own_for_this_holder() {
    let signed = Signed::sign(receipt(Outcome::NotPrinted), &key(PRINTER)).unwrap();
    let verify = |site, holder, printer| {
        Receipt::verify(signed.envelope(), site, holder, printer).map(|_| ())
    };
    assert_eq!(verify(site(), node(HOLDER), node(PRINTER)), Ok(()));
    assert_eq!(
        verify(other_site(), node(HOLDER), node(PRINTER)),
        Err(ReceiptError::Mismatch)
    );
    assert_eq!(
        verify(site(), node(SHARED), node(PRINTER)),
        Err(ReceiptError::Mismatch)
    );
    assert_eq!(
        verify(site(), node(HOLDER), node(SHARED)),
        Err(SignedError::WrongSigner.into())
    );
    let forged = Signed::sign(receipt(Outcome::NotPrinted), &key(SHARED)).unwrap();
    assert_eq!(
        Receipt::verify(forged.envelope(), site(), node(HOLDER), node(SHARED)).unwrap_err(),
        ReceiptError::Mismatch
    );
    let boast = receipt(Outcome::Printed {
        pages: Some(limits::PAGES + 1),
        keep: false,
    });
    let boast = Signed::sign(boast, &key(PRINTER)).unwrap();
    assert_eq!(
        Receipt::verify(boast.envelope(), site(), node(HOLDER), node(PRINTER)).unwrap_err(),
        ReceiptError::Pages
    );
}
