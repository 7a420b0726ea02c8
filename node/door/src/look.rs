//! Looking at a place as anybody does who prints from outside: which key it shows.
//!
//! Nothing in the first bytes says that a member looks, so a gateway that pretends to be the place has to pretend here,
//! too. It sees an address, though, and the shape of a ClientHello of rustls, in which printing programs differ.

use std::time::Duration;

use papermesh_protocol::gateway::name::HostName;
use papermesh_protocol::gateway::sighting::Sighting;
use papermesh_protocol::id::KeyDigest;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use x509_parser::parse_x509_certificate;

use crate::dial::{Ways, tls};

/// How long a connection may take to be there; TLS has a limit of its own.
const CONNECT: Duration = Duration::from_secs(30);
/// How long the page may take,
const PAGE: Duration = Duration::from_secs(10);
/// and how much of it is read, in bytes.
const PAGE_MAX: u64 = 64 * 1024;

/// Why nothing was seen.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// Nobody answers at the name, or not by TLS.
    #[error("{0}")]
    Unreachable(String),
    /// It took too long.
    #[error("{0} does not answer")]
    Timeout(HostName),
    /// What it shows is no certificate.
    #[error("{0} shows no certificate that can be read")]
    NoCertificate(HostName),
}

/// Looks at a place, through the proxy if there is one. The other end has the key that is seen.
///
/// # Errors
/// [`LookError`].
pub async fn look(ways: &Ways, name: &HostName) -> Result<Sighting, LookError> {
    // As CUPS asks: no ALPN.
    let connecting = tls::handshake(ways, name.as_str(), &[]);
    let connected = timeout(CONNECT, connecting).await;
    let mut stream = connected
        .map_err(|_| LookError::Timeout(name.clone()))?
        .map_err(|error| LookError::Unreachable(error.to_string()))?;
    let shown = stream.get_ref().1.peer_certificates();
    let seen = shown.and_then(|chain| read(name, chain.first()?));
    // A visitor who leaves without a word would be known by that.
    let _ = timeout(PAGE, async {
        let request = format!("GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut page = Vec::new();
        stream.take(PAGE_MAX).read_to_end(&mut page).await
    })
    .await;
    seen.ok_or_else(|| LookError::NoCertificate(name.clone()))
}

/// What is said of a certificate.
fn read(name: &HostName, der: &[u8]) -> Option<Sighting> {
    let (_, certificate) = parse_x509_certificate(der).ok()?;
    let issuer = certificate.issuer().to_string();
    Some(Sighting::new(
        name.clone(),
        key_of(certificate.public_key().raw),
        &issuer,
    ))
}

fn key_of(spki: &[u8]) -> KeyDigest {
    KeyDigest::from_bytes(Sha256::digest(spki).into())
}

/// The key for which a chain was issued (PEM, the name's own certificate first).
#[must_use]
pub fn key_of_chain(chain: &str) -> Option<KeyDigest> {
    let (_, pem) = x509_parser::pem::parse_x509_pem(chain.as_bytes()).ok()?;
    let (_, certificate) = parse_x509_certificate(&pem.contents).ok()?;
    Some(key_of(certificate.public_key().raw))
}
