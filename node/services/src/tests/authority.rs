//! What an admin does, seen by the devices and users it is done to.

use std::time::Duration;

use papermesh_mesh::MeshError;
use papermesh_mesh::join::{JoinFailure, JoinRequest};
use papermesh_protocol::badge::BadgeNumber;
use papermesh_protocol::certificate::{Certificate, CertificateError, Role, Roles};
use papermesh_protocol::id::{NodeId, Serial};
use papermesh_protocol::join::{Applicant, ApproveError, Claim, Denial, Digits, JoinError, Terms};
use papermesh_protocol::limits;
use papermesh_protocol::lookup;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::seal::SealingPublic;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::site::{LoginPolicy, SiteState};
use papermesh_protocol::text::{Name, UserId};
use papermesh_protocol::user::UserState;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::meshes::{Home, LIMIT, Running, eventually, import_of, new_user};
use crate::authority;
use crate::authority::{
    AuthorityError, Founding, Import, NewInvite, OfAdmin, PolicyChange, RootWord, root_of_export,
};
use crate::clock;
use crate::identity::{self, Identity, IdentityError};
use crate::renewal;

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
    let serial = Identity::load(&home.store()).unwrap().certificate.serial;
    home.join(&invite, Some("Hall")).await.unwrap();
    assert_eq!(
        Identity::load(&home.store()).unwrap().certificate.serial,
        serial
    );
    assert!(matches!(
        identity::may_join(&home.store(), clock::now()),
        Err(IdentityError::HasSite { .. })
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
        let (here, left) = oneshot::channel();
        let applicant = Applicant {
            node: NodeId::from_bytes([seed; 32]),
            terms,
            claim,
        };
        let request = JoinRequest {
            applicant,
            reply,
            left,
        };
        requests.try_send(request).unwrap();
        (decided, here)
    };
    let mut news = admin.authority.news();
    let (lab, _lab_is_here) = ask(7, "123456");
    let (stranger, _stranger_is_here) = ask(8, "654321");
    let gone = ask(9, "111111");
    while admin.authority.pending_count() < 3 {
        assert!(news.changed().await);
    }
    // Who hears of each change need not look again in between.
    drop(gone);
    while admin.authority.pending_count() > 2 {
        assert!(news.changed().await);
    }

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
        addresses: admin.join_listener.as_ref().unwrap().addresses(),
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
    let addresses = admin.join_listener.as_ref().unwrap().addresses();
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
    let error = Identity::load(&Home::new().store()).unwrap_err();
    assert!(
        error.remedy().unwrap().contains("papermesh init"),
        "{error}"
    );

    let admin = home.run().await;
    let client = admin.admit("Desk", Role::Client).await;
    assert!(matches!(
        client
            .authority
            .revoke("Office", OfAdmin::Unsaid, None)
            .await,
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
        admin
            .authority
            .revoke("Office", OfAdmin::Unsaid, None)
            .await,
        Err(AuthorityError::RevokesItself)
    ));
    assert!(matches!(
        admin.authority.revoke("Attic", OfAdmin::Unsaid, None).await,
        Err(AuthorityError::NoSuchMember(_))
    ));
    let ambiguous = admin
        .authority
        .revoke("Laptop", OfAdmin::Unsaid, None)
        .await
        .unwrap_err();
    let (id, other) = (lost.mesh.node().to_string(), twin.mesh.node().to_string());
    assert!(
        ambiguous.to_string().contains(&id) && ambiguous.to_string().contains(&other),
        "{ambiguous}"
    );
    let revocation = admin
        .authority
        .revoke(&id[..16], OfAdmin::Unsaid, None)
        .await
        .unwrap();
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
        admin.authority.revoke(&id, OfAdmin::Unsaid, None).await,
        Err(AuthorityError::AlreadyRevoked { .. })
    ));
    // The name is the other one's alone now.
    admin
        .authority
        .revoke("Laptop", OfAdmin::Unsaid, None)
        .await
        .unwrap();
    eventually(|| async { printer.mesh.membership().state().sequence == 3 }).await;
    let printer = printer.stop().await;
    assert_eq!(
        Identity::load(&printer.store())
            .unwrap()
            .state
            .revoked
            .len(),
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
        pin_length: Some(6),
    };
    let view = admin.authority.change_policy(change, None).await.unwrap();
    assert_eq!(
        (view.policy.login, view.policy.job_lifetime, view.sequence),
        (LoginPolicy::Badge, 3600, 2)
    );
    assert!(view.policy.bind_badges);
    assert_eq!(view.policy.pin_length, 6);
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
        badge: Some(BadgeNumber::of("04:A2-19")),
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

    let tag = lookup::badge_tag(
        printer.mesh.membership().secret(),
        &BadgeNumber::of("04a219"),
    )
    .unwrap();
    eventually(|| async { printer.directory.badge_owner(tag).await == Some(alice()) }).await;
    let (view, from) = admin
        .authority
        .give_badge(&bob, &BadgeNumber::of("04A219"), None)
        .await
        .unwrap();
    assert_eq!((view.badges, from), (1, Some(alice())));
    eventually(|| async { printer.directory.badge_owner(tag).await == Some(bob.clone()) }).await;
    let not_hers = admin
        .authority
        .take_badge(&alice(), &BadgeNumber::of("04A219"), None)
        .await;
    assert!(matches!(not_hers, Err(AuthorityError::BadgeNotTheirs(_))));
    admin
        .authority
        .take_badge(&bob, &BadgeNumber::of("04A219"), None)
        .await
        .unwrap();
    eventually(|| async { printer.directory.badge_owner(tag).await.is_none() }).await;

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
    let spare = admin.admit("Spare", Role::Client).await;

    let wrong = spare
        .authority
        .import_site(import_of(&exported.text, "wrong"))
        .await;
    assert!(matches!(wrong, Err(AuthorityError::PassphraseWrong)));
    // The export names nobody an admin. The root does.
    let unnamed = spare
        .authority
        .import_site(import_of(&exported.text, "correct horse"))
        .await;
    assert!(matches!(unnamed, Err(AuthorityError::RootNeeded)));
    let import = |root: &RootWord| Import {
        root: Some(root.clone()),
        ..import_of(&exported.text, "correct horse")
    };
    let root = admin.home.root.clone().unwrap();
    let guessed = RootWord {
        passphrase: Zeroizing::new("aaaa-aaaa-aaaa-aaaa-aaaa-aaaa".to_owned()),
        file: None,
    };
    let wrong = spare.authority.import_site(import(&guessed)).await;
    assert!(matches!(wrong, Err(AuthorityError::RootPassphraseWrong)));
    let imported = spare.authority.import_site(import(&root)).await.unwrap();
    assert_eq!(
        imported.certificate.roles,
        Roles::of(&[Role::Client, Role::Admin])
    );
    eventually(|| async { admin.mesh.membership().charter().admins.len() == 2 }).await;
    // Both sign from now on, each with its own key, and each knows what the other did.
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

    // An admin is put out with the root or in so many words.
    let office = |of_admin| spare.authority.revoke("Office", of_admin, None);
    assert!(matches!(
        office(OfAdmin::Unsaid).await,
        Err(AuthorityError::RevokesAdmin { .. })
    ));
    // The export had the root, and the home of a member that takes it over does not keep it.
    assert!(matches!(
        office(OfAdmin::TakeKey(root.clone())).await,
        Err(AuthorityError::RootElsewhere)
    ));
    // It comes out of the export, with the passphrase of that, and what was kept on the founder's node is not needed.
    let file = root_of_export(&exported.text, "correct horse").unwrap();
    let kept = admin.authority.export_root(root.clone()).await.unwrap();
    assert_eq!(file, kept);
    let root = RootWord {
        file: Some(file),
        ..root
    };
    let revocation = office(OfAdmin::TakeKey(root.clone())).await.unwrap();
    assert_eq!(revocation.node, admin.mesh.node());
    assert!(revocation.admin && revocation.key_taken);
    // What it let in alone is named.
    let named: Vec<_> = revocation.legacy.devices.iter().map(Name::as_str).collect();
    assert!(named.contains(&"Spare"), "{named:?}");
    eventually(|| async {
        matches!(
            admin.authority.revoke("Spare", OfAdmin::Unsaid, None).await,
            Err(AuthorityError::NoAdminAnyMore | AuthorityError::NotAdmin)
        )
    })
    .await;

    // On a new device, with all else lost: with an export of now and not with one of then.
    let later = spare.authority.export_site("correct horse").await.unwrap();
    let node = spare.mesh.node();
    for (export, opens) in [(&exported, false), (&later, true)] {
        let rebuilt = Home::new();
        rebuilt
            .import(&export.text, "correct horse", Some(root.clone()))
            .unwrap();
        let rebuilt = rebuilt.run().await;
        let met = rebuilt.mesh.connect(node, &spare.mesh.addresses()).await;
        assert_eq!(met.is_ok(), opens, "{met:?}");
    }
    let foreign = Home::founder(&[], None);
    let foreign = foreign.import(&later.text, "correct horse", Some(root));
    let foreign = foreign.unwrap_err();
    assert!(foreign.to_string().contains("another site"), "{foreign}");
}

