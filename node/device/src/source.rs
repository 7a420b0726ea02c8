//! The document on its way to a device: read piece by piece, watched for stalls and for its length.
//!
//! Lives here: reading the caller's stream with one buffer's worth of memory. Not here: where the
//! pieces go.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio_util::bytes::{Bytes, BytesMut};

/// Largest piece read at once, in bytes; about four are in memory at any time.
pub(super) const PIECE: usize = 128 * 1024;

/// How long the document's stream may give nothing before the print is taken back. The stream is a
/// connection to the job's holder, which resumes on its own much sooner.
pub(super) const SOURCE_STALL: Duration = Duration::from_secs(120);

/// A document's stream with the length it should have.
pub(super) struct Source<R> {
    reader: R,
    expected: Option<u64>,
    taken: u64,
    stall: Duration,
    buffer: BytesMut,
    /// What was read ahead.
    held: VecDeque<Bytes>,
    /// What was read ahead is all.
    whole: bool,
}

/// Why a document cannot be held until its length is known.
#[derive(Debug)]
pub(super) enum HoldFault {
    /// Its stream gives no more.
    Source(SourceFault),
    /// It is longer than so many bytes.
    TooLong(u64),
}

/// Why a document's stream gives no more.
#[derive(Debug)]
pub(super) enum SourceFault {
    /// It broke, or is not as long as was said.
    Broke(io::Error),
    /// It gave nothing for this long.
    Stalled(Duration),
}

impl<R: AsyncRead + Unpin> Source<R> {
    pub(super) fn new(reader: R, expected: Option<u64>, stall: Duration) -> Self {
        Self {
            reader,
            expected,
            taken: 0,
            stall,
            buffer: BytesMut::new(),
            held: VecDeque::new(),
            whole: false,
        }
    }

    /// Reads it to its end, which must come within `most` bytes, so that its length is known.
    pub(super) async fn hold(&mut self, most: u64) -> Result<(), HoldFault> {
        let mut length = 0;
        while let Some(piece) = self.read().await.map_err(HoldFault::Source)? {
            length += piece.len() as u64;
            if length > most {
                return Err(HoldFault::TooLong(most));
            }
            self.held.push_back(piece);
        }
        (self.expected, self.whole) = (Some(length), true);
        Ok(())
    }

    /// Its first bytes, at least `least` of them unless it is shorter; they come again.
    pub(super) async fn beginning(&mut self, least: usize) -> Result<Vec<u8>, SourceFault> {
        let mut beginning: Vec<u8> = self.held.iter().flatten().copied().take(least).collect();
        while beginning.len() < least && !self.whole {
            let Some(piece) = self.read().await? else {
                self.whole = true;
                break;
            };
            beginning.extend_from_slice(&piece);
            self.held.push_back(piece);
        }
        Ok(beginning)
    }

    /// How long it is, where that is known beforehand.
    pub(super) const fn length(&self) -> Option<u64> {
        self.expected
    }

    /// The next piece; `None` at the document's end, which is only an end if the length is right.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, SourceFault> {
        match self.held.pop_front() {
            None if !self.whole => self.read().await,
            held => Ok(held),
        }
    }

    async fn read(&mut self) -> Result<Option<Bytes>, SourceFault> {
        self.buffer.reserve(PIECE);
        let read = tokio::time::timeout(self.stall, self.reader.read_buf(&mut self.buffer));
        let count = match read.await {
            Err(_) => return Err(SourceFault::Stalled(self.stall)),
            Ok(Err(error)) => return Err(SourceFault::Broke(error)),
            Ok(Ok(count)) => count,
        };
        self.taken += count as u64;
        match self.expected {
            Some(expected) if self.taken > expected => Err(SourceFault::Broke(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("the document is longer than the {expected} bytes announced"),
            ))),
            Some(expected) if count == 0 && self.taken < expected => {
                Err(SourceFault::Broke(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    format!(
                        "the document ended after {} of {expected} bytes",
                        self.taken
                    ),
                )))
            }
            _ if count == 0 => Ok(None),
            _ => Ok(Some(self.buffer.split().freeze())),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use super::{HoldFault, PIECE, SOURCE_STALL, Source, SourceFault};

    async fn whole(mut source: Source<&[u8]>) -> Result<Vec<u8>, SourceFault> {
        let mut bytes = Vec::new();
        while let Some(piece) = source.next().await? {
            assert!(piece.len() <= 2 * PIECE);
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }

    #[tokio::test]
    async fn the_length_announced_is_the_length_demanded() {
        let document = vec![7u8; 3 * PIECE + 5];
        let size = document.len() as u64;
        for right in [None, Some(size)] {
            assert_eq!(
                whole(Source::new(&document[..], right, SOURCE_STALL))
                    .await
                    .unwrap(),
                document
            );
        }
        for wrong in [0, size - 1, size + 1] {
            let result = whole(Source::new(&document[..], Some(wrong), SOURCE_STALL)).await;
            assert!(matches!(result, Err(SourceFault::Broke(_))), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_document_that_is_held_has_a_length_and_is_the_same() {
        let document = vec![7u8; 3 * PIECE + 5];
        let most = document.len() as u64;
        let mut source = Source::new(&document[..], None, SOURCE_STALL);
        source.hold(most).await.unwrap();
        assert_eq!(source.length(), Some(most));
        assert_eq!(whole(source).await.unwrap(), document);
        let held = Source::new(&document[..], None, SOURCE_STALL)
            .hold(most - 1)
            .await;
        assert!(matches!(held, Err(HoldFault::TooLong(_))));
    }

    #[tokio::test]
    async fn what_was_looked_at_comes_again() {
        for length in [0usize, 3, 2000, 3 * PIECE] {
            let document: Vec<u8> = (0..length).map(|n| n.to_le_bytes()[0]).collect();
            let size = Some(length as u64);
            let mut source = Source::new(&document[..], size, SOURCE_STALL);
            let beginning = source.beginning(1024).await.unwrap();
            assert!(beginning.len() >= length.min(1024));
            assert!(document.starts_with(&beginning));
            assert_eq!(whole(source).await.unwrap(), document);
        }
    }

    #[tokio::test]
    async fn a_stream_that_gives_nothing_is_given_up() {
        let (_silent, reader) = tokio::io::duplex(16);
        let mut source = Source::new(reader, None, Duration::from_millis(1));
        assert!(matches!(source.next().await, Err(SourceFault::Stalled(_))));
    }
}
