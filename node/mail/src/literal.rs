//! Refuses what an IMAP server announces and nobody wants.
//!
//! A server says how long a *literal* is before it sends it: `{65536}` at the end of a line (RFC 3501 §4.3). The library
//! makes room for as much as is said, half a gigabyte at most. So what it reads is looked at first.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The longest literal that is let through, in bytes.
const LITERAL: u64 = 256 * 1024;

/// A stream from an IMAP server.
#[derive(Debug)]
pub(crate) struct Guarded<S> {
    stream: S,
    at: At,
}

/// Where in what the server says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// In a line.
    Line,
    /// After `{` and so many digits, which are that number.
    Brace(u64),
    /// After `}`,
    Closed(u64),
    /// and `\r`.
    Return(u64),
    /// In a literal, of which so much is to come.
    Literal(u64),
}

impl<S> Guarded<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            at: At::Line,
        }
    }

    pub(crate) fn into_inner(self) -> S {
        self.stream
    }
}

impl At {
    /// Goes on over what was read.
    ///
    /// # Errors
    /// A literal that is too long.
    fn over(mut self, mut bytes: &[u8]) -> io::Result<Self> {
        while let Some((&byte, rest)) = bytes.split_first() {
            if let Self::Literal(left) = self {
                let here = left.min(bytes.len() as u64);
                bytes = bytes.get(here as usize..).unwrap_or_default();
                self = match left - here {
                    0 => Self::Line,
                    left => Self::Literal(left),
                };
                continue;
            }
            bytes = rest;
            self = match (self, byte) {
                (_, b'{') => Self::Brace(0),
                (Self::Brace(number), b'0'..=b'9') => {
                    let digit = u64::from(byte - b'0');
                    Self::Brace(number.saturating_mul(10).saturating_add(digit))
                }
                (Self::Brace(number), b'}') => Self::Closed(number),
                (Self::Closed(number), b'\r') => Self::Return(number),
                (Self::Return(number), b'\n') if number > LITERAL => {
                    return Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        "the server announces too much",
                    ));
                }
                (Self::Return(number @ 1..), b'\n') => Self::Literal(number),
                _ => Self::Line,
            };
        }
        Ok(self)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        let new = buf.filled().get(before..).unwrap_or_default();
        match self.at.over(new) {
            Ok(at) => self.at = at,
            Err(error) => {
                buf.set_filled(before);
                return Poll::Ready(Err(error));
            }
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The same, however it comes in pieces.
    fn at(bytes: &[u8]) -> Option<At> {
        let whole = At::Line.over(bytes).ok();
        for cut in 0..bytes.len() {
            let (first, second) = bytes.split_at(cut);
            let pieces = At::Line.over(first).and_then(|at| at.over(second)).ok();
            assert_eq!(pieces, whole, "cut at {cut}");
        }
        whole
    }

    #[test]
    fn a_literal_that_is_too_long_is_refused() {
        assert_eq!(at(b"* 1 FETCH (BODY[] {536870000}\r\n"), None);
        assert_eq!(at(b"* OK {99999999999999999999999}\r\n"), None);
        assert_eq!(at(b"* 1 FETCH (BODY[] {{536870000}\r\n"), None);
        assert_eq!(at(b"* 1 FETCH (BODY[] {5}\r\n"), Some(At::Literal(5)));
        assert_eq!(at(b"* 1 FETCH (BODY[] {0}\r\n)\r\n"), Some(At::Line));
    }

    #[test]
    fn what_stands_in_a_mail_announces_nothing() {
        let mail = b"{536870000}\r\n";
        let said = [&b"* 1 FETCH (BODY[] {13}\r\n"[..], mail, b")\r\n"].concat();
        assert_eq!(at(&said), Some(At::Line));
        assert_eq!(at(b"* OK {536870000} and more\r\n"), Some(At::Line));
    }
}
