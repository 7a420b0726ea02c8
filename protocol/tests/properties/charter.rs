//! Whom the site believes: charters merge alike everywhere, never back, and what an admin signed who is
//! one no more is believed by nobody but for what the charter keeps.

use core::time::Duration;

use papermesh_protocol::certificate::{Certificate, CertificateError, Role};
use papermesh_protocol::charter::{Charter, CharterError};
use papermesh_protocol::id::RecordDigest;
use papermesh_protocol::judge::Judge;
use papermesh_protocol::limits;
use papermesh_protocol::signed::{Signed, SignedError};
use papermesh_protocol::site::{SiteState, SiteStateError};
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::user::{Badge, UserEntry, UserError};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::site::{
    ADMIN, AUTHORITY, HOLDER, NOW, PRINTER, ROOT, SECOND, SHARED, admin, badge, certificate,
    certificate_of, charter, entry, judge, key, node, revoked, second_charter, site, state,
};

/// What the root signs: any number, one or two admins.
fn signed() -> impl Strategy<Value = Signed<Charter>> {
    (0..4_u32, any::<bool>(), vec(any::<[u8; 16]>(), 0..3)).prop_map(|(sequence, both, kept)| {
        let mut charter = charter().clone();
        if both {
            charter = charter.with(admin(SECOND, SHARED)).unwrap();
        }
        charter.sequence = sequence;
        charter.kept = kept.into_iter().map(RecordDigest::from_bytes).collect();
        charter.kept.sort_unstable();
        charter.kept.dedup();
        Signed::sign(charter, &key(ROOT)).unwrap()
    })
}

fn newer(a: &Signed<Charter>, b: &Signed<Charter>) -> Signed<Charter> {
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
    fn charters_merge_alike_in_every_order_and_never_back(a in signed(), b in signed(), c in signed()) {
        prop_assert_eq!(newer(&a, &b), newer(&b, &a));
        prop_assert_eq!(newer(&newer(&a, &b), &c), newer(&a, &newer(&b, &c)));
        prop_assert_eq!(newer(&a, &a), a.clone());
        prop_assert!(newer(&a, &b).sequence >= a.sequence);
        prop_assert!(newer(&a, &b).mark() >= a.mark());
    }

    /// A root that signs where a removal was not heard of takes the number that the removal has.
    #[test]
    fn of_two_charters_of_one_number_the_one_with_fewer_admins_stays(a in signed(), b in signed()) {
        prop_assume!(a.sequence == b.sequence);
        prop_assert_eq!(newer(&a, &b).admins.len(), a.admins.len().min(b.admins.len()));
    }

    /// Whatever numbers an admin used up in office, and whatever it signs later: the first word under
    /// the next charter is newer, and nothing ahead of the charter is believed.
    #[test]
    fn no_sequence_number_outlives_its_charter(last in any::<u64>(), sequence in 0..u32::MAX) {
        let now = Charter { sequence, ..charter().clone() };
        let then = now.renewed().unwrap();
        if now.allows(last) {
            let next = then.next(last).unwrap();
            prop_assert!(next > last && then.allows(next) && !now.allows(next));
        } else {
            prop_assert!(now.next(last).is_err());
        }
    }

    /// Whenever a certificate was issued: one whose issuer had not heard of the revocation is withdrawn,
    /// and one whose issuer had is not.
    #[test]
    fn a_revocation_withdraws_every_certificate_whose_issuer_did_not_know_of_it(
        issued_at in any::<u32>(),
        earlier in 1..400 * 86_400_000_u64,
        later in 0..86_400_000_u64,
    ) {
        let state = state().revoke(&[revoked(HOLDER)], NOW).unwrap();
        let not_before = Timestamp::from_secs(issued_at.into());
        let issued = |despite| Certificate {
            not_before,
            not_after: not_before + limits::CERTIFICATE_LIFETIME,
            despite,
            ..certificate_of(node(HOLDER), HOLDER, &[Role::Client])
        };
        prop_assert!(state.is_revoked(&issued(None)));
        prop_assert!(state.is_revoked(&issued(Some(NOW - Duration::from_millis(earlier)))));
        prop_assert!(!state.is_revoked(&issued(Some(NOW + Duration::from_millis(later)))));
        let other = certificate_of(node(PRINTER), PRINTER, &[Role::Printer]);
        prop_assert!(!state.is_revoked(&other));
    }
}

