//! A badge is bound by the word of a holder that may give it, to a printer that may bring it, for a
//! user who may have it, in time; and by nothing else.

use core::time::Duration;

use papermesh_protocol::bind::{
    self, Answer, Attestation, BadgeClaim, BindError, Denial, Standing, Verdict,
};
use papermesh_protocol::certificate::{Certificate, Role};
use papermesh_protocol::id::{BadgeTag, SiteId, UserKey};
use papermesh_protocol::limits;
use papermesh_protocol::release::message::{Answer as ReleaseAnswer, Refusal};
use papermesh_protocol::release::printer::{Session, SessionError};
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::{LoginPolicy, SiteState};
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::user::{Badge, UserError, UserState};

use crate::site::{
    AUTHORITY, HOLDER, NOW, PRINTER, SHARED, USER, attestation, badge, badge_claim, certificate,
    certificate_of, charlie, charter, delegation, judge, judge_at, key, node, revoked, state, tag,
};

/// A site where users may register badges.
fn open_site() -> SiteState {
    let mut state = state();
    state.policy.bind_badges = true;
    state
}

fn printer() -> Signed<Certificate> {
    certificate(PRINTER, &[Role::Printer])
}

fn dora() -> UserId {
    "dora".parse().unwrap()
}

/// What the admin answers to an attestation that this member brings, of a user without badges.
fn answered(
    attestation: &Attestation,
    asker: &Signed<Certificate>,
    state: &SiteState,
    now: Timestamp,
) -> Result<Verdict, Denial> {
    let standing = Standing {
        state: UserState::Active,
        key: Some(key(USER).verifying_key().into()),
        badges: &[],
        owner: None,
    };
    bind::examine(attestation, asker, &judge_at(state, now))?.decide(Some(&standing), now)
}

fn brought(attestation: &Attestation) -> Result<Verdict, Denial> {
    answered(attestation, &printer(), &open_site(), NOW)
}

fn with(change: impl FnOnce(&mut BadgeClaim)) -> Attestation {
    let mut claim = badge_claim();
    change(&mut claim);
    attestation(claim)
}

#[test]
fn a_holders_word_gives_the_badge() {
    assert_eq!(brought(&attestation(badge_claim())), Ok(Verdict::Give));
}

#[test]
fn only_where_the_site_lets_users_register_badges() {
    let attestation = attestation(badge_claim());
    let judged = |state: &SiteState| answered(&attestation, &printer(), state, NOW);
    assert_eq!(judged(&state()), Err(Denial::NotAllowed));
    let mut without_badges = open_site();
    without_badges.policy.login = LoginPolicy::Pin;
    assert_eq!(judged(&without_badges), Err(Denial::NotAllowed));
}

#[test]
fn only_a_printer_brings_what_was_said_to_it() {
    let attestation = attestation(badge_claim());
    let judged = |asker: &Signed<Certificate>| answered(&attestation, asker, &open_site(), NOW);
    let other = certificate(SHARED, &[Role::Printer]);
    assert_eq!(judged(&other), Err(Denial::NotBelieved));
    let client = certificate(PRINTER, &[Role::Client, Role::Admin]);
    assert_eq!(judged(&client), Err(Denial::NotBelieved));
    let foreign = Certificate {
        site: SiteId::from_bytes([7; 32]),
        ..printer().into_value()
    };
    let foreign = Signed::sign(foreign, &key(AUTHORITY)).unwrap();
    assert_eq!(judged(&foreign), Err(Denial::NotBelieved));
}

#[test]
fn a_revoked_printer_or_holder_binds_nothing() {
    for seed in [PRINTER, HOLDER] {
        let state = open_site().revoke(&[revoked(seed)], NOW).unwrap();
        assert_eq!(
            answered(&attestation(badge_claim()), &printer(), &state, NOW),
            Err(Denial::NotBelieved)
        );
    }
}

#[test]
fn a_claim_is_signed_by_the_holder_that_it_names_for_this_site() {
    // Another member signs, and shows its own certificate or the holder's.
    let forged = Signed::sign(badge_claim(), &key(PRINTER)).unwrap();
    for shown in [HOLDER, PRINTER] {
        let forged = Attestation {
            claim: forged.envelope().clone(),
            certificate: certificate(shown, &[Role::Client]).envelope().clone(),
            ..attestation(badge_claim())
        };
        assert_eq!(brought(&forged), Err(Denial::NotBelieved));
    }
    let wrong = [
        with(|claim| claim.site = SiteId::from_bytes([7; 32])),
        with(|claim| claim.holder = node(SHARED)),
        with(|claim| claim.printer = node(SHARED)),
    ];
    for attestation in wrong {
        assert_eq!(brought(&attestation), Err(Denial::NotBelieved));
    }
    // A certificate that the authority did not sign.
    let made_up = certificate_of(node(HOLDER), HOLDER, &[Role::Client]);
    let made_up = Attestation {
        certificate: Signed::sign(made_up, &key(HOLDER))
            .unwrap()
            .envelope()
            .clone(),
        ..attestation(badge_claim())
    };
    assert_eq!(brought(&made_up), Err(Denial::NotBelieved));
}

