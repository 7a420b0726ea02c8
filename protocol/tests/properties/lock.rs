//! Sessions that show less than all: jobs with a PIN of their own, and jobs handed to a printer.
//! Also whose offers a printer believes.

use papermesh_protocol::advert::Delegated;
use papermesh_protocol::certificate::Role;
use papermesh_protocol::direct::{Decline, Offer};
use papermesh_protocol::id::{JobId, NodeId, ReleaseId, SessionId, UserKey};
use papermesh_protocol::job::JobSummary;
use papermesh_protocol::limits;
use papermesh_protocol::pin::{Ke3, KsfMemo, Pin, PinVerifier};
use papermesh_protocol::preview;
use papermesh_protocol::release::holder::{DenyReason, JobLock, Pictured, pin_name};
use papermesh_protocol::release::message::{Answer, Refusal, Request};
use papermesh_protocol::release::printer::{self, Challenged, Evidence, Session, SessionError};
use papermesh_protocol::seal::{PreviewKey, SessionSecret, seal_preview};
use papermesh_protocol::site::LoginPolicy;
use papermesh_protocol::user::{UserEntry, UserState};

use crate::site::{HOLDER, NOW, certificate_of, charlie, delegation, entry, node, site, summary};
use crate::visit::{PIN, World, job_key, printer as printer_at, user};

const JOB_PIN: &str = "own pin";
const RELEASE: ReleaseId = ReleaseId::from_bytes([7; 16]);

fn world() -> World {
    let mut world = World::new(1);
    let pin = Pin::new(JOB_PIN).unwrap();
    let job = world.jobs[0];
    let verifier = PinVerifier::register(&pin_name(job), &pin, &mut world.rng).unwrap();
    world.locks.insert(job, verifier);
    world
}

fn session(world: &mut World, at: usize) -> Session {
    let pin = Pin::new(PIN).unwrap();
    let (under_way, answer, _) = world.login(at, 0, Evidence::Pin(&pin, None), LoginPolicy::Pin);
    let Ok(Challenged::Prove(proving, ke3)) = world.challenged(under_way, answer) else {
        panic!("the PIN is right")
    };
    let Request::Prove { session, ke3 } = proving.request(ke3) else {
        panic!("no proof")
    };
    let at = printer_at(at).node;
    let (answer, _) = world.holder.prove(at, session, &ke3, false, 1, world.now);
    proving.answered(answer).unwrap()
}

/// What a printer and the holder say to each other about a job's PIN.
fn unlock(
    world: &mut World,
    (at, session): (NodeId, &Session),
    job: JobId,
    typed: &str,
) -> Result<Answer, SessionError> {
    let pin = Pin::new(typed).unwrap();
    let holder = node(HOLDER);
    let (unlocking, request) = session
        .unlock(at, holder, job, &pin, &mut world.rng)
        .unwrap();
    let Request::Unlock { ke1, .. } = request else {
        panic!("that is how it begins")
    };
    let lock = JobLock {
        verifier: &world.locks[&world.jobs[0]],
        wait: None,
    };
    let whose = (at, session.id());
    let challenge = world
        .holder
        .unlock(whose, (job, &ke1), &lock, world.now, &mut world.rng)?;
    let Request::ProveJob { ke3, .. } =
        unlocking.challenged(challenge, &KsfMemo::new(), &mut world.rng)?
    else {
        panic!("that is how it ends")
    };
    Ok(world
        .holder
        .prove_job(whose, (job, &ke3), false, world.now)?)
}

#[test]
fn a_job_with_a_pin_of_its_own_asks_for_it_in_every_session() {
    let mut world = world();
    let (at, job) = (printer_at(0).node, world.jobs[0]);
    let first = session(&mut world, 0);
    assert_eq!(
        world.select(0, first.id(), job, RELEASE).unwrap_err(),
        Refusal::Locked
    );
    // The user's own PIN is another one.
    assert_eq!(
        unlock(&mut world, (at, &first), job, PIN),
        Err(SessionError::WrongPin)
    );
    assert_eq!(
        world.select(0, first.id(), job, RELEASE).unwrap_err(),
        Refusal::Locked
    );
    assert_eq!(
        unlock(&mut world, (at, &first), job, JOB_PIN),
        Ok(Answer::Done)
    );
    assert!(world.select(0, first.id(), job, RELEASE).is_ok());

    world.leases.clear();
    let second = session(&mut world, 0);
    assert_eq!(
        world.select(0, second.id(), job, RELEASE).unwrap_err(),
        Refusal::Locked
    );
}

