//! Making invites.

use std::time::Duration;

use papermesh_protocol::certificate::Roles;
use papermesh_protocol::invite::{Invite, TicketSecret, may_ask_for};
use papermesh_protocol::text::Name;
use papermesh_protocol::time::Timestamp;
use zeroize::Zeroizing;

use super::{Authority, AuthorityError};
use crate::audit::Kind;
use crate::network::Network;
use crate::offload::offload;
use crate::store::Purpose;
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
            Ok(store.tickets().issue(id, purpose, expires_at)?)
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
}
