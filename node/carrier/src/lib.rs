//! A stream of bytes whose bytes go in requests and answers, whatever becomes of those.
//!
//! This crate may know offsets ([`papermesh_protocol::gateway::carrier`]) and waiting. It may not know HTTP, TLS, sockets or
//! pipes: whoever makes requests or answers them asks here what to put into the next one.
//!
//! [`carrier`] makes the two halves of one end: [`Stream`], which a pipe reads and writes, and [`Exchange`], which
//! fills and empties requests and answers. A door and its gateway have one end each. Either half holds no more
//! than its window: a writer waits until the other end has what was written before, and nothing more is
//! taken than the reader has room for.
#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use papermesh_protocol::gateway::carrier::{Incoming, OffsetError, Outgoing};
use papermesh_protocol::limits;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;

/// Makes one end of a carrier. `room` is how many bytes wait for the reader at most.
#[must_use]
pub fn carrier(room: usize) -> (Stream, Exchange) {
    let end = Arc::new(End {
        state: Mutex::new(State {
            outgoing: Outgoing::default(),
            incoming: Incoming::default(),
            arrived: VecDeque::new(),
            room,
            is_closed: false,
            broken: None,
            reader: None,
            writer: None,
        }),
        changed: watch::Sender::new(()),
    });
    (Stream(Arc::clone(&end)), Exchange(end))
}

#[derive(Debug)]
struct End {
    state: Mutex<State>,
    /// Told whenever something changed that the exchange's half may wait for.
    changed: watch::Sender<()>,
}

#[derive(Debug)]
struct State {
    outgoing: Outgoing,
    incoming: Incoming,
    /// What came and was not read yet.
    arrived: VecDeque<u8>,
    /// The most of that.
    room: usize,
    /// The stream was closed or dropped: nobody reads or writes any more.
    is_closed: bool,
    /// Why no further request or answer comes.
    broken: Option<String>,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl End {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        // Nobody reads it any more.
        state.arrived = VecDeque::new();
        drop(state);
        self.changed.send_replace(());
    }
}

impl State {
    fn broken(&self) -> Option<io::Error> {
        let why = self.broken.as_ref()?;
        Some(io::Error::new(io::ErrorKind::BrokenPipe, why.clone()))
    }

    fn free(&self) -> usize {
        self.room.saturating_sub(self.arrived.len())
    }

    fn is_over(&self) -> bool {
        let is_said = self.outgoing.end() == self.outgoing.confirmed();
        self.is_closed && (is_said || self.broken.is_some())
    }

    /// Takes as much of a body as there is room for, and says whether that was all. Of a closed stream it is: nobody
    /// reads from it any more, so nothing is kept.
    fn take(&mut self, from: u64, body: &[u8]) -> Result<bool, OffsetError> {
        if self.is_closed {
            let _ = self.incoming.receive(from, body)?;
            return Ok(true);
        }
        let had = self.incoming.has().saturating_sub(from);
        let had = usize::try_from(had).unwrap_or(usize::MAX);
        let end = had.saturating_add(self.free()).min(body.len());
        let new = self.incoming.receive(from, &body[..end])?;
        self.arrived.extend(new);
        wake(&mut self.reader);
        Ok(end == body.len())
    }
}

fn wake(waiting: &mut Option<Waker>) {
    if let Some(waiting) = waiting.take() {
        waiting.wake();
    }
}

/// What a pipe reads and writes. Whoever drops it closes the carrier: what was written still goes out.
#[derive(Debug)]
pub struct Stream(Arc<End>);

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut state = self.0.state();
        if !state.arrived.is_empty() {
            let (first, _) = state.arrived.as_slices();
            let taken = first.len().min(buffer.remaining());
            buffer.put_slice(&first[..taken]);
            state.arrived.drain(..taken);
            if state.arrived.is_empty() {
                // An idle pipe keeps no memory: there are thousands of them.
                state.arrived = VecDeque::new();
            }
            drop(state);
            self.0.changed.send_replace(());
            return Poll::Ready(Ok(()));
        }
        if let Some(error) = state.broken() {
            return Poll::Ready(Err(error));
        }
        state.reader = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut state = self.0.state();
        if let Some(error) = state.broken() {
            return Poll::Ready(Err(error));
        }
        if state.is_closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let taken = state.outgoing.push(bytes);
        if taken == 0 && !bytes.is_empty() {
            state.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        drop(state);
        self.0.changed.send_replace(());
        Poll::Ready(Ok(taken))
    }

    /// What was written goes with the next request or answer, whoever waits for it.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Ends both directions: no pipe needs one without the other.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.close();
        Poll::Ready(Ok(()))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// What requests and answers are filled from and emptied into; cheap to clone.
