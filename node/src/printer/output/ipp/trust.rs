//! TLS towards printers: their certificates are pinned at first sight.
//!
//! Lives here: the verifier that rustls asks. Not here: keeping the pins, and why pinning
//! (`../pins.rs`).
//!
//! What is checked: that the printer holds the key of the certificate it shows (rustls's own
//! signature check), and that this is the certificate it was first seen with. What is not: name,
//! dates and issuer, which say nothing in a certificate that the printer wrote for itself.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature,
    verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, SignatureScheme};

use super::super::pins::{Fingerprint, PinError, PinStore};

/// A TLS configuration that believes one device's pinned certificate.
pub(super) fn client_config(
    authority: String,
    pins: Arc<dyn PinStore>,
) -> Result<ClientConfig, rustls::Error> {
    let provider: Arc<CryptoProvider> = Arc::new(aws_lc_rs::default_provider());
    let verifier = PinVerifier {
        authority,
        pins,
        algorithms: provider.signature_verification_algorithms,
    };
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

/// Finds the reason of a refused certificate within the error of a whole request.
pub(super) fn pin_error(error: &(dyn std::error::Error + 'static)) -> Option<PinError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(other)))) =
            error.downcast_ref::<rustls::Error>()
        {
            return other.downcast_ref::<PinError>().cloned();
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

#[derive(Debug)]
struct PinVerifier {
    authority: String,
    pins: Arc<dyn PinStore>,
    algorithms: WebPkiSupportedAlgorithms,
}

fn refused(error: PinError) -> rustls::Error {
    CertificateError::Other(OtherError(Arc::new(error))).into()
}

impl PinVerifier {
    /// Remembers a certificate whose key the printer has just proven to hold; not earlier, so that
    /// nobody can have a certificate pinned that is not theirs.
    fn pin(&self, certificate: &CertificateDer<'_>) -> Result<(), rustls::Error> {
        self.pins
            .put(&self.authority, Fingerprint::of(certificate))
            .map_err(refused)
    }
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let seen = Fingerprint::of(end_entity);
        match self.pins.get(&self.authority).map_err(refused)? {
            Some(pinned) if pinned != seen => Err(refused(PinError::Changed {
                authority: self.authority.clone(),
                pinned,
                seen,
                remedy: self.pins.how_to_forget(&self.authority),
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
        let valid = verify_tls12_signature(message, certificate, signature, &self.algorithms)?;
        self.pin(certificate).map(|()| valid)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let valid = verify_tls13_signature(message, certificate, signature, &self.algorithms)?;
        self.pin(certificate).map(|()| valid)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io;
    use std::sync::Arc;
    use std::time::Duration;

    use rustls::client::danger::ServerCertVerifier as _;
    use rustls::crypto::aws_lc_rs;
    use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

    use super::super::super::pins::{MemoryPins, PinError};
    use super::{PinVerifier, pin_error};

    fn show(verifier: &PinVerifier, certificate: &[u8]) -> Result<(), rustls::Error> {
        let name = ServerName::try_from("printer").unwrap();
        let now = UnixTime::since_unix_epoch(Duration::ZERO);
        verifier
            .verify_server_cert(&CertificateDer::from(certificate), &[], &name, &[], now)
            .map(|_| ())
    }

    #[test]
    fn the_first_certificate_stays_the_only_one() {
        let verifier = PinVerifier {
            authority: "printer:631".into(),
            pins: Arc::new(MemoryPins::default()),
            algorithms: aws_lc_rs::default_provider().signature_verification_algorithms,
        };
        show(&verifier, b"one").unwrap();
        assert_eq!(
            verifier.pins.get("printer:631").unwrap(),
            None,
            "shown is not yet proven"
        );
        verifier.pin(&CertificateDer::from(&b"one"[..])).unwrap();
        show(&verifier, b"one").unwrap();
        let refusal = show(&verifier, b"two").unwrap_err();
        // As it comes out of an HTTP client: wrapped in I/O errors.
        let wrapped = io::Error::other(io::Error::other(refusal));
        let Some(error @ PinError::Changed { .. }) = pin_error(&wrapped) else {
            panic!()
        };
        assert!(error.to_string().contains("restart this node"), "{error}");
    }
}
