//! Answering `/papermesh/enroll/1`: members' users enroll, and members renew their certificates.

use std::time::Duration;

use papermesh_frame::{FrameError, read_message, write_message};
use papermesh_mesh::{Member, Protocol};
use papermesh_protocol::certificate::Certificate;
use papermesh_protocol::enroll::{self, Answer, Denial, KeyClaim, Request};
use papermesh_protocol::id::Serial;
use papermesh_protocol::invite::TicketSecret;
use papermesh_protocol::limits;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::signed::{Envelope, Signed};
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::user::{UserEntry, UserState};
use papermesh_store::offload::offload;
use papermesh_store::{Purpose, Redeemed, Store};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::found::enter;
use super::members::{Issued, MemberList};
use super::users::Changed;
use super::{Authority, AuthorityError};
use crate::audit::{Event, Kind};
use crate::network::Network;
use crate::network::serving::{Admission, Serve};
use crate::ticket;

/// How long a member may take to ask after it opened the stream.
const QUESTION: Duration = Duration::from_secs(10);

/// An authority as it answers `/papermesh/enroll/1`. A node that is no admin answers, too: that it is none.
#[derive(Clone)]
pub(crate) struct EnrollService<N: Network>(pub Authority<N>);

impl<N: Network> Serve for EnrollService<N> {
    fn protocol(&self) -> Protocol {
        Protocol::Enroll
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

impl<N: Network> Authority<N> {
    /// Answers the one question on a stream of this member, which may be this node itself.
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
            Err(FrameError::Codec(_)) => Err(Denial::Malformed),
            Err(error) => return Err(error),
        };
        let answer = match request {
            Ok(Request::Enroll { secret, claim }) => self
                .enroll(from, &secret, &claim)
                .await
                .map(|entry| Answer::Enrolled(entry.envelope().clone())),
            Ok(Request::Renew) => self
                .renew(from)
                .await
                .map(|renewed| Answer::Renewed(renewed.envelope().clone())),
            Ok(Request::Signed { after }) => self.tell_signed(from, after).await,
            Err(denial) => Err(denial),
        };
        let answer = answer.unwrap_or_else(Answer::Denied);
        write_message(stream, &answer, limits::ENROLL_MESSAGE).await?;
        Ok(stream.shutdown().await?)
    }

    async fn enroll(
        &self,
        from: &Member,
        secret: &TicketSecret,
        claim: &Envelope<KeyClaim>,
    ) -> Result<Signed<UserEntry>, Denial> {
        let claim = enroll::examine(claim, &from.certificate)?;
        let (user, node) = (claim.user.clone(), from.node);
        // Before the ticket is used up: a key that is sealed must not cost the user the ticket.
        let key = self.key(None).await.map_err(|error| trouble(&error))?;
        self.learn_user(&user)
            .await
            .map_err(|error| trouble(&error))?;
        let (id, now, name) = (ticket::id(secret), self.now(), user.clone());
        let redeemed = offload(self.store(), move |store| {
            redeem(store, id, &name, node, now)
        })
        .await;
        if let Err(why) = redeemed.map_err(|error: AuthorityError| trouble(&error))? {
            tracing::warn!(%user, %node, why, "a user could not enroll");
            self.record_best_effort(
                Event::new(Kind::EnrollRefused)
                    .user(&user)
                    .peer(node)
                    .because(why),
            )
            .await;
            return Err(Denial::Refused);
        }
        // The same claim again: the answer was lost on the way.
        let (name, charter) = (user.clone(), self.membership().charter());
        let known = offload(self.store(), move |store| store.users().get(&name)).await;
        let known = known.map_err(|error| trouble(&AuthorityError::from(error)))?;
        let entry = known
            .and_then(|row| row.entry)
            .and_then(|entry| UserEntry::verify(&entry, &charter).ok());
        if let Some(entry) = entry.filter(|entry| entry.key == Some(claim.key) && entry.is_active())
        {
            return Ok(entry);
        }
        let (name, claimed) = (user.clone(), claim.key);
        let changed = self.change_user(&user, &key, move |row| match row {
            Some(row) if row.state == UserState::Active => {
                row.key = Some(claimed);
                Ok(())
            }
            Some(_) => Err(AuthorityError::UserDisabled(name)),
            None => Err(AuthorityError::NoSuchUser(name)),
        });
        match changed.await {
            Ok(Changed { entry, .. }) => {
                self.record_best_effort(Event::new(Kind::UserEnrolled).user(&user).peer(node))
                    .await;
                Ok(entry)
            }
            Err(why @ (AuthorityError::UserDisabled(_) | AuthorityError::NoSuchUser(_))) => {
                self.record_best_effort(
                    Event::new(Kind::EnrollRefused)
                        .user(&user)
                        .peer(node)
                        .because(why.in_full()),
                )
                .await;
                Err(Denial::Refused)
            }
            Err(error) => Err(trouble(&error)),
        }
    }

