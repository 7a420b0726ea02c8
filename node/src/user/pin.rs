//! Changing the PIN, and carrying the change to the user's linked computers.

use std::time::Duration;

use futures::future::join_all;
use papermesh_protocol::id::NodeId;
use papermesh_protocol::link::{Answer, FirstComputer, Refusal};
use papermesh_protocol::pin::Pin;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::seal::DecoySeed;
use papermesh_protocol::text::{Name, UserId};
use tokio::time::timeout;

use super::{Computer, ComputerError, First};
use crate::audit::{Event, Kind};
use crate::auth::typed::{self, TypedError};
use crate::auth::verifier;
use crate::mesh::Protocol;
use crate::network::Network;
use crate::offload::offload;
use crate::store::{Linked, Source, StoreError};

/// How long somebody who changed a PIN waits for the linked computers.
const PATIENCE: Duration = Duration::from_secs(8);

/// A PIN was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinChanged {
    /// The user.
    pub user: UserId,
    /// Computers that have the new one.
    pub updated: Vec<Name>,
    /// Computers that could not be reached and still have the old one. They get the new one when
    /// they are met.
    pub outdated: Vec<Name>,
}

impl<N: Network> Computer<N> {
    /// Changes a user's PIN, here at once and on linked computers as they can be reached. Only
    /// the computer where the user enrolled can do that. Without a user it is the only one who
    /// enrolled here.
    ///
    /// # Errors
    /// [`ComputerError::WrongPin`], [`ComputerError::Wait`], [`ComputerError::Pin`],
    /// [`ComputerError::NotEnrolled`], [`ComputerError::OnlyLinked`]; the PIN is as before then.
    pub async fn change_pin(
        &self,
        user: Option<UserId>,
        old: &str,
        new: &str,
    ) -> Result<PinChanged, ComputerError> {
        let new = self.chosen(new)?;
        let user = self.whom(user).await?;
        let first = self.first(&user).await?;
        // One that cannot be a PIN is certainly not this one.
        let old = Pin::new(old).map_err(|_| ComputerError::WrongPin)?;
        self.prove(&user, &first, old).await?;
        let verifier = self.register(&user, new).await?;
        let sealed_pin = verifier::seal(self.0.vault.storage(), &user, &verifier)?;
        let name = user.clone();
        let changed: Result<(), StoreError> = offload(self.store(), move |store| {
            store.local_users().change(&name, |row| {
                if let Some(row) = row {
                    row.sealed_pin = Some(sealed_pin);
                    row.pin_epoch += 1;
                }
            })
        })
        .await;
        changed?;
        self.note(Event::new(Kind::PinChanged).user(&user)).await;

        let carrying = join_all(
            first
                .row
                .linked
                .iter()
                .map(|linked| self.carry_in_time(&user, linked)),
        );
        let (mut updated, mut outdated) = (Vec::new(), Vec::new());
        for (linked, carried) in first.row.linked.iter().zip(carrying.await) {
            match carried {
                Carried::Taken => updated.push(linked.name.clone()),
                Carried::NotLinked => {}
                Carried::Missed => outdated.push(linked.name.clone()),
            }
        }
        Ok(PinChanged {
            user,
            updated,
            outdated,
        })
    }

    /// Carries PINs to the linked computers that have older ones: to this one, or to all.
    pub(super) async fn carry_pins(&self, to: Option<NodeId>) {
        let rows = match self.rows().await {
            Ok(rows) => rows,
            Err(error) => {
                tracing::error!(error = %error.in_full(), "could not send changed PINs to linked computers");
                return;
            }
        };
        for (user, row) in rows.iter().filter(|(_, row)| row.sealed_user_key.is_some()) {
            let behind = row
                .linked
                .iter()
                .filter(|linked| linked.pin_epoch < row.pin_epoch);
            for linked in behind.filter(|linked| to.is_none_or(|to| to == linked.node)) {
                self.carry_in_time(user, linked).await;
            }
        }
    }

    async fn carry_in_time(&self, user: &UserId, linked: &Linked) -> Carried {
        match timeout(PATIENCE, self.carry(user, linked.node)).await {
            Ok(Ok(carried)) => carried,
            Ok(Err(error)) => {
                tracing::info!(%user, computer = %linked.name, error = %error.in_full(), "linked computer still has the old PIN; it is updated when it reconnects");
                Carried::Missed
            }
            Err(_) => Carried::Missed,
        }
    }

    /// Carries the PIN to one computer and notes what it has now.
    async fn carry(&self, user: &UserId, to: NodeId) -> Result<Carried, ComputerError> {
        let First {
            entry,
            key,
            verifier,
            row,
        } = self.first(user).await?;
        let addresses = self.addresses_of(to).await;
        let member = {
            // Connected first, for what it is sealed to stands in the certificate that it shows.
            let probe = self
                .0
                .network
                .open(to, &addresses, Protocol::Link)
                .await
                .map_err(ComputerError::Unreachable)?;
            drop(probe);
            self.0.membership.member(to).ok_or(ComputerError::HungUp)?
        };
        let computer = FirstComputer {
            entry: &entry,
            key: &key,
            verifier: &verifier,
            epoch: row.pin_epoch,
        };
        let question = computer.new_pin(&member.certificate, &mut rand::rng())?;
        let answer: Answer = self.ask(to, &addresses, Protocol::Link, &question).await?;
        let carried = match answer {
            Answer::Taken { epoch } if epoch >= row.pin_epoch => Carried::Taken,
            Answer::Refused(Refusal::NotLinked) => Carried::NotLinked,
            Answer::Refused(refusal) => {
                return Err(papermesh_protocol::link::LinkError::from(refusal).into());
            }
            Answer::Taken { .. } | Answer::Linked(_) => {
                return Err(papermesh_protocol::link::LinkError::OutOfTurn.into());
            }
        };
        let (name, epoch) = (user.clone(), row.pin_epoch);
        let noted: Result<(), StoreError> = offload(self.store(), move |store| {
            store.local_users().change(&name, |row| {
                let Some(row) = row else { return };
                match carried {
                    Carried::NotLinked => row.linked.retain(|linked| linked.node != to),
                    _ => {
                        for linked in row.linked.iter_mut().filter(|linked| linked.node == to) {
                            linked.pin_epoch = linked.pin_epoch.max(epoch);
                        }
                    }
                }
            })
        })
        .await;
        noted?;
        Ok(carried)
    }

    /// Checks the PIN until now. Wrong ones count and make the next wait, as at a printer.
    async fn prove(&self, user: &UserId, first: &First, pin: Pin) -> Result<(), ComputerError> {
        let (node, now) = (self.0.membership.node(), self.0.membership.steady());
        let (name, verifier) = (user.clone(), first.verifier.clone());
        offload(self.store(), move |store| {
            // There is a verifier, so no decoy is made of the seed.
            let decoys = DecoySeed::generate(&mut rand::rng());
            let whose = (&name, Some(&verifier));
            let from = (Source::OWN, true);
            let proven = typed::prove(store, whose, &pin, (node, &decoys), from, now);
            proven.map_err(|error| match error {
                TypedError::Pin(error) => error.into(),
                TypedError::Wait(wait) | TypedError::Busy(wait) => ComputerError::Wait(wait),
                TypedError::Disabled(_) => ComputerError::WrongPin,
                TypedError::Store(error) => error.into(),
            })
        })
        .await
    }
}

/// What came of carrying a PIN.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Carried {
    Taken,
    /// The computer does not hold for the user any more.
    NotLinked,
    Missed,
}
