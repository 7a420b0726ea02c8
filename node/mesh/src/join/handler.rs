//! The admin's end of one conversation: reads and writes, and asks whoever decides.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use papermesh_frame::{FrameError, read_message, write_message};
use papermesh_protocol::id::{NodeId, SiteId};
use papermesh_protocol::join::{
    AdminJoin, AdminStep, Answer, Applicant, Attempts, Denial, Request, Welcome,
};
use papermesh_protocol::limits;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text::Name;
use papermesh_protocol::time::Clock;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// Questions that wait for the authority; whoever has another one waits with it.
pub(super) const REQUESTS: usize = 16;
/// How long a device may take for a message. No person is involved in any of its messages.
const DEVICE_ANSWERS: Duration = Duration::from_secs(10);
/// How long a device may take to hang up after the last word.
const LINGER: Duration = Duration::from_secs(5);

/// Asks whether to admit a device.
#[derive(Debug)]
pub struct JoinRequest {
    /// Who asks, and by what right. An invite's secret is still to be redeemed.
    pub applicant: Applicant,
    /// Takes the decision, for as long as [`limits::APPROVAL`]. It is closed when the device has
    /// gone; dropped without a word it tells the device of trouble.
    pub reply: oneshot::Sender<Result<Welcome, Denial>>,
    /// Ends without a word when the device has its answer, or has gone.
    pub left: oneshot::Receiver<Infallible>,
}

/// What all conversations of a listener have in common.
#[derive(Debug)]
pub(super) struct JoinHandler {
    site: SiteId,
    site_name: Name,
    admin: NodeId,
    clock: Clock,
    attempts: Mutex<Attempts>,
    requests: mpsc::Sender<JoinRequest>,
}

/// How the wait for a decision ended.
enum Decision {
    Verdict(Box<Result<Welcome, Denial>>),
    /// The device hung up, or spoke out of turn.
    Gone,
}

impl JoinHandler {
    pub(super) fn new(
        site: SiteId,
        site_name: Name,
        admin: NodeId,
        clock: Clock,
        requests: mpsc::Sender<JoinRequest>,
    ) -> Self {
        Self {
            site,
            site_name,
            admin,
            clock,
            attempts: Mutex::default(),
            requests,
        }
    }

    /// Holds the conversation with the node that Noise proved to be `joiner` and that is seen at
    /// `from`. Calls `believed` when it has earned a place: with a challenge, of which there are few,
    /// or with a good invite.
    pub(super) async fn converse<S>(
        &self,
        stream: &mut S,
        (joiner, from): (NodeId, Option<IpAddr>),
        believed: impl Fn(),
    ) -> Result<(), FrameError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let about = (self.site, self.site_name.clone());
        let mut join = AdminJoin::new(about, self.admin, joiner, from);
        loop {
            let request = read_message(stream, limits::JOIN_MESSAGE, DEVICE_ANSWERS).await?;
            let Some(request) = request else {
                return Ok(());
            };
            let answer = match self.step(&mut join, request) {
                AdminStep::Say(answer) => answer,
                AdminStep::Decide(applicant) => match self.decide(stream, *applicant).await {
                    Decision::Verdict(verdict) => join.decided(*verdict),
                    Decision::Gone => return Ok(()),
                },
            };
            if !matches!(answer, Answer::Denied(_)) {
                believed();
            }
            write_message(stream, &answer, limits::JOIN_MESSAGE).await?;
            match answer {
                Answer::Challenge { .. } => {}
                Answer::Welcome(_) => break,
                Answer::Denied(denial) => {
                    tracing::info!(%joiner, denial = %denial.in_full(), "device not admitted");
                    break;
                }
            }
        }
        stream.shutdown().await?;
        // The device hangs up when it has read the last word; before that, our end of the
        // connection must not go away.
        let _ = timeout(LINGER, stream.read(&mut [0])).await;
        Ok(())
    }

    fn step(&self, join: &mut AdminJoin, request: Request) -> AdminStep {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        join.handle(request, &mut attempts, (self.clock)(), &mut rand::rng())
    }

    async fn decide<S>(&self, stream: &mut S, applicant: Applicant) -> Decision
    where
        S: AsyncRead + Unpin,
    {
        let (reply, decided) = oneshot::channel();
        let (_here, left) = oneshot::channel();
        let mut unasked = [0];
        let asking = timeout(
            DEVICE_ANSWERS,
            self.requests.send(JoinRequest {
                applicant,
                reply,
                left,
            }),
        );
        let verdict = match asking.await {
            Ok(Ok(())) => tokio::select! {
                verdict = timeout(limits::APPROVAL, decided) => match verdict {
                    Ok(Ok(verdict)) => verdict,
                    Ok(Err(_)) => Err(Denial::Trouble),
                    Err(_) => Err(Denial::Unanswered),
                },
                // The device has nothing to say now: a byte is as good as the end.
                _ = stream.read(&mut unasked) => return Decision::Gone,
            },
            Ok(Err(_)) => Err(Denial::Trouble),
            Err(_) => Err(Denial::Busy),
        };
        Decision::Verdict(Box::new(verdict))
    }
}
