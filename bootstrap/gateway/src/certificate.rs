//! The certificate of the gateway's own name: from files, which are read again when they change, else one that it
//! makes itself.
//!
//! No door relies on it: what is inside of its TLS proves the gateway's key. It is for networks that look into TLS
//! and let nothing through that they cannot verify, and for browsers.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};
use papermesh_protocol::gateway::name::Domain;
use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use time::OffsetDateTime;
use tokio::time::{MissedTickBehavior, interval};
use zeroize::Zeroizing;

use crate::clock;

/// How often it is seen whether the files changed.
const LOOK: Duration = Duration::from_secs(60);
/// How long one that the gateway makes is valid, in days. A new one is made at each start.
const VALID: i64 = 3650;
/// How far clocks may be behind, in days.
const BEFORE: i64 = 1;
/// The largest file that is read, in bytes.
const LARGEST: u64 = 256 * 1024;

/// Where the certificate and its key are, as PEM.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    /// The certificate, with those by which it is verified after it.
    pub(crate) certificate: PathBuf,
    /// Its key.
    pub(crate) key: PathBuf,
}

/// The certificate that is shown now.
#[derive(Debug)]
pub(crate) struct OwnCertificate {
    shown: RwLock<Arc<CertifiedKey>>,
    files: Option<(Files, Times)>,
}

/// When the files changed last; none of one that is not there.
type Times = [Option<SystemTime>; 2];

impl OwnCertificate {
    /// The one in the files, else one that is made.
    pub(crate) fn new(domain: &Domain, files: Option<Files>) -> anyhow::Result<Self> {
        // The times come first: what changes while it is read is read again.
        let files = files.map(|files| {
            let times = files.changed();
            (files, times)
        });
        let shown = match &files {
            Some((files, _)) => files.read()?,
            None => make(domain)?,
        };
        Ok(Self {
            shown: RwLock::new(Arc::new(shown)),
            files,
        })
    }

    /// Reads the files again whenever they change. What cannot be used leaves what is shown as it is, and is read again
    /// at the next look: it may be half of a change.
    pub(crate) async fn keep(self: Arc<Self>) {
        let Some((files, mut known)) = self.files.clone() else {
            return;
        };
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut warned = None;
        loop {
            looks.tick().await;
            let changed = files.changed();
            if changed == known {
                continue;
            }
            let reading = files.clone();
            match tokio::task::spawn_blocking(move || reading.read()).await {
                Ok(Ok(new)) => {
                    known = changed;
                    *self.shown.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
                    tracing::info!("the certificate of the gateway's name is a new one");
                }
                Ok(Err(error)) if warned != Some(changed) => {
                    warned = Some(changed);
                    tracing::warn!(error = %format!("{error:#}"), "the new certificate is not used");
                }
                Ok(Err(_)) => {}
                Err(_) => return,
            }
        }
    }
}

impl ResolvesServerCert for OwnCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let shown = self.shown.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&shown))
    }
}

impl Files {
    fn changed(&self) -> Times {
        [&self.certificate, &self.key].map(|path| fs::metadata(path).ok()?.modified().ok())
    }

    fn read(&self) -> anyhow::Result<CertifiedKey> {
        let pem = pem(&self.certificate)?;
        let chain: Vec<CertificateDer<'_>> = CertificateDer::pem_slice_iter(&pem)
            .collect::<Result<_, _>>()
            .with_context(|| format!("{} is no certificate in PEM", self.certificate.display()))?;
        if chain.is_empty() {
            bail!("{} has no certificate in PEM", self.certificate.display());
        }
        let pem = self::pem(&self.key)?;
        let key = PrivateKeyDer::from_pem_slice(&pem)
            .with_context(|| format!("{} has no private key in PEM", self.key.display()))?;
        CertifiedKey::from_der(chain, key, &provider()).with_context(|| {
            format!(
                "{} and {} are of no use together",
                self.certificate.display(),
                self.key.display()
            )
        })
    }
}

fn pem(path: &Path) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    File::open(path)
        .and_then(|file| file.take(LARGEST).read_to_end(&mut bytes))
        .with_context(|| {
            format!(
                "cannot read {}, which gateway.toml names; let the gateway's account read it",
                path.display()
            )
        })?;
    Ok(bytes)
}

