//! TLS towards printers: their certificates are pinned at first sight.
//!
//! Lives here: the verifier that rustls asks, and what it offers printers of today and old ones.
//! Not here: keeping the pins, and why pinning (`../pins.rs`); reading a certificate
//! (`certificate.rs`).
//!
//! What is checked: that the printer holds the key of the certificate it shows, and that this is
//! the certificate it was first seen with. What is not: name, dates and issuer, which say nothing
//! in a certificate that the printer wrote for itself. What is weak about one is remembered and
//! told.
//!
//! RSA keys of 1024 bits are spoken to as well, in TLS 1.2 and over RSASSA-PKCS1: a pinned one
//! still keeps everybody out who does not spend a fortune. Deliberately absent: ciphers in CBC
//! mode, key exchange by RSA, TLS before 1.2. The library has none of them, and what one of them
//! protects anybody who records it can read sooner or later.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::signature::{
    RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
    RsaParameters, UnparsedPublicKey,
};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs as provider};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, OtherError, PeerMisbehaved,
    SignatureScheme,
};

use super::super::pins::{Fingerprint, PinError, PinStore};
use super::certificate::{Certificate, Weakness};

/// One printer's pinned certificate.
#[derive(Debug)]
pub(super) struct Trust {
    authority: String,
    pins: Arc<dyn PinStore>,
    weaknesses: Mutex<Vec<Weakness>>,
}

/// What a printer is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Era {
    /// TLS 1.2 and 1.3, keys of 2048 bits and more.
    Today,
    /// What is left for printers with shorter keys.
    Old,
}

/// A certificate is only good for [`Era::Old`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the printer's key is shorter than {} bits",
    super::certificate::LONG_ENOUGH
)]
pub(super) struct ShortKey;

impl Trust {
    /// The trust in the printer at `authority`, as far as `pins` know of it.
    pub(super) fn new(authority: String, pins: Arc<dyn PinStore>) -> Self {
        Self {
            authority,
            pins,
            weaknesses: Mutex::default(),
        }
    }

    /// The certificate that the printer was first seen with.
    pub(super) fn pinned(&self) -> Result<Option<Fingerprint>, PinError> {
        self.pins.get(&self.authority)
    }

    /// What a person does to have the printer taken for a new one.
    pub(super) fn how_to_forget(&self) -> String {
        self.pins.how_to_forget(&self.authority)
    }

    /// What was weak about the certificate that was shown last.
    pub(super) fn weaknesses(&self) -> Vec<Weakness> {
        self.seen().clone()
    }

    fn seen(&self) -> MutexGuard<'_, Vec<Weakness>> {
        // Every change is a single assignment.
        self.weaknesses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a certificate whose key the printer has just proven to hold; not earlier, so that
    /// nobody can have a certificate pinned that is not theirs.
    fn pin(&self, certificate: &CertificateDer<'_>) -> Result<(), rustls::Error> {
        self.pins
            .put(&self.authority, Fingerprint::of(certificate))
            .map_err(refused)
    }
}

/// A TLS configuration that believes one device's pinned certificate.
pub(super) fn client_config(trust: Arc<Trust>, era: Era) -> Result<ClientConfig, rustls::Error> {
    let provider: Arc<CryptoProvider> = Arc::new(provider::default_provider());
    let verifier = PinVerifier {
        trust,
        era,
        algorithms: provider.signature_verification_algorithms,
    };
    let versions = match era {
        Era::Today => rustls::DEFAULT_VERSIONS,
        Era::Old => &[&rustls::version::TLS12],
    };
    Ok(ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

/// Finds what an error of a whole request is made of.
pub(super) fn cause<'a, E: std::error::Error + 'static>(
    error: &'a (dyn std::error::Error + 'static),
) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        next = match error.downcast_ref::<std::io::Error>() {
            // An I/O error does not list what it wraps among its sources, and the layers wrap one
            // in another.
            Some(io) => io.get_ref().map(|wrapped| wrapped as _),
            None => error.source(),
        };
    }
    None
}

