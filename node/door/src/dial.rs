//! A pipe to a gateway, over TCP.

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use papermesh_pipe::{Pipe, PipeError, dial};
use papermesh_protocol::gateway::contract::Gateway;
use papermesh_protocol::gateway::message::{Hello, Welcome};
use papermesh_protocol::remedy::Remedy;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// Why there is no pipe.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialError {
    /// The gateway cannot be reached.
    #[error("cannot reach {domain}, port {port}: {source}")]
    Unreachable {
        domain: String,
        port: u16,
        source: io::Error,
    },
    /// It was reached, and there is no pipe.
    #[error(transparent)]
    Pipe(#[from] PipeError),
}

impl Remedy for DialError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Unreachable { port, .. } => {
                Some(format!("let this computer connect to that name and TCP port {port}").into())
            }
            Self::Pipe(error) => error.remedy(),
        }
    }
}

/// Dials a gateway.
pub(crate) async fn pipe(
    gateway: &Gateway,
    seed: &[u8; 32],
    hello: &Hello,
) -> Result<(Pipe, Welcome), DialError> {
    let domain = gateway.domain.to_string();
    let connected = timeout(CONNECT, TcpStream::connect((domain.as_str(), gateway.port))).await;
    let connected = connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    let stream = connected.map_err(|source| DialError::Unreachable {
        domain,
        port: gateway.port,
        source,
    })?;
    drop(stream.set_nodelay(true));
    Ok(dial(stream, seed, gateway.key, hello).await?)
}
