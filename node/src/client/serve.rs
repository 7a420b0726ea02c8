//! The holder's services: every stream that a printer opens is a task of its own, and there are
//! never more than a named number of them.

use futures::{Stream, StreamExt};
use papermesh_protocol::limits;
use papermesh_protocol::release::message::Request;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::version::Version;
use tokio::io::{AsyncRead, AsyncWrite};
use tracing::Instrument;

use super::Client;
use super::conversation::Conversation;
use crate::mesh::Member;
use crate::mesh::frame::{FrameError, read_message, write_message};
use crate::network::Network;
use crate::shares::Shares;

/// Conversations at once, in all versions.
pub(super) const CONVERSATIONS: usize = 256;
/// Conversations with one printer at once.
pub(super) const CONVERSATIONS_PER_PRINTER: usize = 32;
/// Jobs that are sent at once.
const STREAMS: usize = 32;
/// Jobs that are sent to one printer at once.
const STREAMS_PER_PRINTER: usize = 4;

impl<N: Network> Client<N> {
    /// Answers printers on every stream of the release protocol in this version until there come no more.
    pub async fn serve_release<S>(
        self,
        version: Version,
        streams: impl Stream<Item = (Member, S)> + Send,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut streams = std::pin::pin!(streams);
        while let Some((from, stream)) = streams.next().await {
            let Some(place) = self.0.conversations.take(from.node) else {
                continue;
            };
            let client = self.clone();
            let printer = &from.certificate.name;
            let span = tracing::info_span!("conversation", %printer, node = %from.node);
            let conversation = async move {
                if let Err(error) = client.converse(from, stream, version).await {
                    tracing::debug!(%error, "conversation with a printer broke off");
                }
                drop(place);
            };
            tokio::spawn(conversation.instrument(span));
        }
    }

    /// Sends jobs on every stream of `/papermesh/job/1` until there come no more.
    pub async fn serve_jobs<S>(self, streams: impl Stream<Item = (Member, S)> + Send)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let places = Shares::new(STREAMS, STREAMS_PER_PRINTER);
        let mut streams = std::pin::pin!(streams);
        while let Some((from, stream)) = streams.next().await {
            let Some(place) = places.take(from.node) else {
                continue;
            };
            let client = self.clone();
            let printer = &from.certificate.name;
            let span = tracing::info_span!("job", %printer, node = %from.node);
            let sending = async move {
                if let Err(error) = client.send_job(from.node, stream).await {
                    tracing::debug!(error = %error.in_full(), "job stream broke off");
                }
                drop(place);
            };
            tokio::spawn(sending.instrument(span));
        }
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
