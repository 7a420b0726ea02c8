//! Making invites, and taking them back.

use std::time::Duration;

use data_encoding::HEXLOWER;
use papermesh_protocol::certificate::Roles;
use papermesh_protocol::id::NodeId;
use papermesh_protocol::invite::{Invite, TicketSecret, may_ask_for};
use papermesh_protocol::text::Name;
use papermesh_protocol::time::Timestamp;
use papermesh_store::offload::offload;
use papermesh_store::{Purpose, Ticket, TicketId};
use zeroize::Zeroizing;

use super::{Authority, AuthorityError};
use crate::audit::Kind;
use crate::network::Network;
use crate::ticket;

/// An invite to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInvite {
    /// What the device is to be.
    pub roles: Roles,
    /// Its name; without one it chooses.
    pub name: Option<Name>,
    /// How long the invite is good for.
    pub lifetime: Duration,
    /// Where this node listens for devices that join: binary multiaddrs, best first.
    pub addresses: Vec<Vec<u8>>,
}

/// An invite to be handed over.
#[derive(Debug)]
pub struct IssuedInvite {
    /// The line.
    pub text: Zeroizing<String>,
    /// What its device will be.
    pub roles: Roles,
    /// Its name, if the invite says it.
    pub name: Option<Name>,
    /// Good until then.
    pub expires_at: Timestamp,
}

/// An invite that is good still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenInvite {
    /// Names it, and lets nobody in: made of a digest of its secret.
    pub id: String,
    /// What its device will be.
    pub roles: Roles,
    /// Its name, if the invite says it.
    pub name: Option<Name>,
    /// Good until then.
    pub expires_at: Timestamp,
    /// The device that used it, and for which it is good still.
    pub used_by: Option<NodeId>,
}

impl OpenInvite {
    fn of((id, ticket): (TicketId, Ticket)) -> Option<(TicketId, Self)> {
        let Purpose::Invite { roles, name } = ticket.purpose else {
            return None;
        };
        let invite = Self {
            id: HEXLOWER.encode(&id),
            roles,
            name,
            expires_at: ticket.expires_at,
            used_by: ticket.used_by,
        };
        Some((id, invite))
    }
}

impl<N: Network> Authority<N> {
    /// Makes an invite for one device. The key is needed when the device comes, so it is opened
    /// now, while somebody is there who knows its passphrase.
    ///
    /// # Errors
    /// [`AuthorityError::Roles`], [`AuthorityError::Lifetime`], and those of the key.
    pub async fn invite(
        &self,
        new: NewInvite,
        passphrase: Option<&str>,
    ) -> Result<IssuedInvite, AuthorityError> {
        if !may_ask_for(new.roles) {
            return Err(AuthorityError::Roles);
        }
        let expires_at = ticket::end(self.now(), new.lifetime)?;
        self.key(passphrase).await?;
        let invite = Invite {
            site: self.site(),
            admin: self.mesh().node(),
            addresses: ticket::addresses(new.addresses),
            secret: TicketSecret::random(&mut rand::rng()),
            roles: new.roles,
            name: new.name.clone(),
            expires_at,
        };
        let text = invite.to_text()?;
        let (id, now) = (ticket::id(&invite.secret), self.now());
        let purpose = Purpose::Invite {
            roles: new.roles,
            name: new.name.clone(),
        };
        let issued: Result<(), AuthorityError> = offload(self.store(), move |store| {
            store.tickets().sweep(now)?;
            Ok(store.tickets().issue(id, purpose, (now, expires_at))?)
        })
        .await;
        issued?;
        self.acted(Kind::Invited, format!("as {}", new.roles)).await;
        Ok(IssuedInvite {
            text,
            roles: new.roles,
            name: new.name,
            expires_at,
        })
    }

    /// The invites whose time is not over, used or not, that of the first to end first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn invites(&self) -> Result<Vec<OpenInvite>, AuthorityError> {
        let open = self.open_invites().await?;
        Ok(open.into_iter().map(|(_, invite)| invite).collect())
    }

    /// Takes back the invite whose id begins so: no device joins with it any more, nor again.
    ///
    /// # Errors
    /// [`AuthorityError::NoSuchInvite`] if there is not exactly one; those of the store.
    pub async fn withdraw_invite(&self, wanted: &str) -> Result<OpenInvite, AuthorityError> {
        let unknown = || AuthorityError::NoSuchInvite(wanted.to_owned());
        let mut found = self.open_invites().await?;
        found.retain(|(_, invite)| !wanted.is_empty() && invite.id.starts_with(wanted));
        let (Some((id, invite)), true) = (found.pop(), found.is_empty()) else {
            return Err(unknown());
        };
        let withdrawn = offload(self.store(), move |store| store.tickets().withdraw(id)).await?;
        if !withdrawn {
            return Err(unknown());
        }
        self.acted(Kind::InviteWithdrawn, format!("as {}", invite.roles))
            .await;
        Ok(invite)
    }

    async fn open_invites(&self) -> Result<Vec<(TicketId, OpenInvite)>, AuthorityError> {
        let now = self.now();
        let open = offload(self.store(), move |store| store.tickets().open(now)).await?;
        let mut invites: Vec<_> = open.into_iter().filter_map(OpenInvite::of).collect();
        invites.sort_by_key(|(_, invite)| invite.expires_at);
        Ok(invites)
    }
}
