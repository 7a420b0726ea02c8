//! The certificate with which a node speaks TLS to programs and browsers. The node makes it for
//! itself, once: they remember the certificate that they saw first.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

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
    #[error("cannot use {}: {source}; remove it to have a new certificate made", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What is in the file is no certificate with its key.
    #[error("{} holds no certificate with its key; remove it to have a new one made", path.display())]
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

/// How TLS is spoken, with the certificate in the file, which is made if it is not there.
pub(super) fn server_config(
    path: &Path,
    name: &str,
) -> Result<Arc<ServerConfig>, CertificateError> {
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
            let pem = make(name)?.into_bytes();
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
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(Arc::new(config))
}

/// A key and a certificate for this computer's names, as PEM.
fn make(name: &str) -> Result<String, rcgen::Error> {
    let host = host_name();
    let mut names: Vec<String> = vec!["localhost".into(), "127.0.0.1".into(), "::1".into()];
    names.extend(host.iter().cloned());
    names.extend(
        host.iter()
            .filter(|host| !host.contains('.'))
            .map(|host| format!("{host}.local")),
    );
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
pub(crate) fn host_name() -> Option<String> {
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
        server_config(&path, "Acme hold printer").unwrap();
        let made = fs::read(&path).unwrap();
        server_config(&path, "another name").unwrap();
        assert_eq!(fs::read(&path).unwrap(), made);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        fs::write(&path, "nonsense").unwrap();
        assert!(matches!(
            server_config(&path, ""),
            Err(CertificateError::Malformed { .. })
        ));
    }
}
