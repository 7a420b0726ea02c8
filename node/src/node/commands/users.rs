//! Users: what the authority says of them, and what they do on their own computer.

use std::time::Duration;

use papermesh_services::authority::{NewUser, UserView};

use super::super::Services;
use super::site::said;
use crate::control::message::{
    AcceptLink, AddUser, BadgeChanged, ChangeBadge, ChangePin, EnrollUser, Enrolled, LinkTicket,
    Linked, LinkedComputer, ListUsers, OfferLink, PinChanged, SetUserState, ShowUser, User,
    UserHere, UserTicket,
};
use crate::control::{Answer, Handle, Io};

impl Handle<AddUser> for Services {
    async fn handle(&self, command: AddUser, _: Io) -> Answer<UserTicket> {
        let new = NewUser {
            user: command.user,
            display: command.display,
            groups: command.groups,
            badge: command.badge,
            lifetime: Duration::from_secs(command.lifetime.into()),
        };
        let issued = self
            .authority
            .add_user(new, said(&command.passphrase))
            .await?;
        Ok(UserTicket {
            user: issued.user,
            display: issued.display,
            ticket: issued.text.to_string(),
            expires_at: issued.expires_at,
            enrolled: issued.enrolled,
        })
    }
}

impl Handle<ListUsers> for Services {
    async fn handle(&self, _: ListUsers, _: Io) -> Answer<Vec<User>> {
        Ok(self
            .authority
            .users()
            .await?
            .into_iter()
            .map(shown)
            .collect())
    }
}

impl Handle<ChangeBadge> for Services {
    async fn handle(&self, command: ChangeBadge, _: Io) -> Answer<BadgeChanged> {
        let (user, number, passphrase) =
            (&command.user, &command.number, said(&command.passphrase));
        let (changed, former_owner) = if command.remove {
            let changed = self.authority.take_badge(user, number, passphrase).await?;
            (changed, None)
        } else {
            self.authority.give_badge(user, number, passphrase).await?
        };
        Ok(BadgeChanged {
            user: shown(changed),
            former_owner,
        })
    }
}

impl Handle<SetUserState> for Services {
    async fn handle(&self, command: SetUserState, _: Io) -> Answer<User> {
        let changed = self
            .authority
            .set_user_state(&command.user, command.state, said(&command.passphrase))
            .await?;
        Ok(shown(changed))
    }
}

impl Handle<EnrollUser> for Services {
    async fn handle(&self, command: EnrollUser, _: Io) -> Answer<Enrolled> {
        let enrolled = self
            .local_users
            .enroll(&command.ticket, command.pin.expose())
            .await?;
        Ok(Enrolled {
            user: enrolled.user,
            display: enrolled.display,
            node: enrolled.node,
            node_name: enrolled.node_name,
        })
    }
}

impl Handle<OfferLink> for Services {
    async fn handle(&self, command: OfferLink, _: Io) -> Answer<LinkTicket> {
        let lifetime = Duration::from_secs(command.lifetime.into());
        let offer = self.local_users.offer_link(command.user, lifetime).await?;
        Ok(LinkTicket {
            user: offer.user,
            ticket: offer.text.to_string(),
            expires_at: offer.expires_at,
        })
    }
}

impl Handle<AcceptLink> for Services {
    async fn handle(&self, command: AcceptLink, _: Io) -> Answer<Linked> {
        let linked = self.local_users.accept_link(&command.ticket).await?;
        Ok(Linked {
            user: linked.user,
            node: linked.node,
            node_name: linked.node_name,
        })
    }
}

impl Handle<ChangePin> for Services {
    async fn handle(&self, command: ChangePin, _: Io) -> Answer<PinChanged> {
        let changed = self
            .local_users
            .change_pin(command.user, command.old.expose(), command.new.expose())
            .await?;
        Ok(PinChanged {
            user: changed.user,
            updated: changed.updated,
            outdated: changed.outdated,
        })
    }
}

impl Handle<ShowUser> for Services {
    async fn handle(&self, command: ShowUser, _: Io) -> Answer<UserHere> {
        let here = self.local_users.show(command.user).await?;
        Ok(UserHere {
            user: here.user,
            display: here.display,
            state: here.state,
            badges: here.badges,
            enrolled: here.enrolled,
            computers: here
                .computers
                .into_iter()
                .map(|computer| LinkedComputer {
                    node: computer.node,
                    name: computer.name,
                    outdated: computer.outdated,
                })
                .collect(),
        })
    }
}

fn shown(user: UserView) -> User {
    User {
        user: user.user,
        display: user.display,
        state: user.state,
        enrolled: user.enrolled,
        badges: user.badges,
        groups: user.groups,
    }
}
