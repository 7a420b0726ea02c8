//! Changing the PIN, and carrying the change to the user's linked computers: at once, when they are met, and
//! again and again while they are connected and do not have it.

use std::borrow::Cow;
use std::time::Duration;

use futures::future::join_all;
use papermesh_frame::{read_message, write_message};
use papermesh_mesh::{MeshError, Protocol};
use papermesh_protocol::id::NodeId;
use papermesh_protocol::limits;
use papermesh_protocol::link::{Answer, FirstComputer, LinkError, Refusal};
use papermesh_protocol::pin::Pin;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::seal::DecoySeed;
use papermesh_protocol::text::{Name, UserId};
use papermesh_store::offload::offload;
use papermesh_store::{Linked, Source, StoreError};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout};

use super::{ANSWER, First, LocalUsers, LocalUsersError};
use crate::audit::{Event, Kind};
use crate::auth::typed::{self, TypedError};
use crate::auth::verifier;
use crate::network::{self, Network};

/// How long somebody who changed a PIN waits for the linked computers.
const PATIENCE: Duration = Duration::from_secs(8);
/// The first wait after a computer that is connected did not take a PIN; it doubles with each further time,
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(5 * 60);

/// A PIN was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinChanged {
    /// The user.
    pub user: UserId,
    /// Computers that have the new one.
    pub updated: Vec<Name>,
    /// Computers that still have the old one. They get the new one as soon as they can be reached.
    pub outdated: Vec<Name>,
}

impl<N: Network> LocalUsers<N> {
    /// Changes a user's PIN, here at once and on linked computers as they can be reached. Only
    /// the computer where the user enrolled can do that. Without a user it is the only one who
    /// enrolled here.
    ///
    /// # Errors
    /// [`LocalUsersError::WrongPin`], [`LocalUsersError::Wait`], [`LocalUsersError::Pin`],
    /// [`LocalUsersError::NotEnrolled`], [`LocalUsersError::OnlyLinked`]; the PIN is as before then.
    pub async fn change_pin(
        &self,
        user: Option<UserId>,
        old: &str,
        new: &str,
    ) -> Result<PinChanged, LocalUsersError> {
        let new = self.chosen(new)?;
        let user = self.whom(user).await?;
        let first = self.first(&user).await?;
        // One that cannot be a PIN is certainly not this one.
        let old = Pin::new(old).map_err(|_| LocalUsersError::WrongPin)?;
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
        self.record_best_effort(Event::new(Kind::PinChanged).user(&user))
            .await;

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
        if !outdated.is_empty() {
            self.missed().notify_one();
        }
        Ok(PinChanged {
            user,
            updated,
            outdated,
        })
    }

    /// Carries PINs to the linked computers that have older ones; says whether one of them still has.
    pub(super) async fn carry_pins(&self, to: To) -> bool {
        let rows = match self.rows().await {
            Ok(rows) => rows,
            Err(error) => {
                tracing::error!(error = %error.in_full(), "could not send changed PINs to linked computers");
                return false;
            }
        };
        let mut missed = false;
        for (user, row) in rows.iter().filter(|(_, row)| row.sealed_user_key.is_some()) {
            let behind = row
                .linked
                .iter()
                .filter(|linked| linked.pin_epoch < row.pin_epoch);
            for linked in behind.filter(|linked| self.is_meant(to, linked.node)) {
                missed |= self.carry_in_time(user, linked).await == Carried::Missed;
            }
        }
        missed
    }

    fn is_meant(&self, to: To, node: NodeId) -> bool {
        match to {
            To::All => true,
            To::One(one) => one == node,
            To::Connected => self.0.membership.member(node).is_some(),
        }
    }

    async fn carry_in_time(&self, user: &UserId, linked: &Linked) -> Carried {
        let missed = match timeout(PATIENCE, self.carry(user, linked.node)).await {
            Ok(Ok(carried)) => return carried,
            Ok(Err(missed)) => missed,
            Err(_) => Missed::Link(MeshError::Timeout.into()),
        };
        tracing::info!(
            %user, computer = %linked.name, error = %missed.in_full(),
            "linked computer still has the old PIN; it gets the new one as soon as it can be reached"
        );
        Carried::Missed
    }

    /// Carries the PIN to one computer and notes what it has now.
    async fn carry(&self, user: &UserId, to: NodeId) -> Result<Carried, Missed> {
        let first = match self.first(user).await {
            // What this computer knows is the user's PIN no more.
            Err(
                LocalUsersError::EnrolledElsewhere(_)
                | LocalUsersError::OnlyLinked(_)
                | LocalUsersError::NotEnrolled(_),
            ) => return Ok(Carried::NotLinked),
            first => first?,
        };
        let addresses = self.addresses_of(to).await;
        let answer = match self.offer_pin(&first, to, &addresses).await {
            // Nothing is lost by a PIN that arrives twice.
            Err(Missed::Link(error)) if error.is_end() => {
                self.offer_pin(&first, to, &addresses).await?
            }
            answer => answer?,
        };
        let epoch = first.row.pin_epoch;
        let carried = match answer {
            Answer::Taken { epoch: taken } if taken >= epoch => Carried::Taken,
            Answer::Refused(Refusal::NotLinked) => Carried::NotLinked,
            Answer::Refused(refusal) => return Err(Missed::Answer(refusal.into())),
            Answer::Taken { .. } | Answer::Linked(_) => {
                return Err(Missed::Answer(LinkError::OutOfTurn));
            }
        };
        let name = user.clone();
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
        noted.map_err(LocalUsersError::from)?;
        Ok(carried)
    }

