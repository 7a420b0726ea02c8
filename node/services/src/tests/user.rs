//! What users do on their computers, over real meshes.

use papermesh_protocol::certificate::Role;
use papermesh_protocol::enroll::{Denial, EnrollError};
use papermesh_protocol::id::UserKey;
use papermesh_protocol::link::{LinkError, Refusal};
use papermesh_protocol::text::UserId;
use papermesh_protocol::user::UserState;

use super::meshes::{MINUTES, Running, eventually};
use crate::local_users::LocalUsersError;

fn alice() -> UserId {
    "alice".parse().unwrap()
}

impl Running {
    fn epoch(&self, user: &UserId) -> u64 {
        self.store
            .local_users()
            .get(user)
            .unwrap()
            .unwrap()
            .pin_epoch
    }
}

#[tokio::test]
async fn a_user_enrolls_once_with_a_ticket_and_is_known_to_all() {
    let admin = Running::admin().await;
    let desk = admin.admit("Desk", Role::Client).await;
    let printer = admin.admit("Hall", Role::Printer).await;
    let ticket = admin.ticket(&alice()).await;

    let too_short = desk.local_users.enroll(&ticket, "1").await;
    assert!(matches!(too_short, Err(LocalUsersError::Pin(_))));
    let no_client = printer.local_users.enroll(&ticket, "2468").await;
    assert!(matches!(
        no_client,
        Err(LocalUsersError::Enroll(EnrollError::Denied(
            Denial::NotAClient
        )))
    ));
    let enrolled = desk.local_users.enroll(&ticket, "2468").await.unwrap();
    assert_eq!(
        (enrolled.user, enrolled.node_name.as_str()),
        (alice(), "Desk")
    );
    // The same computer again, as after an answer that was lost; and another one.
    desk.local_users.enroll(&ticket, "2468").await.unwrap();
    let stolen = admin.local_users.enroll(&ticket, "1357").await;
    assert!(matches!(
        stolen,
        Err(LocalUsersError::Enroll(EnrollError::Denied(
            Denial::Refused
        )))
    ));

    let row = desk.store.local_users().get(&alice()).unwrap().unwrap();
    let key = row
        .delegation
        .map(|delegation| UserKey::from_bytes(*delegation.signer()));
    eventually(|| async {
        printer
            .directory
            .user_entry(&alice())
            .await
            .and_then(|entry| entry.key)
            == key
    })
    .await;
    assert!(admin.authority.users().await.unwrap()[0].enrolled);
}

#[tokio::test]
async fn users_of_the_admins_own_computer_enroll_there() {
    let admin = Running::admin().await;
    let ticket = admin.ticket(&alice()).await;
    admin.local_users.enroll(&ticket, "2468").await.unwrap();
    let entry = admin.directory.user_entry(&alice()).await.unwrap();
    assert!(entry.key.is_some());
}

#[tokio::test]
async fn a_disabled_user_does_not_enroll_and_keeps_the_ticket() {
    let admin = Running::admin().await;
    let desk = admin.admit("Desk", Role::Client).await;
    let ticket = admin.ticket(&alice()).await;
    admin
        .authority
        .set_user_state(&alice(), UserState::Disabled, None)
        .await
        .unwrap();
    let refused = desk.local_users.enroll(&ticket, "2468").await;
    assert!(matches!(
        refused,
        Err(LocalUsersError::Enroll(EnrollError::Denied(
            Denial::Refused
        )))
    ));
    admin
        .authority
        .set_user_state(&alice(), UserState::Active, None)
        .await
        .unwrap();
    desk.local_users.enroll(&ticket, "2468").await.unwrap();
}

