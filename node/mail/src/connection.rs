//! A stream to a mail server, in clear or in TLS, with a limit to what the server may say.
//!
//! The libraries that speak IMAP and SMTP keep what they did not understand yet. So what they are given ends once the
//! server has said more than is expected of it; whoever asks for more says so with [`Meter::allow`].

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use crate::account::{Account, Security};
use crate::error::MailError;
use crate::trust::Trust;

/// How long it may take until a connection is there, TLS included.
const CONNECT: Duration = Duration::from_secs(15);
/// How long a server may take for any answer.
pub(crate) const ANSWER: Duration = Duration::from_secs(30);
/// What a server may say until a log-in is over.
const GREETING: usize = 64 * 1024;

/// How much a server may say still, in bytes as they come, TLS included.
#[derive(Clone, Debug)]
pub(crate) struct Meter(Arc<AtomicUsize>);

impl Meter {
    /// From now on that much is expected, whatever was left.
    pub(crate) fn allow(&self, bytes: usize) {
        self.0.store(bytes, Ordering::Relaxed);
    }
}

/// A stream whose reads end where its meter does.
#[derive(Debug)]
pub(crate) struct Metered<S> {
    stream: S,
    meter: Meter,
}

/// A stream to a mail server.
#[derive(Debug)]
pub(crate) enum Connection {
    /// In clear.
    Clear(Metered<TcpStream>),
    /// In TLS.
    Tls(Box<TlsStream<Metered<TcpStream>>>),
}

/// Connects to the account's server, and begins TLS where that is there from the first byte on.
///
/// # Errors
/// [`MailError::Unreachable`], [`MailError::Silent`], [`MailError::Tls`], [`MailError::InClear`].
pub(crate) async fn connect(
    account: &Account,
    port: u16,
    trust: &Trust,
) -> Result<(Connection, Meter), MailError> {
    let at = account.at(port);
    let connecting = async {
        let unreachable = |source| MailError::Unreachable {
            server: at.clone(),
            source,
        };
        let host = (account.server.as_str(), account.port.unwrap_or(port));
        let addresses: Vec<SocketAddr> = lookup_host(host).await.map_err(unreachable)?.collect();
        // What is looked at is what is connected to: a name may have another address a moment later.
        if account.security == Security::None
            && !addresses.iter().all(|address| is_here(address.ip()))
        {
            return Err(MailError::InClear(account.server.clone()));
        }
        let stream = TcpStream::connect(&addresses[..])
            .await
            .map_err(unreachable)?;
        let meter = Meter(Arc::new(AtomicUsize::new(GREETING)));
        let clear = Metered {
            stream,
            meter: meter.clone(),
        };
        let connection = match account.security {
            Security::Tls => {
                Connection::Tls(Box::new(trust.begin(&account.server, &at, clear).await?))
            }
            Security::StartTls | Security::None => Connection::Clear(clear),
        };
        Ok((connection, meter))
    };
    timeout(CONNECT, connecting)
        .await
        .unwrap_or_else(|_| Err(MailError::Silent(at.clone())))
}

impl Connection {
    /// Begins TLS on a connection in clear.
    ///
    /// # Errors
    /// [`MailError::Tls`], [`MailError::Silent`].
    pub(crate) async fn secure(
        self,
        account: &Account,
        port: u16,
        trust: &Trust,
    ) -> Result<Self, MailError> {
        let at = account.at(port);
        match self {
            Self::Tls(_) => Ok(self),
            Self::Clear(clear) => {
                let securing = trust.begin(&account.server, &at, clear);
                let tls = timeout(CONNECT, securing)
                    .await
                    .map_err(|_| MailError::Silent(at.clone()))??;
                Ok(Self::Tls(Box::new(tls)))
            }
        }
    }
}

fn is_here(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

impl Metered<TcpStream> {
    /// Reads to the end of a line and no further: what somebody between puts behind the answer to STARTTLS must not wait
    /// in a library's buffer, where it would pass for something that was said inside TLS.
    fn poll_read_line(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut seen = [0; 1024];
        let mut seen = ReadBuf::new(&mut seen);
        ready!(self.stream.poll_peek(cx, &mut seen))?;
        let seen = seen.filled();
        let end = seen.iter().position(|byte| *byte == b'\n');
        let most = end.map_or(seen.len(), |end| end + 1);
        // At the end of the stream there is nothing to see: it is read to be told so.
        let most = most.max(1).min(buf.remaining());
        let mut part = ReadBuf::new(buf.initialize_unfilled_to(most));
        ready!(Pin::new(self).poll_read(cx, &mut part))?;
        let filled = part.filled().len();
        buf.advance(filled);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let left = self.meter.0.load(Ordering::Relaxed);
        if left == 0 {
            let error = io::Error::new(io::ErrorKind::InvalidData, "the server says too much");
            return Poll::Ready(Err(error));
        }
        let most = left.min(buf.remaining());
        let mut part = ReadBuf::new(buf.initialize_unfilled_to(most));
        let read = Pin::new(&mut self.stream).poll_read(cx, &mut part);
        let filled = part.filled().len();
        buf.advance(filled);
        self.meter.0.store(left - filled, Ordering::Relaxed);
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
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

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Clear(stream) => stream.poll_read_line(cx, buf),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Clear(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Clear(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Clear(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(cx),
        }
    }
}

impl AsyncTokioStream for Connection {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Clear(stream) => stream.stream.peer_addr(),
            Self::Tls(stream) => stream.get_ref().0.stream.peer_addr(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn what_comes_behind_a_line_in_clear_stays_outside() {
        let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(server.local_addr().unwrap())
            .await
            .unwrap();
        let (mut far, _) = server.accept().await.unwrap();
        far.write_all(b"220 go ahead\r\n250 AUTH PLAIN\r\n")
            .await
            .unwrap();
        drop(far);
        let mut stream = Connection::Clear(Metered {
            stream,
            meter: Meter(Arc::new(AtomicUsize::new(1024))),
        });
        let mut bytes = [0; 64];
        for line in ["220 go ahead\r\n", "250 AUTH PLAIN\r\n", ""] {
            let read = stream.read(&mut bytes).await.unwrap();
            assert_eq!(&bytes[..read], line.as_bytes());
        }
    }

    #[tokio::test]
    async fn a_server_that_says_too_much_is_not_heard() {
        let meter = Meter(Arc::new(AtomicUsize::new(5)));
        let mut stream = Metered {
            stream: &b"hello, world"[..],
            meter: meter.clone(),
        };
        let mut bytes = [0; 16];
        assert_eq!(stream.read(&mut bytes).await.unwrap(), 5);
        assert_eq!(&bytes[..5], b"hello");
        assert!(stream.read(&mut bytes).await.is_err());
        meter.allow(100);
        assert_eq!(stream.read(&mut bytes).await.unwrap(), 7);
    }
}
