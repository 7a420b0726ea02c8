//! Secrets on their way from the command line to the node: wiped when dropped, never shown.
//!
//! They cross the control socket in clear, as they cross a terminal: both ends are processes of
//! one user on one machine, which [`super::server`] makes sure of.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident, $limit:expr, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The longest, in bytes.
            pub const LIMIT: usize = $limit;

            /// Takes it from where it was typed.
            ///
            /// # Errors
            /// [`SecretError`] if it is empty or too long.
            pub fn new(text: Zeroizing<String>) -> Result<Self, SecretError> {
                if text.is_empty() {
                    return Err(SecretError::Empty($what));
                }
                if text.len() > Self::LIMIT {
                    return Err(SecretError::TooLong($what, Self::LIMIT));
                }
                Ok(Self(text.as_str().to_owned()))
            }

            /// The secret itself.
            #[must_use]
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

/// Why a secret is not taken. Says nothing of the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Nothing was typed.
    #[error("the {0} is empty")]
    Empty(&'static str),
    /// Longer than any.
    #[error("the {0} is longer than {1} bytes")]
    TooLong(&'static str, usize),
}

secret! {
    /// A user's PIN or password as it was typed; the protocol's own rules apply where it is used.
    TypedPin, papermesh_protocol::pin::MAX_PIN, "PIN"
}
secret! {
    /// The passphrase of an admin's key, of an export of the site, or of its root.
    Passphrase, 1024, "passphrase"
}
secret! {
    /// A code that was mailed to an address, as it was typed.
    MailCode, 128, "code"
}
secret! {
    /// The root of a site as its file has it, sealed.
    RootFile, 4096, "root"
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let pin = TypedPin::new(Zeroizing::new("4711".to_owned())).unwrap();
        assert_eq!(format!("{pin:?}"), "TypedPin(..)");
    }

    #[test]
    fn empty_and_endless_secrets_are_refused() {
        let of = |text: String| Passphrase::new(Zeroizing::new(text));
        assert_eq!(of(String::new()), Err(SecretError::Empty("passphrase")));
        assert!(of("x".repeat(Passphrase::LIMIT + 1)).is_err());
    }
}
