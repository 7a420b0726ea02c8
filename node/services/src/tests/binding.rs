//! Badges that users register at printers: what a holder vouches for, and what an admin believes.

use papermesh_frame::{read_message, write_message};
use papermesh_mesh::Protocol;
use papermesh_protocol::badge::BadgeNumber;
use papermesh_protocol::bind::{self, Attestation, BadgeClaim, Denial};
use papermesh_protocol::certificate::Role;
use papermesh_protocol::id::{BadgeTag, NodeId};
use papermesh_protocol::lookup;
use papermesh_protocol::pin::Pin;
use papermesh_protocol::release::message::{Answer, Refusal};
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::{LoginPolicy, SitePolicy};
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::user::UserState;
use papermesh_protocol::{codec, limits};
use serde::Serialize;
use tokio::io::AsyncWriteExt;

use super::meshes::{Home, LIMIT, Running, eventually};
use super::release::Talk;
use super::site::{Site, kinds, submission};
use crate::audit::Kind;
use crate::authority::{OfAdmin, PolicyChange};
use crate::clock;
use crate::holder::Submission;
use crate::identity::Identity;
use crate::network::Network;
use crate::printer::{BindFailure, Visitor};

const BADGE: &str = "04A1B2C3D4E5F6";

fn alice() -> UserId {
    "alice".parse().unwrap()
}

fn bob() -> UserId {
    "bob".parse().unwrap()
}

/// An admin, alice's computer, and a printer of a site where users may register badges.
struct Hall {
    admin: Running,
    desk: Running,
    printer: Running,
}

impl Hall {
    async fn new() -> Self {
        let hall = Self::of(Running::admin().await).await;
        hall.bind_badges(true).await;
        hall
    }

    async fn of(admin: Running) -> Self {
        let desk = admin.admit("Desk", Role::Client).await;
        let printer = admin.admit("Hall", Role::Printer).await;
        let ticket = admin.ticket(&alice()).await;
        desk.local_users.enroll(&ticket, "2468").await.unwrap();
        Self {
            admin,
            desk,
            printer,
        }
    }

    async fn bind_badges(&self, on: bool) {
        let change = PolicyChange {
            bind_badges: Some(on),
            ..PolicyChange::default()
        };
        let changed = self.admin.authority.change_policy(change, None).await;
        assert_eq!(changed.unwrap().policy.bind_badges, on);
    }

    fn tag(&self) -> BadgeTag {
        lookup::badge_tag(
            self.admin.mesh.membership().secret(),
            &BadgeNumber::of(BADGE),
        )
        .unwrap()
    }

    fn claim(&self) -> BadgeClaim {
        BadgeClaim {
            site: self.admin.mesh.membership().site(),
            user: alice(),
            badge: self.tag(),
            printer: self.printer.mesh.node(),
            holder: self.desk.mesh.node(),
            at: clock::now(),
        }
    }

    /// What an admin's node would answer a printer for this claim.
    fn attested(&self, claim: BadgeClaim) -> Attestation {
        attested_by(&self.desk, claim)
    }

    async fn bring(&self, attestation: &Attestation) -> bind::Answer {
        bring(&self.printer, self.admin.mesh.node(), attestation).await
    }

    async fn badges_of(&self, user: &UserId) -> u32 {
        let users = self.admin.authority.users().await.unwrap();
        let user = users.iter().find(|known| known.user == *user);
        user.map_or(0, |user| user.badges)
    }
}

/// What a computer of alice's vouches for when it is asked.
fn attested_by(holder: &Running, claim: BadgeClaim) -> Attestation {
    let identity = Identity::load(&holder.store).unwrap();
    let row = holder.store.local_users().get(&alice()).unwrap();
    Attestation {
        claim: Signed::sign(claim, &identity.signing_key())
            .unwrap()
            .envelope()
            .clone(),
        certificate: identity.certificate.envelope().clone(),
        delegation: row.unwrap().delegation.unwrap(),
    }
}

