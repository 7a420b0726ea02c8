//! Enrolling: a user becomes this computer's.

use papermesh_mesh::Protocol;
use papermesh_protocol::delegation::Delegation;
use papermesh_protocol::enroll::{Answer, Enrolling};
use papermesh_protocol::id::NodeId;
use papermesh_protocol::invite::UserTicket;
use papermesh_protocol::pin::{Pin, PinVerifier};
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::text::{Name, UserId};
use papermesh_store::StoreError;
use papermesh_store::offload::offload;
use serde_bytes::ByteBuf;

use super::pin::To;
use super::{LocalUsers, LocalUsersError};
use crate::audit::{Event, Kind};
use crate::auth::verifier;
use crate::network::Network;
use crate::vault;

/// A user who enrolled here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolled {
    /// The user.
    pub user: UserId,
    /// The user's name.
    pub display: Name,
    /// This computer.
    pub node: NodeId,
    /// The node's name.
    pub node_name: Name,
}

impl<N: Network> LocalUsers<N> {
    /// Enrolls the user of a ticket on this computer, with this PIN. The user key is made here and
    /// kept before anybody is asked, so that whatever breaks off can be tried again with the same
    /// ticket. For a user who is enrolled here already it sets a new PIN: that is what a new
    /// ticket is for when a PIN was forgotten.
    ///
    /// # Errors
    /// [`LocalUsersError::Ticket`], [`LocalUsersError::Pin`], [`LocalUsersError::Enroll`],
    /// [`LocalUsersError::Unreachable`], [`LocalUsersError::Frame`]; the user is as before then.
    pub async fn enroll(&self, ticket: &str, pin: &str) -> Result<Enrolled, LocalUsersError> {
        let pin = self.chosen(pin)?;
        let ticket: UserTicket = ticket.parse()?;
        let user = ticket.user.clone();
        let kept = self.row(&user).await?.and_then(|row| row.sealed_user_key);
        let key = match &kept {
            Some(sealed) => self.0.vault.open_user_key(&user, sealed)?,
            None => vault::new_key(),
        };
        let own = self.0.membership.certificate();
        let (enrolling, question) = Enrolling::new(&ticket, &key, &own, ticket.admin, self.now())?;
        if kept.is_none() {
            let (name, sealed) = (user.clone(), self.0.vault.seal_user_key(&user, &key)?);
            let made: Result<(), StoreError> = offload(self.store(), move |store| {
                store.local_users().change(&name, |row| {
                    row.get_or_insert_default().sealed_user_key = Some(sealed)
                })
            })
            .await;
            made?;
        }
        // Before the ticket is used, so that a computer without the memory for it keeps the ticket.
        let verifier = self.register(&user, pin).await?;

        let addresses: Vec<_> = ticket
            .addresses
            .iter()
            .cloned()
            .map(ByteBuf::into_vec)
            .collect();
        let answer: Answer = self
            .ask(ticket.admin, &addresses, |_| Protocol::Enroll, &question)
            .await?;
        let entry = enrolling.finish(answer, &self.0.membership.charter())?;

        let delegation = Delegation::new(own.site, user.clone(), own.node, self.now());
        let delegation = Signed::sign(delegation, &key)?;
        let sealed_pin = verifier::seal(self.0.vault.storage(), &user, &verifier)?;
        let (name, envelope) = (user.clone(), entry.envelope().clone());
        let enrolled: Result<(), StoreError> = offload(self.store(), move |store| {
            store.local_users().change(&name, |row| {
                let row = row.get_or_insert_default();
                row.entry = Some(envelope);
                row.sealed_pin = Some(sealed_pin);
                row.pin_epoch += 1;
                row.delegation = Some(delegation.envelope().clone());
            })
        })
        .await;
        enrolled?;
        self.record_best_effort(
            Event::new(Kind::UserEnrolled)
                .user(&user)
                .peer(ticket.admin),
        )
        .await;
        self.tell_of(&user, entry.clone());
        Ok(Enrolled {
            user,
            display: entry.display.clone(),
            node: own.node,
            node_name: own.name.clone(),
        })
    }

    /// The verifier of a new PIN. Takes one Argon2id.
    pub(super) async fn register(
        &self,
        user: &UserId,
        pin: Pin,
    ) -> Result<PinVerifier, LocalUsersError> {
        let user = user.clone();
        offload(self.store(), move |_| {
            Ok(PinVerifier::register(
                user.as_str(),
                &pin,
                &mut rand::rng(),
            )?)
        })
        .await
    }

    /// In the background: publishes the entry, advertises what is held for the user by the new
    /// right, and carries the new PIN.
    pub(super) fn tell_of(
        &self,
        user: &UserId,
        entry: Signed<papermesh_protocol::user::UserEntry>,
    ) {
        let local_users = self.clone();
        self.0.directory.announce_soon(user);
        tokio::spawn(async move {
            if let Err(error) = local_users.0.directory.put_user_entry(entry).await {
                tracing::debug!(error = %error.in_full(), "could not publish the user's entry; the admin's node publishes it too");
            }
            if local_users.carry_pins(To::All).await {
                local_users.missed().notify_one();
            }
        });
    }
}
