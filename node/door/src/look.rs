//! Looking at a place as anybody does who prints from outside: which key it shows.
//!
//! Nothing in the first bytes says that a member looks, so a gateway that pretends to be the place has to pretend here,
//! too. It sees an address, though, and the shape of a ClientHello of rustls, in which printing programs differ.
//!
//! Whoever has the domain says in DNS where a name leads. So only addresses of the Internet are looked at, and those that
//! an admin gave a gateway of this network: no member is led to a computer of its own network. Through a proxy, that proxy
//! decides where one may go.

mod global;

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use papermesh_protocol::gateway::name::HostName;
use papermesh_protocol::gateway::sighting::{Seen, Sighting};
use papermesh_protocol::id::KeyDigest;
use rustls::AlertDescription;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::lookup_host;
use tokio::time::timeout;
use x509_parser::parse_x509_certificate;

pub use self::global::is_global;

use crate::dial::{Connection, DialError, Ways, tcp, tls};

/// How long DNS may take.
const LOOKUP: Duration = Duration::from_secs(10);
/// Addresses of one name that are tried.
const ADDRESSES: usize = 4;
/// How long the page may take,
const PAGE: Duration = Duration::from_secs(10);
/// and how much of it is read, in bytes.
const PAGE_MAX: u64 = 64 * 1024;

/// Why nothing was seen: nobody was reached.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// DNS has no address of the name.
    #[error("{name} has no address: {source}")]
    NoAddress {
        /// The name.
        name: HostName,
        /// The cause.
        source: io::Error,
    },
    /// It leads to no computer of the Internet.
    #[error(
        "{name} leads to {address}, which is no address of the Internet and of none of the site's gateways"
    )]
    NotGlobal {
        /// The name.
        name: HostName,
        /// The first of its addresses.
        address: IpAddr,
    },
    /// Nobody answers there, or the proxy lets nobody through.
    #[error("{0}")]
    Unreachable(String),
}

/// Looks at a place, through the proxy if there is one, but at no address that is neither the Internet's nor one of
/// `within`. The other end has the key that is seen.
///
/// # Errors
/// [`LookError`].
pub async fn look(
    ways: &Ways,
    within: &BTreeSet<IpAddr>,
    name: &HostName,
) -> Result<Sighting, LookError> {
    let unreachable = |error: DialError| LookError::Unreachable(error.to_string());
    let connection: Box<dyn Connection> = match tls::tunnel(ways, name.as_str()).await {
        Some(through) => through.map_err(unreachable)?,
        None => {
            let addresses = addresses(name, ways.tls_port, within).await?;
            let connected = tcp::connect_at(name.as_str(), &addresses).await;
            Box::new(connected.map_err(unreachable)?)
        }
    };
    let name = name.clone();
    // As CUPS asks: no ALPN.
    let mut stream = match tls::over(connection, name.as_str(), &[]).await {
        Ok(stream) => stream,
        Err(error) => {
            let seen = no_tls(&error);
            return Ok(Sighting { name, seen });
        }
    };
    let shown = stream.get_ref().1.peer_certificates();
    let seen = shown.and_then(|chain| read(chain.first()?));
    let seen = seen.unwrap_or_else(|| Seen::no_tls("its certificate cannot be read"));
    // A visitor who leaves without a word would be known by that.
    let _ = timeout(PAGE, async {
        let request = format!("GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut page = Vec::new();
        stream.take(PAGE_MAX).read_to_end(&mut page).await
    })
    .await;
    Ok(Sighting { name, seen })
}

/// Where a name leads, as far as one may go there.
async fn addresses(
    name: &HostName,
    port: u16,
    within: &BTreeSet<IpAddr>,
) -> Result<Vec<SocketAddr>, LookError> {
    let looked = timeout(LOOKUP, lookup_host((name.as_str(), port))).await;
    let found: Vec<SocketAddr> = looked
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        .map_err(|source| LookError::NoAddress {
            name: name.clone(),
            source,
        })?
        .collect();
    let may = |at: &&SocketAddr| is_global(at.ip()) || within.contains(&at.ip().to_canonical());
    let allowed: Vec<SocketAddr> = found.iter().filter(may).take(ADDRESSES).copied().collect();
    match (allowed.is_empty(), found.first()) {
        (false, _) => Ok(allowed),
        (true, Some(first)) => Err(LookError::NotGlobal {
            name: name.clone(),
            address: first.ip(),
        }),
        (true, None) => Err(LookError::NoAddress {
            name: name.clone(),
            source: io::ErrorKind::NotFound.into(),
        }),
    }
}

/// What it means that somebody answers and no TLS comes of it.
fn no_tls(error: &io::Error) -> Seen {
    let inner = error.get_ref();
    match inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::AlertReceived(AlertDescription::UnrecognisedName)) => Seen::Closed,
        _ => Seen::no_tls(&error.to_string()),
    }
}

/// What is said of a certificate.
fn read(der: &[u8]) -> Option<Seen> {
    let (_, certificate) = parse_x509_certificate(der).ok()?;
    let issuer = certificate.issuer().to_string();
    Some(Seen::key(key_of(certificate.public_key().raw), &issuer))
}

fn key_of(spki: &[u8]) -> KeyDigest {
    KeyDigest::from_bytes(Sha256::digest(spki).into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;

    /// What is seen where whoever is asked answers with these bytes and hangs up.
    async fn seen(answer: &'static [u8]) -> Result<Seen, LookError> {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ways = Ways {
            proxy: None,
            tls_port: socket.local_addr().unwrap().port(),
        };
        let answering = tokio::spawn(async move {
            let (mut stream, _) = socket.accept().await.unwrap();
            let mut hello = vec![0; 4096];
            assert!(stream.read(&mut hello).await.unwrap() > 0);
            stream.write_all(answer).await.unwrap();
        });
        let name = "localhost".parse().unwrap();
        let within = ["127.0.0.1", "::1"].map(|address| address.parse().unwrap());
        let looked = look(&ways, &within.into(), &name).await;
        drop(answering.await);
        looked.map(|sighting| sighting.seen)
    }

    #[tokio::test]
    async fn who_answers_without_tls_is_told_from_who_is_not_there() {
        let closed = seen(&[21, 3, 3, 0, 2, 2, 112]).await;
        assert!(matches!(closed, Ok(Seen::Closed)), "{closed:?}");
        for answer in [
            // handshake_failure, protocol_version, no TLS at all, nothing at all.
            &[21, 3, 3, 0, 2, 2, 40][..],
            &[21, 3, 3, 0, 2, 2, 70],
            b"SSH-2.0-nobody\r\n",
            b"",
        ] {
            let refused = seen(answer).await;
            assert!(matches!(refused, Ok(Seen::NoTls(_))), "{refused:?}");
        }
    }

    #[tokio::test]
    async fn nobody_is_led_to_a_computer_of_its_own_network() {
        let name: HostName = "localhost".parse().unwrap();
        let looked = look(&Ways::default(), &BTreeSet::new(), &name).await;
        assert!(
            matches!(looked, Err(LookError::NotGlobal { .. })),
            "{looked:?}"
        );
    }
}