#[test]
fn a_charter_is_the_roots_word_alone() {
    let good = Signed::sign(charter().clone(), &key(ROOT)).unwrap();
    assert!(Charter::verify(good.envelope(), site()).is_ok());
    // Not even an admin's.
    let forged = Signed::sign(second_charter(), &key(AUTHORITY)).unwrap();
    assert_eq!(
        Charter::verify(forged.envelope(), site()),
        Err(CharterError::Signed(SignedError::WrongSigner))
    );
    let malformed = |change: fn(&mut Charter)| {
        let mut charter = charter().with(admin(SECOND, SHARED)).unwrap();
        change(&mut charter);
        let charter = Signed::sign(charter, &key(ROOT)).unwrap();
        Charter::verify(charter.envelope(), site()).unwrap_err()
    };
    assert_eq!(malformed(|c| c.admins.clear()), CharterError::Malformed);
    assert_eq!(malformed(|c| c.admins.reverse()), CharterError::Malformed);
    let twice = |c: &mut Charter| c.kept = vec![RecordDigest::from_bytes([1; 16]); 2];
    assert_eq!(malformed(twice), CharterError::Malformed);
}

#[test]
fn what_a_removed_admin_signs_is_believed_by_nobody() {
    let (charter, state) = (second_charter(), state());
    let stolen = key(AUTHORITY);
    let wrong_signer = SignedError::WrongSigner;

    let forged = Signed::sign(entry(), &stolen).unwrap();
    let refused = UserEntry::verify(forged.envelope(), &charter).unwrap_err();
    assert_eq!(refused, UserError::Signed(wrong_signer.clone()));
    let forged = Signed::sign(badge(), &stolen).unwrap();
    let refused = Badge::verify(forged.envelope(), &charter).unwrap_err();
    assert_eq!(refused, UserError::Signed(wrong_signer.clone()));
    for sequence in [2, u64::MAX] {
        let forged = SiteState {
            sequence,
            ..state.clone()
        };
        let forged = Signed::sign(forged, &stolen).unwrap();
        let refused = SiteState::verify(forged.envelope(), &charter).unwrap_err();
        assert_eq!(refused, SiteStateError::Signed(wrong_signer.clone()));
    }

    // Of certificates those that the charter keeps stay, however the others are dated.
    let judge = Judge {
        charter: &charter,
        state: &state,
        now: NOW,
    };
    let kept = certificate(HOLDER, &[Role::Client]);
    assert!(Certificate::verify(kept.envelope(), &judge).is_ok());
    assert!(kept.is_due(&charter, NOW), "it is renewed by those who may");
    for (seed, roles) in [(HOLDER, Role::Printer), (PRINTER, Role::Printer)] {
        let forged = certificate(seed, &[roles]);
        assert_eq!(
            Certificate::verify(forged.envelope(), &judge),
            Err(CertificateError::Signed(wrong_signer.clone()))
        );
        assert!(forged.stands(&judge).is_err());
    }
}

