//! What an admin does, seen by the devices and users it is done to.

use std::time::Duration;

use papermesh_protocol::certificate::{Role, Roles};
use papermesh_protocol::id::NodeId;
use papermesh_protocol::join::{Applicant, ApproveError, Claim, Denial, Digits, JoinError, Terms};
use papermesh_protocol::limits;
use papermesh_protocol::lookup;
use papermesh_protocol::seal::SealingPublic;
use papermesh_protocol::site::LoginPolicy;
use papermesh_protocol::text::UserId;
use papermesh_protocol::user::UserState;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::meshes::{Home, LIMIT, Running, eventually, import_of, new_user};
use crate::authority::{AuthorityError, Founding, NewInvite, PolicyChange};
use crate::mesh::MeshError;
use crate::mesh::join::{JoinFailure, JoinRequest};
use crate::papers::{self, Papers, PapersError};
use crate::{authority, clock, renewal};

fn alice() -> UserId {
    "alice".parse().unwrap()
}

fn refused(result: Result<(), JoinFailure>) -> bool {
    matches!(
        result,
        Err(JoinFailure::Join(JoinError::Denied(Denial::Refused)))
    )
}

#[tokio::test]
async fn an_invite_makes_one_device_a_member() {
    let admin = Running::admin().await;
    let invite = admin.invite(Role::Printer).await;
    let home = Home::new();
    home.join(&invite, Some("Hall")).await.unwrap();
    assert!(refused(Home::new().join(&invite, Some("Thief")).await));
    // Its own device may ask again: the answer may have been lost.
    let serial = Papers::load(&home.store()).unwrap().certificate.serial;
    home.join(&invite, Some("Hall")).await.unwrap();
    assert_eq!(
        Papers::load(&home.store()).unwrap().certificate.serial,
        serial
    );
    assert!(matches!(
        papers::may_join(&home.store(), clock::now()),
        Err(PapersError::HasSite { .. })
    ));

    // It was told where the admin is, and finds it by itself.
    let printer = home.run().await;
    let node = printer.mesh.node();
    admin
        .until(|status| status.members.iter().any(|member| member.node == node))
        .await;
    let members = admin.authority.members().await.unwrap();
    let names: Vec<_> = members
        .iter()
        .map(|member| (member.name.as_str(), member.roles, member.connected))
        .collect();
    let client_and_admin = Roles::of(&[Role::Client, Role::Admin]);
    assert_eq!(
        names,
        [
            ("Hall", Roles::of(&[Role::Printer]), true),
            ("Office", client_and_admin, true)
        ]
    );
}

