//! One direction of one stream: bytes under way and bytes that have arrived.

use std::collections::VecDeque;
use std::task::Waker;

use papermesh_sim_clock::Nanos;

/// Bytes of a stream that may be under way or unread: Yamux' window.
pub(crate) const WINDOW: usize = 256 * 1024;

/// What one side of a stream receives.
#[derive(Default)]
pub(crate) struct Inbox {
    /// Messages under way, with the time at which each was sent.
    flying: VecDeque<(Nanos, Vec<u8>)>,
    /// What has arrived and was not read.
    arrived: VecDeque<u8>,
    /// Bytes in both.
    held: usize,
    /// The other side will send nothing more, and all of it has arrived.
    pub(crate) ended: bool,
    /// Whether this side knows of the stream; the side that opened it does from the start.
    pub(crate) begun: bool,
    pub(crate) reader: Option<Waker>,
    /// Who waits for room to send more.
    pub(crate) writer: Option<Waker>,
}

impl Inbox {
    pub(crate) fn room(&self) -> usize {
        WINDOW.saturating_sub(self.held)
    }

    /// Sends bytes. Returns whether they make a message of their own; if not, they travel with the one that was sent at
    /// this very time.
    pub(crate) fn send(&mut self, now: Nanos, bytes: &[u8]) -> bool {
        self.held += bytes.len();
        match self.flying.back_mut() {
            Some((sent, message)) if *sent == now => {
                message.extend_from_slice(bytes);
                false
            }
            _ => {
                self.flying.push_back((now, bytes.to_vec()));
                true
            }
        }
    }

    /// The oldest message under way arrives. Returns its length and its first eight bytes.
    pub(crate) fn arrive(&mut self) -> (usize, u64) {
        let Some((_, message)) = self.flying.pop_front() else {
            return (0, 0);
        };
        let mut first = [0; 8];
        let shown = message.len().min(8);
        first[..shown].copy_from_slice(&message[..shown]);
        self.arrived.extend(&message);
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
        (message.len(), u64::from_le_bytes(first))
    }

    pub(crate) fn end(&mut self) {
        self.ended = true;
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }

    /// Reads what has arrived. None: nothing yet.
    pub(crate) fn read(&mut self, into: &mut [u8]) -> Option<usize> {
        let (front, back) = self.arrived.as_slices();
        let from = if front.is_empty() { back } else { front };
        if from.is_empty() {
            return self.ended.then_some(0);
        }
        let read = from.len().min(into.len());
        into[..read].copy_from_slice(&from[..read]);
        self.arrived.drain(..read);
        if self.arrived.is_empty() {
            // Ten thousand nodes keep many streams; none keeps the room of its largest message.
            self.arrived = VecDeque::new();
        }
        self.held -= read;
        if let Some(writer) = self.writer.take() {
            writer.wake();
        }
        Some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_at_one_time_travels_together_and_in_order() {
        let mut inbox = Inbox::default();
        assert!(inbox.send(1, b"ab"));
        assert!(!inbox.send(1, b"cd"));
        assert!(inbox.send(2, b"ef"));
        let mut read = [0; 8];
        assert_eq!(inbox.read(&mut read), None);
        assert_eq!(inbox.arrive().0, 4);
        assert_eq!(inbox.read(&mut read), Some(4));
        assert_eq!(&read[..4], b"abcd");
        assert_eq!(inbox.room(), WINDOW - 2);
        inbox.arrive();
        inbox.end();
        assert_eq!(inbox.read(&mut read[..1]), Some(1));
        assert_eq!(inbox.read(&mut read[..1]), Some(1));
        assert_eq!(inbox.read(&mut read), Some(0));
        assert_eq!(inbox.room(), WINDOW);
    }
}