#[test]
fn an_admin_in_office_cannot_sign_ahead_of_the_charter() {
    let authority = key(AUTHORITY);
    for sequence in [1 << 32, u64::MAX] {
        let ahead = Signed::sign(
            SiteState {
                sequence,
                ..state()
            },
            &authority,
        )
        .unwrap();
        assert_eq!(
            SiteState::verify(ahead.envelope(), charter()),
            Err(SiteStateError::Ahead)
        );
        let ahead = Signed::sign(
            UserEntry {
                sequence,
                ..entry()
            },
            &authority,
        )
        .unwrap();
        assert_eq!(
            UserEntry::verify(ahead.envelope(), charter()),
            Err(UserError::Ahead)
        );
        let ahead = Signed::sign(
            Badge {
                sequence,
                ..badge()
            },
            &authority,
        )
        .unwrap();
        assert_eq!(
            Badge::verify(ahead.envelope(), charter()),
            Err(UserError::Ahead)
        );
    }
    let long = Certificate {
        not_after: NOW + limits::CERTIFICATE_LIFETIME * 2,
        ..certificate_of(node(HOLDER), HOLDER, &[Role::Client])
    };
    let long = Signed::sign(long, &authority).unwrap();
    assert_eq!(
        Certificate::verify(long.envelope(), &judge(&state())),
        Err(CertificateError::TooLong)
    );
    let ahead = Certificate {
        despite: Some(NOW + Duration::from_millis(1)),
        ..certificate_of(node(HOLDER), HOLDER, &[Role::Client])
    };
    let ahead = Signed::sign(ahead, &authority).unwrap();
    assert_eq!(
        Certificate::verify(ahead.envelope(), &judge(&state())),
        Err(CertificateError::Ahead)
    );
}

#[test]
fn a_site_keeps_an_admin_and_a_few_at_most() {
    let charter = charter();
    assert_eq!(
        charter.without(node(ADMIN), []),
        Err(CharterError::LastAdmin)
    );
    let mut full = charter.clone();
    for seed in 100..100 + u8::try_from(limits::ADMINS).unwrap() - 1 {
        full = full.with(admin(seed, seed)).unwrap();
    }
    assert_eq!(full.with(admin(99, 99)), Err(CharterError::TooManyAdmins));
    let many = (0..=limits::KEPT as u64)
        .map(|n| RecordDigest::from_bytes(core::array::from_fn(|at| n.to_be_bytes()[at % 8])));
    let two = charter.with(admin(SECOND, SHARED)).unwrap();
    assert_eq!(
        two.without(node(ADMIN), many),
        Err(CharterError::TooManyKept)
    );
    let last = Charter {
        sequence: u32::MAX,
        ..charter.clone()
    };
    assert_eq!(last.renewed(), Err(CharterError::Exhausted));
}

#[test]
fn a_readmitted_node_is_valid_after_its_revocation_and_can_be_revoked_again() {
    let state = state().revoke(&[revoked(HOLDER)], NOW).unwrap();
    // By a clock that is slow.
    let slow = NOW - Duration::from_secs(60);
    let (despite, from) = state.readmission(node(HOLDER), slow);
    assert_eq!((despite, from), (Some(NOW), NOW));
    assert_eq!(state.readmission(node(PRINTER), slow), (None, slow));
    let again = Certificate {
        not_before: from,
        not_after: from + limits::CERTIFICATE_LIFETIME,
        despite,
        ..certificate_of(node(HOLDER), HOLDER, &[Role::Client])
    };
    assert!(!state.is_revoked(&again));
    let later = state.withdrawal(node(HOLDER), [&again], slow);
    assert!(later.at > NOW);
    // Also where only a certificate names the earlier one.
    let forgetful = SiteState {
        revoked: Vec::new(),
        ..state.clone()
    };
    let alone = forgetful.withdrawal(node(HOLDER), [&again], slow);
    assert!(forgetful.revoke(&[alone], from).unwrap().is_revoked(&again));
    let state = state.revoke(&[later], from).unwrap();
    assert!(state.is_revoked(&again));
    // An earlier word on it takes nothing back.
    let state = state.revoke(&[revoked(HOLDER)], from).unwrap();
    assert!(state.is_revoked(&again));
    assert_eq!(state.revoked.len(), 1);
    // Once nothing of it can be valid any more, it need not be listed.
    let long_after = from + limits::CERTIFICATE_LIFETIME + limits::CLOCK_SKEW * 4;
    assert!(state.revoke(&[], long_after).unwrap().revoked.is_empty());
}
