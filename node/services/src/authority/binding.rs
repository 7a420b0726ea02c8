//! Answering `/papermesh/bind/1`: a user registers a badge at a printer, by the word of the computer
//! that checked the PIN.
//!
//! Who may ask and what is believed is the protocol's judgment ([`papermesh_protocol::bind`]); here
//! its facts are looked up, and no claim is carried out twice. Which are spent is remembered by this
//! process alone: printers see PINs typed, and one that wants to lie needs no old claim.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use papermesh_frame::{FrameError, read_message, write_message};
use papermesh_mesh::{Member, Protocol};
use papermesh_protocol::bind::{
    self, Answer, Attestation, BadgeClaim, Denial, Examined, Standing, Verdict,
};
use papermesh_protocol::limits;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use papermesh_protocol::user::Badge;
use papermesh_store::UserRow;
use papermesh_store::offload::offload;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::key::Signer;
use super::users::Changed;
use super::{Authority, AuthorityError, badges};
use crate::audit::{Event, Kind};
use crate::network::Network;
use crate::network::serving::{Admission, Serve};
use crate::rate_window::RateWindow;

/// How long a printer may take to ask after it opened the stream.
const QUESTION: Duration = Duration::from_secs(10);
/// Questions of one printer that are looked at in a [`WINDOW`]: nobody types faster.
const ASKED: u32 = 10;
const WINDOW: Duration = Duration::from_secs(60);
/// Claims that are remembered as carried out.
const SPENT: usize = 1024;

/// Who asks, and how often.
pub(super) const fn rate_window() -> RateWindow {
    RateWindow::new(ASKED, WINDOW)
}

/// The claims that were carried out, for as long as they would be believed again.
#[derive(Default)]
pub(super) struct Spent(BTreeSet<BadgeClaim>);

impl Spent {
    /// Remembers a claim that is about to be carried out.
    ///
    /// # Errors
    /// [`Denial::Stale`] if it was before; [`Denial::Busy`] if there is no room to remember it.
    fn spend(&mut self, claim: &BadgeClaim, now: Timestamp) -> Result<(), Denial> {
        self.0.retain(|spent| bind::is_fresh(spent, now));
        if self.0.contains(claim) {
            return Err(Denial::Stale);
        }
        if self.0.len() >= SPENT {
            return Err(Denial::Busy);
        }
        self.0.insert(claim.clone());
        Ok(())
    }
}

/// An authority as it answers `/papermesh/bind/1`. A node that is no admin answers, too: that it is none.
#[derive(Clone)]
pub(crate) struct BindService<N: Network>(pub Authority<N>);

impl<N: Network> Serve for BindService<N> {
    fn protocol(&self) -> Protocol {
        Protocol::Bind
    }

    fn admission(&self) -> Admission {
        Admission::questions()
    }

    async fn serve<S>(&self, from: Member, mut stream: S) -> Result<(), FrameError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        self.0.answer_bind(&from, &mut stream).await
    }
}