    async fn renew(&self, from: &Member) -> Result<Signed<Certificate>, Denial> {
        let key = self.key(None).await.map_err(|error| trouble(&error))?;
        let old = Signed::clone(&from.certificate);
        let (charter, state) = (self.membership().charter(), self.membership().state());
        let serial = Serial::random(&mut rand::rng());
        let next = self
            .membership()
            .judge(|judge| enroll::renew(&old, serial, judge))?;
        let renewed = offload(self.store(), move |store| -> Result<_, AuthorityError> {
            // A member that missed the answer gets it again, and does not fill the registry.
            let newer = |issued: &&Issued| {
                issued.certificate.not_after > old.not_after
                    && !issued.is_revoked(&state)
                    && charter.names(issued.certificate.signer())
                    && same(&issued.certificate, &old)
            };
            if let Some(issued) = MemberList::read(store, &charter)?
                .of(old.node)
                .iter()
                .rev()
                .find(newer)
            {
                return Ok((issued.certificate.clone(), false));
            }
            let renewed = key.sign(next)?;
            // The old one, too, if another admin issued it: to be withdrawn it must be known.
            enter(store, &old)?;
            enter(store, &renewed)?;
            Ok((renewed, true))
        });
        let (renewed, new) = renewed.await.map_err(|error| trouble(&error))?;
        if new {
            self.record_best_effort(
                Event::new(Kind::CertificateRenewed)
                    .peer(from.node)
                    .because(&renewed.name),
            )
            .await;
        }
        Ok(renewed)
    }
}

/// Whether one certificate says of its node what the other does.
fn same(one: &Certificate, other: &Certificate) -> bool {
    (one.node, one.sealing, &one.name, one.roles)
        == (other.node, other.sealing, &other.name, other.roles)
}

/// Uses the ticket up, if it is this user's; says why not otherwise. Blocks.
fn redeem(
    store: &Store,
    id: papermesh_store::TicketId,
    user: &UserId,
    node: papermesh_protocol::id::NodeId,
    now: Timestamp,
) -> Result<Result<(), &'static str>, AuthorityError> {
    match store.tickets().get(id)?.map(|ticket| ticket.purpose) {
        Some(Purpose::Enroll { user: of }) if of == *user => {}
        Some(_) => return Ok(Err("the ticket is for another purpose or user")),
        None => return Ok(Err("no ticket has this secret")),
    }
    if store
        .users()
        .get(user)?
        .is_none_or(|row| row.state != UserState::Active)
    {
        return Ok(Err("the user is disabled or unknown"));
    }
    Ok(match store.tickets().redeem(id, node, now)? {
        Redeemed::Good(_) => Ok(()),
        Redeemed::Used => Err("another node used the ticket"),
        Redeemed::Expired => Err("the ticket has expired"),
        Redeemed::Unknown => Err("no ticket has this secret"),
    })
}

/// What a member hears of troubles that are this node's own.
fn trouble(error: &AuthorityError) -> Denial {
    tracing::error!(error = %error.in_full(), "could not answer a member's request");
    Denial::Trouble
}
