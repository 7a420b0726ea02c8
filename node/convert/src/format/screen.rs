//! Watching a document as it goes by. Commands of printers may come long after its beginning.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use papermesh_protocol::remedy::Remedy;
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

use super::sniff::{Foreign, HEAD, check, is_written};
use super::{TEXT, named};

/// What ends a document and begins commands, for printers that understand PJL wherever they are in
/// a stream (the universal exit language).
const EXIT: &[u8] = b"\x1b%-12345X";

/// Looks for what a document of its format cannot have, piece by piece. Every device that takes a
/// document as it is may act on it.
#[derive(Debug, Clone)]
pub struct Watch {
    is_text: bool,
    /// Bytes of [`EXIT`] that the last piece ended with.
    matched: usize,
}

impl Watch {
    /// Watches a document of this format from its beginning.
    #[must_use]
    pub fn new(format: &str) -> Self {
        Self {
            is_text: format == TEXT,
            matched: 0,
        }
    }

    /// Looks at the next piece.
    ///
    /// # Errors
    /// [`Foreign`] if something is in it that does not belong there.
    pub fn look(&mut self, piece: &[u8]) -> Result<(), Foreign> {
        if self.is_text && !piece.iter().copied().all(is_written) {
            return Err(Foreign::NoText);
        }
        let mut rest = piece;
        while !rest.is_empty() {
            // Nothing but its first byte begins it, so that a mismatch begins anew there.
            if self.matched == 0 {
                let Some(at) = memchr::memchr(EXIT[0], rest) else {
                    return Ok(());
                };
                rest = &rest[at..];
            }
            let expected = EXIT[self.matched];
            match rest.split_first() {
                Some((byte, after)) if *byte == expected => {
                    self.matched += 1;
                    rest = after;
                    if self.matched == EXIT.len() {
                        self.matched = 0;
                        return Err(Foreign::Commands);
                    }
                }
                _ => self.matched = 0,
            }
        }
        Ok(())
    }
}

/// A document that goes to a device as it is, watched on its way: it breaks off before the first
/// byte that does not belong into it.
#[derive(Debug)]
pub struct Screened<R> {
    head: io::Cursor<Vec<u8>>,
    rest: R,
    watch: Watch,
}

impl<R: AsyncRead + Unpin> Screened<R> {
    /// Looks at the beginning of a document that is said to be of this format.
    ///
    /// # Errors
    /// The reader's, or a [`Foreign`] in full as [`io::ErrorKind::InvalidData`]. Nothing has gone anywhere.
    pub async fn begin(format: &str, mut document: R) -> io::Result<Self> {
        let mut head = Vec::with_capacity(HEAD);
        (&mut document)
            .take(HEAD as u64)
            .read_to_end(&mut head)
            .await?;
        if named(format).is_none() {
            return Err(told(&Foreign::Unknown));
        }
        check(format, &head).map_err(|foreign| told(&foreign))?;
        let mut watch = Watch::new(format);
        watch.look(&head).map_err(|foreign| told(&foreign))?;
        Ok(Self {
            head: io::Cursor::new(head),
            rest: document,
            watch,
        })
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Screened<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let head = this.head.get_ref().get(this.head.position() as usize..);
        let head = head.unwrap_or_default();
        if !head.is_empty() {
            let taken = head.len().min(buffer.remaining());
            buffer.put_slice(&head[..taken]);
            this.head.set_position(this.head.position() + taken as u64);
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.rest).poll_read(context, buffer))?;
        let piece = &buffer.filled()[before..];
        if let Err(foreign) = this.watch.look(piece) {
            buffer.set_filled(before);
            return Poll::Ready(Err(told(&foreign)));
        }
        Poll::Ready(Ok(()))
    }
}

/// As whoever reads the document hears it: of an error of a stream, only the text arrives.
fn told(foreign: &Foreign) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, foreign.in_full().to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;
    use crate::format::{JPEG, PDF};

    proptest! {
        /// However a document is cut into pieces, commands in it are found, and nothing else is.
        #[test]
        fn commands_are_found_in_whatever_pieces_they_come(
            before in prop::collection::vec(prop::sample::select(EXIT.to_vec()), 0..40),
            has in any::<bool>(),
            after in prop::collection::vec(prop::sample::select(EXIT.to_vec()), 0..40),
            cuts in prop::collection::vec(1usize..20, 1..40),
        ) {
            let exit = if has { EXIT } else { b"" };
            let document = [&before[..], exit, &after[..]].concat();
            let there = document.windows(EXIT.len()).any(|window| window == EXIT);
            let mut watch = Watch::new(PDF);
            let (mut rest, mut found) = (&document[..], false);
            for cut in cuts.into_iter().cycle() {
                if rest.is_empty() || found {
                    break;
                }
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                found = watch.look(piece).is_err();
                rest = after;
            }
            prop_assert_eq!(found, there);
        }
    }

    #[test]
    fn text_stays_text() {
        let mut watch = Watch::new(TEXT);
        watch.look(b"one\ttwo\r\n\x0c").unwrap();
        assert_eq!(watch.look(b"three \x1bE"), Err(Foreign::NoText));
        assert_eq!(Watch::new(JPEG).look(b"\x1bE\0"), Ok(()));
    }

    #[tokio::test]
    async fn a_device_is_given_nothing_that_does_not_belong() {
        let read = async |format, document: &'static [u8]| {
            let mut screened = Screened::begin(format, document).await?;
            let mut out = Vec::new();
            screened.read_to_end(&mut out).await.map(|_| out)
        };
        let pdf = [b"%PDF-1.7\n".as_slice(), &[b'x'; 5000]].concat();
        let pdf: &'static [u8] = pdf.leak();
        assert_eq!(read(PDF, pdf).await.unwrap(), pdf);
        for (format, document) in [
            (PDF, &b"\n%!PS\n%PDF-1.7"[..]),
            (TEXT, b"%!PS"),
            ("application/postscript", b"%!PS"),
            ("application/vnd.hp-pcl", b"\x1bE"),
            (PDF, b""),
        ] {
            let refused = read(format, document).await.unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::InvalidData, "{format}");
        }
        let late = [pdf, EXIT, b"@PJL DEFAULT PASSWORD=1"].concat();
        let mut screened = Screened::begin(PDF, &late[..]).await.unwrap();
        let mut out = Vec::new();
        assert!(screened.read_to_end(&mut out).await.is_err());
        assert!(!out.windows(4).any(|window| window == b"@PJL"));
    }
}
