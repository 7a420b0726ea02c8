//! A connection over TCP.

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::DialError;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// Connects to a host.
pub(super) async fn open(host: &str, port: u16) -> io::Result<TcpStream> {
    let connected = timeout(CONNECT, TcpStream::connect((host, port))).await;
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
