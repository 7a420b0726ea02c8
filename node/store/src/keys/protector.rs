//! Who keeps a secret for this node outside of its home: what a computer offers against whoever
//! takes its disk.
//!
//! A protector is given 32 bytes and gives something back that may lie beside what they open. Later
//! it is given that and gives the bytes. It is asked at each start and at no other time.

use std::borrow::Cow;

mod systemd;

#[cfg(target_os = "linux")]
mod secret_service;

use papermesh_protocol::remedy::Remedy;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// What is kept.
pub(super) type Secret = Zeroizing<[u8; 32]>;

/// The most bytes of what a protector gives back.
pub(super) const TOKEN: usize = 64 * 1024;

/// Who keeps the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protector {
    /// systemd-creds: the computer's TPM, and a key that systemd keeps on its disk.
    SystemdCreds,
    /// The user's keyring, such as GNOME's or KDE's, opened by logging in.
    SecretService,
}

/// Why a protector does not keep or give a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProtectorError {
    /// There is none of this kind here.
    #[error("there is none on this computer ({0})")]
    Absent(String),
    /// It does not answer.
    #[error("it does not answer")]
    Silent,
    /// It refused.
    #[error("{0}")]
    Refused(String),
    /// The keyring is locked.
    #[error("the keyring is locked")]
    Locked,
    /// It gave something else than it was given.
    #[error("it returned something other than what was sealed")]
    Other,
}

impl Remedy for ProtectorError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Locked => Some("log in to the desktop, or unlock it, and start again".into()),
            _ => None,
        }
    }
}

impl std::fmt::Display for Protector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::SystemdCreds => "systemd-creds",
            Self::SecretService => "secret-service",
        })
    }
}

impl Protector {
    /// The one that can be used without anybody being asked, and that helps against the theft of the
    /// disk: this computer's TPM. A keyring is open only once somebody has logged in, and systemd's
    /// key alone lies on the same disk. Blocks.
    #[must_use]
    pub fn unasked() -> Option<Self> {
        systemd::has_tpm().then_some(Self::SystemdCreds)
    }

    /// What it cannot do, for people; none if it helps against whoever takes the disk. Blocks.
    #[must_use]
    pub fn weakness(self) -> Option<&'static str> {
        match self {
            Self::SystemdCreds if !systemd::has_tpm() => Some(
                "this computer has no TPM that systemd can use, so the key to them lies on the computer's own disk, \
                 under /var/lib/systemd",
            ),
            Self::SystemdCreds | Self::SecretService => None,
        }
    }

    /// Has it keep a secret, and makes sure that it gives it back. Blocks.
    pub(super) fn keep(self, secret: &Secret) -> Result<Vec<u8>, ProtectorError> {
        let token = match self {
            Self::SystemdCreds => systemd::keep(secret)?,
            #[cfg(target_os = "linux")]
            Self::SecretService => secret_service::keep(secret)?,
            #[cfg(not(target_os = "linux"))]
            Self::SecretService => return Err(ProtectorError::Absent("no D-Bus".to_owned())),
        };
        match self.give(&token)? == *secret && token.len() <= TOKEN {
            true => Ok(token),
            false => Err(ProtectorError::Other),
        }
    }

    /// Asks it for a secret. Blocks.
    pub(super) fn give(self, token: &[u8]) -> Result<Secret, ProtectorError> {
        match self {
            Self::SystemdCreds => systemd::give(token),
            #[cfg(target_os = "linux")]
            Self::SecretService => secret_service::give(token),
            #[cfg(not(target_os = "linux"))]
            Self::SecretService => Err(ProtectorError::Absent("no D-Bus".to_owned())),
        }
    }

    /// Tells it that nobody will ask again. Blocks.
    pub(super) fn forget(self, token: &[u8]) -> Result<(), ProtectorError> {
        match self {
            // It has nothing but the key by which all is sealed.
            Self::SystemdCreds => Ok(()),
            #[cfg(target_os = "linux")]
            Self::SecretService => secret_service::forget(token),
            #[cfg(not(target_os = "linux"))]
            Self::SecretService => Err(ProtectorError::Absent("no D-Bus".to_owned())),
        }
    }
}

/// The secret in these bytes.
fn secret(bytes: &[u8]) -> Result<Secret, ProtectorError> {
    let bytes = bytes.try_into().map_err(|_| ProtectorError::Other)?;
    Ok(Zeroizing::new(bytes))
}
