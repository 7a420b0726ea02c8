//! Linking computers: `/papermesh/link/1`, from both ends.

use std::time::Duration;

use papermesh_frame::{FrameError, read_message, write_message};
use papermesh_mesh::{Member, Protocol};
use papermesh_protocol::id::NodeId;
use papermesh_protocol::invite::{LinkTicket, TicketSecret};
use papermesh_protocol::limits;
use papermesh_protocol::link::{
    self, Answer, FirstComputer, LinkError, Linking, NewPin, PinCarrier, Refusal, Request,
};
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::signed::Envelope;
use papermesh_protocol::text::{Name, UserId};
use papermesh_protocol::time::Timestamp;
use papermesh_store::offload::offload;
use papermesh_store::{self as store, LINKED_PER_USER, LocalUser, Purpose, Redeemed, StoreError};
use serde_bytes::ByteBuf;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use zeroize::Zeroizing;

use super::{LocalUsers, LocalUsersError};
use crate::audit::{Event, Kind};
use crate::auth::verifier;
use crate::network::Network;
use crate::network::serving::{Admission, Router, Serve};
use crate::ticket;

/// How long a member may take to ask after it opened the stream.
const QUESTION: Duration = Duration::from_secs(10);

/// What a further computer is linked with.
#[derive(Debug)]
pub struct LinkOffer {
    /// The user.
    pub user: UserId,
    /// The line.
    pub text: Zeroizing<String>,
    /// Good until then.
    pub expires_at: Timestamp,
}

/// A computer that is linked now: this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// The user.
    pub user: UserId,
    /// This computer.
    pub node: NodeId,
    /// The node's name.
    pub node_name: Name,
}

/// A user's computer as it answers `/papermesh/link/1`.
#[derive(Clone)]
pub(crate) struct LinkService<N: Network>(pub LocalUsers<N>);

impl<N: Network> Serve for LinkService<N> {
    fn protocol(&self) -> Protocol {
        Protocol::Link
    }

    fn admission(&self) -> Admission {
        Admission::questions()
    }

    async fn serve<S>(&self, from: Member, mut stream: S) -> Result<(), FrameError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        self.0.answer(&from, &mut stream).await
    }
}

impl<N: Network> LocalUsers<N> {
    /// Registers everything that a user's computer answers.
    pub fn accept(&self, router: &mut Router) {
        router.accept(LinkService(self.clone()));
    }

    /// Makes a ticket with which a further computer is linked to this one, where the user
    /// enrolled. Without a user it is the only one who did.
    ///
    /// # Errors
    /// [`LocalUsersError::Lifetime`], [`LocalUsersError::NobodyEnrolled`], [`LocalUsersError::WhichUser`],
    /// [`LocalUsersError::NotEnrolled`], [`LocalUsersError::OnlyLinked`], [`LocalUsersError::TooManyLinked`].
    pub async fn offer_link(
        &self,
        user: Option<UserId>,
        lifetime: Duration,
    ) -> Result<LinkOffer, LocalUsersError> {
        let now = self.now();
        let expires_at = ticket::end(now, lifetime)?;
        let user = self.whom(user).await?;
        let first = self.first(&user).await?;
        if !first.entry.is_active() {
            return Err(LocalUsersError::Disabled(user));
        }
        if first.row.linked.len() >= LINKED_PER_USER {
            return Err(LocalUsersError::TooManyLinked);
        }
        let own = self.0.membership.certificate();
        let ticket = LinkTicket {
            site: own.site,
            first: own.node,
            addresses: ticket::addresses(self.0.network.addresses()),
            secret: TicketSecret::random(&mut rand::rng()),
            user: user.clone(),
            expires_at,
        };
        let text = ticket.to_text()?;
        let (id, purpose) = (
            ticket::id(&ticket.secret),
            Purpose::Link { user: user.clone() },
        );
        let issued: Result<(), StoreError> = offload(self.store(), move |store| {
            store.tickets().sweep(now)?;
            store.tickets().issue(id, purpose, (now, expires_at))
        })
        .await;
        issued?;
        Ok(LinkOffer {
            user,
            text,
            expires_at,
        })
    }

