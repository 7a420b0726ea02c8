//! A mail that carries a wake: written, and found again in what a mailbox has.
//!
//! The part is all that counts. Headers are for mail programs and servers: that nobody answers it (RFC 3834), and what
//! the person sees who opens the mailbox.

use lettre::Address;
use lettre::address::Envelope;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Message, MultiPart, SinglePart};
use mail_parser::{MessageParser, MimeHeaders, PartType};

use crate::error::MailError;

/// What every such mail has in its subject. A mailbox is searched for it.
pub const SUBJECT: &str = "Papermesh wake";
/// The longest mail that is looked into, in bytes.
pub const MAIL: usize = 64 * 1024;
/// The longest part, in bytes.
pub const PART: usize = 4096;
/// Parts within parts that are looked into,
const DEPTH: usize = 8;
/// and parts in all.
const PARTS: usize = 32;

const TYPE: &str = "application/vnd.papermesh.wake";
const VERSION: &str = "1";
const WORDS: &str = "Somebody wants to print, and this mail calls the computer that takes it. There is nothing to do \
                     for you.\r\n";

/// Who sends a wake to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    from: Address,
    to: Address,
    /// Whether nobody is to be told that the mail did not arrive.
    is_silent: bool,
}

impl Addresses {
    /// From a person's account: if the mail does not arrive, the account is told.
    ///
    /// # Errors
    /// [`MailError::Address`].
    pub fn of_person(from: &str, to: &str) -> Result<Self, MailError> {
        Self::new(from, to, false)
    }

    /// From a program: nobody is told (`MAIL FROM:<>`, RFC 5321 §4.5.5).
    ///
    /// # Errors
    /// [`MailError::Address`].
    pub fn of_program(from: &str, to: &str) -> Result<Self, MailError> {
        Self::new(from, to, true)
    }

    fn new(from: &str, to: &str, is_silent: bool) -> Result<Self, MailError> {
        Ok(Self {
            from: address(from)?,
            to: address(to)?,
            is_silent,
        })
    }

    pub(crate) const fn from(&self) -> &Address {
        &self.from
    }

    pub(crate) fn to(&self) -> &Address {
        &self.to
    }

    pub(crate) fn sender(&self) -> Option<&Address> {
        (!self.is_silent).then_some(&self.from)
    }
}

/// An address in ASCII. Others need servers that all speak SMTPUTF8 (RFC 6531).
fn address(text: &str) -> Result<Address, MailError> {
    let refuse = || MailError::Address(crate::error::said(text));
    match text.is_ascii() {
        true => text.parse().map_err(|_| refuse()),
        false => Err(refuse()),
    }
}

/// Writes a mail with this part.
///
/// # Errors
/// [`MailError::Message`].
pub fn write(part: &[u8], addresses: &Addresses) -> Result<Vec<u8>, MailError> {
    let refuse = |why: String| MailError::Message(why);
    if part.len() > PART {
        return Err(refuse(format!("{} bytes are too many", part.len())));
    }
    let kind = ContentType::parse(&format!("{TYPE}; version={VERSION}"))
        .map_err(|error| refuse(error.to_string()))?;
    let body = Body::new_with_encoding(part.to_vec(), ContentTransferEncoding::Base64)
        .map_err(|_| refuse("the part cannot be encoded".to_owned()))?;
    let header = |name, value: &str| {
        HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
    };
    let mailbox = |address: &Address| Mailbox::new(None, address.clone());
    let envelope = Envelope::new(addresses.sender().cloned(), vec![addresses.to.clone()])
        .map_err(|error| refuse(error.to_string()))?;
    let message = Message::builder()
        .from(mailbox(&addresses.from))
        .to(mailbox(&addresses.to))
        .subject(SUBJECT)
        .date_now()
        .message_id(None)
        .raw_header(header("Auto-Submitted", "auto-generated"))
        .raw_header(header("X-Auto-Response-Suppress", "All"))
        .envelope(envelope)
        .multipart(
            MultiPart::mixed()
                .singlepart(SinglePart::plain(WORDS.to_owned()))
                .singlepart(SinglePart::builder().content_type(kind).body(body)),
        )
        .map_err(|error| refuse(error.to_string()))?;
    Ok(message.formatted())
}

/// What a mail turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The part that it carries.
    Wake(Vec<u8>),
    /// Something else: another mail, or one that is too long or too deep to look into.
    Other,
}

/// Looks for the part, as anybody may have written it.
#[must_use]
pub fn find(mail: &[u8]) -> Found {
    if mail.len() > MAIL {
        return Found::Other;
    }
    let Some(message) = MessageParser::default().parse(mail) else {
        return Found::Other;
    };
    let mut left = PARTS;
    match look(&message, 0, DEPTH, &mut left) {
        Some(part) => Found::Wake(part),
        None => Found::Other,
    }
}

