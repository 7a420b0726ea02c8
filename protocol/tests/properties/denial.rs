//! Invariant 4 for strangers: a denial tells nothing, and a flood of logins costs the holder
//! nothing that has no limit.

use core::time::Duration;

use papermesh_protocol::certificate::Role;
use papermesh_protocol::codec;
use papermesh_protocol::extension::Extensions;
use papermesh_protocol::id::{JobId, ReleaseId, SessionId};
use papermesh_protocol::job::PrintOptions;
use papermesh_protocol::limits;
use papermesh_protocol::pin::{Ke3, Pin};
use papermesh_protocol::release::holder::{
    DenyReason, Lease, LoginEvent, Settlement, extend, report,
};
use papermesh_protocol::release::message::{Answer, Grant, Login, Refusal};
use papermesh_protocol::release::printer::{Challenged, Evidence, SessionError};
use papermesh_protocol::release::receipt::Outcome;
use papermesh_protocol::seal::SessionSecret;
use papermesh_protocol::site::LoginPolicy;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use crate::arbitrary;
use crate::site::{NOW, certificate_of, node, receipt as receipt_of};
use crate::visit::{PIN, PRINTERS, USERS, World, badge, printer, user};

fn made_up() -> Ke3 {
    Ke3::from_bytes(&[0x5a; 64]).unwrap()
}

#[test]
fn invariant_4_a_stranger_cannot_tell_who_is_a_user() {
    let mut world = World::new(1);
    let pin = Pin::new(PIN).unwrap();
    let mut said = Vec::new();
    for who in 0..USERS.len() {
        let (_, answer, event) = world.login(0, who, Evidence::Pin(&pin, None), LoginPolicy::Pin);
        assert_eq!(event, LoginEvent::Guess(user(who)), "everybody is counted");
        let Answer::Challenge { session, .. } = answer else {
            panic!("{answer:?}")
        };
        let length = codec::encode(&answer, limits::RELEASE_MESSAGE)
            .unwrap()
            .len();
        let (denied, event) =
            world
                .holder
                .prove(printer(0).node, session, &made_up(), false, 7, NOW);
        assert!(matches!(
            event,
            Some(LoginEvent::Denied(
                _,
                DenyReason::WrongPin | DenyReason::Unknown
            ))
        ));
        said.push((length, denied));
    }
    assert!(said.windows(2).all(|pair| pair[0] == pair[1]), "{said:?}");
}

#[test]
fn invariant_4_only_printers_log_in() {
    let mut world = World::new(1);
    let rng = &mut world.rng;
    let login = Login {
        user: user(0),
        badge: Some(badge(0)),
        ke1: None,
        session_key: SessionSecret::generate(rng).public(),
        extensions: Extensions::default(),
    };
    for roles in [
        &[][..],
        &[Role::Client],
        &[Role::Admin, Role::Bootstrap, Role::SharedClient],
    ] {
        let member = certificate_of(node(50), 50, roles);
        let (answer, event) = world.first(&member, &login, 0, LoginPolicy::Badge);
        assert_eq!(answer, Answer::Denied { retry_after: 0 });
        assert_eq!(event, LoginEvent::Denied(user(0), DenyReason::NoPrinter));
    }
    let later = Login {
        extensions: Extensions::default().with(2, vec![]).unwrap(),
        ..login.clone()
    };
    let (answer, event) = world.first(&printer(0), &later, 0, LoginPolicy::Badge);
    assert_eq!(answer, Answer::Denied { retry_after: 0 });
    assert_eq!(event, LoginEvent::Denied(user(0), DenyReason::Policy));
    let nothing = Login {
        badge: None,
        ..login
    };
    let (answer, event) = world.first(&printer(0), &nothing, 0, LoginPolicy::Badge);
    assert_eq!(
        (answer, event),
        (
            Answer::Denied { retry_after: 0 },
            LoginEvent::Denied(user(0), DenyReason::Policy)
        )
    );
}

