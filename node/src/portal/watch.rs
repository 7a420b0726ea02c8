//! Hears what is new to a page, for as long as the page listens.

use tokio::time::sleep;

use super::limits;
use super::links::Whose;
use super::session::Session;
use crate::control::message::{FollowJobs, FollowSite};
use crate::control::{Command, Events, Handle, Io, Service};

/// Tells the page whenever there is something new, until it is dropped.
pub(super) async fn watch<S: Service>(service: &S, session: &Session) {
    match &session.whose {
        Whose::User(user) => {
            let jobs = FollowJobs {
                user: Some(user.clone()),
            };
            follow(service, session, jobs).await;
        }
        Whose::Admin => follow(service, session, FollowSite {}).await,
    }
}

async fn follow<S, C>(service: &S, session: &Session, what: C)
where
    S: Handle<C>,
    C: Command + Clone,
{
    loop {
        let (events, mut told) = Events::channel();
        let following = service.handle(what.clone(), Io::telling(events));
        let hearing = async {
            while told.recv().await.is_some() {
                session.tell();
            }
        };
        let (_, ()) = tokio::join!(following, hearing);
        // A node without jobs has nothing to follow; one that stops is not asked in vain.
        sleep(limits::FOLLOW_AGAIN).await;
    }
}
