//! A document on its way from its holder to the device: fetched, opened segment by segment, and
//! resumed where it was when the stream breaks.
//!
//! A task fetches and opens; the device reads the other end. Between the two there is room for a
//! few pieces, so that network, cipher and device work at the same time and memory does not grow
//! with the document. Whatever goes wrong for good comes out as an error of the reader, never as a
//! document that is shorter than it should be.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use papermesh_protocol::id::{JobId, ReleaseId};
use papermesh_protocol::limits;
use papermesh_protocol::release::message::{Grant, Refusal};
use papermesh_protocol::release::printer::SessionError;
use papermesh_protocol::release::stream::{Open, STATUS_OK, STATUS_REFUSED, Token};
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::seal::{JobKey, OpenReader, SealError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_util::bytes::Bytes;
use tokio_util::io::StreamReader;
use tokio_util::sync::CancellationToken;

use super::session::{AskError, HolderSession};
use crate::network::Network;

/// Bytes read from the stream at once.
const PIECE: usize = 256 * 1024;
/// Opened pieces that wait for the device.
const AHEAD: usize = 3;
/// Times that a stream is resumed without a single new byte before the document is given up.
const RESUMES: u32 = 5;
/// How long to wait before the first resumption; doubled each time.
const RESUME_WAIT: Duration = Duration::from_millis(250);

/// Why a document did not arrive.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    /// The connection broke, and may work again.
    #[error("the connection to the holder broke: {0}")]
    Broken(String),
    /// The holder refuses to go on.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The holder cannot read the job, or sends something else than it granted.
    #[error("the holder cannot send the job: it is damaged there")]
    Unreadable,
    /// What came is not what was sealed.
    #[error(transparent)]
    Sealed(#[from] SealError),
    /// The release was called off.
    #[error("{0}")]
    CalledOff(&'static str),
    /// The device does not read any more.
    #[error("the device stopped reading")]
    Unread,
}

impl Remedy for FetchError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Refused(error) => error.remedy(),
            Self::Sealed(error) => error.remedy(),
            _ => None,
        }
    }
}

/// What the device reads.
pub(super) type DocumentReader = StreamReader<Pieces, Bytes>;
type Pieces = futures::stream::BoxStream<'static, io::Result<Bytes>>;

/// What is needed to fetch one granted job.
pub(super) struct Fetch<N: Network> {
    pub(super) session: Arc<HolderSession<N>>,
    pub(super) job: JobId,
    pub(super) release: ReleaseId,
    pub(super) grant: Grant,
    pub(super) key: JobKey,
    /// Ends the document with an error when the lease is lost.
    pub(super) lost: CancellationToken,
}

impl<N: Network> Fetch<N> {
    /// Begins; returns when the first piece is there and proves that the key fits, so that nothing
    /// goes to the device before.
    pub(super) async fn begin(self) -> Result<DocumentReader, FetchError> {
        let (sender, mut pieces) = mpsc::channel::<io::Result<Bytes>>(AHEAD);
        let (failed, failure) = tokio::sync::oneshot::channel();
        tokio::spawn(async move {
            let lost = self.lost.clone();
            let fetched = tokio::select! {
                fetched = self.run(&sender) => fetched,
                () = lost.cancelled() => Err(FetchError::CalledOff("the holder gave the job to another printer")),
                () = sender.closed() => Err(FetchError::Unread),
            };
            if let Err(error) = fetched {
                let told = io::Error::other(error.in_full().to_string());
                // To `begin` if it still waits, and to the reader in any case.
                drop(failed.send(error));
                drop(sender.send(Err(told)).await);
            }
        });
        let first = match pieces.recv().await {
            Some(Ok(first)) => first,
            // An empty document has no pieces.
            None => match failure.await {
                Ok(error) => return Err(error),
                Err(_) => Bytes::new(),
            },
            Some(Err(error)) => {
                return Err(failure
                    .await
                    .unwrap_or_else(|_| FetchError::Broken(error.to_string())));
            }
        };
        let rest = futures::stream::poll_fn(move |cx| pieces.poll_recv(cx));
        let first = futures::stream::iter((!first.is_empty()).then_some(Ok(first)));
        Ok(StreamReader::new(Box::pin(futures::StreamExt::chain(
            first, rest,
        ))))
    }