/// The first wake in a part of a message and the parts within it, of which so many are looked into still.
fn look(
    message: &mail_parser::Message<'_>,
    at: u32,
    depth: usize,
    left: &mut usize,
) -> Option<Vec<u8>> {
    let depth = depth.checked_sub(1)?;
    *left = left.checked_sub(1)?;
    let part = message.part(at)?;
    match &part.body {
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => {
            let kind = part.content_type()?;
            let is_wake = kind.ctype().eq_ignore_ascii_case("application")
                && kind
                    .subtype()
                    .is_some_and(|sub| sub.eq_ignore_ascii_case("vnd.papermesh.wake"))
                && kind.attribute("version") == Some(VERSION);
            (is_wake && bytes.len() <= PART).then(|| bytes.to_vec())
        }
        PartType::Multipart(parts) => parts
            .iter()
            .find_map(|&inner| look(message, inner, depth, left)),
        // A mail that was forwarded whole.
        PartType::Message(inner) => look(inner, 0, depth, left),
        PartType::Text(_) | PartType::Html(_) => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn addresses() -> Addresses {
        Addresses::of_program("wake@gw.example", "hall@acme.example").unwrap()
    }

    #[test]
    fn a_part_is_found_as_it_was_written() {
        let part: Vec<u8> = (0..=255).cycle().take(1200).collect();
        let mail = write(&part, &addresses()).unwrap();
        assert_eq!(find(&mail), Found::Wake(part));
        let text = String::from_utf8(mail).unwrap();
        for line in [
            "From: wake@gw.example\r\n",
            "To: hall@acme.example\r\n",
            "Subject: Papermesh wake\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "X-Auto-Response-Suppress: All\r\n",
            "Content-Type: application/vnd.papermesh.wake; version=1\r\n",
        ] {
            assert!(text.contains(line), "{line} is not in {text}");
        }
        assert!(text.contains("\r\nMessage-ID: <") && text.contains("\r\nDate: "));
    }

    #[test]
    fn whoever_writes_it_and_passes_it_on_it_is_found() {
        let plain = "content-type: APPLICATION/vnd.papermesh.WAKE;\r\n version=\"1\"\r\n\
                     Content-Transfer-Encoding: base64\r\n\r\nd2FrZSB1cA==\r\n";
        assert_eq!(find(plain.as_bytes()), Found::Wake(b"wake up".to_vec()));
        let mail = write(b"wake up", &addresses()).unwrap();
        let forwarded = [
            &b"Subject: Fwd\r\nContent-Type: message/rfc822\r\n\r\n"[..],
            &mail,
        ]
        .concat();
        assert_eq!(find(&forwarded), Found::Wake(b"wake up".to_vec()));
    }

    #[test]
    fn other_mails_are_others() {
        let nested = |depth: usize| {
            let mut mail = String::new();
            for level in 0..depth {
                mail += &format!(
                    "Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n"
                );
            }
            mail += "Content-Type: application/vnd.papermesh.wake; version=1\r\n\r\nwake";
            for level in (0..depth).rev() {
                mail += &format!("\r\n--b{level}--\r\n");
            }
            mail.into_bytes()
        };
        assert_eq!(find(&nested(5)), Found::Wake(b"wake".to_vec()));
        assert_eq!(find(&nested(20)), Found::Other);
        let many = (0..100).fold(
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n".to_owned(),
            |mail, _| mail + "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n",
        ) + "--b\r\nContent-Type: application/vnd.papermesh.wake; version=1\r\n\r\nwake\r\n--b--\r\n";
        assert_eq!(find(many.as_bytes()), Found::Other);
        for other in [
            "",
            "Subject: hello\r\n\r\nhello\r\n",
            "Content-Type: application/vnd.papermesh.wake; version=2\r\n\r\nwake\r\n",
            "Content-Type: application/vnd.papermesh.wake\r\n\r\nwake\r\n",
        ] {
            assert_eq!(find(other.as_bytes()), Found::Other, "{other}");
        }
        assert_eq!(find(&vec![b'x'; MAIL + 1]), Found::Other);
    }

    /// The library that reads mails goes as deep as they do, and a thread of the runtime has 2 MiB of stack.
    #[test]
    fn the_deepest_mail_leaves_its_reader_standing() {
        let rfc822 = "Content-Type:message/rfc822\n\n";
        let in_digest = |inner: &str| {
            format!("Content-Type:multipart/digest;boundary=b\n\n--b\n\n{inner}\n--b--\n")
        };
        for deepest in [
            rfc822.repeat(MAIL / rfc822.len()),
            in_digest(&rfc822.repeat((MAIL - 100) / rfc822.len())),
            "Content-Type:multipart/digest;boundary=b\n\n--b\n\n".repeat(MAIL / 49),
        ] {
            assert!(deepest.len() <= MAIL);
            let reader = std::thread::Builder::new().stack_size(2 << 20);
            let found = reader.spawn(move || find(deepest.as_bytes())).unwrap();
            assert_eq!(found.join().unwrap(), Found::Other);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for wrong in [
            "",
            "hall",
            "a@b@c",
            "hall@acme.example\r\nRCPT TO:<x@y>",
            "hällo@acme.example",
        ] {
            assert!(
                Addresses::of_person(wrong, "hall@acme.example").is_err(),
                "{wrong}"
            );
        }
    }
}