#[tokio::test]
async fn a_revoked_device_does_not_join_again_with_the_invite_that_it_used() {
    let admin = Running::admin().await;
    let used = admin.invite(Role::Printer).await;
    let unused = admin.invite(Role::Printer).await;
    let home = Home::new();
    home.join(&used, Some("Hall")).await.unwrap();
    // It is known to be good for its device until then.
    let open = admin.authority.invites().await.unwrap();
    let node = Identity::load(&home.store()).unwrap().certificate.node;
    assert_eq!(
        open.iter()
            .filter_map(|open| open.used_by)
            .collect::<Vec<_>>(),
        [node]
    );
    let hall = admin.authority.revoke("Hall", OfAdmin::Unsaid, None).await;
    assert_eq!(hall.unwrap().node, node);
    assert_eq!(admin.authority.invites().await.unwrap().len(), 1);
    // Neither with that nor with another that was made while it was a member.
    assert!(refused(home.join(&used, Some("Hall")).await));
    assert!(refused(home.join(&unused, Some("Hall")).await));
    let audit = admin.audit().await;
    assert!(
        audit.contains(&crate::audit::Kind::JoinRefused),
        "{audit:?}"
    );

    // By the word of somebody who knows that it was revoked it is a member again.
    let again = admin.invite(Role::Printer).await;
    home.join(&again, Some("Hall")).await.unwrap();
    let identity = Identity::load(&home.store()).unwrap();
    identity.standing(clock::now()).unwrap();
    let hall = home.run().await;
    hall.meet(&admin).await;
}