/// Finds what this verifier said within an error of TLS.
pub(super) fn verdict<E: std::error::Error + Clone + 'static>(error: &rustls::Error) -> Option<E> {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(other))) => {
            other.downcast_ref::<E>().cloned()
        }
        _ => None,
    }
}

struct PinVerifier {
    trust: Arc<Trust>,
    era: Era,
    algorithms: WebPkiSupportedAlgorithms,
}

impl fmt::Debug for PinVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PinVerifier({:?})", self.era)
    }
}

fn refused(error: impl std::error::Error + Send + Sync + 'static) -> rustls::Error {
    CertificateError::Other(OtherError(Arc::new(error))).into()
}

/// What printers with short keys sign with.
const OLD: [(SignatureScheme, &RsaParameters); 2] = [
    (
        SignatureScheme::RSA_PKCS1_SHA256,
        &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
    ),
    (
        SignatureScheme::RSA_PKCS1_SHA512,
        &RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
    ),
];

impl PinVerifier {
    /// Whether the printer holds the key of its certificate. `most` is how many of the algorithms
    /// that a scheme may mean are tried: TLS 1.3 leaves no choice.
    fn verify(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
        most: usize,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let read = Certificate::read(certificate).ok_or(CertificateError::BadEncoding)?;
        let valid = match self.era {
            Era::Today if read.has_short_key() => return Err(refused(ShortKey)),
            Era::Today => {
                let mut known = self.algorithms.mapping.iter();
                let (_, algorithms) = known
                    .find(|(scheme, _)| *scheme == signed.scheme)
                    .ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
                algorithms.iter().take(most).any(|algorithm| {
                    algorithm.public_key_alg_id().as_ref() == read.algorithm
                        && algorithm
                            .verify_signature(read.key, message, signed.signature())
                            .is_ok()
                })
            }
            Era::Old => {
                let (_, algorithm) = OLD
                    .into_iter()
                    .find(|(scheme, _)| *scheme == signed.scheme)
                    .ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
                UnparsedPublicKey::new(algorithm, read.key)
                    .verify(message, signed.signature())
                    .is_ok()
            }
        };
        if !valid {
            return Err(CertificateError::BadSignature.into());
        }
        self.trust
            .pin(certificate)
            .map(|()| HandshakeSignatureValid::assertion())
    }
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let read = Certificate::read(end_entity);
        *self.trust.seen() = read.map_or_else(Vec::new, |read| read.weaknesses(now));
        let seen = Fingerprint::of(end_entity);
        match self.trust.pinned().map_err(refused)? {
            Some(pinned) if pinned != seen => Err(refused(PinError::Changed {
                authority: self.trust.authority.clone(),
                pinned,
                seen,
                remedy: self.trust.how_to_forget(),
            })),
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verify(message, certificate, signature, usize::MAX)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        // RFC 8446 section 4.4.3: no RSASSA-PKCS1 here.
        let old = [
            SignatureScheme::RSA_PKCS1_SHA256,
            SignatureScheme::RSA_PKCS1_SHA384,
            SignatureScheme::RSA_PKCS1_SHA512,
        ];
        if old.contains(&signature.scheme) {
            return Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into());
        }
        self.verify(message, certificate, signature, 1)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        match self.era {
            Era::Today => self.algorithms.supported_schemes(),
            Era::Old => OLD.map(|(scheme, _)| scheme).to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io;
    use std::sync::Arc;
    use std::time::Duration;

    use aws_lc_rs::signature::UnparsedPublicKey;
    use papermesh_protocol::remedy::Remedy;
    use rustls::client::danger::ServerCertVerifier as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
    use rustls::sign::{CertifiedKey, SingleCertAndKey};
    use tokio_rustls::{TlsAcceptor, TlsConnector};

    use super::super::super::pins::{MemoryPins, PinError};
    use super::super::certificate::{Certificate, Weakness};
    use super::{Era, OLD, PinVerifier, Trust, cause, client_config, provider, verdict};

    fn trust() -> Arc<Trust> {
        let pins = Arc::new(MemoryPins::default());
        Arc::new(Trust::new("printer:631".into(), pins))
    }

    fn show(verifier: &PinVerifier, certificate: &[u8]) -> Result<(), rustls::Error> {
        let name = ServerName::try_from("printer").unwrap();
        let now = UnixTime::since_unix_epoch(Duration::ZERO);
        verifier
            .verify_server_cert(&CertificateDer::from(certificate), &[], &name, &[], now)
            .map(|_| ())
    }

    #[test]
    fn the_first_certificate_stays_the_only_one() {
        let trust = trust();
        let verifier = PinVerifier {
            trust: Arc::clone(&trust),
            era: Era::Today,
            algorithms: provider::default_provider().signature_verification_algorithms,
        };
        show(&verifier, b"one").unwrap();
        assert_eq!(trust.pinned().unwrap(), None, "shown is not yet proven");
        trust.pin(&CertificateDer::from(&b"one"[..])).unwrap();
        show(&verifier, b"one").unwrap();
        let refusal = show(&verifier, b"two").unwrap_err();
        // As it comes out of an HTTP client: wrapped in I/O errors.
        let wrapped = io::Error::other(io::Error::other(refusal));
        let found = cause::<rustls::Error>(&wrapped).unwrap();
        let Some(error @ PinError::Changed { .. }) = verdict(found) else {
            panic!()
        };
        let remedy = error.remedy().unwrap();
        assert!(remedy.contains("restart this node"), "{remedy}");
    }

    /// Shakes hands with a server that shows this certificate.
    async fn handshake(
        trust: &Arc<Trust>,
        era: Era,
        certificate: &'static [u8],
        key: &'static [u8],
    ) -> io::Result<()> {
        let provider = Arc::new(provider::default_provider());
        let key = PrivateKeyDer::try_from(key).unwrap();
        let key = provider.key_provider.load_private_key(key).unwrap();
        let shown = CertifiedKey::new(vec![CertificateDer::from(certificate)], key);
        let server = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(shown)));
        let (near, far) = tokio::io::duplex(64 * 1024);
        let accepting = tokio::spawn(TlsAcceptor::from(Arc::new(server)).accept(far));
        let client = client_config(Arc::clone(trust), era).unwrap();
        let name = ServerName::try_from("printer").unwrap();
        let shaken = TlsConnector::from(Arc::new(client))
            .connect(name, near)
            .await;
        drop(accepting.await.unwrap());
        shaken.map(drop)
    }

    #[tokio::test]
    async fn a_certificate_of_version_1_is_pinned_and_called_weak() {
        let trust = trust();
        let certificate = include_bytes!("fixtures/version-1.der");
        let key = include_bytes!("fixtures/version-1-key.der");
        handshake(&trust, Era::Today, certificate, key)
            .await
            .unwrap();
        assert!(trust.pinned().unwrap().is_some());
        assert!(trust.weaknesses().contains(&Weakness::Version1));
    }

    #[tokio::test]
    async fn a_printer_that_does_not_hold_the_key_is_not_pinned() {
        let trust = trust();
        let certificate = include_bytes!("fixtures/version-1.der");
        let other = rcgen::KeyPair::generate().unwrap().serialize_der();
        let refused = handshake(&trust, Era::Today, certificate, other.leak()).await;
        assert!(refused.is_err());
        assert_eq!(trust.pinned().unwrap(), None);
    }

    #[test]
    fn keys_of_1024_bits_are_verified_as_their_signatures_say() {
        let certificate = Certificate::read(include_bytes!("fixtures/old-rsa-1024.der")).unwrap();
        let (_, algorithm) = OLD[0];
        let verify = |message: &[u8]| {
            UnparsedPublicKey::new(algorithm, certificate.key)
                .verify(message, include_bytes!("fixtures/old-rsa-1024.sig"))
        };
        verify(b"handshake").unwrap();
        assert!(verify(b"another").is_err());
    }
}
