//! Certificates of names that the Internet asks for, as a certificate authority gave them; and what such
//! an authority is shown that wants to know who has a name (TLS-ALPN-01, RFC 8737).

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use papermesh_protocol::id::KeyDigest;
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
    certificates: BTreeMap<String, PublicCertificate>,
    challenges: BTreeMap<String, Arc<CertifiedKey>>,
}

/// A certificate that can be shown: with its key.
#[derive(Clone, Debug)]
pub struct PublicCertificate {
    certified: Arc<CertifiedKey>,
    key: KeyDigest,
}

impl PublicCertificate {
    /// One of a chain (PEM, the name's own first) and the key for which it was issued.
    ///
    /// # Errors
    /// [`PublicCertificateError`].
    pub fn new(chain: &str, key: &WebKey) -> Result<Self, PublicCertificateError> {
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
        Ok(Self {
            certified: Arc::new(certified),
            key: key.public().digest(),
        })
    }
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

    fn read<T>(&self, read: impl FnOnce(&Shown) -> T) -> T {
        read(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Shows a certificate from the next connection on to whoever asks for the name.
    pub fn show(&self, name: &str, certificate: PublicCertificate) {
        self.write(|shown| drop(shown.certificates.insert(name.to_owned(), certificate)));
    }

    /// The key that is shown at a name, if there is a certificate.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<KeyDigest> {
        self.read(|shown| shown.certificates.get(name).map(|of| of.key))
    }

    /// The names for which there are certificates.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.read(|shown| shown.certificates.keys().cloned().collect())
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
        let is_authority = hello
            .alpn()
            .is_some_and(|mut protocols| protocols.any(|protocol| protocol == ACME));
        self.read(|shown| match is_authority {
            true => shown.challenges.get(&name).cloned(),
            false => {
                let of = shown.certificates.get(&name);
                of.map(|of| Arc::clone(&of.certified))
            }
        })
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
        let name = "desk.acme.gw.example";
        assert_eq!(all.key(name), None);
        all.show(name, PublicCertificate::new(&chain, &key).unwrap());
        assert_eq!(all.key(name), Some(key.public().digest()));
        assert_eq!(all.names(), [name]);
        all.hide(name);
        assert_eq!(all.key(name), None);
        let another = WebKey::from_bytes(&[2; 32]).unwrap();
        assert!(matches!(
            PublicCertificate::new(&chain, &another),
            Err(PublicCertificateError::Key)
        ));
        assert!(matches!(
            PublicCertificate::new("nonsense", &key),
            Err(PublicCertificateError::Chain)
        ));
    }
}