#[test]
fn a_proof_is_of_one_job_in_one_session_once_and_in_time() {
    let mut world = world();
    let (at, job) = (printer_at(0).node, world.jobs[0]);
    let open = session(&mut world, 0);
    let other = JobId::from_bytes([0xee; 16]);
    let ke3 = Ke3::from_bytes(&[1; 64]).unwrap();
    let denied = Ok(Answer::Denied { retry_after: 0 });
    let whose = (at, open.id());
    // Nothing under way, made up, of another job, and none by another printer or in no session.
    assert_eq!(
        world.holder.prove_job(whose, (job, &ke3), false, world.now),
        denied
    );
    let elsewhere = printer_at(1).node;
    for stranger in [(elsewhere, open.id()), (at, SessionId::from_bytes([0; 32]))] {
        assert_eq!(
            world
                .holder
                .prove_job(stranger, (job, &ke3), false, world.now),
            Err(Refusal::NoSession)
        );
    }
    let pin = Pin::new(JOB_PIN).unwrap();
    for (proven, late, locked_out) in [
        (other, false, false),
        (job, true, false),
        (job, false, true),
    ] {
        let (unlocking, request) = open
            .unlock(at, node(HOLDER), job, &pin, &mut world.rng)
            .unwrap();
        let Request::Unlock { ke1, .. } = request else {
            panic!("that is how it begins")
        };
        let lock = JobLock {
            verifier: &world.locks[&job],
            wait: None,
        };
        let challenge = world
            .holder
            .unlock(whose, (job, &ke1), &lock, world.now, &mut world.rng)
            .unwrap();
        let Ok(Request::ProveJob { ke3, .. }) =
            unlocking.challenged(challenge, &KsfMemo::new(), &mut world.rng)
        else {
            panic!("the PIN is right")
        };
        if late {
            world.now = world.now + limits::LOGIN_TIMEOUT;
        }
        assert_eq!(
            world
                .holder
                .prove_job(whose, (proven, &ke3), locked_out, world.now),
            denied
        );
        // It is used up.
        assert_eq!(
            world.holder.prove_job(whose, (job, &ke3), false, world.now),
            denied
        );
    }
    assert_eq!(
        world.select(0, open.id(), job, RELEASE).unwrap_err(),
        Refusal::Locked
    );
}

#[test]
fn a_job_that_was_guessed_at_too_often_waits() {
    let mut world = world();
    let (at, job) = (printer_at(0).node, world.jobs[0]);
    let open = session(&mut world, 0);
    let pin = Pin::new(JOB_PIN).unwrap();
    let (_, request) = open
        .unlock(at, node(HOLDER), job, &pin, &mut world.rng)
        .unwrap();
    let Request::Unlock { ke1, .. } = request else {
        panic!("that is how it begins")
    };
    let lock = JobLock {
        verifier: &world.locks[&job],
        wait: Some(limits::LOCK_OUT),
    };
    let answer = world.holder.unlock(
        (at, open.id()),
        (job, &ke1),
        &lock,
        world.now,
        &mut world.rng,
    );
    assert_eq!(answer, Ok(Answer::denied(limits::LOCK_OUT)));
}

#[test]
fn a_handed_job_is_all_that_its_session_shows() {
    let mut world = world();
    let at = printer_at(0);
    let (job, owner) = (world.jobs[0], user(0));
    let secret = SessionSecret::generate(&mut world.rng);
    let whose = (&owner, job);
    let desk = certificate_of(node(9), 9, &[]);
    let refused = world
        .holder
        .hand(&desk, whose, secret.public(), world.now, &mut world.rng);
    assert_eq!(refused.unwrap_err(), DenyReason::NoPrinter);
    let id = world
        .holder
        .hand(&at, whose, secret.public(), world.now, &mut world.rng)
        .unwrap();
    // No list, no deletion, no proof of a PIN.
    assert_eq!(
        world.holder.authorize(at.node, id, world.now),
        Err(Refusal::NoSession)
    );
    assert_eq!(
        world.select(0, id, world.jobs[2], RELEASE).unwrap_err(),
        Refusal::NoJob
    );
    assert_eq!(
        world.select(1, id, job, RELEASE).unwrap_err(),
        Refusal::NoSession
    );
    // Its owner handed it over, and need not prove its PIN.
    let grant = world.select(0, id, job, RELEASE).unwrap();
    let handed = Session::handed(id, secret);
    assert!(handed.granted(job, Answer::Grant(grant)).is_ok());
    world.holder.close(at.node, id);
    assert_eq!(
        world.select(0, id, job, RELEASE).unwrap_err(),
        Refusal::NoSession
    );
    assert_eq!(printer::done(Answer::Done), Ok(()));
}

/// What the holder answers who asks for the picture of a job of the first user.
fn preview(
    world: &mut World,
    at: NodeId,
    session: SessionId,
    job: JobId,
) -> Result<preview::Answer, Refusal> {
    let key = PreviewKey::derive(&job_key(job));
    let pictured = Pictured {
        job,
        owner: &user(0),
        has_pin: world.locks.contains_key(&job),
        key: &key,
    };
    let wrapped = world
        .holder
        .preview(at, session, &pictured, world.now, &mut world.rng)?;
    let sealed = seal_preview(&key, *job.as_bytes(), b"picture".to_vec(), &mut world.rng).unwrap();
    Ok(preview::Answer::Preview {
        key: wrapped,
        sealed: sealed.into(),
    })
}