async fn bring(from: &Running, admin: NodeId, message: &impl Serialize) -> bind::Answer {
    let opened = from.network.open(admin, &[], Protocol::Bind).await;
    let mut stream = opened.unwrap();
    write_message(&mut stream, message, limits::BIND_MESSAGE)
        .await
        .unwrap();
    let answer = read_message(&mut stream, limits::BIND_MESSAGE, LIMIT).await;
    answer.unwrap().unwrap()
}

fn is_denied(answer: bind::Answer) -> Option<Denial> {
    match answer {
        bind::Answer::Denied(denial) => Some(denial),
        bind::Answer::Bound(_) => None,
    }
}

#[tokio::test]
async fn a_badge_is_bound_once_and_known_to_all() {
    let hall = Hall::of(Running::admin().await).await;
    let (attestation, tag) = (hall.attested(hall.claim()), hall.tag());
    assert_eq!(
        is_denied(hall.bring(&attestation).await),
        Some(Denial::NotAllowed)
    );
    hall.bind_badges(true).await;

    // The answer may have been lost: the same again says the same, and changes nothing.
    let first = hall.bring(&attestation).await;
    assert_eq!(is_denied(first.clone()), None);
    assert_eq!(hall.bring(&attestation).await, first);
    assert_eq!(hall.badges_of(&alice()).await, 1);
    let known = || async { hall.printer.directory.badge_owner(tag).await == Some(alice()) };
    eventually(known).await;

    // What an admin has taken back does not come back with an old word.
    let authority = &hall.admin.authority;
    authority
        .take_badge(&alice(), &BadgeNumber::of(BADGE), None)
        .await
        .unwrap();
    assert_eq!(
        is_denied(hall.bring(&attestation).await),
        Some(Denial::Stale)
    );
    assert_eq!(hall.badges_of(&alice()).await, 0);
    let audit = kinds(&hall.admin.audit).await;
    let of = |kind| audit.iter().filter(|other| **other == kind).count();
    assert_eq!((of(Kind::BadgeBound), of(Kind::BindRefused)), (1, 2));
}

#[tokio::test]
async fn a_badge_of_somebody_else_is_not_moved() {
    let hall = Hall::new().await;
    hall.admin.ticket(&bob()).await;
    let authority = &hall.admin.authority;
    authority
        .give_badge(&bob(), &BadgeNumber::of(BADGE), None)
        .await
        .unwrap();
    let answer = hall.bring(&hall.attested(hall.claim())).await;
    assert_eq!(is_denied(answer), Some(Denial::Taken));
    assert_eq!(
        (hall.badges_of(&bob()).await, hall.badges_of(&alice()).await),
        (1, 0)
    );
}

#[tokio::test]
async fn a_hostile_printer_binds_nothing() {
    let hall = Hall::new().await;
    let other = hall.admin.admit("Cellar", Role::Printer).await;
    let admin = hall.admin.mesh.node();
    let denied = |answer| is_denied(answer).unwrap();

    // What was said to another printer.
    let good = hall.attested(hall.claim());
    assert_eq!(
        denied(bring(&other, admin, &good).await),
        Denial::NotBelieved
    );
    // Its own word in place of a holder's.
    let identity = Identity::load(&hall.printer.store).unwrap();
    let own = Attestation {
        claim: Signed::sign(hall.claim(), &identity.signing_key())
            .unwrap()
            .envelope()
            .clone(),
        certificate: identity.certificate.envelope().clone(),
        ..good.clone()
    };
    assert_eq!(denied(hall.bring(&own).await), Denial::NotBelieved);
    // The word of a computer that is not this user's.
    let of_bob = BadgeClaim {
        user: bob(),
        ..hall.claim()
    };
    hall.admin.ticket(&bob()).await;
    let of_bob = hall.attested(of_bob);
    assert_eq!(denied(hall.bring(&of_bob).await), Denial::NotBelieved);
    // Old, early, and of another site.
    for at in [Timestamp::default(), clock::now() + limits::CLOCK_SKEW * 2] {
        let claim = BadgeClaim { at, ..hall.claim() };
        assert_eq!(
            denied(hall.bring(&hall.attested(claim)).await),
            Denial::Stale
        );
    }
    // Noise.
    assert_eq!(
        denied(bring(&other, admin, &"not an attestation").await),
        Denial::Malformed
    );
    let mut stream = other
        .network
        .open(admin, &[], Protocol::Bind)
        .await
        .unwrap();
    stream.write_all(&[0xff; 64]).await.unwrap();
    let mut cut = codec::encode(&good, limits::BIND_MESSAGE).unwrap();
    cut.truncate(100);
    assert_eq!(
        denied(bring(&other, admin, &serde_bytes::ByteBuf::from(cut)).await),
        Denial::Malformed
    );
    assert_eq!(hall.badges_of(&alice()).await, 0);
    assert_eq!(hall.badges_of(&bob()).await, 0);

    // And it does not ask without end, while others are heard.
    let mut last = Denial::NotBelieved;
    for _ in 0..20 {
        last = denied(hall.bring(&own).await);
    }
    assert_eq!(last, Denial::Busy);
    let claim = BadgeClaim {
        printer: other.mesh.node(),
        ..hall.claim()
    };
    let heard = bring(&other, admin, &hall.attested(claim)).await;
    assert_eq!(is_denied(heard), None);
}

