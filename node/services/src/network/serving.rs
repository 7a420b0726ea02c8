//! Where services answer: each registers once for each protocol that it speaks.

use std::future::{Future, ready};
use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt, stream};
use papermesh_frame::FrameError;
use papermesh_mesh::{Member, Membership, Protocol, Streams};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, BufReader};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::Instrument;

use super::itself::StreamsFromItself;
use crate::shares::Shares;

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

/// Short questions of all members that are answered at once; more wait for their turn.
const QUESTIONS: usize = 16;
/// Short questions that may wait or be answered at once.
const QUESTIONS_WAITING: usize = 64;
/// Those of one member.
const QUESTIONS_PER_MEMBER: usize = 4;
/// How long a stream may say nothing before it is closed. It has no turn meanwhile.
const SILENCE: Duration = Duration::from_secs(10);
/// Bytes of a stream that are read ahead.
const AHEAD: usize = 1024;

/// How many streams a service has at once. Those beyond are declined, so that no member takes the
/// places of the others.
#[derive(Clone)]
pub struct Admission {
    shares: Shares,
    turns: Option<Arc<Semaphore>>,
}

impl Admission {
    /// Streams that are answered as they come.
    #[must_use]
    pub fn of(shares: Shares) -> Self {
        Self {
            shares,
            turns: None,
        }
    }

    /// Short questions, which many members may ask at one moment: they wait for their turn, as many as there is room
    /// for; others are turned away and ask again.
    #[must_use]
    pub fn questions() -> Self {
        Self {
            shares: Shares::new(QUESTIONS_WAITING, QUESTIONS_PER_MEMBER),
            turns: Some(Arc::new(Semaphore::new(QUESTIONS))),
        }
    }

    /// The same once more, for a node's own streams: nobody keeps a node from itself.
    fn apart(&self) -> Self {
        Self {
            shares: self.shares.apart(),
            turns: (self.turns.as_ref()).map(|_| Arc::new(Semaphore::new(QUESTIONS))),
        }
    }
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
        if let Some(others) = self.others.take(protocol) {
            let others = received(others).map(|incoming| (incoming.from, incoming.stream));
            self.serving.spawn(serve(service.clone(), others));
        }
        if let Some(itself) = self.itself.0.remove(&protocol) {
            let membership = Arc::clone(&self.membership);
            let itself = received(itself).map(move |stream| {
                let own = Member {
                    node: membership.node(),
                    certificate: membership.certificate(),
                };
                (own, stream)
            });
            let admission = service.admission().apart();
            self.serving.spawn(admitted(service, admission, itself));
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
    admitted(service, admission, streams).await;
}

async fn admitted<S>(
    service: impl Serve,
    admission: Admission,
    streams: impl Stream<Item = (Member, S)> + Send,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut streams = std::pin::pin!(streams);
    while let Some((from, stream)) = streams.next().await {
        let share = admission.shares.take(from.node);
        let turns = admission.turns.clone();
        let protocol = service.protocol();
        let member = &from.certificate.name;
        let span = tracing::info_span!("stream", ?protocol, %member, node = %from.node);
        let service = service.clone();
        let serving = async move {
            let served = match share {
                Some(_share) => {
                    let mut stream = BufReader::with_capacity(AHEAD, stream);
                    let _turn = match turns {
                        Some(turns) => {
                            if timeout(SILENCE, stream.fill_buf()).await.is_err() {
                                tracing::debug!("the stream was silent");
                                return;
                            }
                            // Nobody closes them.
                            turns.acquire_owned().await.ok()
                        }
                        None => None,
                    };
                    service.serve(from, stream).await
                }
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