#[tokio::test]
async fn a_member_with_a_second_certificate_in_reserve_is_revoked_with_both() {
    let admin = Running::admin().await;
    let stolen = admin.admit("Laptop", Role::Client).await;
    let second = stolen.mesh.membership().certificate();
    // As another admin would have issued it, whose registry nobody here knows.
    let reserve = Certificate {
        serial: Serial::from_bytes([9; 8]),
        ..Certificate::clone(&second)
    };
    let key = admin.authority.signing_key().await;
    let reserve = Signed::sign(reserve, &key).unwrap();
    admin
        .authority
        .revoke("Laptop", OfAdmin::Unsaid, None)
        .await
        .unwrap();
    let refused = admin
        .mesh
        .membership()
        .judge(|judge| reserve.stands(judge).unwrap_err());
    assert_eq!(refused, CertificateError::Revoked);
    stolen.mesh.membership().renew(reserve);
    assert!(
        stolen
            .mesh
            .connect(admin.mesh.node(), &admin.mesh.addresses())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn what_only_a_removed_admin_signed_goes_on_working_where_another_knew_it() {
    let admin = Home::founder(&[Role::Client], Some("correct horse"))
        .run()
        .await;
    admin.authority.unlock(Some("correct horse")).await.unwrap();
    let root = admin.home.root.clone().unwrap();
    let exported = admin.authority.export_site("correct horse").await.unwrap();
    let file = admin.authority.export_root(root.clone()).await.unwrap();
    let root = RootWord {
        file: Some(file),
        ..root
    };
    let spare = admin.admit("Spare", Role::Client).await;
    let import = Import {
        root: Some(root.clone()),
        ..import_of(&exported.text, "correct horse")
    };
    spare.authority.import_site(import).await.unwrap();
    // All of this the first admin signed, after the export was made.
    let printer = admin.admit("Hall", Role::Printer).await;
    let with_badge = authority::NewUser {
        badge: Some(BadgeNumber::of("04:A2-19")),
        ..new_user(&alice())
    };
    admin.authority.add_user(with_badge, None).await.unwrap();
    let tag = lookup::badge_tag(
        printer.mesh.membership().secret(),
        &BadgeNumber::of("04a219"),
    )
    .unwrap();
    spare.meet(&printer).await;

    let key = admin.authority.signing_key().await;
    spare
        .authority
        .revoke("Office", OfAdmin::TakeKey(root), None)
        .await
        .unwrap();
    // The printer stays connected, has its certificate renewed, and knows badge and user.
    let signer = |of: &Running| *of.mesh.membership().certificate().signer();
    let renewed = renewal::renew(&printer.store, &printer.mesh, &printer.network).await;
    assert_eq!(*renewed.unwrap().signer(), signer(&spare));
    eventually(|| async { printer.directory.badge_owner(tag).await == Some(alice()) }).await;
    let entry = printer.directory.user_entry(&alice()).await.unwrap();
    assert_eq!((entry.signer(), entry.sequence >> 32), (&signer(&spare), 2));

    // What the old key signs from now on is nothing, numbered as it may be.
    let membership = printer.mesh.membership();
    let state = (**membership.state()).clone();
    let forged = SiteState {
        sequence: u64::MAX,
        ..state
    };
    let forged = Signed::sign(forged, &key).unwrap();
    assert!(membership.advance(forged.envelope()).is_err());
}

#[tokio::test]
async fn a_certificate_in_its_last_third_is_renewed_once() {
    let mut home = Home::new();
    let founding = Founding {
        site: "Acme".parse().unwrap(),
        name: "Office".parse().unwrap(),
        roles: Roles::of(&[Role::Client]),
        passphrase: None,
    };
    let long_ago = clock::now() - limits::CERTIFICATE_LIFETIME.mul_f64(0.8);
    home.found(founding, long_ago);
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
        Identity::load(&home.store()).unwrap().certificate.serial,
        renewed.serial
    );
}