#[derive(Clone, Debug)]
pub struct Exchange(Arc<End>);

impl Exchange {
    /// What a body is to have: where it begins, and at most `chunk` bytes from there on.
    #[must_use]
    pub fn body(&self, chunk: usize) -> (u64, Vec<u8>) {
        let state = self.0.state();
        let (from, bytes) = state.outgoing.pending(state.outgoing.confirmed(), chunk);
        (from, bytes.to_vec())
    }

    /// Where a body would begin now.
    #[must_use]
    pub fn confirmed(&self) -> u64 {
        self.0.state().outgoing.confirmed()
    }

    /// How many bytes came, to be told to the other end.
    #[must_use]
    pub fn has(&self) -> u64 {
        self.0.state().incoming.has()
    }

    /// Takes what the other end says that it has, and the body, which begins at `from`. Says whether there was room
    /// for all of it: the other end sends the rest again.
    ///
    /// # Errors
    /// [`OffsetError`] if the ends do not agree, after which the carrier is of no use.
    pub fn take(&self, confirmed: u64, from: u64, body: &[u8]) -> Result<bool, OffsetError> {
        let mut state = self.0.state();
        let before = state.outgoing.room();
        state.outgoing.acknowledge(confirmed)?;
        if state.outgoing.room() > before {
            wake(&mut state.writer);
        }
        if body.len() > limits::PIPE_WINDOW {
            return Err(OffsetError::TooLong(body.len()));
        }
        let is_whole = state.take(from, body)?;
        drop(state);
        self.0.changed.send_replace(());
        Ok(is_whole)
    }

    /// Waits until there is something to send, or the stream was closed.
    pub async fn news(&self) {
        self.until(|state| state.is_closed || state.outgoing.end() > state.outgoing.confirmed())
            .await;
    }

    /// Waits until the reader has room for so many bytes or for any at all, whichever is less, or the stream was closed.
    pub async fn room(&self, bytes: usize) {
        self.until(|state| state.is_closed || state.free() >= bytes.min(state.room))
            .await;
    }

    /// Waits until the stream was closed.
    pub async fn closed(&self) {
        self.until(|state| state.is_closed).await;
    }