#[test]
fn invariant_4_a_right_pin_after_the_lock_out_opens_nothing() {
    let mut world = World::new(1);
    let pin = Pin::new(PIN).unwrap();
    let (under_way, answer, _) = world.login(0, 0, Evidence::Pin(&pin, None), LoginPolicy::Pin);
    let Answer::Challenge { session, .. } = answer else {
        panic!("{answer:?}")
    };
    let Ok(Challenged::Prove(_, ke3)) = world.challenged(under_way, answer) else {
        panic!("the PIN is right");
    };
    let (answer, event) = world
        .holder
        .prove(printer(0).node, session, &ke3, true, 1, NOW);
    assert_eq!(answer, Answer::Denied { retry_after: 0 });
    assert_eq!(
        event,
        Some(LoginEvent::Denied(user(0), DenyReason::LockedOut))
    );
    // Nor does the same proof, once the lock-out is over.
    let (answer, event) = world
        .holder
        .prove(printer(0).node, session, &ke3, false, 1, NOW);
    assert_eq!((answer, event), (Answer::Denied { retry_after: 0 }, None));
}

#[test]
fn a_printer_that_floods_a_holder_locks_itself_out_and_nobody_else() {
    let mut world = World::new(1);
    let pin = Pin::new(PIN).unwrap();
    let login = |world: &mut World, at| {
        let (_, answer, event) = world.login(at, 0, Evidence::Pin(&pin, None), LoginPolicy::Pin);
        match answer {
            Answer::Challenge { .. } => true,
            Answer::Denied { .. } => {
                assert_eq!(event, LoginEvent::Denied(user(0), DenyReason::Busy));
                false
            }
            answer => panic!("{answer:?}"),
        }
    };
    for _ in 0..limits::LOGINS_PER_PRINTER {
        assert!(login(&mut world, 0));
    }
    assert!(!login(&mut world, 0));
    assert!(login(&mut world, 1));
    world.now = world.now + limits::LOGIN_TIMEOUT;
    assert!(login(&mut world, 0));
}

/// A printer that forgets its sessions, again and again, keeps nobody else from logging in, and
/// itself neither; those that it uses stay open.
#[test]
fn a_printer_that_forgets_its_sessions_loses_the_oldest_of_them() {
    let mut world = World::new(1);
    let open = |world: &mut World, at| {
        let evidence = Evidence::Badge(badge(0));
        let (_, answer, _) = world.login(at, 0, evidence, LoginPolicy::Badge);
        world.now = world.now + Duration::from_millis(1);
        match answer {
            Answer::SessionOpen { session, .. } => session,
            answer => panic!("{answer:?}"),
        }
    };
    let elsewhere = open(&mut world, 1);
    let forgotten = open(&mut world, 0);
    let used = open(&mut world, 0);
    for _ in 0..2 * limits::SESSIONS {
        open(&mut world, 0);
        world.holder.touch(printer(0).node, used, world.now);
    }
    assert_eq!(
        world.holder.open_sessions(),
        limits::SESSIONS_PER_PRINTER + 1
    );
    let now = world.now;
    let mut user_of = |at, session| world.holder.authorize(printer(at).node, session, now);
    assert_eq!(user_of(1, elsewhere), Ok(user(0)));
    assert_eq!(user_of(0, used), Ok(user(0)));
    assert_eq!(user_of(0, forgotten), Err(Refusal::NoSession));
}

#[test]
fn made_up_sessions_are_no_sessions() {
    let mut world = World::new(1);
    for byte in 0..=u8::MAX {
        let session = SessionId::from_bytes([byte; 32]);
        assert_eq!(
            world.holder.authorize(printer(0).node, session, NOW),
            Err(Refusal::NoSession)
        );
        assert!(world.holder.proving(printer(0).node, session).is_none());
        assert!(world.holder.abandon(printer(0).node, session).is_none());
        let (answer, event) =
            world
                .holder
                .prove(printer(0).node, session, &made_up(), false, 1, NOW);
        assert_eq!((answer, event), (Answer::Denied { retry_after: 0 }, None));
    }
}

