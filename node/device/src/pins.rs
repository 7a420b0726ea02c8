//! The certificates that printers were first seen with: trust on first use.
//!
//! Lives here: the fingerprint, the store's contract, a store in memory and one in a file. Not
//! here: checking a TLS handshake against a pin (`ipp/trust.rs`).
//!
//! Why trust on first use and not a list of authorities: a printer makes its own certificate when
//! it is first switched on, for a name that it may not even have any more. No authority signs it,
//! so CUPS and the phone makers accept it once and remember it, and so do we. Whoever takes the
//! printer's place later is noticed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use data_encoding::HEXLOWER;
use papermesh_protocol::remedy::Remedy;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::durable::replace_file;

/// Most pins kept in a file; a node has one output device, an admin may have tried a few.
pub const MAX_PINS: usize = 256;

/// Largest pin file read, in bytes.
pub const MAX_PIN_FILE: u64 = 256 * 1024;

const FILE_HEADER: &str = "\
# Certificates of printers (ipps://), as each was first seen: SHA-256 of the certificate.
# After replacing or resetting a printer, remove its line; the next print remembers the new certificate.
";

/// SHA-256 of a certificate's DER bytes, written `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a certificate.
    #[must_use]
    pub fn of(certificate_der: &[u8]) -> Self {
        Self(Sha256::digest(certificate_der).into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.to_string()
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let wrong = "a fingerprint is sha256: and 64 hexadecimal digits";
        let digits = text
            .strip_prefix("sha256:")
            .ok_or(wrong)?
            .to_ascii_lowercase();
        let bytes = HEXLOWER.decode(digits.as_bytes()).map_err(|_| wrong)?;
        bytes.try_into().map(Self).map_err(|_| wrong)
    }
}

/// Where pins are kept, by `host:port`.
///
/// The calls may touch a small file and are made from within a handshake, a few times in a device's
/// life.
pub trait PinStore: fmt::Debug + Send + Sync {
    /// The pin of a device, where one was kept.
    fn get(&self, authority: &str) -> Result<Option<Fingerprint>, PinError>;

    /// Keeps the pin of a device that has none yet. A device that already has another one keeps it,
    /// and [`PinError::Changed`] is returned.
    fn put(&self, authority: &str, pin: Fingerprint) -> Result<(), PinError>;

    /// What a person does to make the store forget a device, such as `remove the line … from …`.
    fn how_to_forget(&self, authority: &str) -> String;
}

/// Why a certificate is refused, or cannot be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// The certificate is not the one that was seen first.
    #[error(
        "{authority} shows a different certificate ({seen}) than the one it was first seen with ({pinned})"
    )]
    Changed {
        /// `host:port`.
        authority: String,
        /// What was first seen.
        pinned: Fingerprint,
        /// What is shown now.
        seen: Fingerprint,
        /// What to do if the change is meant.
        remedy: String,
    },
    /// The printer was seen with a certificate, and is not encrypted any more.
    #[error("{authority} used TLS so far and no longer does (its certificate was {pinned})")]
    Unencrypted {
        /// `host:port`.
        authority: String,
        /// What was first seen.
        pinned: Fingerprint,
        /// What to do if the change is meant.
        remedy: String,
    },
    /// The pins cannot be read or written; without them no printer is believed.
    #[error("cannot use the printers' certificates in {file}: {why}")]
    Store {
        /// The pin file.
        file: String,
        /// What is wrong with it.
        why: String,
    },
}

impl Remedy for PinError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::Changed { remedy, .. } => format!(
                "if the printer was replaced or reset, {remedy} and print again (no restart is needed); if not, \
                 somebody may be posing as the printer"
            ),
            Self::Unencrypted { remedy, .. } => format!(
                "if TLS was switched off at the printer, {remedy} and print again (no restart is needed); if not, \
                 somebody may be posing as the printer"
            ),
            Self::Store { file, .. } => {
                format!("make {file} readable and writable for this node, or repair it")
            }
        };
        Some(remedy.into())
    }
}

/// Pins that are forgotten with the process: for tests, and for looking at a printer once.
#[derive(Debug, Default)]
pub struct MemoryPins(Mutex<BTreeMap<String, Fingerprint>>);

impl PinStore for MemoryPins {
    fn get(&self, authority: &str) -> Result<Option<Fingerprint>, PinError> {
        Ok(held(&self.0).get(authority).copied())
    }

    fn put(&self, authority: &str, pin: Fingerprint) -> Result<(), PinError> {
        let mut pins = held(&self.0);
        keep(&mut pins, authority, pin, || self.how_to_forget(authority)).map(|_| ())
    }

    fn how_to_forget(&self, _: &str) -> String {
        "restart this node".to_owned()
    }
}

