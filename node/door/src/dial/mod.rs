//! A pipe to a gateway, by whatever carries its bytes out of this network.
//!
//! - `tcp`: to the gateway's port for pipes, with nothing between
//! - `tls`: to port 443, as browsers do; `proxy`: through an HTTP proxy, where one is to be used
//! - `https`: in requests, where nothing else comes through
//! - `choose`: which of them is tried when
//!
//! None of them has to be trusted: the pipe inside is Noise, pinned to the gateway's key.

mod choose;
mod https;
mod proxy;
pub(crate) mod tcp;
pub(crate) mod tls;

use std::borrow::Cow;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use papermesh_pipe::{Pipe, PipeError, dial};
use papermesh_protocol::gateway::contract::Gateway;
use papermesh_protocol::gateway::message::{Hello, Welcome};
use papermesh_protocol::remedy::Remedy;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::status::Carrier;

pub(crate) use choose::{Failed, Memory, better, pipe};
pub(crate) use https::Line;
pub use proxy::{Proxy, ProxyError, ProxyTextError};

/// How bytes may leave this network.
#[derive(Clone, Debug)]
pub struct Ways {
    /// The proxy through which TLS goes; none if it goes by itself. TCP to the gateway's own port is tried all the
    /// same.
    pub proxy: Option<Arc<Proxy>>,
    /// The gateways' port for TLS: 443, which networks let out.
    pub tls_port: u16,
}

impl Default for Ways {
    fn default() -> Self {
        Self {
            proxy: None,
            tls_port: 443,
        }
    }
}

/// Why there is no pipe by one carrier.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialError {
    /// The gateway cannot be reached.
    #[error("cannot reach {domain}, port {port}: {source}")]
    Unreachable {
        domain: String,
        port: u16,
        source: io::Error,
    },
    /// The proxy does not let it through.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// There is no TLS.
    #[error("no TLS with {domain}: {source}")]
    Tls { domain: String, source: io::Error },
    /// There is, and it ends somewhere else.
    #[error("TLS with {domain} is answered by somebody who knows no pipes")]
    Inspected { domain: String },
    /// Requests do not get through.
    #[error(transparent)]
    Https(#[from] https::HttpsError),
    /// The gateway was reached, and there is no pipe.
    #[error(transparent)]
    Pipe(#[from] PipeError),
}

impl DialError {
    /// Whether the gateway itself decided: by whichever way it is asked, it says the same.
    fn is_final(&self) -> bool {
        matches!(self, Self::Pipe(PipeError::Refused(_) | PipeError::Key))
    }
}

/// Whether somebody answers TLS at a name; nothing is said to whoever it is.
pub(crate) async fn is_answered(ways: &Ways, name: &str) -> bool {
    tls::connect(ways, name, tls::HTTP).await.is_ok()
}

impl Remedy for DialError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Unreachable { port, .. } => {
                Some(format!("let this computer connect to that name and TCP port {port}").into())
            }
            Self::Proxy(error) => error.remedy(),
            Self::Tls { .. } | Self::Inspected { .. } => None,
            Self::Https(error) => error.remedy(),
            Self::Pipe(error) => error.remedy(),
        }
    }
}

/// A stream to a gateway, of whatever kind.
pub(crate) trait Connection: AsyncRead + AsyncWrite + Unpin + Send {}
impl<C: AsyncRead + AsyncWrite + Unpin + Send> Connection for C {}

/// Who dials which gateway, by which ways.
#[derive(Clone, Copy)]
pub(crate) struct Dialer<'a> {
    pub(crate) gateway: &'a Gateway,
    pub(crate) ways: &'a Ways,
    pub(crate) seed: &'a [u8; 32],
    pub(crate) hello: &'a Hello,
}

/// A pipe that stands.
pub(crate) struct Stands {
    pub(crate) pipe: Pipe,
    pub(crate) welcome: Welcome,
    /// What carries it.
    pub(crate) line: Line,
    /// What the gateway was told.
    pub(crate) said: Hello,
}

impl Dialer<'_> {
    /// Dials by one carrier; says when the gateway was reached, which may be long before the pipe stands.
    async fn by(&self, carrier: Carrier, reached: &AtomicBool) -> Result<Stands, DialError> {
        let domain = self.gateway.domain.to_string();
        match carrier {
            Carrier::Tcp => {
                let stream = tcp::connect(&domain, self.gateway.port).await?;
                reached.store(true, Ordering::Relaxed);
                self.over(stream, Line::of(carrier)).await
            }
            Carrier::Tls => {
                let stream = tls::connect(self.ways, &domain, tls::PIPE).await?;
                reached.store(true, Ordering::Relaxed);
                self.over(stream, Line::of(carrier)).await
            }
            Carrier::Https | Carrier::HttpsPolling => {
                let (stream, line) = https::open(self.ways, &domain, carrier).await?;
                reached.store(true, Ordering::Relaxed);
                self.over(stream, line).await
            }
        }
    }

    async fn over<C>(&self, stream: C, line: Line) -> Result<Stands, DialError>
    where
        C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (pipe, welcome) = dial(stream, self.seed, self.gateway.key, self.hello).await?;
        Ok(Stands {
            pipe,
            welcome,
            line,
            said: self.hello.clone(),
        })
    }
}
