//! The password of a locked document, as its owner gives it with the job.

use core::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Most bytes of a document's password (PWG 5100.13 §4.1.1 `document-password`).
pub const MAX_DOCUMENT_PASSWORD: usize = 1023;

/// A password that opens a document. Wiped when dropped, never printed.
///
/// The holder keeps it sealed with the job, and tells it to the printer that was granted the job.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DocumentPassword(Zeroizing<String>);

/// Why a text is no document password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a document's password must have 1 to {MAX_DOCUMENT_PASSWORD} bytes")]
pub struct DocumentPasswordError;

impl DocumentPassword {
    /// Takes a password of 1 to [`MAX_DOCUMENT_PASSWORD`] bytes.
    ///
    /// # Errors
    /// [`DocumentPasswordError`] for one that is empty or longer.
    pub fn new(text: &str) -> Result<Self, DocumentPasswordError> {
        Self::try_from(text.to_owned())
    }

    /// Shows the password, to whoever opens the document.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for DocumentPassword {
    type Error = DocumentPasswordError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let text = Zeroizing::new(text);
        match (1..=MAX_DOCUMENT_PASSWORD).contains(&text.len()) {
            true => Ok(Self(text)),
            false => Err(DocumentPasswordError),
        }
    }
}

impl From<DocumentPassword> for String {
    fn from(password: DocumentPassword) -> Self {
        password.expose().to_owned()
    }
}

impl fmt::Debug for DocumentPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DocumentPassword(..)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn it_has_bounds_and_is_not_shown() {
        assert!(DocumentPassword::new("").is_err());
        assert!(DocumentPassword::new(&"x".repeat(MAX_DOCUMENT_PASSWORD + 1)).is_err());
        let password = DocumentPassword::new("Grüße").unwrap();
        assert_eq!(password.expose(), "Grüße");
        assert!(!format!("{password:?}").contains("Gr"));
    }
}
