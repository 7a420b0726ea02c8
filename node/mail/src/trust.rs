//! Which certificate authorities mail servers are believed by: those of the system, and those of one more file.

use std::path::Path;
use std::sync::Arc;

use lettre::transport::smtp::client::{Certificate, CertificateStore, TlsParameters};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::connection::Metered;
use crate::error::{MailError, said};

/// Certificates that one file may have.
const EXTRA: usize = 1024;

/// The authorities that are believed.
#[derive(Clone)]
pub struct Trust {
    config: Arc<ClientConfig>,
    /// The same, for the library that submits.
    roots: Arc<Vec<CertificateDer<'static>>>,
}

impl Trust {
    /// Reads the system's authorities and those of a file in PEM. It takes some time: do it once.
    ///
    /// # Errors
    /// [`MailError::Roots`], and [`MailError::NoRoots`] where there are none at all.
    pub fn load(extra: Option<&Path>) -> Result<Self, MailError> {
        // What of the system's does not load is somebody else's; what is missed shows at the connection.
        let mut certificates = rustls_native_certs::load_native_certs().certs;
        if let Some(path) = extra {
            let refuse = |why: String| MailError::Roots {
                path: path.to_owned(),
                why,
            };
            let own: Vec<_> = CertificateDer::pem_file_iter(path)
                .map_err(|error| refuse(error.to_string()))?
                .take(EXTRA)
                .collect::<Result<_, _>>()
                .map_err(|error| refuse(error.to_string()))?;
            if own.is_empty() {
                return Err(refuse("there is no certificate in it".to_owned()));
            }
            certificates.extend(own);
        }
        let mut roots = RootCertStore::empty();
        certificates.retain(|certificate| roots.add(certificate.clone()).is_ok());
        if certificates.is_empty() {
            return Err(MailError::NoRoots);
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| MailError::NoRoots)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            config: Arc::new(config),
            roots: Arc::new(certificates),
        })
    }

    /// Begins TLS with the server of this name.
    pub(crate) async fn begin(
        &self,
        server: &str,
        at: &str,
        stream: Metered<TcpStream>,
    ) -> Result<TlsStream<Metered<TcpStream>>, MailError> {
        let refuse = |why: String| MailError::Tls {
            server: at.to_owned(),
            why: said(why),
        };
        let name = ServerName::try_from(server.to_owned()).map_err(|e| refuse(e.to_string()))?;
        TlsConnector::from(self.config.clone())
            .connect(name, stream)
            .await
            // What TLS does not like stays so; that the connection broke may be otherwise a moment later.
            .map_err(|error| match error.get_ref() {
                Some(inner) if inner.is::<rustls::Error>() => refuse(inner.to_string()),
                _ => MailError::Unreachable {
                    server: at.to_owned(),
                    source: error,
                },
            })
    }

    /// The same, as the library that submits wants it for STARTTLS.
    pub(crate) fn parameters(&self, server: &str, at: &str) -> Result<TlsParameters, MailError> {
        let refuse = |error: lettre::transport::smtp::Error| MailError::Tls {
            server: at.to_owned(),
            why: said(error.to_string()),
        };
        let mut parameters =
            TlsParameters::builder(server.to_owned()).certificate_store(CertificateStore::None);
        for root in self.roots.iter() {
            let root = Certificate::from_der(root.to_vec()).map_err(refuse)?;
            parameters = parameters.add_root_certificate(root);
        }
        parameters.build_rustls().map_err(refuse)
    }
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Trust({} authorities)", self.roots.len())
    }
}