#[tokio::test]
async fn a_device_that_waits_is_admitted_by_its_digits() {
    let admin = Running::admin().await;
    let (requests, inbox) = mpsc::channel(4);
    tokio::spawn(admin.authority.clone().admit(inbox));
    let ask = |seed: u8, digits: &str| {
        let terms = Terms {
            sealing: SealingPublic::from_bytes([seed; 32]),
            name: "Lab".parse().unwrap(),
            roles: Roles::of(&[Role::Printer]),
        };
        let claim = Claim::Digits(digits.parse().unwrap());
        let (reply, decided) = oneshot::channel();
        let applicant = Applicant {
            node: NodeId::from_bytes([seed; 32]),
            terms,
            claim,
        };
        requests.try_send(JoinRequest { applicant, reply }).unwrap();
        decided
    };
    let (lab, stranger, gone) = (ask(7, "123456"), ask(8, "654321"), ask(9, "111111"));
    drop(gone);
    eventually(|| async { admin.authority.pending(LIMIT).await.unwrap().len() == 2 }).await;

    let (shown, other): (Digits, Digits) = ("123 456".parse().unwrap(), "000000".parse().unwrap());
    let unknown = admin.authority.approve(other, None).await;
    assert!(matches!(
        unknown,
        Err(AuthorityError::Approve(ApproveError::Unknown(_)))
    ));
    let member = admin.authority.approve(shown, None).await.unwrap();
    assert_eq!((member.name.as_str(), member.connected), ("Lab", false));
    let welcome = timeout(LIMIT, lab).await.unwrap().unwrap().unwrap();
    assert!(!welcome.members.is_empty());
    assert_eq!(admin.authority.refuse("654321".parse().unwrap()).await, 1);
    assert_eq!(stranger.await.unwrap().unwrap_err(), Denial::Refused);
    assert!(
        admin
            .authority
            .pending(Duration::ZERO)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_sealed_key_admits_nobody_until_its_passphrase_is_given() {
    let admin = Home::founder(&[Role::Client], Some("correct horse"))
        .run()
        .await;
    assert_eq!(admin.authority.is_open().await.unwrap(), Some(false));
    let new = || NewInvite {
        roles: Roles::of(&[Role::Printer]),
        name: Some("Hall".parse().unwrap()),
        lifetime: super::meshes::MINUTES,
        addresses: admin.door.as_ref().unwrap().addresses(),
    };
    assert!(matches!(
        admin.authority.invite(new(), None).await,
        Err(AuthorityError::PassphraseNeeded)
    ));
    assert!(matches!(
        admin.authority.invite(new(), Some("wrong")).await,
        Err(AuthorityError::PassphraseWrong)
    ));
    let invite = admin
        .authority
        .invite(new(), Some("correct horse"))
        .await
        .unwrap()
        .text
        .to_string();

    // After a restart the key is sealed again; the device is told of trouble and keeps its invite.
    let admin = admin.stop().await.run().await;
    let addresses = admin.door.as_ref().unwrap().addresses();
    let mut moved: papermesh_protocol::invite::Invite = invite.parse().unwrap();
    moved.addresses = addresses
        .into_iter()
        .map(serde_bytes::ByteBuf::from)
        .collect();
    let invite = moved.to_text().unwrap();
    let home = Home::new();
    let trouble = home.join(&invite, None).await;
    assert!(matches!(
        trouble,
        Err(JoinFailure::Join(JoinError::Denied(Denial::Trouble)))
    ));
    admin.authority.unlock(Some("correct horse")).await.unwrap();
    // It is open now, and a wrong passphrase is wrong all the same.
    assert!(matches!(
        admin.authority.unlock(Some("wrong")).await,
        Err(AuthorityError::PassphraseWrong)
    ));
    home.join(&invite, None).await.unwrap();
}

#[tokio::test]
async fn a_home_founds_one_site_and_odd_wishes_are_told_what_to_do() {
    let home = Home::founder(&[Role::Client], None);
    let again = Founding {
        site: "Other".parse().unwrap(),
        name: "Office".parse().unwrap(),
        roles: Roles::default(),
        passphrase: None,
    };
    let error = authority::found(&home.store(), again, clock::now()).unwrap_err();
    assert!(error.to_string().contains("Acme"), "{error}");
    let error = Papers::load(&Home::new().store()).unwrap_err();
    assert!(error.to_string().contains("papermesh init"), "{error}");

    let admin = home.run().await;
    let client = admin.admit("Desk", Role::Client).await;
    assert!(matches!(
        client.authority.revoke("Office", None).await,
        Err(AuthorityError::NotAdmin)
    ));
    assert!(matches!(
        client.authority.pending(LIMIT).await,
        Err(AuthorityError::NotAdmin)
    ));
    let of_admin = NewInvite {
        roles: Roles::of(&[Role::Admin]),
        name: None,
        lifetime: super::meshes::MINUTES,
        addresses: Vec::new(),
    };
    assert!(matches!(
        admin.authority.invite(of_admin.clone(), None).await,
        Err(AuthorityError::Roles)
    ));
    let eternal = NewInvite {
        roles: Roles::of(&[Role::Client]),
        lifetime: limits::INVITE_LIFETIME_MAX * 2,
        ..of_admin
    };
    assert!(matches!(
        admin.authority.invite(eternal, None).await,
        Err(AuthorityError::Lifetime(_))
    ));
}

#[tokio::test]
async fn a_revocation_reaches_every_member_and_outlives_restarts() {
    let admin = Running::admin().await;
    let printer = admin.admit("Hall", Role::Printer).await;
    let lost = admin.admit("Laptop", Role::Client).await;
    let twin = admin.admit("Laptop", Role::Client).await;
    lost.meet(&printer).await;

    assert!(matches!(
        admin.authority.revoke("Office", None).await,
        Err(AuthorityError::RevokesItself)
    ));
    assert!(matches!(
        admin.authority.revoke("Attic", None).await,
        Err(AuthorityError::NoSuchMember(_))
    ));
    let ambiguous = admin.authority.revoke("Laptop", None).await.unwrap_err();
    let (id, other) = (lost.mesh.node().to_string(), twin.mesh.node().to_string());
    assert!(
        ambiguous.to_string().contains(&id) && ambiguous.to_string().contains(&other),
        "{ambiguous}"
    );
    let revocation = admin.authority.revoke(&id[..16], None).await.unwrap();
    assert_eq!(
        (
            revocation.node,
            revocation.certificates,
            revocation.sequence
        ),
        (lost.mesh.node(), 1, 2)
    );

    let node = lost.mesh.node();
    printer
        .until(|status| status.members.iter().all(|member| member.node != node))
        .await;
    assert!(matches!(
        printer.mesh.connect(node, &lost.mesh.addresses()).await,
        Err(MeshError::Unreachable(_) | MeshError::Timeout)
    ));
    assert!(matches!(
        admin.authority.revoke(&id, None).await,
        Err(AuthorityError::AlreadyRevoked { .. })
    ));
    // The name is the other one's alone now.
    admin.authority.revoke("Laptop", None).await.unwrap();
    eventually(|| async { printer.mesh.membership().state().sequence == 3 }).await;
    let printer = printer.stop().await;
    assert_eq!(
        Papers::load(&printer.store()).unwrap().state.revoked.len(),
        2
    );
}

#[tokio::test]
async fn a_policy_is_the_whole_sites() {
    let admin = Running::admin().await;
    let printer = admin.admit("Hall", Role::Printer).await;
    let change = PolicyChange {
        login: Some(LoginPolicy::Badge),
        job_lifetime: Some(3600),
        bind_badges: Some(true),
    };
    let view = admin.authority.change_policy(change, None).await.unwrap();
    assert_eq!(
        (view.policy.login, view.policy.job_lifetime, view.sequence),
        (LoginPolicy::Badge, 3600, 2)
    );
    assert!(view.policy.bind_badges);
    eventually(|| async { printer.authority.policy() == view }).await;
    let odd = PolicyChange {
        job_lifetime: Some(1),
        ..PolicyChange::default()
    };
    assert!(matches!(
        admin.authority.change_policy(odd, None).await,
        Err(AuthorityError::JobLifetime)
    ));
}

#[tokio::test]
async fn users_and_badges_are_known_wherever_they_print() {
    let admin = Running::admin().await;
    let printer = admin.admit("Hall", Role::Printer).await;
    let bob: UserId = "bob".parse().unwrap();
    let with_badge = authority::NewUser {
        badge: Some("04:A2-19".into()),
        ..new_user(&alice())
    };
    admin
        .authority
        .add_user(with_badge.clone(), None)
        .await
        .unwrap();
    admin.ticket(&bob).await;
    let taken = authority::NewUser {
        user: bob.clone(),
        ..with_badge
    };
    assert!(matches!(
        admin.authority.add_user(taken, None).await,
        Err(AuthorityError::BadgeTaken(_))
    ));

    let tag = lookup::badge_tag(printer.mesh.membership().secret(), "04a219").unwrap();
    eventually(|| async { printer.directory.badge(tag).await == Some(alice()) }).await;
    let (view, from) = admin
        .authority
        .give_badge(&bob, "04A219", None)
        .await
        .unwrap();
    assert_eq!((view.badges, from), (1, Some(alice())));
    eventually(|| async { printer.directory.badge(tag).await == Some(bob.clone()) }).await;
    let not_hers = admin.authority.take_badge(&alice(), "04A219", None).await;
    assert!(matches!(not_hers, Err(AuthorityError::BadgeNotTheirs(_))));
    admin
        .authority
        .take_badge(&bob, "04A219", None)
        .await
        .unwrap();
    eventually(|| async { printer.directory.badge(tag).await.is_none() }).await;

    let disabled = admin
        .authority
        .set_user_state(&bob, UserState::Disabled, None)
        .await
        .unwrap();
    assert_eq!(disabled.state, UserState::Disabled);
    let entry = printer.directory.user_entry(&bob).await.unwrap();
    assert!(!entry.is_active());
    assert!(matches!(
        admin.authority.add_user(new_user(&bob), None).await,
        Err(AuthorityError::UserDisabled(_))
    ));
    let users = admin.authority.users().await.unwrap();
    let shown: Vec<_> = users
        .iter()
        .map(|user| (user.user.as_str(), user.badges, user.enrolled))
        .collect();
    assert_eq!(shown, [("alice", 0, false), ("bob", 0, false)]);
}

#[tokio::test]
async fn an_export_makes_another_member_an_admin() {
    let admin = Home::founder(&[Role::Client], Some("correct horse"))
        .run()
        .await;
    assert!(matches!(
        admin.authority.export_site("wrong").await,
        Err(AuthorityError::PassphraseWrong)
    ));
    let exported = admin.authority.export_site("correct horse").await.unwrap();
    admin.ticket(&alice()).await;
    let later = admin.authority.export_site("correct horse").await.unwrap();
    let spare = admin.admit("Spare", Role::Client).await;

    let wrong = spare
        .authority
        .import_site(import_of(&exported.text, "wrong"))
        .await;
    assert!(matches!(wrong, Err(AuthorityError::PassphraseWrong)));
    let imported = spare
        .authority
        .import_site(import_of(&exported.text, "correct horse"))
        .await
        .unwrap();
    assert_eq!(
        imported.certificate.roles,
        Roles::of(&[Role::Client, Role::Admin])
    );
    // Both sign from now on, and each knows what the other did: users by the directory.
    let disabled = spare
        .authority
        .set_user_state(&alice(), UserState::Disabled, None)
        .await
        .unwrap();
    assert_eq!(disabled.state, UserState::Disabled);
    assert!(matches!(
        admin.authority.add_user(new_user(&alice()), None).await,
        Err(AuthorityError::UserDisabled(_))
    ));
    let revocation = spare.authority.revoke("Office", None).await.unwrap();
    assert_eq!(revocation.node, admin.mesh.node());

    // On a new device, with all else lost.
    let node = spare.mesh.node();
    let rebuilt = Home::new();
    rebuilt.import(&later.text, "correct horse").unwrap();
    let rebuilt = rebuilt.run().await;
    assert_eq!(rebuilt.authority.users().await.unwrap().len(), 1);
    assert!(
        rebuilt
            .mesh
            .connect(node, &spare.mesh.addresses())
            .await
            .is_ok()
    );
    let foreign = Home::founder(&[], None);
    let foreign = foreign.import(&later.text, "correct horse").unwrap_err();
    assert!(foreign.to_string().contains("another site"), "{foreign}");
}

#[tokio::test]
async fn a_certificate_in_its_last_third_is_renewed_once() {
    let home = Home::new();
    let founding = Founding {
        site: "Acme".parse().unwrap(),
        name: "Office".parse().unwrap(),
        roles: Roles::of(&[Role::Client]),
        passphrase: None,
    };
    let long_ago = clock::now() - limits::CERTIFICATE_LIFETIME.mul_f64(0.8);
    authority::found(&home.store(), founding, long_ago).unwrap();
    let admin = home.run().await;
    let old = admin.mesh.membership().certificate();
    let renewed = renewal::renew(&admin.store, &admin.mesh, &admin.network)
        .await
        .unwrap();
    assert!(renewed.not_after > old.not_after);
    assert_eq!(admin.mesh.membership().certificate().serial, renewed.serial);
    assert!(
        renewal::renew(&admin.store, &admin.mesh, &admin.network)
            .await
            .is_none()
    );
    let home = admin.stop().await;
    assert_eq!(
        Papers::load(&home.store()).unwrap().certificate.serial,
        renewed.serial
    );
}
