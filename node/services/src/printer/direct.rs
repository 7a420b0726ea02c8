//! Jobs that holders send straight here, for an owner who sits at the holder.
//!
//! Once the session of the job is here, it is released like any other: see [`super::release`]. The
//! right of a holder to speak for a user is judged as that of an advert is.

use std::sync::Arc;
use std::time::Duration;

use papermesh_frame::{FrameError, read_message, write_message};
use papermesh_mesh::{Member, Protocol};
use papermesh_protocol::direct::{Abilities, Answer, Decline, Offer, Request};
use papermesh_protocol::limits;
use papermesh_protocol::release::printer::Session;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::seal::SessionSecret;
use papermesh_protocol::signed::Signed;
use papermesh_protocol::text::{self, UserId};
use papermesh_protocol::user::UserEntry;
use papermesh_protocol::version::Version;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{sleep, timeout};

use super::Printer;
use super::link::{Link, Route};
use super::session::HolderSession;
use crate::audit::{Event, Kind};
use crate::network::Network;
use crate::network::serving::{Admission, Router, Serve};

/// Streams of holders at once: jobs that wait for the device, and questions.
pub(super) const OFFERS: usize = 64;
/// Streams of one holder at once. A shared computer may have that many jobs for one printer.
pub(super) const OFFERS_PER_HOLDER: usize = 16;
/// How long a holder may take to say what it wants.
const WORD: Duration = Duration::from_secs(10);
/// How long it is looked for who a user is. A holder waits for an answer for longer.
const LOOKUP: Duration = Duration::from_secs(10);
/// How long until the directory is asked again.
const AGAIN: Duration = Duration::from_millis(500);

/// A printer as it answers the direct protocol in one version.
#[derive(Clone)]
pub(crate) struct DirectService<N: Network>(pub Printer<N>, pub Version);

impl<N: Network> Serve for DirectService<N> {
    fn protocol(&self) -> Protocol {
        Protocol::Direct(self.1)
    }

    fn admission(&self) -> Admission {
        Admission::of(self.0.0.offers.clone())
    }

    async fn serve<S>(&self, from: Member, mut stream: S) -> Result<(), FrameError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        self.0.answer(from, &mut stream, self.1).await
    }

    async fn decline<S>(&self, mut stream: S) -> Result<(), FrameError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        say(&mut stream, &Answer::Declined(Decline::Busy)).await
    }
}

impl<N: Network> Printer<N> {
    /// Registers everything that a printer answers.
    pub fn accept(&self, router: &mut Router) {
        for version in Version::SPOKEN {
            router.accept(DirectService(self.clone(), version));
        }
    }

    async fn answer<S>(
        &self,
        from: Member,
        stream: &mut S,
        version: Version,
    ) -> Result<(), FrameError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        match read_message(stream, limits::DIRECT_MESSAGE, WORD).await? {
            Some(Request::Describe) => {
                let abilities = Box::new(self.abilities().await);
                say(stream, &Answer::Described(abilities).said_in(version)).await
            }
            Some(Request::Offer(offer)) => self.take(from, *offer, stream).await,
            Some(Request::Hand { .. }) => say(stream, &Answer::Declined(Decline::Trouble)).await,
            None => Ok(()),
        }
    }

    async fn take<S>(&self, from: Member, offer: Offer, stream: &mut S) -> Result<(), FrameError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let inner = &self.0;
        let entry = self.entry_of(&offer.user).await;
        let (site, now) = (inner.membership.site(), inner.membership.now());
        if let Err(decline) = offer.judge(&from.certificate, site, entry.as_deref(), now) {
            let event = Event::new(Kind::Refused)
                .user(&offer.user)
                .job(offer.job.job)
                .peer(from.node);
            inner
                .audit
                .record_best_effort(event.because(decline.in_full()))
                .await;
            return say(stream, &Answer::Declined(decline)).await;
        }
        let secret = SessionSecret::generate(&mut rand::rng());
        let session_key = secret.public();
        say(stream, &Answer::Ready { session_key }).await?;
        let Some(Request::Hand { session }) =
            read_message(stream, limits::DIRECT_MESSAGE, limits::HAND_OVER).await?
        else {
            return Ok(());
        };
        let link = Link::new(Route {
            network: inner.network.clone(),
            holder: from.node,
            addresses: Vec::new(),
        });
        let session = Arc::new(HolderSession::handed(
            link,
            Session::handed(session, secret),
        ));
        let printer = self.clone();
        // A task of its own: the holder's stream may break, the paper does not.
        let printing =
            tokio::spawn(async move { printer.print_handed(session, offer.user, offer.job).await });
        let answer = match printing.await {
            Ok(ended) => Answer::Ended {
                outcome: ended.outcome,
                reason: ended
                    .reason
                    .map(|reason| text::clean(&reason, limits::REASON)),
            },
            Err(error) => {
                tracing::error!(%error, "direct print broke off");
                Answer::Declined(Decline::Trouble)
            }
        };
        say(stream, &answer).await
    }

    /// What the authority says of a user. An honest user of whom this printer never heard must not be
    /// turned away because the directory did not answer the first time.
    async fn entry_of(&self, user: &UserId) -> Option<Signed<UserEntry>> {
        let asking = async {
            loop {
                if let Some(entry) = self.0.directory.user_entry(user).await {
                    return entry;
                }
                sleep(AGAIN).await;
            }
        };
        timeout(LOOKUP, asking).await.ok()
    }

    /// What the device says it can do; nothing of it if the device does not answer.
    async fn abilities(&self) -> Abilities {
        let device = match self.0.device.describe().await {
            Ok(device) => device,
            Err(error) => {
                tracing::warn!(error = %error.in_full(), "device did not report its capabilities");
                return Abilities::default();
            }
        };
        Abilities {
            model: device.make_and_model,
            location: device.location,
            accepting: device.accepting,
            reasons: device.reasons.into_iter().map(|r| r.keyword).collect(),
            ..device.can.into_abilities()
        }
        .bounded()
    }
}

async fn say(stream: &mut (impl AsyncWrite + Unpin), answer: &Answer) -> Result<(), FrameError> {
    write_message(stream, answer, limits::DIRECT_MESSAGE).await
}
