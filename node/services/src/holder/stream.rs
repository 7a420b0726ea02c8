//! Sending a job: the ciphertext as it lies on the disk, to whoever has a token for it.
//!
//! A blocking thread reads ahead while this task sends, so that disk and network work at the same
//! time; a few buffers go round between the two. That bytes flow is noted durably before the first
//! one does, because from then on nobody can be sure that nothing was printed.

use std::borrow::Cow;
use std::io::{self, Read};
use std::time::Duration;

use papermesh_protocol::id::NodeId;
use papermesh_protocol::limits;
use papermesh_protocol::release::stream::{Open, STATUS_OK, STATUS_REFUSED, STATUS_UNREADABLE};
use papermesh_protocol::remedy::Remedy;
use papermesh_store::offload::offload;
use papermesh_store::{SpoolReader, StoreError};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::early::EarlyReader;
use super::{Holder, sessions};
use crate::audit::{Event, Kind};
use crate::network::Network;

/// Bytes that are read and sent at once.
const PIECE: usize = 256 * 1024;
/// Buffers that go round between disk and network.
const BUFFERS: usize = 4;
/// How long a printer may take to show its token.
const TOKEN: Duration = Duration::from_secs(10);

/// Why a job was not sent to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Io(#[from] io::Error),
    /// The printer takes nothing.
    #[error("the printer stalled: it accepted no data for too long")]
    Stalled,
    /// The token is not good.
    #[error("the token was refused")]
    Refused,
    /// The file cannot be read.
    #[error("the job's file cannot be read: {0}")]
    Unreadable(StoreError),
}

impl Remedy for SendError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Unreadable(error) => error.remedy(),
            _ => None,
        }
    }
}

impl<N: Network> Holder<N> {
    /// Sends the job that the printer shows a token for.
    pub(super) async fn send_job<S>(&self, printer: NodeId, mut stream: S) -> Result<(), SendError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut open = [0; Open::LEN];
        timeout(TOKEN, stream.read_exact(&mut open))
            .await
            .map_err(|_| SendError::Stalled)??;
        let file = match self.redeem(printer, &Open::from_bytes(&open)).await {
            Ok(file) => file,
            Err(error) => {
                let status = if matches!(error, SendError::Refused) {
                    let event = Event::new(Kind::Refused).because(error.in_full());
                    self.record_refusal(printer, event).await;
                    STATUS_REFUSED
                } else {
                    STATUS_UNREADABLE
                };
                send(&mut stream, &[status]).await?;
                timeout(limits::STREAM_STALL, stream.shutdown())
                    .await
                    .map_err(|_| SendError::Stalled)??;
                return Err(error);
            }
        };
        let mut head = [STATUS_OK; 9];
        head[1..].copy_from_slice(&file.left().to_be_bytes());
        send(&mut stream, &head).await?;
        let (mut full, empty) = read_ahead(file);
        while let Some(piece) = full.recv().await {
            let piece = piece?;
            send(&mut stream, &piece).await?;
            // The reader may be done already.
            drop(empty.try_send(piece));
        }
        timeout(limits::STREAM_STALL, stream.shutdown())
            .await
            .map_err(|_| SendError::Stalled)??;
        Ok(())
    }

    async fn redeem(&self, printer: NodeId, open: &Open) -> Result<Source, SendError> {
        let now = self.0.membership.steady();
        let redeemed = sessions(&self.0.sessions).redeem(printer, &open.token, now);
        let (job, release) = redeemed.ok_or(SendError::Refused)?;
        let offset = open.offset;
        let early = self.0.early.with(job, |early| {
            if let Some((known, lease)) = &mut early.lease
                && *known == release
                && offset <= early.sealed_size
            {
                lease.streamed = true;
                return Some(early.read(offset));
            }
            None
        });
        if let Some(early) = early {
            return early.map(Source::Early).ok_or(SendError::Refused);
        }
        let opened = offload(&self.0.store, move |store| -> Result<_, StoreError> {
            let file = store.jobs().read(job, offset)?;
            Ok(if store.leases().note_streamed(release, now)? {
                file
            } else {
                None
            })
        });
        match opened.await {
            Ok(file) => file.map(Source::Held).ok_or(SendError::Refused),
            Err(error) => {
                tracing::error!(%job, error = %error.in_full(), "could not send a job");
                Err(SendError::Unreadable(error))
            }
        }
    }
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> Result<(), SendError> {
    timeout(limits::STREAM_STALL, stream.write_all(bytes))
        .await
        .map_err(|_| SendError::Stalled)??;
    Ok(())
}

/// Where a job's ciphertext comes from.
enum Source {
    /// The job is held.
    Held(SpoolReader),
    /// It still arrives.
    Early(EarlyReader),
}

impl Source {
    /// Bytes from here to the end.
    fn left(&self) -> u64 {
        match self {
            Self::Held(file) => file.left(),
            Self::Early(file) => file.left(),
        }
    }

    /// What can be had at once, up to [`PIECE`]; nothing only at the end. What arrives is passed on
    /// as it comes and not gathered first.
    fn next(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        match self {
            Self::Held(file) => file.take(PIECE as u64).read_to_end(buffer),
            Self::Early(file) => {
                buffer.resize(PIECE, 0);
                let read = file.read(buffer)?;
                buffer.truncate(read);
                Ok(read)
            }
        }
    }
}

/// Reads a file on a blocking thread: full buffers come out, empty ones go back in. The thread
/// ends with the file, or when nobody takes buffers any more.
fn read_ahead(mut file: Source) -> (mpsc::Receiver<io::Result<Vec<u8>>>, mpsc::Sender<Vec<u8>>) {
    let (full, filled) = mpsc::channel(BUFFERS);
    let (emptied, mut empty) = mpsc::channel::<Vec<u8>>(BUFFERS);
    tokio::task::spawn_blocking(move || {
        while file.left() > 0 {
            let mut buffer = empty
                .try_recv()
                .unwrap_or_else(|_| Vec::with_capacity(PIECE));
            buffer.clear();
            let read = match file.next(&mut buffer) {
                Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => Ok(buffer),
                Err(error) => Err(error),
            };
            let failed = read.is_err();
            if full.blocking_send(read).is_err() || failed {
                return;
            }
        }
    });
    (filled, emptied)
}
