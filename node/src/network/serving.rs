//! Where services answer: each registers once for each protocol that it speaks.

use std::future::{Future, ready};
use std::sync::Arc;

use futures::{Stream, StreamExt, stream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::either::Either;
use tracing::Instrument;

use super::itself::StreamsFromItself;
use crate::mesh::frame::FrameError;
use crate::mesh::{Member, Membership, Protocol, Streams};
use crate::shares::{Share, Shares};

/// A service as it answers one protocol.
pub trait Serve: Clone + Send + Sync + 'static {
    /// The protocol.
    fn protocol(&self) -> Protocol;

    /// How many streams it answers at once.
    fn admission(&self) -> Admission;

    /// Answers a stream that a member opened, which may be this node itself.
    ///
    /// # Errors
    /// [`FrameError`] when the stream breaks; everything else is an answer.
    fn serve<S>(
        &self,
        from: Member,
        stream: S,
    ) -> impl Future<Output = Result<(), FrameError>> + Send
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Answers a stream for which there is no place. It is closed, unless the protocol has a word
    /// for that.
    ///
    /// # Errors
    /// [`FrameError`] when the stream breaks.
    fn decline<S>(&self, stream: S) -> impl Future<Output = Result<(), FrameError>> + Send
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        drop(stream);
        ready(Ok(()))
    }
}

/// What happens to streams when there are many.
#[derive(Clone)]
pub enum Admission {
    /// Those beyond so many wait for their turn. For short questions, which all members may ask at
    /// one moment.
    Queue(Arc<Semaphore>),
    /// Those beyond are declined, so that no member takes the places of the others.
    Shares(Shares),
}

impl Admission {
    /// So many at once; the rest waits.
    #[must_use]
    pub fn queue(at_once: usize) -> Self {
        Self::Queue(Arc::new(Semaphore::new(at_once)))
    }
}

/// The place of one stream.
enum Place {
    Turn { _permit: OwnedSemaphorePermit },
    Share { _share: Share },
}

/// The streams of all protocols, on their way to the services that answer them.
pub struct Router {
    others: Streams,
    itself: StreamsFromItself,
    membership: Arc<Membership>,
    serving: JoinSet<()>,
}

impl Router {
    /// Nobody answers yet. Streams wait, as many as there is room for.
    #[must_use]
    pub fn new(others: Streams, itself: StreamsFromItself, membership: Arc<Membership>) -> Self {
        Self {
            others,
            itself,
            membership,
            serving: JoinSet::new(),
        }
    }

    /// Has a service answer its protocol from now on. The first that registers for one has it.
    pub fn accept(&mut self, service: impl Serve) {
        let protocol = service.protocol();
        let others = self.others.take(protocol).map(|others| {
            received(others).map(|incoming| (incoming.from, Either::Left(incoming.stream)))
        });
        let itself = self.itself.0.remove(&protocol).map(|itself| {
            let membership = Arc::clone(&self.membership);
            received(itself).map(move |stream| {
                let own = Member {
                    node: membership.node(),
                    certificate: membership.certificate(),
                };
                (own, Either::Right(stream))
            })
        });
        if let (Some(others), Some(itself)) = (others, itself) {
            let streams = stream::select(others, itself);
            self.serving.spawn(serve(service, streams));
        }
    }

    /// All that is served; it ends when this is dropped. Protocols that nobody answers are closed.
    #[must_use]
    pub fn into_serving(self) -> JoinSet<()> {
        self.serving
    }
}

/// Answers every stream in a task of its own, until there come no more.
pub async fn serve<S>(service: impl Serve, streams: impl Stream<Item = (Member, S)> + Send)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let admission = service.admission();
    let mut streams = std::pin::pin!(streams);
    while let Some((from, stream)) = streams.next().await {
        let place = match &admission {
            Admission::Shares(shares) => {
                (shares.take(from.node)).map(|share| Place::Share { _share: share })
            }
            Admission::Queue(room) => match Arc::clone(room).acquire_owned().await {
                Ok(permit) => Some(Place::Turn { _permit: permit }),
                Err(_) => return,
            },
        };
        let protocol = service.protocol();
        let member = &from.certificate.name;
        let span = tracing::info_span!("stream", ?protocol, %member, node = %from.node);
        let service = service.clone();
        let serving = async move {
            let served = match place {
                Some(_place) => service.serve(from, stream).await,
                None => service.decline(stream).await,
            };
            if let Err(error) = served {
                tracing::debug!(%error, "the stream broke off");
            }
        };
        tokio::spawn(serving.instrument(span));
    }
}

fn received<T: Send + 'static>(receiver: mpsc::Receiver<T>) -> impl Stream<Item = T> + Send {
    stream::unfold(receiver, |mut receiver| async move {
        Some((receiver.recv().await?, receiver))
    })
}
