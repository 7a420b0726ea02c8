//! A connection over TCP.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::DialError;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// Connects to a host.
pub(super) async fn open(host: &str, port: u16) -> io::Result<TcpStream> {
    connected(TcpStream::connect((host, port))).await
}

async fn connected(
    connecting: impl Future<Output = io::Result<TcpStream>>,
) -> io::Result<TcpStream> {
    let connected = timeout(CONNECT, connecting).await;
    let stream = connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
    drop(stream.set_nodelay(true));
    Ok(stream)
}

/// Connects to a gateway.
pub(super) async fn connect(domain: &str, port: u16) -> Result<TcpStream, DialError> {
    open(domain, port)
        .await
        .map_err(|source| DialError::Unreachable {
            domain: domain.to_owned(),
            port,
            source,
        })
}

/// Connects to a host that is at one of these addresses.
pub(crate) async fn connect_at(
    host: &str,
    addresses: &[SocketAddr],
) -> Result<TcpStream, DialError> {
    connected(TcpStream::connect(addresses))
        .await
        .map_err(|source| DialError::Unreachable {
            domain: host.to_owned(),
            port: addresses.first().map_or(0, SocketAddr::port),
            source,
        })
}
