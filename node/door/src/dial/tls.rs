//! A connection by TLS, as browsers make them, so that firewalls let it out.
//!
//! The certificate of this TLS is not verified, and nothing depends on it: it may be the gateway's own, or that of
//! a proxy which looks into TLS. What is inside is Noise, which proves the gateway's key to the door and the door's to
//! the gateway; whoever ends this TLS can cut it and learns nothing that somebody on the network would not.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use papermesh_protocol::gateway::hello;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{Connection, DialError, Ways, proxy, tcp};

/// How long TLS may take to begin.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// The protocol (ALPN) of a pipe.
pub(super) const PIPE: &[u8] = hello::PIPE;
/// The protocol (ALPN) of requests.
pub(super) const HTTP: &[u8] = b"http/1.1";

/// Connects to a gateway, through the proxy if there is one. For a pipe the other end has to speak that protocol; for
/// requests it may say nothing of its protocol.
pub(super) async fn connect(
    ways: &Ways,
    domain: &str,
    alpn: &'static [u8],
) -> Result<TlsStream<Box<dyn Connection>>, DialError> {
    let stream = handshake(ways, domain, &[alpn]).await?;
    match stream.get_ref().1.alpn_protocol() {
        Some(chosen) if chosen == alpn => Ok(stream),
        None if alpn == HTTP => Ok(stream),
        _ => Err(DialError::Inspected {
            domain: domain.to_owned(),
        }),
    }
}

/// Speaks TLS with whoever a host is, whatever certificate that shows.
async fn handshake(
    ways: &Ways,
    domain: &str,
    alpn: &[&'static [u8]],
) -> Result<TlsStream<Box<dyn Connection>>, DialError> {
    let connection: Box<dyn Connection> = match tunnel(ways, domain).await {
        Some(through) => through?,
        None => Box::new(tcp::connect(domain, ways.tls_port).await?),
    };
    over(connection, domain, alpn)
        .await
        .map_err(|source| DialError::Tls {
            domain: domain.to_owned(),
            source,
        })
}

/// A connection to a host through the proxy; none where it goes without one.
pub(crate) async fn tunnel(
    ways: &Ways,
    domain: &str,
) -> Option<Result<Box<dyn Connection>, DialError>> {
    let proxy = ways.proxy.as_deref();
    let proxy = proxy.filter(|proxy| proxy.serves(domain))?;
    let through = proxy::tunnel(proxy, domain, ways.tls_port).await;
    Some(match through {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(error.into()),
    })
}

/// Speaks TLS on a connection to a host.
pub(crate) async fn over(
    connection: Box<dyn Connection>,
    domain: &str,
    alpn: &[&'static [u8]],
) -> io::Result<TlsStream<Box<dyn Connection>>> {
    let name = ServerName::try_from(domain.to_owned());
    let name = name.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let config = config(alpn).map_err(io::Error::other)?;
    let connected = TlsConnector::from(Arc::new(config)).connect(name, connection);
    timeout(HANDSHAKE, connected)
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

fn config(alpn: &[&[u8]]) -> Result<ClientConfig, Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(config)
}

/// Takes any certificate; see the head of this file. That the other end has its key is verified all the same.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
