//! Links to the portal.

use papermesh_protocol::certificate::Role;
use papermesh_protocol::text::UserId;
use papermesh_services::clock;

use super::super::portal::has_pages;
use super::super::{NodeError, Services};
use crate::control::message::{AwaitPage, OpenPortal, PageOpened, PortalLink};
use crate::control::{Answer, CommandError, ErrorCode, Handle, Io};
use crate::portal::{LINK, PortalLinks, Whose};

impl Services {
    fn portal_links(&self) -> Result<&PortalLinks, CommandError> {
        self.portal.as_ref().ok_or_else(|| {
            let roles = self.mesh.membership().certificate().roles;
            match has_pages(roles) {
                true => CommandError::new(ErrorCode::NotHere, "this node has no portal")
                    .with_remedy("find the reason with `papermesh doctor`"),
                false => CommandError::new(
                    ErrorCode::NotHere,
                    "this node has no portal: it has no users and is not an admin's",
                )
                .with_remedy("run this on your own computer"),
            }
        })
    }

    fn admin(&self) -> Result<Whose, CommandError> {
        let roles = self.mesh.membership().certificate().roles;
        roles
            .has(Role::Admin)
            .then_some(Whose::Admin)
            .ok_or_else(|| {
                CommandError::new(ErrorCode::NotHere, "this node is not an admin's")
                    .with_remedy("run this on the computer that has the site's authority key")
            })
    }

    /// The one user of this computer, or the one who is named; on a shared computer anybody.
    async fn page_owner(&self, named: Option<UserId>) -> Result<UserId, CommandError> {
        let holder = self.holder()?;
        let mut users = holder.users().await.map_err(NodeError::Store)?;
        let roles = self.mesh.membership().certificate().roles;
        let names: Vec<_> = users.iter().map(UserId::as_str).collect();
        let names = names.join(", ");
        match named {
            Some(named) if users.contains(&named) || roles.has(Role::SharedClient) => Ok(named),
            Some(named) if users.is_empty() => Err(CommandError::new(
                ErrorCode::NotFound,
                format!("{named} is not enrolled on this computer, and nobody else is"),
            )
            .with_remedy("run `papermesh user enroll`")),
            Some(named) => Err(CommandError::new(
                ErrorCode::NotFound,
                format!("{named} is not enrolled on this computer"),
            )
            .with_remedy(format!("name one with --user: {names}"))),
            None if users.len() == 1 => Ok(users.remove(0)),
            None if roles.has(Role::SharedClient) => Err(CommandError::new(
                ErrorCode::Usage,
                "this is a shared computer",
            )
            .with_remedy("name the user with --user")),
            None if users.is_empty() => Err(CommandError::new(
                ErrorCode::Usage,
                "nobody is enrolled on this computer",
            )
            .with_remedy("run `papermesh user enroll`, or use --admin for the admin's page")),
            None => Err(CommandError::new(
                ErrorCode::Usage,
                "several users are enrolled on this computer",
            )
            .with_remedy(format!("name one with --user: {names}"))),
        }
    }
}

impl Handle<OpenPortal> for Services {
    async fn handle(&self, command: OpenPortal, _: Io) -> Answer<PortalLink> {
        let portal = self.portal_links()?;
        let whose = if command.admin {
            self.admin()?
        } else {
            Whose::User(self.page_owner(command.user).await?)
        };
        let link = portal.link(&whose);
        Ok(PortalLink {
            url: link.url,
            id: link.id,
            code: link.code,
            expires_at: clock::now() + LINK,
            user: match whose {
                Whose::User(user) => Some(user),
                Whose::Admin => None,
            },
        })
    }
}

impl Handle<AwaitPage> for Services {
    async fn handle(&self, command: AwaitPage, _: Io) -> Answer<PageOpened> {
        let opened = self.portal_links()?.is_used(&command.id).await;
        Ok(PageOpened { opened })
    }
}