    /// Links this computer to the one that made the ticket.
    ///
    /// # Errors
    /// [`LocalUsersError::Ticket`], [`LocalUsersError::OwnTicket`], [`LocalUsersError::Link`],
    /// [`LocalUsersError::Unreachable`], [`LocalUsersError::Frame`]; nothing is changed then.
    pub async fn accept_link(&self, ticket: &str) -> Result<Linked, LocalUsersError> {
        let ticket: LinkTicket = ticket.parse()?;
        let own = self.0.membership.certificate();
        if ticket.first == own.node {
            return Err(LocalUsersError::OwnTicket);
        }
        let (linking, question) = Linking::new(&ticket, &own, ticket.first, self.now())?;
        let addresses: Vec<_> = ticket
            .addresses
            .iter()
            .cloned()
            .map(ByteBuf::into_vec)
            .collect();
        let answer: Answer = self
            .ask(ticket.first, &addresses, |_| Protocol::Link, &question)
            .await?;
        let linked = linking.finish(
            answer,
            &self.0.membership.charter(),
            &self.0.sealing,
            self.now(),
        )?;

        let user = linked.entry.user.clone();
        let sealed_pin = verifier::seal(self.0.vault.storage(), &user, &linked.verifier)?;
        let (name, entry) = (user.clone(), linked.entry.envelope().clone());
        let kept: Result<(), StoreError> = offload(self.store(), move |store| {
            store.local_users().change(&name, |row| {
                let row = row.get_or_insert_default();
                row.entry = Some(entry);
                row.delegation = Some(linked.delegation.envelope().clone());
                row.sealed_pin = Some(sealed_pin);
                row.pin_epoch = linked.epoch;
                // If the user enrolled here once, that key is not the user's any more.
                row.sealed_user_key = None;
                row.linked.clear();
            })
        })
        .await;
        kept?;
        self.record_best_effort(
            Event::new(Kind::ComputerLinked)
                .user(&user)
                .peer(ticket.first),
        )
        .await;
        self.tell_of(&user, linked.entry);
        Ok(Linked {
            user,
            node: own.node,
            node_name: own.name.clone(),
        })
    }