#[tokio::test]
async fn a_linked_computer_has_the_pin_and_gets_a_changed_one() {
    let admin = Running::admin().await;
    let desk = admin.admit("Desk", Role::Client).await;
    let laptop = admin.admit("Laptop", Role::Client).await;
    let nobody = desk.local_users.offer_link(None, MINUTES).await;
    assert!(matches!(nobody, Err(LocalUsersError::NobodyEnrolled)));
    desk.local_users
        .enroll(&admin.ticket(&alice()).await, "2468")
        .await
        .unwrap();
    let offer = desk.local_users.offer_link(None, MINUTES).await.unwrap();
    assert!(matches!(
        desk.local_users.accept_link(&offer.text).await,
        Err(LocalUsersError::OwnTicket)
    ));
    let linked = laptop.local_users.accept_link(&offer.text).await.unwrap();
    assert_eq!(
        (linked.user, linked.node_name.as_str()),
        (alice(), "Laptop")
    );
    let stolen = admin.local_users.accept_link(&offer.text).await;
    assert!(matches!(
        stolen,
        Err(LocalUsersError::Link(LinkError::Refused(Refusal::Refused)))
    ));
    assert_eq!(laptop.epoch(&alice()), desk.epoch(&alice()));

    // Only the first computer, and only who knows the PIN, changes it.
    let only_linked = laptop
        .local_users
        .change_pin(Some(alice()), "2468", "1357")
        .await;
    assert!(matches!(only_linked, Err(LocalUsersError::OnlyLinked(_))));
    assert!(matches!(
        desk.local_users.change_pin(None, "0000", "1357").await,
        Err(LocalUsersError::WrongPin)
    ));
    let changed = desk
        .local_users
        .change_pin(None, "2468", "1357")
        .await
        .unwrap();
    assert_eq!((changed.updated.len(), changed.outdated.len()), (1, 0));
    assert_eq!(laptop.epoch(&alice()), 2);

    // One that was off gets it when it comes back.
    let laptop = laptop.stop().await;
    let changed = desk
        .local_users
        .change_pin(None, "1357", "8642")
        .await
        .unwrap();
    assert_eq!(
        (changed.updated.len(), changed.outdated[0].as_str()),
        (0, "Laptop")
    );
    let laptop = laptop.run().await;
    laptop.meet(&desk).await;
    eventually(|| async { laptop.epoch(&alice()) == 3 }).await;
    let known = || {
        desk.store
            .local_users()
            .get(&alice())
            .unwrap()
            .unwrap()
            .linked[0]
            .pin_epoch
    };
    eventually(|| async { known() == 3 }).await;
}

#[tokio::test]
async fn a_pin_gets_to_a_connected_computer_although_the_connection_breaks() {
    let admin = Running::admin().await;
    let desk = admin.admit("Desk", Role::Client).await;
    let laptop = admin.admit("Laptop", Role::Client).await;
    desk.local_users
        .enroll(&admin.ticket(&alice()).await, "2468")
        .await
        .unwrap();
    let offer = desk.local_users.offer_link(None, MINUTES).await.unwrap();
    // The same when it is linked.
    laptop.network.break_links(1);
    laptop.local_users.accept_link(&offer.text).await.unwrap();
    assert_eq!(laptop.network.links_to_break(), 0);

    // Once is tried again before anybody is told.
    desk.network.break_links(1);
    let changed = desk
        .local_users
        .change_pin(None, "2468", "1357")
        .await
        .unwrap();
    assert_eq!((changed.updated.len(), changed.outdated.len()), (1, 0));
    assert_eq!(laptop.epoch(&alice()), 2);

    // More often is told, and tried again soon: nobody comes or goes meanwhile.
    desk.network.break_links(4);
    let changed = desk
        .local_users
        .change_pin(None, "1357", "8642")
        .await
        .unwrap();
    assert_eq!((changed.updated.len(), changed.outdated.len()), (0, 1));
    assert_eq!(laptop.epoch(&alice()), 2);
    eventually(|| async { laptop.epoch(&alice()) == 3 }).await;
    assert_eq!(desk.network.links_to_break(), 0);
    let here = desk.local_users.show(None).await.unwrap();
    assert_eq!(here.computers.len(), 1);
    eventually(|| async { !desk.local_users.show(None).await.unwrap().computers[0].outdated })
        .await;
}

#[tokio::test]
async fn who_enrolls_anew_elsewhere_links_the_old_computer_to_the_new_one() {
    let admin = Running::admin().await;
    let lost = admin.admit("Lost", Role::Client).await;
    let new = admin.admit("New", Role::Client).await;
    lost.local_users
        .enroll(&admin.ticket(&alice()).await, "2468")
        .await
        .unwrap();
    new.local_users
        .enroll(&admin.ticket(&alice()).await, "1357")
        .await
        .unwrap();
    let offer = new.local_users.offer_link(None, MINUTES).await.unwrap();
    lost.local_users.accept_link(&offer.text).await.unwrap();
    assert_eq!(lost.epoch(&alice()), new.epoch(&alice()));
    // Its own key is the user's no more, and it does not keep it.
    assert!(matches!(
        lost.local_users.offer_link(Some(alice()), MINUTES).await,
        Err(LocalUsersError::OnlyLinked(_))
    ));
}

#[tokio::test]
async fn wrong_old_pins_make_the_next_one_wait() {
    let admin = Running::admin().await;
    admin
        .local_users
        .enroll(&admin.ticket(&alice()).await, "2468")
        .await
        .unwrap();
    for _ in 0..papermesh_protocol::limits::FREE_GUESSES {
        assert!(matches!(
            admin.local_users.change_pin(None, "0000", "1357").await,
            Err(LocalUsersError::WrongPin)
        ));
    }
    assert!(matches!(
        admin.local_users.change_pin(None, "2468", "1357").await,
        Err(LocalUsersError::Wait(_))
    ));
}
