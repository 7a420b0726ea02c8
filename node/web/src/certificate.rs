//! The certificates with which a node speaks TLS to programs and browsers: the one that its site gave
//! it ([`super::site`]) and, where there is none, one that the node made for itself, once: they
//! remember the certificate that they saw first.

use std::borrow::Cow;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use papermesh_protocol::remedy::Remedy;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::public::{ACME, PublicCertificates};
use super::site::FromSite;

/// How long it is valid, in days.
const VALID: i64 = 3650;
/// How far clocks may be behind, in days.
const BEFORE: i64 = 1;
/// The largest file that is read, in bytes.
const LARGEST: u64 = 64 * 1024;

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The file cannot be read or written.
    #[error("cannot use {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// What is in the file is no certificate with its key.
    #[error("{} does not contain a certificate and its key", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be made.
    #[error("cannot make a certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// TLS does not take it.
    #[error("cannot use the certificate: {0}")]
    Tls(#[from] rustls::Error),
}

impl Remedy for CertificateError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::Io { .. } => "remove it to have a new certificate made",
            Self::Malformed { .. } => "remove it to have a new one made",
            _ => return None,
        };
        Some(remedy.into())
    }
}

/// The certificates that a listener shows.
#[derive(Clone, Debug)]
pub struct Certificates {
    /// The file of the node's own, which is made if it is not there.
    pub own: PathBuf,
    /// The site's, shown in its place to all who can verify it.
    pub site: FromSite,
}

/// Picks one for each connection.
#[derive(Debug)]
struct Resolver {
    own: Arc<CertifiedKey>,
    site: FromSite,
    public: PublicCertificates,
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        if let Some(public) = self.public.resolve(&hello) {
            return Some(public);
        }
        // Who asks for a name that the site's lacks could not verify it, and may remember the own one.
        let site = self
            .site
            .get()
            .filter(|site| site.is_for(hello.server_name()));
        Some(site.map_or_else(|| Arc::clone(&self.own), |site| Arc::clone(&site.key)))
    }
}

/// How TLS is spoken with these certificates. The own one is made for `name`.
pub(super) fn server_config(
    certificates: &Certificates,
    name: &str,
) -> Result<Arc<ServerConfig>, CertificateError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let resolver = Resolver {
        own: Arc::new(own(&certificates.own, || make(name, names()), &provider)?),
        site: certificates.site.clone(),
        public: PublicCertificates::default(),
    };
    Ok(Arc::new(with(resolver, provider)?))
}

/// How TLS is spoken with outsiders. A name without a certificate of the Internet's gets the one in the file, which
/// says neither whose computer this is nor what it is called; a certificate authority may ask who has a name.
pub(super) fn public_config(
    own_file: &Path,
    public: &PublicCertificates,
) -> Result<Arc<ServerConfig>, CertificateError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let unnamed = || make("Papermesh", Vec::new());
    let resolver = Resolver {
        own: Arc::new(own(own_file, unnamed, &provider)?),
        site: FromSite::nothing(),
        public: public.clone(),
    };
    let mut config = with(resolver, provider)?;
    config.alpn_protocols = vec![ACME.to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn with(
    resolver: Resolver,
    provider: Arc<CryptoProvider>,
) -> Result<ServerConfig, CertificateError> {
    Ok(ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver)))
}

/// The certificate in the file, which is made if it is not there.
fn own(
    path: &Path,
    make: impl FnOnce() -> Result<String, rcgen::Error>,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, CertificateError> {
    let failed = |source| CertificateError::Io {
        path: path.to_owned(),
        source,
    };
    let pem = match fs::metadata(path) {
        Ok(file) if file.len() > LARGEST => {
            return Err(CertificateError::Malformed {
                path: path.to_owned(),
            });
        }
        Ok(_) => fs::read(path).map_err(failed)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let pem = make()?.into_bytes();
            keep(path, &pem).map_err(failed)?;
            pem
        }
        Err(error) => return Err(failed(error)),
    };
    let malformed = |_| CertificateError::Malformed {
        path: path.to_owned(),
    };
    let key = PrivateKeyDer::from_pem_slice(&pem).map_err(malformed)?;
    let chain = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(malformed)?;
    Ok(CertifiedKey::from_der(chain, key, provider)?)
}

/// This computer's names.
fn names() -> Vec<String> {
    let host = host_name();
    let mut names: Vec<String> = vec!["localhost".into(), "127.0.0.1".into(), "::1".into()];
    names.extend(host.iter().cloned());
    names.extend(
        host.iter()
            .filter(|host| !host.contains('.'))
            .map(|host| format!("{host}.local")),
    );
    names
}

/// A key and a certificate for these names, as PEM.
fn make(name: &str, names: Vec<String>) -> Result<String, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let now = time::OffsetDateTime::now_utc();
    params.not_before = now - time::Duration::days(BEFORE);
    params.not_after = now + time::Duration::days(VALID);
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok(format!("{}{}", key.serialize_pem(), certificate.pem()))
}

/// This computer's name, if it is one that a certificate can carry.
pub fn host_name() -> Option<String> {
    let system = rustix::system::uname();
    let name = system.nodename().to_str().ok()?.to_ascii_lowercase();
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    (!name.is_empty() && name.len() < 254 && name.chars().all(allowed)).then_some(name)
}

/// Writes the whole file or none, for the node's own user only.
fn keep(path: &Path, pem: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&unfinished)?;
    file.write_all(pem)?;
    file.sync_all()?;
    fs::rename(unfinished, path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_certificate_is_made_once_and_for_the_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ipps.pem");
        let certificates = Certificates {
            own: path.clone(),
            site: FromSite::nothing(),
        };
        server_config(&certificates, "Acme hold printer").unwrap();
        let made = fs::read(&path).unwrap();
        server_config(&certificates, "another name").unwrap();
        assert_eq!(fs::read(&path).unwrap(), made);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        fs::write(&path, "nonsense").unwrap();
        assert!(matches!(
            server_config(&certificates, ""),
            Err(CertificateError::Malformed { .. })
        ));
    }
}