#[test]
fn a_picture_is_shown_in_a_session_of_its_owner_and_opens_in_no_other() {
    let mut world = World::new(1);
    let (at, job) = (printer_at(0).node, world.jobs[0]);
    let (own, other) = (session(&mut world, 0), session(&mut world, 0));
    assert_eq!(own.preview(job).session, own.id());
    let answer = preview(&mut world, at, own.id(), job).unwrap();
    assert_eq!(
        own.previewed(job, answer.clone()),
        Ok(Some(b"picture".to_vec()))
    );
    // Sent in another session, or for another job, it is nothing.
    let nothing = Err(SessionError::Unexpected);
    assert_eq!(other.previewed(job, answer.clone()), nothing);
    assert_eq!(own.previewed(world.jobs[1], answer), nothing);
    assert_eq!(own.previewed(job, preview::Answer::None), Ok(None));
    let refused = preview::Answer::Refused(Refusal::Locked);
    assert_eq!(
        own.previewed(job, refused),
        Err(SessionError::Refused(Refusal::Locked))
    );

    let elsewhere = printer_at(1).node;
    for (at, id) in [(elsewhere, own.id()), (at, SessionId::from_bytes([0; 32]))] {
        assert_eq!(preview(&mut world, at, id, job), Err(Refusal::NoSession));
    }
    // A session that was handed over shows its job, and no picture.
    let secret = SessionSecret::generate(&mut world.rng);
    let handed = world
        .holder
        .hand(
            &printer_at(0),
            (&user(0), job),
            secret.public(),
            world.now,
            &mut world.rng,
        )
        .unwrap();
    assert_eq!(
        preview(&mut world, at, handed, job),
        Err(Refusal::NoSession)
    );
    // Another user's job is none.
    let key = PreviewKey::derive(&job_key(job));
    let others = Pictured {
        job,
        owner: &user(1),
        has_pin: false,
        key: &key,
    };
    let asked = world
        .holder
        .preview(at, own.id(), &others, world.now, &mut world.rng);
    assert_eq!(asked.unwrap_err(), Refusal::NoJob);
    world.holder.close(at, own.id());
    assert_eq!(
        preview(&mut world, at, own.id(), job),
        Err(Refusal::NoSession)
    );
}

#[test]
fn a_job_with_a_pin_of_its_own_shows_no_picture_before_it() {
    let mut world = world();
    let (at, job) = (printer_at(0).node, world.jobs[0]);
    let open = session(&mut world, 0);
    assert_eq!(
        preview(&mut world, at, open.id(), job),
        Err(Refusal::Locked)
    );
    assert_eq!(
        unlock(&mut world, (at, &open), job, JOB_PIN),
        Ok(Answer::Done)
    );
    assert!(preview(&mut world, at, open.id(), job).is_ok());
    let second = session(&mut world, 0);
    assert_eq!(
        preview(&mut world, at, second.id(), job),
        Err(Refusal::Locked)
    );
}

#[test]
fn a_printer_takes_offers_from_those_whom_the_user_or_the_site_trusts() {
    let offer = |delegated| Offer {
        user: charlie(),
        delegated,
        job: summary(),
    };
    let delegation_ = delegation(HOLDER);
    let delegated = || {
        Some(Delegated {
            key: UserKey::from_bytes(*delegation_.signer()),
            delegation: delegation_.envelope().clone(),
        })
    };
    let holder = certificate_of(node(HOLDER), HOLDER, &[Role::Client]);
    let shared = certificate_of(node(5), 5, &[Role::SharedClient]);
    let active = entry();
    let judge = |offer: Offer, by, entry| offer.judge(by, site(), entry, NOW);
    let no = Err(Decline::NotAllowed);

    assert_eq!(judge(offer(delegated()), &holder, Some(&active)), Ok(()));
    assert_eq!(judge(offer(None), &shared, Some(&active)), Ok(()));

    // No delegation, that of another computer, and that of nobody who is known.
    assert_eq!(judge(offer(None), &holder, Some(&active)), no);
    assert_eq!(judge(offer(delegated()), &shared, Some(&active)), no);
    // A delegation can be made by anybody who makes up a user; and of those there are, only the
    // authority says who may print no more.
    let unknown = Err(Decline::Unknown);
    assert_eq!(judge(offer(delegated()), &holder, None), unknown);
    assert_eq!(judge(offer(None), &shared, None), unknown);
    let other_key = UserEntry {
        key: Some(UserKey::from_bytes([1; 32])),
        ..entry()
    };
    let disabled = UserEntry {
        state: UserState::Disabled,
        ..entry()
    };
    for entry in [&other_key, &disabled] {
        assert_eq!(judge(offer(delegated()), &holder, Some(entry)), no);
    }
    let printer = certificate_of(node(HOLDER), HOLDER, &[Role::Printer]);
    assert_eq!(judge(offer(delegated()), &printer, Some(&active)), no);
    let nonsense = Offer {
        job: JobSummary {
            priority: 0,
            ..summary()
        },
        ..offer(delegated())
    };
    assert_eq!(
        judge(nonsense, &holder, Some(&active)),
        Err(Decline::Trouble)
    );
}