    async fn run(self, pieces: &mpsc::Sender<io::Result<Bytes>>) -> Result<(), FetchError> {
        let Self {
            session,
            job,
            release,
            grant,
            key,
            ..
        } = self;
        let mut opened = OpenReader::new(key, *job.as_bytes());
        let mut token = grant.token.clone();
        let mut tries = 0;
        loop {
            let before = opened.sealed_position();
            match stream(&session, &token, &mut opened, grant.sealed_size, pieces).await {
                Ok(()) => break,
                Err(FetchError::Broken(why)) => {
                    tries = if opened.sealed_position() > before {
                        1
                    } else {
                        tries + 1
                    };
                    if tries > RESUMES {
                        return Err(FetchError::Broken(why));
                    }
                    tracing::debug!(%job, %why, tries, "resuming a job stream");
                }
                Err(error) => return Err(error),
            }
            sleep(RESUME_WAIT * 2u32.saturating_pow(tries - 1)).await;
            match session.select(job, release, &grant.options).await {
                Ok((again, _)) if again.sealed_size == grant.sealed_size => token = again.token,
                Ok(_) => return Err(FetchError::Unreadable),
                Err(AskError::Session(SessionError::Refused(refusal)))
                    if refusal != Refusal::Trouble =>
                {
                    return Err(refusal.into());
                }
                // The next try is with a token that is used up, fails and counts.
                Err(error) => tracing::debug!(%job, error = %error.in_full(), "grant not renewed"),
            }
        }
        let mut last = Vec::new();
        opened.finish(&mut last)?;
        if last.is_empty() {
            Ok(())
        } else {
            send(pieces, last).await
        }
    }
}

/// Reads one stream to its end.
async fn stream<N: Network>(
    session: &HolderSession<N>,
    token: &Token,
    opened: &mut OpenReader,
    size: u64,
    pieces: &mpsc::Sender<io::Result<Bytes>>,
) -> Result<(), FetchError> {
    let broken = |error: io::Error| FetchError::Broken(error.to_string());
    let stalled = |_| FetchError::Broken("it stalled for too long".to_owned());
    let mut stream = session
        .open_job()
        .await
        .map_err(|error| FetchError::Broken(error.in_full().to_string()))?;
    let offset = opened.sealed_position();
    let begun = async {
        stream
            .write_all(
                &Open {
                    token: token.clone(),
                    offset,
                }
                .to_bytes(),
            )
            .await?;
        stream.flush().await?;
        let mut head = [0; 9];
        stream.read_exact(&mut head[..1]).await?;
        if head[0] == STATUS_OK {
            stream.read_exact(&mut head[1..]).await?;
        }
        Ok(head)
    };
    let [status, rest @ ..] = timeout(limits::STREAM_STALL, begun)
        .await
        .map_err(stalled)?
        .map_err(broken)?;
    match status {
        STATUS_OK if u64::from_be_bytes(rest) == size - offset => {}
        STATUS_REFUSED => return Err(FetchError::Broken("the token was not accepted".to_owned())),
        _ => return Err(FetchError::Unreadable),
    }
    let mut sealed = Vec::with_capacity(PIECE);
    while opened.sealed_position() < size {
        sealed.clear();
        let left = usize::try_from(size - opened.sealed_position())
            .unwrap_or(usize::MAX)
            .min(PIECE);
        let mut limited = (&mut stream).take(left as u64);
        while sealed.len() < left {
            let read = timeout(limits::STREAM_STALL, limited.read_buf(&mut sealed)).await;
            match read.map_err(stalled).and_then(|read| read.map_err(broken)) {
                Ok(1..) => {}
                // What came so far counts: the next stream goes on after it.
                Ok(0) => {
                    return keep(
                        opened,
                        &sealed,
                        pieces,
                        FetchError::Broken("it ended early".into()),
                    )
                    .await;
                }
                Err(error) => return keep(opened, &sealed, pieces, error).await,
            }
        }
        open(opened, &sealed, pieces).await?;
    }
    Ok(())
}

async fn keep(
    opened: &mut OpenReader,
    sealed: &[u8],
    pieces: &mpsc::Sender<io::Result<Bytes>>,
    error: FetchError,
) -> Result<(), FetchError> {
    open(opened, sealed, pieces).await?;
    Err(error)
}

async fn open(
    opened: &mut OpenReader,
    sealed: &[u8],
    pieces: &mpsc::Sender<io::Result<Bytes>>,
) -> Result<(), FetchError> {
    let mut plain = Vec::new();
    opened.update(sealed, &mut plain)?;
    if plain.is_empty() {
        Ok(())
    } else {
        send(pieces, plain).await
    }
}

async fn send(pieces: &mpsc::Sender<io::Result<Bytes>>, plain: Vec<u8>) -> Result<(), FetchError> {
    pieces
        .send(Ok(Bytes::from(plain)))
        .await
        .map_err(|_| FetchError::Unread)
}
