//! Certificates of names that the Internet asks for, as a certificate authority gave them; and what such
//! an authority is shown that wants to know who has a name (TLS-ALPN-01, RFC 8737).

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use papermesh_protocol::web::WebKey;
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::ClientHello;
use rustls::sign::CertifiedKey;

/// The protocol (ALPN) by which a certificate authority asks who has a name.
pub(super) const ACME: &[u8] = b"acme-tls/1";

/// Certificates by the names that they are for; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct PublicCertificates(Arc<RwLock<Shown>>);

#[derive(Debug, Default)]
struct Shown {
    certificates: BTreeMap<String, Arc<CertifiedKey>>,
    challenges: BTreeMap<String, Arc<CertifiedKey>>,
}

/// Why a certificate is not shown.
#[derive(Debug, thiserror::Error)]
pub enum PublicCertificateError {
    /// The chain is none.
    #[error("the certificate authority's answer is no certificate")]
    Chain,
    /// The key is none, or not the certificate's.
    #[error("the certificate does not match the key")]
    Key,
    /// What the authority is to be shown, or to sign, cannot be made.
    #[error("cannot make what the certificate authority wants: {0}")]
    Make(#[from] rcgen::Error),
}

/// Shows the answer to a challenge until it is dropped.
#[derive(Debug)]
pub struct Challenge {
    all: PublicCertificates,
    name: String,
}

impl Drop for Challenge {
    fn drop(&mut self) {
        self.all
            .write(|shown| drop(shown.challenges.remove(&self.name)));
    }
}

impl PublicCertificates {
    fn write(&self, change: impl FnOnce(&mut Shown)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Shows a chain (PEM, the name's own first) from the next connection on to whoever asks for the name.
    ///
    /// # Errors
    /// [`PublicCertificateError`].
    pub fn show(
        &self,
        name: &str,
        chain: &str,
        key: &WebKey,
    ) -> Result<(), PublicCertificateError> {
        let chain = CertificateDer::pem_slice_iter(chain.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| PublicCertificateError::Chain)?;
        if chain.is_empty() {
            return Err(PublicCertificateError::Chain);
        }
        let document = key.to_pkcs8().map_err(|_| PublicCertificateError::Key)?;
        let certified = certified(chain, document.as_slice())?;
        certified
            .keys_match()
            .map_err(|_| PublicCertificateError::Key)?;
        self.write(|shown| {
            drop(
                shown
                    .certificates
                    .insert(name.to_owned(), Arc::new(certified)),
            )
        });
        Ok(())
    }

    /// Shows nothing for a name any more.
    pub fn hide(&self, name: &str) {
        self.write(|shown| drop(shown.certificates.remove(name)));
    }

    /// Shows that this node has the name, to whoever asks by `acme-tls/1`: `digest` is that of the key
    /// authorization (RFC 8737 section 3).
    ///
    /// # Errors
    /// [`PublicCertificateError::Make`].
    pub fn challenge(
        &self,
        name: &str,
        digest: &[u8],
    ) -> Result<Challenge, PublicCertificateError> {
        let mut params = CertificateParams::new([name.to_owned()])?;
        params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        let certified = certified(vec![certificate.der().clone()], &key.serialize_der())?;
        self.write(|shown| {
            drop(
                shown
                    .challenges
                    .insert(name.to_owned(), Arc::new(certified)),
            )
        });
        Ok(Challenge {
            all: self.clone(),
            name: name.to_owned(),
        })
    }

    /// What is shown to a client, if it asks for a name of these.
    pub(super) fn resolve(&self, hello: &ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name()?.to_ascii_lowercase();
        let shown = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let is_authority = hello
            .alpn()
            .is_some_and(|mut protocols| protocols.any(|protocol| protocol == ACME));
        match is_authority {
            true => shown.challenges.get(&name).cloned(),
            false => shown.certificates.get(&name).cloned(),
        }
    }
}

/// A certificate signing request (RFC 2986) for a name, DER.
///
/// # Errors
/// [`PublicCertificateError`].
pub fn signing_request(name: &str, key: &WebKey) -> Result<Vec<u8>, PublicCertificateError> {
    let document = key.to_pkcs8().map_err(|_| PublicCertificateError::Key)?;
    let key = KeyPair::try_from(document.as_slice())?;
    let mut params = CertificateParams::new([name.to_owned()])?;
    // The name stands among the alternatives; a common name would be one more thing to check.
    params.distinguished_name = DistinguishedName::new();
    Ok(params.serialize_request(&key)?.der().to_vec())
}

fn certified(
    chain: Vec<CertificateDer<'static>>,
    key: &[u8],
) -> Result<CertifiedKey, PublicCertificateError> {
    let secret = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key));
    let signing =
        aws_lc_rs::sign::any_ecdsa_type(&secret).map_err(|_| PublicCertificateError::Key)?;
    Ok(CertifiedKey::new(chain, signing))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_challenge_is_shown_for_as_long_as_it_is_kept() {
        let all = PublicCertificates::default();
        let shown = |name: &str| {
            let shown = all.0.read().unwrap();
            shown.challenges.contains_key(name)
        };
        let challenge = all.challenge("desk.acme.gw.example", &[7; 32]).unwrap();
        assert!(shown("desk.acme.gw.example"));
        drop(challenge);
        assert!(!shown("desk.acme.gw.example"));
    }

    #[test]
    fn a_certificate_is_shown_with_its_key_alone() {
        let all = PublicCertificates::default();
        let key = WebKey::from_bytes(&[1; 32]).unwrap();
        let document = key.to_pkcs8().unwrap();
        let pair = KeyPair::try_from(document.as_slice()).unwrap();
        let params = CertificateParams::new(["desk.acme.gw.example".to_owned()]).unwrap();
        let chain = params.self_signed(&pair).unwrap().pem();
        all.show("desk.acme.gw.example", &chain, &key).unwrap();
        let another = WebKey::from_bytes(&[2; 32]).unwrap();
        assert!(matches!(
            all.show("desk.acme.gw.example", &chain, &another),
            Err(PublicCertificateError::Key)
        ));
        assert!(matches!(
            all.show("desk.acme.gw.example", "nonsense", &key),
            Err(PublicCertificateError::Chain)
        ));
    }
}
