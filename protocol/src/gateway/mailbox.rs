//! The address of a mailbox, as far as it must be understood here.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

use super::name::{HostName, HostNameError};
use crate::limits;
use crate::text::text;

/// An address to which mails are sent, such as `front-desk@acme.example`.
///
/// It is of plain ASCII: a name of the characters that need no quotes (a dot-atom, RFC 5322 §3.2.3), and a host name in
/// lower case. At most [`limits::MAIL_ADDRESS`] bytes, [`limits::MAIL_NAME`] of them before the `@` (RFC 5321 §4.5.3.1).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct MailAddress(String);

text!(MailAddress);

/// Why text is no address of a mailbox.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailAddressError {
    /// There is no `@`.
    #[error("a mail address has a name, @ and a domain")]
    NoAt,
    /// It is too long.
    #[error(
        "a mail address has at most {} bytes, {} of them before the @",
        limits::MAIL_ADDRESS,
        limits::MAIL_NAME
    )]
    TooLong,
    /// What stands before the `@` has an odd character, or a dot at an end or beside another.
    #[error(
        "the name before the @ has letters, digits and single dots, or one of !#$%&'*+-/=?^_`{{|}}~"
    )]
    Name,
    /// What stands after it is no host name.
    #[error(transparent)]
    Domain(#[from] HostNameError),
}

impl FromStr for MailAddress {
    type Err = MailAddressError;

    fn from_str(text: &str) -> Result<Self, MailAddressError> {
        let (name, domain) = text.rsplit_once('@').ok_or(MailAddressError::NoAt)?;
        if text.len() > limits::MAIL_ADDRESS || name.len() > limits::MAIL_NAME {
            return Err(MailAddressError::TooLong);
        }
        let is_atom = |atom: &str| !atom.is_empty() && atom.bytes().all(is_of_atoms);
        if !name.split('.').all(is_atom) {
            return Err(MailAddressError::Name);
        }
        let domain: HostName = domain.parse()?;
        Ok(Self(format!("{name}@{domain}")))
    }
}

const fn is_of_atoms(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'/' | b'=' | b'?' | b'^'..=b'`' | b'{'..=b'~')
}

impl MailAddress {
    /// One text for all addresses that most servers take for the same mailbox: in lower case, and without what follows
    /// a plus sign.
    #[must_use]
    pub fn mailbox(&self) -> String {
        let address = self.0.to_ascii_lowercase();
        match address.rsplit_once('@') {
            Some((name, domain)) => {
                let name = name.split('+').next().unwrap_or(name);
                format!("{name}@{domain}")
            }
            None => address,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn addresses_are_read_as_they_are_meant() {
        for (text, read) in [
            ("front-desk@acme.example", "front-desk@acme.example"),
            (
                "Front.Desk+print@ACME.Example.",
                "Front.Desk+print@acme.example",
            ),
            ("expp1@abc.com", "expp1@abc.com"),
        ] {
            assert_eq!(text.parse::<MailAddress>().unwrap().as_str(), read);
        }
        for text in [
            "",
            "@",
            "acme.example",
            "@acme.example",
            "desk@",
            "de sk@acme.example",
            ".desk@acme.example",
            "de..sk@acme.example",
            "desk@acme@",
            "\"desk\"@acme.example",
            "desk@acme.example>\r\nRCPT TO:<x@y.example",
            "d\u{e9}sk@acme.example",
            "desk@[192.0.2.1]",
            "desk@192.0.2.1",
        ] {
            assert!(text.parse::<MailAddress>().is_err(), "{text}");
        }
        let long = format!("{}@acme.example", "x".repeat(65));
        assert_eq!(long.parse::<MailAddress>(), Err(MailAddressError::TooLong));
    }

    #[test]
    fn one_mailbox_is_known_however_it_is_written() {
        let mailbox = |text: &str| text.parse::<MailAddress>().unwrap().mailbox();
        assert_eq!(
            mailbox("Hall+wake@ACME.example"),
            mailbox("hall@acme.example")
        );
        assert_ne!(mailbox("hall@acme.example"), mailbox("desk@acme.example"));
    }
}