#[tokio::test]
async fn a_revoked_holder_and_a_disabled_user_bind_nothing() {
    let hall = Hall::new().await;
    let attestation = hall.attested(hall.claim());
    let authority = &hall.admin.authority;
    let alice = alice();
    let set = |state| authority.set_user_state(&alice, state, None);
    let _ = set(UserState::Disabled).await.unwrap();
    assert_eq!(
        is_denied(hall.bring(&attestation).await),
        Some(Denial::Refused)
    );
    let _ = set(UserState::Active).await.unwrap();
    authority
        .revoke("Desk", OfAdmin::Unsaid, None)
        .await
        .unwrap();
    assert_eq!(
        is_denied(hall.bring(&attestation).await),
        Some(Denial::NotBelieved)
    );
    assert_eq!(hall.badges_of(&alice).await, 0);
}

#[tokio::test]
async fn a_user_has_no_more_badges_than_one_may_have() {
    let hall = Hall::new().await;
    let authority = &hall.admin.authority;
    for number in 0..limits::BADGES_PER_USER {
        let number = format!("04AA{number}");
        authority
            .give_badge(&alice(), &BadgeNumber::of(&number), None)
            .await
            .unwrap();
    }
    let answer = hall.bring(&hall.attested(hall.claim())).await;
    assert_eq!(is_denied(answer), Some(Denial::TooMany));
}

#[tokio::test]
async fn an_admin_whose_key_is_sealed_says_so_and_so_does_one_who_is_none() {
    let founder = Home::founder(&[Role::Client], Some("correct horse"));
    let admin = founder.run().await;
    admin.authority.unlock(Some("correct horse")).await.unwrap();
    let hall = Hall::of(admin).await;
    hall.bind_badges(true).await;
    let attestation = hall.attested(hall.claim());
    let trouble = Some(Denial::Trouble);
    let desk = hall.desk.mesh.node();
    hall.printer.meet(&hall.desk).await;
    assert_eq!(
        is_denied(bring(&hall.printer, desk, &attestation).await),
        trouble
    );

    let Hall { admin, printer, .. } = hall;
    let admin = admin.stop().await.run().await;
    printer.meet(&admin).await;
    let answer = bring(&printer, admin.mesh.node(), &attestation).await;
    assert_eq!(is_denied(answer), trouble);
    admin.authority.unlock(Some("correct horse")).await.unwrap();
    let answer = bring(&printer, admin.mesh.node(), &attestation).await;
    assert_eq!(is_denied(answer), None);
}