    /// Whether the stream was closed and the other end has all that was written, or gets no more: nothing is left to
    /// do.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0.state().is_over()
    }

    /// Waits until nothing is left to do.
    pub async fn over(&self) {
        self.until(State::is_over).await;
    }

    /// Tells the stream that no further request or answer comes, and why.
    pub fn fail(&self, why: String) {
        let mut state = self.0.state();
        state.broken.get_or_insert(why);
        wake(&mut state.reader);
        wake(&mut state.writer);
        drop(state);
        self.0.changed.send_replace(());
    }

    async fn until(&self, holds: impl Fn(&State) -> bool) {
        let mut changed = self.0.changed.subscribe();
        while !holds(&self.0.state()) {
            // Its sender lives as long as this.
            if changed.changed().await.is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::timeout;

    use super::*;

    const ROOM: usize = 1000;
    const SOON: Duration = Duration::from_secs(20);

    /// One request and its answer, of which either may be lost.
    fn exchange(door: &Exchange, gateway: &Exchange, (asked, answered): (bool, bool)) {
        let (up, request) = door.body(700);
        if !asked {
            return;
        }
        let _ = gateway.take(door.has(), up, &request).unwrap();
        let (down, answer) = gateway.body(700);
        if answered {
            let _ = door.take(gateway.has(), down, &answer).unwrap();
        }
    }

    #[tokio::test]
    async fn what_is_written_is_read_though_requests_and_answers_are_lost() {
        let ((mut here, door), (mut there, gateway)) = (carrier(ROOM), carrier(ROOM));
        let sent: Vec<u8> = (0..50_000_u32).flat_map(u32::to_be_bytes).collect();
        let (up, down) = (sent.clone(), sent.clone());
        let writing = async {
            here.write_all(&up).await.unwrap();
            let mut came = vec![0; down.len()];
            here.read_exact(&mut came).await.unwrap();
            came
        };
        let reading = async {
            let mut came = vec![0; up.len()];
            there.read_exact(&mut came).await.unwrap();
            there.write_all(&down).await.unwrap();
            came
        };
        let asking = async {
            for n in 0_u32.. {
                exchange(&door, &gateway, (n % 3 != 0, n % 5 != 0));
                tokio::task::yield_now().await;
            }
        };
        let both = async { tokio::join!(writing, reading) };
        let (first, second) = timeout(SOON, async {
            tokio::select! {
                both = both => both,
                () = asking => unreachable!(),
            }
        })
        .await
        .unwrap();
        assert!(first == sent && second == sent);
    }

    #[tokio::test]
    async fn nothing_is_taken_that_the_reader_has_no_room_for() {
        let (mut stream, exchange) = carrier(ROOM);
        assert!(!exchange.take(0, 0, &[1; ROOM + 1]).unwrap());
        assert_eq!(exchange.has(), ROOM as u64);
        // The rest comes again, with what is there already before it.
        assert!(!exchange.take(0, 500, &[1; ROOM]).unwrap());
        assert_eq!(exchange.has(), ROOM as u64);
        stream.read_exact(&mut [0; ROOM]).await.unwrap();
        timeout(SOON, exchange.room(10 * ROOM)).await.unwrap();
        assert!(exchange.take(0, 500, &[1; ROOM]).unwrap());
        assert_eq!(exchange.has(), 1500);
        // A writer waits for the other end.
        let much = vec![0; limits::PIPE_WINDOW];
        stream.write_all(&much).await.unwrap();
        let waits = timeout(Duration::ZERO, stream.write_all(b"more")).await;
        assert!(waits.is_err());
        assert!(exchange.take(0, 3000, b"").is_err());
        assert!(
            exchange
                .take(limits::PIPE_WINDOW as u64 + 1, 1500, b"")
                .is_err()
        );
    }

    #[tokio::test]
    async fn what_was_written_goes_out_after_the_stream_is_gone() {
        let (mut stream, exchange) = carrier(ROOM);
        stream.write_all(b"refused").await.unwrap();
        drop(stream);
        timeout(SOON, exchange.closed()).await.unwrap();
        timeout(SOON, exchange.news()).await.unwrap();
        assert!(!exchange.is_over());
        assert_eq!(exchange.body(100), (0, b"refused".to_vec()));
        // Whatever comes still goes nowhere.
        assert!(exchange.take(7, 0, b"who cares").unwrap());
        assert!(exchange.is_over());

        // Nor does it wait behind what nobody has read.
        let (stream, exchange) = carrier(10);
        assert!(exchange.take(0, 0, &[1; 10]).unwrap());
        assert!(!exchange.take(0, 10, b"x").unwrap());
        drop(stream);
        assert!(exchange.take(0, 10, b"x").unwrap());
        assert_eq!(exchange.has(), 11);

        let (mut stream, exchange) = carrier(ROOM);
        assert!(exchange.take(0, 0, b"last words").unwrap());
        exchange.fail("the network is gone".to_owned());
        stream.read_exact(&mut [0; 10]).await.unwrap();
        let error = stream.read(&mut [0]).await.unwrap_err();
        assert_eq!(error.to_string(), "the network is gone");
        assert!(stream.write(b"more").await.is_err());
        let (mut stream, exchange) = carrier(ROOM);
        stream.write_all(b"nobody hears it").await.unwrap();
        exchange.fail("the door left".to_owned());
        assert!(!exchange.is_over());
        drop(stream);
        timeout(SOON, exchange.over()).await.unwrap();
    }
}
