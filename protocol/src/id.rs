//! Identities: public keys and random numbers, each with a type of its own so that none can be
//! taken for another. They are public; secrets live in [`crate::seal::keys`].

use core::fmt;
use core::str::FromStr;

use data_encoding::HEXLOWER_PERMISSIVE;
use ed25519_dalek::VerifyingKey;
use rand_core::Rng;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Text that is not the hexadecimal form of an identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} hexadecimal digits")]
pub struct IdError {
    expected: usize,
}

/// A byte array with a meaning: shown as lower-case hexadecimal, encoded as a CBOR byte string.
macro_rules! identity {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// The identity that these bytes are.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// Its bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                HEXLOWER_PERMISSIVE
                    .decode(text.as_bytes())
                    .ok()
                    .and_then(|bytes| bytes.try_into().ok())
                    .map(Self)
                    .ok_or(IdError { expected: $len * 2 })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    serializer.serialize_bytes(&self.0)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
                } else {
                    serde_bytes::ByteArray::deserialize(deserializer).map(|bytes| Self(bytes.into_array()))
                }
            }
        }
    };
}

identity! {
    /// A site: the Ed25519 public key of its root, which signs its charters and nothing else.
    SiteId, 32
}
identity! {
    /// The Ed25519 public key with which one admin signs for the site.
    AdminKey, 32
}
identity! {
    /// What a record says, whoever signed it: the first bytes of a hash.
    RecordDigest, 16
}
identity! {
    /// A member: the Ed25519 public key of its node, the same key as its libp2p identity.
    NodeId, 32
}
identity! {
    /// A gateway: the Ed25519 public key that it proves on each pipe. It is a member of no site.
    GatewayId, 32
}
identity! {
    /// The Ed25519 public key of a user, made on the user's first computer.
    UserKey, 32
}
identity! {
    /// A held job, random, unique to its holder for all time.
    JobId, 16
}
identity! {
    /// A session between one printer and one holder, random.
    SessionId, 32
}
identity! {
    /// One attempt to put one job on paper, random, chosen by the printer.
    ReleaseId, 16
}
identity! {
    /// Where a record lives in the DHT.
    RecordKey, 32
}
identity! {
    /// What a badge number becomes before it leaves the reader: HMAC(site secret, number).
    BadgeTag, 32
}
identity! {
    /// What is kept of a print token: a hash of it.
    TokenDigest, 32
}
identity! {
    /// The key of a certificate for the web: SHA-256 of its SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), DER.
    KeyDigest, 32
}
identity! {
    /// The serial number of a certificate, random.
    Serial, 8
}
identity! {
    /// Names one wake of a door, random, chosen by whoever wakes.
    WakeNonce, 16
}

macro_rules! random {
    ($($name:ident),*) => {$(
        impl $name {
            /// A fresh one.
            pub fn random<R: Rng + ?Sized>(rng: &mut R) -> Self {
                let mut bytes = [0; Self::LEN];
                rng.fill_bytes(&mut bytes);
                Self(bytes)
            }
        }
    )*};
}
random!(JobId, SessionId, ReleaseId, Serial, WakeNonce);

macro_rules! verifying_key {
    ($($name:ident),*) => {$(
        impl $name {
            /// The key that verifies what this identity signed; none if the bytes are no usable
            /// Ed25519 key (off the curve, or of small order).
            #[must_use]
            pub fn verifying_key(&self) -> Option<VerifyingKey> {
                VerifyingKey::from_bytes(&self.0).ok().filter(|key| !key.is_weak())
            }
        }

        impl From<VerifyingKey> for $name {
            fn from(key: VerifyingKey) -> Self {
                Self(key.to_bytes())
            }
        }
    )*};
}
verifying_key!(SiteId, GatewayId, AdminKey, NodeId, UserKey);

impl JobId {
    /// The first digits, enough for a person to tell jobs of one list apart.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string()[..8].to_owned()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn text_form_round_trips() {
        let id = JobId::from_bytes([0xa5; 16]);
        assert_eq!(id.to_string().parse::<JobId>().unwrap(), id);
        assert_eq!(id.to_string().to_uppercase().parse::<JobId>().unwrap(), id);
        assert!("a5".parse::<JobId>().is_err());
        assert!("zz".repeat(16).parse::<JobId>().is_err());
    }

    #[test]
    fn cbor_form_is_a_byte_string_of_exact_length() {
        let id = Serial::from_bytes([1; 8]);
        let bytes = crate::codec::encode(&id, 16).unwrap();
        assert_eq!(bytes, [0x48, 1, 1, 1, 1, 1, 1, 1, 1]);
        assert!(crate::codec::decode::<Serial>(&[0x47, 1, 1, 1, 1, 1, 1, 1], 16).is_err());
    }

    #[test]
    fn small_order_keys_verify_nothing() {
        assert!(NodeId::from_bytes([0; 32]).verifying_key().is_none());
    }
}