proptest! {
    /// Invariant 3, as far as a receipt goes: a job is deleted only at the word of the printer that
    /// has its lease, and only if it got any of the job.
    #[test]
    fn invariant_3_only_a_leased_and_streamed_job_is_deleted_by_a_receipt(
        outcome in arbitrary::outcome(),
        release in arbitrary::release_id(),
        job in arbitrary::job_id(),
        same in any::<[bool; 3]>(),
        streamed in any::<bool>(),
        leased in any::<bool>(),
        settled in any::<bool>(),
        late in any::<u32>(),
    ) {
        let receipt = receipt_of(outcome.clone());
        let lease = Lease {
            release: if same[0] { receipt.release } else { release },
            job: if same[1] { receipt.job } else { job },
            printer: node(if same[2] { 3 } else { PRINTERS[1] }),
            granted_at: NOW - Duration::from_secs(late.into()),
            until: NOW - Duration::from_secs(late.into()),
            streamed,
        };
        let judged = report(&receipt, leased.then_some(&lease), settled);
        let proven = leased && same == [true; 3];
        if let Ok(Settlement::Delete | Settlement::Mark) = judged {
            prop_assert!(proven && streamed && !settled);
        }
        if judged == Ok(Settlement::Delete) {
            let printed = matches!(outcome, Outcome::Printed { keep: false, .. });
            prop_assert!(printed);
        }
        if settled {
            prop_assert_eq!(judged, Ok(Settlement::Nothing), "a receipt counts once");
        } else if !proven {
            prop_assert_eq!(judged, Err(Refusal::NoLease));
        }
    }
}

/// A printer that does not let go of a job has it for so long and no longer, whenever it asks.
#[test]
fn a_lease_ends_also_for_a_printer_that_extends_it_for_ever() {
    let printer = node(PRINTERS[0]);
    for (streamed, longest) in [(false, limits::LEASE_UNFETCHED), (true, limits::LEASE_MAX)] {
        let mut lease = Lease {
            release: ReleaseId::from_bytes([1; 16]),
            job: JobId::from_bytes([2; 16]),
            printer,
            granted_at: NOW,
            until: NOW + limits::LEASE,
            streamed,
        };
        let mut now = NOW;
        while let Ok(until) = extend(Some(&lease), printer, now) {
            lease.until = until;
            now = now + limits::LEASE_EXTEND;
        }
        assert!(lease.until <= NOW + longest + limits::LEASE);
        assert!(lease.until >= NOW + longest);
        assert_eq!(extend(Some(&lease), printer, now), Err(Refusal::NoLease));
        // An honest printer has time enough.
        assert!(now.since(NOW) >= longest);
    }
}

/// A session ends, too, however often it is used.
#[test]
fn a_session_ends_however_often_it_is_used() {
    let mut world = World::new(1);
    let (under_way, answer, _) = world.login(0, 0, Evidence::Badge(badge(0)), LoginPolicy::Badge);
    let Ok(Challenged::Open(session)) = world.challenged(under_way, answer) else {
        panic!("the badge suffices")
    };
    let (printer, began) = (node(PRINTERS[0]), world.now);
    while world
        .holder
        .authorize(printer, session.id(), world.now)
        .is_ok()
    {
        world.now = world.now + limits::SESSION_KEEP;
        assert!(world.now.since(began) <= limits::SESSION_MAX);
    }
    assert!(world.now.since(began) >= limits::SESSION_MAX);
}

/// The holder is not trusted either: what it grants is looked at before anything is shown or fed
/// to a device.
#[test]
fn a_printer_takes_no_grant_that_does_not_fit() {
    let mut world = World::new(1);
    let (under_way, answer, _) = world.login(0, 0, Evidence::Badge(badge(0)), LoginPolicy::Badge);
    let Ok(Challenged::Open(session)) = world.challenged(under_way, answer) else {
        panic!("the badge suffices")
    };
    let job = world.jobs[0];
    let grant = world
        .select(0, session.id(), job, ReleaseId::from_bytes([1; 16]))
        .unwrap();
    assert!(session.granted(job, Answer::Grant(grant.clone())).is_ok());
    let options = PrintOptions {
        copies: 0,
        ..grant.options.clone()
    };
    for bent in [
        Grant {
            sealed_size: grant.sealed_size + 1,
            ..grant.clone()
        },
        Grant {
            size: u64::MAX,
            ..grant.clone()
        },
        Grant {
            format: "application/pdf; x=\n".to_owned(),
            ..grant.clone()
        },
        Grant {
            title: "report\u{202e}fdp.exe".to_owned(),
            ..grant.clone()
        },
        Grant {
            title: "t".repeat(limits::TITLE + 1),
            ..grant.clone()
        },
        Grant {
            options,
            ..grant.clone()
        },
    ] {
        assert!(matches!(
            session.granted(job, Answer::Grant(bent)),
            Err(SessionError::Unexpected)
        ));
    }
    let other = world.jobs[1];
    assert!(matches!(
        session.granted(other, Answer::Grant(grant)),
        Err(SessionError::Unexpected)
    ));
}
