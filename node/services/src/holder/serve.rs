//! What a holder answers: every stream that a printer opens is a task of its own, and there are
//! never more than a named number of them.

use papermesh_frame::{FrameError, read_message, write_message};
use papermesh_mesh::{Member, Protocol};
use papermesh_protocol::limits;
use papermesh_protocol::release::message::Request;
use papermesh_protocol::version::Version;
use tokio::io::{AsyncRead, AsyncWrite};

use super::Holder;
use super::conversation::Conversation;
use super::preview::PreviewService;
use crate::network::Network;
use crate::network::serving::{Admission, Router, Serve};
use crate::shares::Shares;

/// Conversations at once, in all versions.
pub(super) const CONVERSATIONS: usize = 256;
/// Conversations with one printer at once.
pub(super) const CONVERSATIONS_PER_PRINTER: usize = 32;
/// Jobs that are sent at once.
const STREAMS: usize = 32;
/// Jobs that are sent to one printer at once.
const STREAMS_PER_PRINTER: usize = 4;

/// A holder as it answers the release protocol in one version.
#[derive(Clone)]
pub(crate) struct ReleaseService<N: Network>(pub Holder<N>, pub Version);

impl<N: Network> Serve for ReleaseService<N> {
    fn protocol(&self) -> Protocol {
        Protocol::Release(self.1)
    }

    fn admission(&self) -> Admission {
        Admission::of(self.0.0.conversations.clone())
    }

    async fn serve<S>(&self, from: Member, stream: S) -> Result<(), FrameError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        self.0.converse(from, stream, self.1).await
    }
}

/// A holder as it sends jobs, `/papermesh/job/1`.
#[derive(Clone)]
pub(crate) struct JobService<N: Network>(pub Holder<N>);

impl<N: Network> Serve for JobService<N> {
    fn protocol(&self) -> Protocol {
        Protocol::Job
    }

    fn admission(&self) -> Admission {
        Admission::of(Shares::new(STREAMS, STREAMS_PER_PRINTER))
    }

    async fn serve<S>(&self, from: Member, stream: S) -> Result<(), FrameError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        if let Err(error) = self.0.send_job(from.node, stream).await {
            tracing::debug!(%error, "sending a job broke off");
        }
        Ok(())
    }
}

impl<N: Network> Holder<N> {
    /// Registers everything that a holder answers.
    pub fn accept(&self, router: &mut Router) {
        for version in Version::SPOKEN {
            router.accept(ReleaseService(self.clone(), version));
        }
        router.accept(JobService(self.clone()));
        router.accept(PreviewService(self.clone()));
    }

    async fn converse<S>(
        &self,
        from: Member,
        mut stream: S,
        version: Version,
    ) -> Result<(), FrameError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut conversation = Conversation::new(self.clone(), from);
        let talked = async {
            while let Some(request) =
                read_message::<Request>(&mut stream, limits::RELEASE_MESSAGE, limits::SESSION_IDLE)
                    .await?
            {
                let answer = conversation.answer(request).await.said_in(version);
                write_message(&mut stream, &answer, limits::RELEASE_MESSAGE).await?;
            }
            Ok(())
        }
        .await;
        conversation.end().await;
        talked
    }
}
