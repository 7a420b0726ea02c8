//! The certificate that the site gave this node, as its listeners show it. Getting one is the
//! business of `web_certificate` in the services; whether it is what it should be is seen here, by the same
//! library that browsers' counterparts use.

use std::sync::Arc;
use std::time::Duration;

use papermesh_protocol::time::Timestamp;
use papermesh_protocol::web::{Places, WebKey};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use tokio::sync::watch;

/// A certificate that the site gave, with its key.
#[derive(Debug)]
pub struct SiteCertificate {
    pub(super) key: Arc<CertifiedKey>,
    /// What it names.
    pub places: Places,
    /// Until when it is valid.
    pub not_after: Timestamp,
}

/// Why a certificate is not shown.
#[derive(Debug, thiserror::Error)]
pub enum SiteCertificateError {
    /// The web authority's own certificate is none.
    #[error("the site's certificate cannot be read: {0}")]
    Authority(rustls::Error),
    /// The certificate is not what it should be.
    #[error("the certificate is not valid for {place}: {error}")]
    Invalid {
        /// One of the names and addresses.
        place: String,
        /// The cause.
        error: rustls::Error,
    },
    /// The key is none, or not the certificate's.
    #[error("the certificate does not match the key")]
    Key,
}

/// The certificate that the site gave last, if it gave one; cheap to clone.
#[derive(Clone, Debug)]
pub struct FromSite(watch::Receiver<Option<Arc<SiteCertificate>>>);

/// Where a certificate is put that listeners show from the next connection on.
#[derive(Debug)]
pub struct ToListeners(watch::Sender<Option<Arc<SiteCertificate>>>);

impl SiteCertificate {
    /// Reads a certificate, and checks that `authority` vouches for it through `issuer`, for this key and
    /// for every one of the places, and that it is valid at `from` and at `not_after`.
    ///
    /// # Errors
    /// [`SiteCertificateError`].
    pub fn read(
        (authority, issuer, certificate): (&[u8], &[u8], &[u8]),
        key: &WebKey,
        places: Places,
        (from, not_after): (Timestamp, Timestamp),
    ) -> Result<Self, SiteCertificateError> {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from(authority))
            .map_err(SiteCertificateError::Authority)?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|error| {
                SiteCertificateError::Authority(rustls::Error::General(error.to_string()))
            })?;
        let leaf = CertificateDer::from(certificate);
        let between = [CertificateDer::from(issuer)];
        for (place, name) in names(&places) {
            for at in [from, not_after] {
                let at = UnixTime::since_unix_epoch(Duration::from_secs(at.as_secs()));
                let verified = verifier.verify_server_cert(&leaf, &between, &name, &[], at);
                verified.map_err(|error| SiteCertificateError::Invalid {
                    place: place.clone(),
                    error,
                })?;
            }
        }
        let document = key.to_pkcs8().map_err(|_| SiteCertificateError::Key)?;
        let secret = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(document.as_slice()));
        let signing =
            aws_lc_rs::sign::any_ecdsa_type(&secret).map_err(|_| SiteCertificateError::Key)?;
        let [issuer] = between;
        let chain = vec![leaf.into_owned(), issuer.into_owned()];
        let key = CertifiedKey::new(chain, signing);
        key.keys_match().map_err(|_| SiteCertificateError::Key)?;
        Ok(Self {
            key: Arc::new(key),
            places,
            not_after,
        })
    }

    /// Whether whoever asks for this name can verify it. Who says none asks for an address.
    pub(super) fn is_for(&self, name: Option<&str>) -> bool {
        name.is_none_or(|asked| {
            self.places
                .names()
                .iter()
                .any(|name| name.as_str().eq_ignore_ascii_case(asked))
        })
    }
}

/// The places as TLS asks for them, with their text.
fn names(places: &Places) -> impl Iterator<Item = (String, ServerName<'static>)> {
    let names = places.names().iter().filter_map(|name| {
        let asked = ServerName::try_from(name.as_str().to_owned()).ok()?;
        Some((name.to_string(), asked))
    });
    let addresses = places
        .addresses()
        .iter()
        .map(|address| (address.to_string(), ServerName::from(address.ip())));
    names.chain(addresses)
}

impl FromSite {
    /// What the site gave last.
    #[must_use]
    pub fn get(&self) -> Option<Arc<SiteCertificate>> {
        self.0.borrow().clone()
    }

    /// Nothing, ever.
    #[must_use]
    pub fn nothing() -> Self {
        ToListeners::new().1
    }
}

impl ToListeners {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> (Self, FromSite) {
        let (sender, receiver) = watch::channel(None);
        (Self(sender), FromSite(receiver))
    }

    /// Has this one shown from now on, or none any more.
    pub fn show(&self, certificate: Option<SiteCertificate>) {
        self.0.send_replace(certificate.map(Arc::new));
    }
}
