//! The password of a document on its way into a step: in front of the document, in the same pipe.
//!
//! Arguments and environments of processes can be seen by others, a pipe cannot.

use std::io::{self, Read};

use papermesh_protocol::document_password::{DocumentPassword, MAX_DOCUMENT_PASSWORD};

use zeroize::Zeroizing;

/// A password, as it stands in front of a document.
pub(super) struct Prefix(Zeroizing<String>);

impl Prefix {
    /// A password to be written.
    pub(super) fn of(password: &DocumentPassword) -> Self {
        Self(Zeroizing::new(password.expose().to_owned()))
    }

    /// Reads a password of so many bytes; none if it has none.
    pub(super) fn read(length: u16, input: &mut impl Read) -> io::Result<Option<Self>> {
        if length == 0 {
            return Ok(None);
        }
        let length = usize::from(length).min(MAX_DOCUMENT_PASSWORD);
        let mut bytes = Zeroizing::new(vec![0; length]);
        input.read_exact(&mut bytes)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| io::ErrorKind::InvalidData)?;
        Ok(Some(Self(Zeroizing::new(text.to_owned()))))
    }

    /// None at all.
    pub(super) fn none() -> Self {
        Self(Zeroizing::default())
    }

    /// How many they are.
    pub(super) fn len(&self) -> u16 {
        u16::try_from(self.0.len()).unwrap_or(u16::MAX)
    }

    /// It, for whoever opens the document.
    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl AsRef<[u8]> for Prefix {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}
