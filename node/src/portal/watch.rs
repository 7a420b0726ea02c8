//! Looks for what is new to a page, for as long as the page listens.

use tokio::time::{MissedTickBehavior, interval, sleep};

use super::limits;
use super::links::Whose;
use super::session::Session;
use crate::control::message::{FollowJobs, ListMembers, ListPending};
use crate::control::{Events, Io, Service, ask};

/// Tells the page whenever there is something new, until it is dropped.
pub(super) async fn watch<S: Service>(service: &S, session: &Session) {
    match &session.whose {
        Whose::User(user) => loop {
            let (events, mut told) = Events::channel();
            let following = FollowJobs {
                user: Some(user.clone()),
            };
            let hearing = async {
                while told.recv().await.is_some() {
                    session.tell();
                }
            };
            let (_, ()) = tokio::join!(service.handle(following, Io::telling(events)), hearing);
            // A node without jobs has nothing to follow; one that stops is not asked in vain.
            sleep(limits::FOLLOW_AGAIN).await;
        },
        Whose::Admin => look_around(service, session).await,
    }
}

/// Devices come and go without a word to this node's command line, so they are looked for.
async fn look_around<S: Service>(service: &S, session: &Session) {
    let mut ticks = interval(limits::LOOK_FOR_DEVICES);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut pending, mut members) = (None, None);
    let mut looks = 0_u32;
    loop {
        ticks.tick().await;
        let now = ask(service, ListPending { wait: 0 }).await.ok();
        let mut is_new = now != pending;
        pending = now;
        if looks.is_multiple_of(limits::LOOK_FOR_MEMBERS) {
            // When somebody was last seen changes all the time; who is there does not.
            let now = ask(service, ListMembers {}).await.ok().map(|all| {
                let seen = |member: crate::control::message::Member| {
                    (member.node, member.serial, member.revoked, member.connected)
                };
                all.into_iter().map(seen).collect::<Vec<_>>()
            });
            is_new |= now != members;
            members = now;
        }
        if is_new && looks > 0 {
            session.tell();
        }
        looks = looks.wrapping_add(1);
    }
}