/// A site without an admin's node, so that what a printer gets of a holder is all there is.
fn site(bind_badges: bool, login: LoginPolicy) -> Site {
    let policy = SitePolicy {
        login,
        bind_badges,
        ..SitePolicy::default()
    };
    Site::of(clock::now, policy)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_computer_vouches_where_it_checked_the_pin() {
    let site = site(true, LoginPolicy::BadgeAndPin);
    let alice = site.user(10, "alice", "2468").await;
    let laptop = site.holder(20, "laptop").await;
    site.publish(&laptop, &alice).await;
    site.link(&laptop, &alice);
    let printer = site.printer(30).await;
    laptop.submit(&alice, "report", b"report").await;

    let visit = printer.visit(&alice, "2468").await;
    assert!(visit.is_vouched_for());
    // Vouched for, and then there is no admin to bring it to.
    let bound = printer
        .printer
        .bind_badge(&visit, &BadgeNumber::of(BADGE))
        .await;
    assert_eq!(bound, Err(BindFailure::NoAdmin));
    let vouched = |kinds: Vec<Kind>| {
        let of = |kind: &&Kind| **kind == Kind::BadgeAttested;
        kinds.iter().filter(of).count()
    };
    assert_eq!(vouched(kinds(&laptop.audit).await), 1);
    // The same badge again is the same word; another one is too much for one visit.
    let again = printer
        .printer
        .bind_badge(&visit, &BadgeNumber::of(BADGE))
        .await;
    assert_eq!(again, Err(BindFailure::NoAdmin));
    let another = printer
        .printer
        .bind_badge(&visit, &BadgeNumber::of("04FF"))
        .await;
    assert_eq!(another, Err(BindFailure::Unvouched));
    assert_eq!(vouched(kinds(&laptop.audit).await), 1);
    assert!(kinds(&printer.audit).await.contains(&Kind::BindRefused));
    assert!(kinds(&laptop.audit).await.contains(&Kind::Refused));
    visit.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_vouches_without_a_pin_without_leave_or_on_a_shared_computer() {
    // The site does not allow it.
    let forbidding = site(false, LoginPolicy::BadgeAndPin);
    let alice = forbidding.user(10, "alice", "2468").await;
    let laptop = forbidding.holder(20, "laptop").await;
    forbidding.publish(&laptop, &alice).await;
    forbidding.link(&laptop, &alice);
    laptop.submit(&alice, "report", b"report").await;
    let printer = forbidding.printer(30).await;
    let visit = printer.visit(&alice, "2468").await;
    let bound = printer
        .printer
        .bind_badge(&visit, &BadgeNumber::of(BADGE))
        .await;
    assert_eq!(bound, Err(BindFailure::Unvouched));

    // A badge alone let her in.
    let trusting = site(true, LoginPolicy::Badge);
    let tag = trusting.badge("04CC");
    let alice = trusting.user_with(10, "alice", "2468", vec![tag]).await;
    let laptop = trusting.holder(20, "laptop").await;
    trusting.publish(&laptop, &alice).await;
    trusting.link(&laptop, &alice);
    laptop.submit(&alice, "report", b"report").await;
    let printer = trusting.printer(30).await;
    let by_badge = Visitor::Badge(BadgeNumber::of("04CC"));
    let visit = printer.printer.visit(by_badge, None).await.unwrap();
    assert_eq!(visit.jobs().len(), 1);
    assert!(!visit.is_vouched_for());
    let bound = printer
        .printer
        .bind_badge(&visit, &BadgeNumber::of(BADGE))
        .await;
    assert_eq!(bound, Err(BindFailure::Unvouched));

    // Her PIN is one for a visit.
    let sharing = site(true, LoginPolicy::BadgeAndPin);
    let alice = sharing.user(10, "alice", "2468").await;
    let shared = sharing.holder_with(20, "shared", Role::SharedClient).await;
    sharing.publish(&shared, &alice).await;
    let visiting = Submission {
        visit_pin: Some(Pin::new("1357").unwrap()),
        ..submission(&alice, "report")
    };
    let held = shared.holder.submit(visiting, &b"report"[..]).await;
    assert!(held.is_ok());
    shared.announce(&alice).await;
    let printer = sharing.printer(30).await;
    let visit = printer.visit(&alice, "1357").await;
    assert_eq!(visit.jobs().len(), 1);
    assert!(!visit.is_vouched_for());
    // Nor when it is asked all the same.
    let mut talk = Talk::with(&printer, shared.node).await;
    let session = talk.login(&alice.id, "1357").await;
    let asked = session.attest(sharing.badge(BADGE));
    assert_eq!(talk.ask(asked).await, Answer::Refused(Refusal::Unproven));
}
