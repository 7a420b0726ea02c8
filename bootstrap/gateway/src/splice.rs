//! Bytes both ways between an outsider and a door, until both have ended or nothing moves. Tokio's
//! `copy_bidirectional` waits for ever, and does not say what had moved where a connection broke.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::timeout;

/// Bytes that are on their way in each direction at first,
const FIRST: usize = 4 * 1024;
/// and of whoever sends faster than that: as many as one frame of a pipe carries.
const IN_FLIGHT: usize = papermesh_pipe::PAYLOAD;
/// How long a connection may be quiet in both directions.
pub(crate) const IDLE: Duration = Duration::from_secs(10 * 60);
/// How long who is sent to may take nothing.
const STALL: Duration = Duration::from_secs(90);

/// How many bytes went which way.
#[derive(Debug, Default)]
pub(crate) struct Moved {
    inward: AtomicU64,
    outward: AtomicU64,
}

impl Moved {
    /// Bytes that the outsider sent.
    pub(crate) fn inward(&self) -> u64 {
        self.inward.load(Ordering::Relaxed)
    }

    /// Bytes that the door sent.
    pub(crate) fn outward(&self) -> u64 {
        self.outward.load(Ordering::Relaxed)
    }

    /// The outsider sent so many more.
    pub(crate) fn add_inward(&self, bytes: usize) {
        self.inward.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// The door sent so many more.
    pub(crate) fn add_outward(&self, bytes: usize) {
        self.outward.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

/// Passes bytes both ways, and tells whenever some have moved. An end of one direction is passed on, and the other
/// goes on.
///
/// # Errors
/// What ended the connection in disorder.
pub(crate) async fn splice<O, D>(
    outsider: O,
    door: D,
    moved: &Moved,
    on_move: impl Fn() + Copy,
) -> io::Result<()>
where
    O: AsyncRead + AsyncWrite,
    D: AsyncRead + AsyncWrite,
{
    let (from_outsider, to_outsider) = tokio::io::split(outsider);
    let (from_door, to_door) = tokio::io::split(door);
    tokio::try_join!(
        pass(
            from_outsider,
            to_door,
            (&moved.inward, &moved.outward),
            on_move
        ),
        pass(
            from_door,
            to_outsider,
            (&moved.outward, &moved.inward),
            on_move
        ),
    )?;
    Ok(())
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    (moved, other_way): (&AtomicU64, &AtomicU64),
    on_move: impl Fn(),
) -> io::Result<()> {
    let mut buffer = vec![0; FIRST];
    let mut seen = other_way.load(Ordering::Relaxed);
    let mut is_flushed = true;
    loop {
        let next = poll_fn(|cx| poll_next(&mut from, &mut buffer, &mut to, &mut is_flushed, cx));
        let read = match timeout(IDLE, next).await {
            Ok(read) => read?,
            // While the other direction moves, this one may be quiet.
            Err(_) if other_way.load(Ordering::Relaxed) != seen => {
                seen = other_way.load(Ordering::Relaxed);
                continue;
            }
            Err(_) => return Err(io::ErrorKind::TimedOut.into()),
        };
        if read == 0 {
            return stalled(to.shutdown()).await;
        }
        stalled(to.write_all(&buffer[..read])).await?;
        is_flushed = false;
        moved.fetch_add(read as u64, Ordering::Relaxed);
        on_move();
        if read == buffer.len() {
            buffer.resize(IN_FLIGHT.min(2 * read), 0);
        }
    }
}

/// Reads what comes next. What was sent is flushed once nothing more is there: whoever sends much is not held up by
/// each piece, and nothing waits for what may never come.
fn poll_next(
    from: &mut (impl AsyncRead + Unpin),
    buffer: &mut [u8],
    to: &mut (impl AsyncWrite + Unpin),
    is_flushed: &mut bool,
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    let mut read = ReadBuf::new(buffer);
    if let Poll::Ready(ended) = Pin::new(from).poll_read(cx, &mut read) {
        return Poll::Ready(ended.map(|()| read.filled().len()));
    }
    if !*is_flushed && let Poll::Ready(flushed) = Pin::new(to).poll_flush(cx) {
        flushed?;
        *is_flushed = true;
    }
    Poll::Pending
}

async fn stalled(sending: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    timeout(STALL, sending)
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio::io::{AsyncReadExt, duplex};

    use super::*;

    #[tokio::test]
    async fn an_end_of_one_direction_leaves_the_other() {
        let ((mut outsider, outer), (inner, mut door)) = (duplex(64), duplex(64));
        let moved = Moved::default();
        let conversation = async {
            outsider.write_all(b"print this").await.unwrap();
            outsider.shutdown().await.unwrap();
            let mut asked = String::new();
            door.read_to_string(&mut asked).await.unwrap();
            assert_eq!(asked, "print this");
            door.write_all(b"held").await.unwrap();
            door.shutdown().await.unwrap();
            let mut answer = String::new();
            outsider.read_to_string(&mut answer).await.unwrap();
            assert_eq!(answer, "held");
        };
        let (spliced, ()) = tokio::join!(splice(outer, inner, &moved, || ()), conversation);
        spliced.unwrap();
        assert_eq!((moved.inward(), moved.outward()), (10, 4));
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_is_given_up_and_so_is_a_quiet_connection() {
        let ((mut outsider, outer), (inner, _door)) = (duplex(64), duplex(64));
        let moved = Moved::default();
        let sending = async {
            // More than anybody holds on the way.
            let _ = outsider.write_all(&vec![0; 4 * IN_FLIGHT]).await;
        };
        let begun = tokio::time::Instant::now();
        let (spliced, ()) = tokio::join!(splice(outer, inner, &moved, || ()), sending);
        assert_eq!(spliced.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(begun.elapsed() < IDLE);

        let ((_outsider, outer), (inner, _door)) = (duplex(64), duplex(64));
        let spliced = splice(outer, inner, &Moved::default(), || ()).await;
        assert_eq!(spliced.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