/// Pins in a TOML file that a person can read and edit.
#[derive(Debug)]
pub struct FilePins {
    path: PathBuf,
    /// One writer at a time within this process.
    writing: Mutex<()>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PinFile {
    #[serde(default)]
    pins: BTreeMap<String, Fingerprint>,
}

impl FilePins {
    /// Pins in the file at `path`, which is made when the first one is kept.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            writing: Mutex::new(()),
        }
    }

    fn failed(&self, why: impl fmt::Display) -> PinError {
        PinError::Store {
            file: self.path.display().to_string(),
            why: why.to_string(),
        }
    }

    fn read(&self) -> Result<PinFile, PinError> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(PinFile::default()),
            Err(error) => return Err(self.failed(error)),
        };
        let mut text = String::new();
        file.take(MAX_PIN_FILE + 1)
            .read_to_string(&mut text)
            .map_err(|error| self.failed(error))?;
        if text.len() as u64 > MAX_PIN_FILE {
            return Err(self.failed(format!("it is larger than {MAX_PIN_FILE} bytes")));
        }
        toml::from_str(&text).map_err(|error| self.failed(error))
    }

    fn write(&self, pins: &PinFile) -> Result<(), PinError> {
        let text = toml::to_string(pins).map_err(|error| self.failed(error))?;
        replace_file(&self.path, &format!("{FILE_HEADER}\n{text}"))
            .map_err(|error| self.failed(error))
    }
}

impl PinStore for FilePins {
    fn get(&self, authority: &str) -> Result<Option<Fingerprint>, PinError> {
        Ok(self.read()?.pins.get(authority).copied())
    }

    fn put(&self, authority: &str, pin: Fingerprint) -> Result<(), PinError> {
        let _one_writer = held(&self.writing);
        let mut file = self.read()?;
        if file.pins.len() >= MAX_PINS && !file.pins.contains_key(authority) {
            return Err(self.failed(format!(
                "it already holds {MAX_PINS} printers; remove old lines"
            )));
        }
        if keep(&mut file.pins, authority, pin, || {
            self.how_to_forget(authority)
        })? {
            self.write(&file)?;
        }
        Ok(())
    }

    fn how_to_forget(&self, authority: &str) -> String {
        format!(
            "remove the line \"{authority}\" from {}",
            self.path.display()
        )
    }
}

/// Keeps a pin unless another is there; tells whether it is new.
fn keep(
    pins: &mut BTreeMap<String, Fingerprint>,
    authority: &str,
    pin: Fingerprint,
    remedy: impl FnOnce() -> String,
) -> Result<bool, PinError> {
    match pins.get(authority) {
        Some(pinned) if *pinned == pin => Ok(false),
        Some(pinned) => Err(PinError::Changed {
            authority: authority.to_owned(),
            pinned: *pinned,
            seen: pin,
            remedy: remedy(),
        }),
        None => {
            pins.insert(authority.to_owned(), pin);
            Ok(true)
        }
    }
}

/// A lock whose holder panicked still guards whole values here: every change is a single insert.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{FilePins, Fingerprint, MAX_PIN_FILE, MemoryPins, PinError, PinStore};

    fn first_pin_stays(pins: &dyn PinStore) {
        let (one, two) = (Fingerprint::of(b"one"), Fingerprint::of(b"two"));
        assert_eq!(pins.get("printer:631").unwrap(), None);
        pins.put("printer:631", one).unwrap();
        pins.put("printer:631", one).unwrap();
        assert!(matches!(
            pins.put("printer:631", two),
            Err(PinError::Changed { .. })
        ));
        assert_eq!(pins.get("printer:631").unwrap(), Some(one));
        pins.put("other:631", two).unwrap();
        assert_eq!(pins.get("other:631").unwrap(), Some(two));
    }

    #[test]
    fn memory_keeps_the_first_pin() {
        first_pin_stays(&MemoryPins::default());
    }

    #[test]
    fn a_file_keeps_the_first_pin_across_processes_and_is_private() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("printer-certificates.toml");
        first_pin_stays(&FilePins::new(&path));
        assert_eq!(
            FilePins::new(&path).get("printer:631").unwrap(),
            Some(Fingerprint::of(b"one"))
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(
                std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
        assert_eq!(
            std::fs::read_dir(home.path()).unwrap().count(),
            1,
            "nothing is left beside it"
        );
    }

    #[test]
    fn a_crash_while_writing_leaves_the_old_pins_and_blocks_nothing() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("printer-certificates.toml");
        let pins = FilePins::new(&path);
        pins.put("printer:631", Fingerprint::of(b"one")).unwrap();
        std::fs::write(home.path().join("printer-certificates.toml.new"), "[pi").unwrap();
        pins.put("other:631", Fingerprint::of(b"two")).unwrap();
        assert_eq!(
            pins.get("printer:631").unwrap(),
            Some(Fingerprint::of(b"one"))
        );
    }

    #[test]
    fn a_spoilt_file_trusts_nobody() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("printer-certificates.toml");
        let long = "#".repeat(usize::try_from(MAX_PIN_FILE).unwrap() + 1);
        for spoilt in [
            "pins = 3",
            "[pins]\n\"a:1\" = \"sha256:00\"",
            "nonsense",
            &long,
        ] {
            std::fs::write(&path, spoilt).unwrap();
            assert!(
                matches!(FilePins::new(&path).get("a:1"), Err(PinError::Store { .. })),
                "{spoilt:.20}"
            );
            assert!(
                FilePins::new(&path)
                    .put("a:1", Fingerprint::of(b"one"))
                    .is_err()
            );
        }
    }
}