fn make(domain: &Domain) -> anyhow::Result<CertifiedKey> {
    let mut params = CertificateParams::new(vec![domain.to_string()])
        .context("cannot make a certificate for the gateway's domain")?;
    params
        .distinguished_name
        .push(DnType::CommonName, domain.to_string());
    let now = i64::try_from(clock::now().as_secs())?;
    let now = OffsetDateTime::from_unix_timestamp(now).context("the clock is off")?;
    params.not_before = now - time::Duration::days(BEFORE);
    params.not_after = now + time::Duration::days(VALID);
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    let key = PrivateKeyDer::try_from(key.serialize_der())
        .map_err(|why| anyhow::anyhow!("cannot make a certificate: {why}"))?;
    Ok(CertifiedKey::from_der(
        vec![certificate.der().clone()],
        key,
        &provider(),
    )?)
}

/// What TLS is done with.
pub(crate) fn provider() -> CryptoProvider {
    aws_lc_rs::default_provider()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn write(folder: &Path, name: &str) -> (CertificateDer<'static>, Files) {
        let files = Files {
            certificate: folder.join(format!("{name}.pem")),
            key: folder.join(format!("{name}.key")),
        };
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        fs::write(&files.certificate, made.cert.pem()).unwrap();
        fs::write(&files.key, made.key_pair.serialize_pem()).unwrap();
        (made.cert.der().clone(), files)
    }

    #[test]
    fn a_certificate_is_used_with_its_own_key_alone() {
        let folder = tempfile::tempdir().unwrap();
        let domain: Domain = "gw.example".parse().unwrap();
        let (certificate, files) = write(folder.path(), "one");
        let own = OwnCertificate::new(&domain, Some(files.clone())).unwrap();
        assert_eq!(own.shown.read().unwrap().cert, [certificate]);
        let (_, other) = write(folder.path(), "two");
        let mixed = Files {
            key: other.key,
            ..files.clone()
        };
        let error = OwnCertificate::new(&domain, Some(mixed)).unwrap_err();
        assert!(error.to_string().contains("of no use together"), "{error}");
        let missing = Files {
            key: folder.path().join("nothing"),
            ..files
        };
        let error = OwnCertificate::new(&domain, Some(missing)).unwrap_err();
        assert!(error.to_string().contains("gateway.toml"), "{error}");
        assert!(OwnCertificate::new(&domain, None).is_ok());
    }

    /// Moves one pair of files to where another is, of which it is certain that it has other times.
    fn replace(of: &Files, by: &Files, seconds: u64) {
        let at = SystemTime::now() + Duration::from_secs(seconds);
        for (of, by) in [(&of.certificate, &by.certificate), (&of.key, &by.key)] {
            fs::copy(by, of).unwrap();
            let file = fs::OpenOptions::new().append(true).open(of).unwrap();
            file.set_modified(at).unwrap();
        }
    }

    async fn shows(own: &OwnCertificate, certificate: &CertificateDer<'_>) {
        let shown = async {
            while own.shown.read().unwrap().cert[0] != *certificate {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(1000 * LOOK, shown).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_certificate_is_shown_and_one_of_no_use_leaves_the_former() {
        let folder = tempfile::tempdir().unwrap();
        let domain: Domain = "gw.example".parse().unwrap();
        let (first, files) = write(folder.path(), "one");
        let (second, renewed) = write(folder.path(), "two");
        let (third, last) = write(folder.path(), "three");
        let own = Arc::new(OwnCertificate::new(&domain, Some(files.clone())).unwrap());
        // It changed between the first read and the first look.
        replace(&files, &renewed, 10);
        let keeping = tokio::spawn(Arc::clone(&own).keep());
        shows(&own, &second).await;
        assert_ne!(first, second);
        // Half of a change: the key is there later, with the same times.
        let half = Files {
            key: renewed.key,
            ..last.clone()
        };
        replace(&files, &half, 20);
        tokio::time::sleep(10 * LOOK).await;
        shows(&own, &second).await;
        let times = files.changed();
        fs::copy(&last.key, &files.key).unwrap();
        let key = fs::OpenOptions::new().append(true).open(&files.key);
        key.unwrap().set_modified(times[1].unwrap()).unwrap();
        shows(&own, &third).await;
        keeping.abort();
    }
}