    /// Answers the one question on a stream of this member.
    ///
    /// # Errors
    /// [`FrameError`] when the stream breaks; everything else is an answer.
    pub async fn answer<S>(&self, from: &Member, stream: &mut S) -> Result<(), FrameError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let request = match read_message(stream, limits::ENROLL_MESSAGE, QUESTION).await {
            Ok(Some(request)) => Ok(request),
            Ok(None) => return Ok(()),
            Err(FrameError::Codec(_)) => Err(Refusal::Malformed),
            Err(error) => return Err(error),
        };
        let answer = match request {
            Ok(Request::Link { secret }) => self
                .link(from, &secret)
                .await
                .map(|linked| Answer::Linked(Box::new(linked))),
            Ok(Request::NewPin(carrier)) => self
                .take_pin(from, &carrier)
                .await
                .map(|epoch| Answer::Taken { epoch }),
            Err(refusal) => Err(refusal),
        };
        let answer = answer.unwrap_or_else(Answer::Refused);
        write_message(stream, &answer, limits::ENROLL_MESSAGE).await?;
        Ok(stream.shutdown().await?)
    }

    /// The first computer: links the member that shows a ticket.
    async fn link(&self, from: &Member, secret: &TicketSecret) -> Result<link::Linked, Refusal> {
        if !from.certificate.roles.may_hold() {
            return Err(Refusal::NotAClient);
        }
        let (id, node, now) = (ticket::id(secret), from.node, self.now());
        let ticket = offload(self.store(), move |store| store.tickets().get(id)).await;
        let Some(store::Ticket {
            purpose: Purpose::Link { user },
            ..
        }) = ticket.map_err(|error| trouble(&error.in_full()))?
        else {
            return Err(self.refused(node, "no link ticket has this secret").await);
        };
        // All that can go wrong here, before the ticket is used up.
        let first = match self.first(&user).await {
            Ok(first) if first.entry.is_active() => first,
            Ok(_) => return Err(self.refused(node, "the user is disabled").await),
            Err(LocalUsersError::EnrolledElsewhere(_)) => {
                return Err(self
                    .refused(node, "the user has enrolled again elsewhere")
                    .await);
            }
            Err(error) => return Err(trouble(&error.in_full())),
        };
        let full = first.row.linked.len() >= LINKED_PER_USER;
        if full && first.row.linked.iter().all(|linked| linked.node != node) {
            return Err(self
                .refused(node, "too many computers are already linked")
                .await);
        }
        let computer = FirstComputer {
            entry: &first.entry,
            key: &first.key,
            verifier: &first.verifier,
            epoch: first.row.pin_epoch,
        };
        let linked = computer
            .link(&from.certificate, now, &mut rand::rng())
            .map_err(|error| match error {
                LinkError::Refused(refusal) => refusal,
                error => trouble(&error.in_full()),
            })?;
        let redeemed = offload(self.store(), move |store| {
            store.tickets().redeem(id, node, now)
        })
        .await;
        match redeemed.map_err(|error| trouble(&error.in_full()))? {
            Redeemed::Good(_) => {}
            Redeemed::Used => {
                return Err(self.refused(node, "another computer used the ticket").await);
            }
            Redeemed::Expired => return Err(self.refused(node, "the ticket has expired").await),
            Redeemed::Unknown => {
                return Err(self.refused(node, "no link ticket has this secret").await);
            }
        }
        let (name, pin_epoch) = (from.certificate.name.clone(), first.row.pin_epoch);
        let entry = store::Linked {
            node,
            name,
            pin_epoch,
        };
        let whose = user.clone();
        let kept: Result<(), StoreError> = offload(self.store(), move |store| {
            store.local_users().change(&whose, |row| {
                if let Some(row) = row {
                    row.linked.retain(|linked| linked.node != node);
                    row.linked.push(entry);
                }
            })
        })
        .await;
        kept.map_err(|error| trouble(&error.in_full()))?;
        self.record_best_effort(Event::new(Kind::ComputerLinked).user(&user).peer(node))
            .await;
        Ok(linked)
    }

    /// A linked computer: takes the changed PIN, whoever brings it. Says which one it has now.
    async fn take_pin(
        &self,
        from: &Member,
        carrier: &Envelope<PinCarrier>,
    ) -> Result<u64, Refusal> {
        let new = NewPin::read(carrier)?;
        let user = new.user().clone();
        let row = self
            .row(&user)
            .await
            .map_err(|error| trouble(&error.in_full()))?;
        let row: LocalUser = row
            .filter(|row| row.delegation.is_some())
            .ok_or(Refusal::NotLinked)?;
        let entry = self.entry(&user, &row).await.ok_or(Refusal::NotLinked)?;
        let node = self.0.membership.node();
        let Some((verifier, epoch)) = new.take(&entry, node, row.pin_epoch, &self.0.sealing)?
        else {
            return Ok(row.pin_epoch);
        };
        let sealed_pin = verifier::seal(self.0.vault.storage(), &user, &verifier)
            .map_err(|error| trouble(&error.in_full()))?;
        let name = user.clone();
        let taken: Result<u64, StoreError> = offload(self.store(), move |store| {
            store.local_users().change(&name, |row| match row {
                // Unless a yet newer one came in between.
                Some(row) if row.pin_epoch < epoch => {
                    row.sealed_pin = Some(sealed_pin);
                    row.pin_epoch = epoch;
                    epoch
                }
                Some(row) => row.pin_epoch,
                None => 0,
            })
        })
        .await;
        let taken = taken.map_err(|error| trouble(&error.in_full()))?;
        self.record_best_effort(Event::new(Kind::PinChanged).user(&user).peer(from.node))
            .await;
        Ok(taken)
    }

    async fn refused(&self, node: NodeId, why: &'static str) -> Refusal {
        tracing::warn!(%node, why, "computer not linked");
        self.record_best_effort(Event::new(Kind::LinkRefused).peer(node).because(why))
            .await;
        Refusal::Refused
    }
}

/// What a member hears of troubles that are this computer's own.
fn trouble(error: &dyn std::fmt::Display) -> Refusal {
    tracing::error!(%error, "could not answer a linked computer's request");
    Refusal::Trouble
}