#[test]
fn only_a_computer_of_the_users_own_vouches() {
    for roles in [
        &[Role::SharedClient][..],
        &[Role::Client, Role::SharedClient],
        &[Role::Printer],
    ] {
        let holder = Attestation {
            certificate: certificate(HOLDER, roles).envelope().clone(),
            ..attestation(badge_claim())
        };
        assert_eq!(brought(&holder), Err(Denial::NotBelieved), "{roles:?}");
    }
    let of_another_holder = Attestation {
        delegation: delegation(SHARED).envelope().clone(),
        ..attestation(badge_claim())
    };
    assert_eq!(brought(&of_another_holder), Err(Denial::NotBelieved));
    // It holds for charlie, and speaks for dora.
    let of_another_user = with(|claim| claim.user = dora());
    assert_eq!(brought(&of_another_user), Err(Denial::NotBelieved));
    let later = NOW + limits::DELEGATION_LIFETIME;
    let ended = with(|claim| claim.at = later);
    assert!(answered(&ended, &printer(), &open_site(), later).is_err());
}

#[test]
fn a_claim_is_good_for_as_long_as_clocks_may_differ() {
    let judged = |at: Timestamp| brought(&with(|claim| claim.at = at));
    let (skew, tick) = (limits::CLOCK_SKEW, Duration::from_millis(1));
    assert_eq!(judged(NOW + skew), Ok(Verdict::Give));
    assert_eq!(judged(NOW - skew), Ok(Verdict::Give));
    assert_eq!(judged(NOW + skew + tick), Err(Denial::Stale));
    assert_eq!(judged(NOW - skew - tick), Err(Denial::Stale));
    assert_eq!(judged(Timestamp::from_millis(0)), Err(Denial::Stale));
    assert_eq!(judged(Timestamp::from_millis(u64::MAX)), Err(Denial::Stale));
}

#[test]
fn the_user_decides_nothing_about_others() {
    let examined = bind::examine(
        &attestation(badge_claim()),
        &printer(),
        &judge(&open_site()),
    )
    .unwrap();
    let (charlie, dora) = (charlie(), dora());
    let full: Vec<_> = (0..limits::BADGES_PER_USER)
        .map(|n| BadgeTag::from_bytes([n as u8; 32]))
        .collect();
    let fine = Standing {
        state: UserState::Active,
        key: Some(key(USER).verifying_key().into()),
        badges: &full[1..],
        owner: None,
    };
    let decided = |standing: Standing<'_>| examined.decide(Some(&standing), NOW);
    assert_eq!(decided(fine), Ok(Verdict::Give));
    let own = [tag()];
    let has_it = Standing {
        badges: &own,
        owner: Some(&charlie),
        ..fine
    };
    assert_eq!(decided(has_it), Ok(Verdict::Given));
    let taken = Standing {
        owner: Some(&dora),
        ..fine
    };
    assert_eq!(decided(taken), Err(Denial::Taken));
    let full = Standing {
        badges: &full,
        ..fine
    };
    assert_eq!(decided(full), Err(Denial::TooMany));
    let disabled = Standing {
        state: UserState::Disabled,
        ..fine
    };
    assert_eq!(decided(disabled), Err(Denial::Refused));
    assert_eq!(examined.decide(None, NOW), Err(Denial::Refused));
    // The user enrolled anew: what the former key delegated is void.
    for key in [None, Some(UserKey::from(key(SHARED).verifying_key()))] {
        assert_eq!(decided(Standing { key, ..fine }), Err(Denial::NotBelieved));
    }
}

#[test]
fn a_printer_brings_what_it_asked_for_and_nothing_else() {
    let (charlie, about) = (charlie(), (node(PRINTER), node(HOLDER)));
    let read = |attestation: Attestation, user: &UserId, badge, about| {
        let answer = ReleaseAnswer::Attested(Box::new(attestation));
        Session::attested(answer, (user, badge), about).map(|_| ())
    };
    let good = || attestation(badge_claim());
    assert_eq!(read(good(), &charlie, tag(), about), Ok(()));
    let unexpected = Err(SessionError::Unexpected);
    assert_eq!(read(good(), &dora(), tag(), about), unexpected);
    let other = BadgeTag::from_bytes([1; 32]);
    assert_eq!(read(good(), &charlie, other, about), unexpected);
    for about in [(node(SHARED), node(HOLDER)), (node(PRINTER), node(SHARED))] {
        assert_eq!(read(good(), &charlie, tag(), about), unexpected);
    }
    assert_eq!(
        Session::attested(
            ReleaseAnswer::Refused(Refusal::Unproven),
            (&charlie, tag()),
            about
        ),
        Err(SessionError::Refused(Refusal::Unproven))
    );
}

#[test]
fn a_printer_believes_the_authority_and_nobody_else() {
    let charlie = charlie();
    let read = |badge: Badge, by: u8| {
        let bound = Signed::sign(badge, &key(by)).unwrap();
        let answer = Answer::Bound(bound.envelope().clone());
        bind::bound(&answer, charter(), (&charlie, tag())).map(Signed::into_value)
    };
    assert_eq!(read(badge(), AUTHORITY), Ok(badge()));
    assert!(matches!(
        read(badge(), HOLDER),
        Err(BindError::Badge(UserError::Signed(_)))
    ));
    let wrong = [
        Badge {
            user: Some(dora()),
            ..badge()
        },
        Badge {
            user: None,
            ..badge()
        },
        Badge {
            tag: BadgeTag::from_bytes([1; 32]),
            ..badge()
        },
    ];
    for badge in wrong {
        assert_eq!(read(badge, AUTHORITY), Err(BindError::NotAsAsked));
    }
    assert_eq!(
        bind::bound(&Answer::Denied(Denial::Taken), charter(), (&charlie, tag())),
        Err(BindError::Denied(Denial::Taken))
    );
}