    /// Shows the PIN to one computer, and hears what that says to it.
    async fn offer_pin(
        &self,
        first: &First,
        to: NodeId,
        addresses: &[Vec<u8>],
    ) -> Result<Answer, Missed> {
        let opened = self.0.network.open(to, addresses, Protocol::Link).await;
        let mut stream = opened.map_err(network::LinkError::from)?;
        // Only now, for what it is sealed to stands in the certificate that the member shows.
        let member = self.0.membership.member(to);
        let member = member.ok_or(network::LinkError::Ended)?;
        let computer = FirstComputer {
            entry: &first.entry,
            key: &first.key,
            verifier: &first.verifier,
            epoch: first.row.pin_epoch,
        };
        let question = computer.new_pin(&member.certificate, &mut rand::rng());
        let question = question.map_err(Missed::Answer)?;
        let asked = async {
            write_message(&mut stream, &question, limits::ENROLL_MESSAGE).await?;
            let answer = read_message(&mut stream, limits::ENROLL_MESSAGE, ANSWER).await?;
            answer.ok_or(network::LinkError::Ended)
        };
        let answer = asked.await?;
        // The answer is all that was wanted; how the stream ends does not matter.
        let _ = stream.shutdown().await;
        Ok(answer)
    }

    /// Checks the PIN until now. Wrong ones count and make the next wait, as at a printer.
    async fn prove(&self, user: &UserId, first: &First, pin: Pin) -> Result<(), LocalUsersError> {
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
                TypedError::Wait(wait) | TypedError::Busy(wait) => LocalUsersError::Wait(wait),
                TypedError::Disabled(_) => LocalUsersError::WrongPin,
                TypedError::Store(error) => error.into(),
            })
        })
        .await
    }
}

/// Which computers a PIN is carried to, of those that have an older one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum To {
    All,
    One(NodeId),
    Connected,
}

/// When PINs that were missed are carried again.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Again {
    wait: Duration,
    next: Option<Instant>,
}

impl Again {
    pub(super) const fn new() -> Self {
        Self {
            wait: FIRST_WAIT,
            next: None,
        }
    }

    /// When the next time is, if there is one.
    pub(super) const fn next(&self) -> Option<Instant> {
        self.next
    }

    /// PINs were carried, and whether one was missed.
    pub(super) fn carried(&mut self, missed: bool, now: Instant) {
        if missed {
            self.next = Some(now + self.wait);
            self.wait = (self.wait * 2).min(LONGEST_WAIT);
        } else {
            *self = Self::new();
        }
    }

    /// There is another PIN, or another computer: how often others were tried says nothing of it.
    pub(super) fn afresh(&mut self, missed: bool, now: Instant) {
        self.wait = FIRST_WAIT;
        let soon = now + FIRST_WAIT;
        match self.next {
            // Never later: members that come and go often would put it off for ever.
            Some(next) => self.next = Some(next.min(soon)),
            None if missed => self.carried(true, now),
            None => {}
        }
    }
}

/// Why a computer has no new PIN yet. It is tried again by itself.
#[derive(Debug, thiserror::Error)]
enum Missed {
    /// It cannot be reached, or the connection broke.
    #[error(transparent)]
    Link(#[from] network::LinkError),
    /// It said no, or something odd; or nothing could be sealed to it.
    #[error(transparent)]
    Answer(LinkError),
    /// This computer is in trouble itself.
    #[error(transparent)]
    Here(#[from] LocalUsersError),
}

impl Remedy for Missed {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Link(error) => error.remedy(),
            Self::Answer(error) => error.remedy(),
            Self::Here(error) => error.remedy(),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_missed_is_tried_again_and_again_ever_more_rarely() {
        let (mut now, mut again) = (Instant::now(), Again::new());
        assert_eq!(again.next(), None);
        let mut waits = Vec::new();
        for _ in 0..11 {
            again.carried(true, now);
            let next = again.next().unwrap_or(now);
            waits.push((next - now).as_secs());
            now = next;
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        // A computer that arrives, or a PIN that is new, does not wait for that.
        again.carried(true, now);
        again.afresh(false, now);
        assert_eq!(again.next(), Some(now + FIRST_WAIT));
        // Arrivals one after the other do not put it off.
        again.afresh(false, now + FIRST_WAIT / 2);
        assert_eq!(again.next(), Some(now + FIRST_WAIT));
        again.carried(false, now);
        assert_eq!(again, Again::new());
        again.afresh(false, now);
        assert_eq!(again.next(), None);
        again.afresh(true, now);
        assert_eq!(again.next(), Some(now + FIRST_WAIT));
    }
}