impl<N: Network> Authority<N> {
    async fn answer_bind<S>(&self, from: &Member, stream: &mut S) -> Result<(), FrameError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let answer = match read_message(stream, limits::BIND_MESSAGE, QUESTION).await {
            Ok(Some(attestation)) => self.bind(from, &attestation).await,
            Ok(None) => return Ok(()),
            Err(FrameError::Codec(_)) => Err(Denial::Malformed),
            Err(error) => return Err(error),
        };
        let answer = answer.map_or_else(Answer::Denied, |badge| {
            Answer::Bound(badge.envelope().clone())
        });
        write_message(stream, &answer, limits::BIND_MESSAGE).await?;
        Ok(stream.shutdown().await?)
    }

    /// Gives a badge to the user of a claim that this member brings. A badge that names somebody
    /// else is never moved like this.
    ///
    /// # Errors
    /// What to answer the member.
    pub async fn bind(
        &self,
        from: &Member,
        attestation: &Attestation,
    ) -> Result<Signed<Badge>, Denial> {
        let now = self.now();
        let in_time = self
            .0
            .binders
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .count(from.node, now);
        if !in_time {
            tracing::warn!(printer = %from.node, "a printer requests badge bindings too often");
            return Err(Denial::Busy);
        }
        if self
            .is_open()
            .await
            .map_err(|error| trouble(&error))?
            .is_none()
        {
            return Err(Denial::Trouble);
        }
        let examined = self
            .membership()
            .judge(|judge| bind::examine(attestation, &from.certificate, judge));
        let user = examined
            .as_ref()
            .ok()
            .map(|examined| examined.claim().user.clone());
        let bound = match examined {
            Ok(examined) => self.carry_out(from, examined).await,
            Err(denial) => Err(denial),
        };
        if let Err(denial) = &bound {
            self.record_best_effort(Event {
                // Nobody's name is written down on the word of a claim that is not believed.
                user: user.filter(|_| *denial != Denial::NotBelieved),
                ..Event::new(Kind::BindRefused)
                    .peer(from.node)
                    .because(denial.in_full())
            })
            .await;
        }
        bound
    }

    async fn carry_out(&self, from: &Member, examined: Examined) -> Result<Signed<Badge>, Denial> {
        let key = self.key(None).await.map_err(|error| trouble(&error))?;
        let (user, tag) = (examined.claim().user.clone(), examined.claim().badge);
        let learned = async {
            self.learn_user(&user).await?;
            self.learn_badge(tag).await
        };
        learned.await.map_err(|error| trouble(&error))?;

        let examined = Arc::new(examined);
        let changed = {
            let mut spent = self.0.spent.lock().await;
            match self.decide(&examined).await? {
                Verdict::Given => None,
                Verdict::Give => {
                    spent.spend(examined.claim(), self.now())?;
                    Some(self.give(&examined, &key).await?)
                }
            }
        };
        if let Some(changed) = changed {
            let printer = &from.certificate.name;
            self.record_best_effort(
                Event::new(Kind::BadgeBound)
                    .user(&user)
                    .peer(from.node)
                    .because(format!("at the printer {printer}")),
            )
            .await;
            self.publish_changed(&key, &changed)
                .await
                .map_err(|error| trouble(&error))?;
        }
        let row = offload(self.store(), move |store| store.badges().get(tag)).await;
        let row = row.map_err(|error| trouble(&error.into()))?;
        let row = row.filter(|row| row.user.as_ref() == Some(&user));
        badges::sign(tag, &row.ok_or(Denial::Trouble)?, &key).map_err(|error| trouble(&error))
    }

    /// Whether the badge is to be given, by what is known now.
    async fn decide(&self, examined: &Examined) -> Result<Verdict, Denial> {
        let claim = examined.claim();
        let owner = self.badge_owner(claim.badge).await;
        let owner = owner.map_err(|error| trouble(&error))?;
        let name = claim.user.clone();
        let row = offload(self.store(), move |store| store.users().get(&name)).await;
        let row = row.map_err(|error| trouble(&error.into()))?;
        let standing = row.as_ref().map(|row| standing(row, owner.as_ref()));
        examined.decide(standing.as_ref(), self.now())
    }

    /// Gives the badge, unless something has changed since it was decided.
    async fn give(&self, examined: &Arc<Examined>, key: &Signer) -> Result<Changed, Denial> {
        let (again, now) = (Arc::clone(examined), self.now());
        let changed = self.keep_user(&examined.claim().user, key, move |row| {
            let standing = row.as_ref().map(|row| standing(row, None));
            if again.decide(standing.as_ref(), now)? == Verdict::Give
                && let Some(row) = row
            {
                row.badges.push(again.claim().badge);
            }
            Ok(())
        });
        changed.await.map_err(|error| match error {
            AuthorityError::Bind(denial) => denial,
            AuthorityError::BadgeTaken(_) => Denial::Taken,
            error => trouble(&error),
        })
    }
}

fn standing<'a>(row: &'a UserRow, owner: Option<&'a UserId>) -> Standing<'a> {
    Standing {
        state: row.state,
        key: row.key,
        badges: &row.badges,
        owner,
    }
}

/// What a printer hears of troubles that are this node's own.
fn trouble(error: &AuthorityError) -> Denial {
    tracing::error!(error = %error.in_full(), "could not bind a badge");
    Denial::Trouble
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_protocol::id::{BadgeTag, NodeId, SiteId};

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn claim(number: u64) -> BadgeClaim {
        BadgeClaim {
            site: SiteId::from_bytes([1; 32]),
            user: "alice".parse().unwrap(),
            badge: BadgeTag::from_bytes([2; 32]),
            printer: NodeId::from_bytes([3; 32]),
            holder: NodeId::from_bytes([4; 32]),
            at: NOW + Duration::from_millis(number),
        }
    }

    #[test]
    fn a_claim_is_spent_for_as_long_as_it_would_be_believed() {
        let mut spent = Spent::default();
        assert_eq!(spent.spend(&claim(0), NOW), Ok(()));
        assert_eq!(spent.spend(&claim(0), NOW), Err(Denial::Stale));
        let last = NOW + limits::CLOCK_SKEW;
        assert_eq!(spent.spend(&claim(0), last), Err(Denial::Stale));
        for number in 1..SPENT as u64 {
            assert_eq!(spent.spend(&claim(number), NOW), Ok(()));
        }
        assert_eq!(spent.spend(&claim(5_000), NOW), Err(Denial::Busy));
        let later = last + Duration::from_secs(10);
        assert_eq!(spent.spend(&claim(10_000), later), Ok(()));
        assert_eq!(spent.0.len(), 1);
    }
}
