//! The header of a mail, as anybody may have written it, and what the servers on its way put on top.
//!
//! Nothing here is believed: that a name stands in `From` says nothing of who sent it ([`crate::sender`]).

use std::str::FromStr;

use mail_parser::{Address, HeaderName, HeaderValue, Message, MessageParser};
use papermesh_protocol::gateway::mailbox::MailAddress;
use papermesh_protocol::text;

/// The longest header that is read, in bytes.
pub const HEAD: usize = 64 * 1024;
/// Characters of a subject.
const SUBJECT: usize = 255;
/// Addresses to which a mail says it goes that are read.
const RECIPIENTS: usize = 64;
/// Mails that a mail says it continues that are read.
const THREAD: usize = 16;
/// The longest name of a mail. A line has 998 bytes (RFC 5322 §2.1.1), and few names have a tenth of that.
const ID: usize = 250;

/// What a mail's header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Who wrote it, as it says.
    pub from: Result<MailAddress, FromError>,
    /// The values of all its `Authentication-Results` (RFC 8601), the topmost first.
    pub results: Vec<String>,
    /// Whether a program sent it: an answer by itself, a bounce, a list (RFC 3834 §2).
    pub is_automatic: bool,
    /// Its name.
    pub id: Option<MessageId>,
    /// The mails that it continues, the first one first.
    pub references: Vec<MessageId>,
    /// Its subject, fit to be shown; empty without one.
    pub subject: String,
    /// To whom it goes: as it says, and as servers wrote down.
    pub recipients: Vec<MailAddress>,
}

/// Why nobody can be said to have written a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FromError {
    /// Nobody is named.
    #[error("it does not say who wrote it")]
    Nobody,
    /// It has more than one `From`, or several people wrote it.
    #[error("it names more than one writer")]
    Several,
    /// What is named is no address.
    #[error("its writer has an address that cannot be read")]
    Address,
}

/// The name of a mail (RFC 5322 §3.6.4), without the brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageId(String);

/// This is the name of no mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is the name of no mail")]
pub struct NoMessageId;

impl FromStr for MessageId {
    type Err = NoMessageId;

    fn from_str(text: &str) -> Result<Self, NoMessageId> {
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>');
        match (1..=ID).contains(&text.len()) && text.bytes().all(is_plain) {
            true => Ok(Self(text.to_owned())),
            false => Err(NoMessageId),
        }
    }
}

impl MessageId {
    /// As it stands between the brackets.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// With the brackets.
    pub(crate) fn written(&self) -> String {
        format!("<{}>", self.0)
    }
}

impl Head {
    /// Reads the header of a mail, of which there may be no more than that. None if it does not end within [`HEAD`]
    /// bytes.
    #[must_use]
    pub fn read(mail: &[u8]) -> Option<Self> {
        let mail = mail.get(..mail.len().min(HEAD)).unwrap_or_default();
        let head = mail.get(..end_of(mail)?)?;
        let message = MessageParser::default().parse_headers(head)?;
        let raw = Raw {
            message: &message,
            head,
        };
        Some(Self {
            from: from(&message),
            results: raw.all("Authentication-Results"),
            is_automatic: is_automatic(&raw),
            id: message.message_id().and_then(|id| id.parse().ok()),
            references: references(&message),
            subject: text::clean(message.subject().unwrap_or_default(), SUBJECT),
            recipients: recipients(&message, &raw),
        })
    }
}

/// Where the header ends: after the first empty line.
fn end_of(mail: &[u8]) -> Option<usize> {
    let after = |end: &[u8]| {
        let at = mail.windows(end.len()).position(|window| window == end);
        at.map(|at| at + end.len())
    };
    match (after(b"\r\n\r\n"), after(b"\n\n")) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// Headers as they stand there.
struct Raw<'a> {
    message: &'a Message<'a>,
    head: &'a [u8],
}

impl Raw<'_> {
    /// The values of all headers of this name, the topmost first. What is no UTF-8 in them is replaced: it must not hide
    /// a header.
    fn all(&self, name: &str) -> Vec<String> {
        let headers = self.message.headers().iter();
        let named = headers.filter(|header| header.name.as_str().eq_ignore_ascii_case(name));
        let values = named.map(|header| {
            let place = header.offset_start as usize..header.offset_end as usize;
            let value = self.head.get(place).unwrap_or_default();
            String::from_utf8_lossy(value).trim().to_owned()
        });
        values.collect()
    }
}

fn from(message: &Message<'_>) -> Result<MailAddress, FromError> {
    let mut fields = message
        .headers()
        .iter()
        .filter(|header| header.name == HeaderName::From);
    let field = fields.next().ok_or(FromError::Nobody)?;
    if fields.next().is_some() {
        return Err(FromError::Several);
    }
    let HeaderValue::Address(Address::List(people)) = &field.value else {
        return Err(match &field.value {
            HeaderValue::Empty => FromError::Nobody,
            _ => FromError::Several,
        });
    };
    let [person] = people.as_slice() else {
        return Err(match people.is_empty() {
            true => FromError::Nobody,
            false => FromError::Several,
        });
    };
    let address = person.address.as_deref().ok_or(FromError::Nobody)?;
    address.parse().map_err(|_| FromError::Address)
}

fn is_automatic(raw: &Raw<'_>) -> bool {
    let word = |value: &str| {
        let end = value.find(|c: char| c == ';' || c == '(' || c.is_whitespace());
        value[..end.unwrap_or(value.len())].to_ascii_lowercase()
    };
    let submitted = raw.all("Auto-Submitted");
    let precedence = raw.all("Precedence");
    let returned = raw.all("Return-Path");
    submitted.iter().any(|value| word(value) != "no")
        || precedence
            .iter()
            .any(|value| matches!(word(value).as_str(), "bulk" | "junk" | "list"))
        || returned
            .iter()
            .any(|value| value.split_whitespace().collect::<String>() == "<>")
}

fn references(message: &Message<'_>) -> Vec<MessageId> {
    let all: Vec<MessageId> = match message.references() {
        HeaderValue::Text(id) => id.parse().into_iter().collect(),
        HeaderValue::TextList(ids) => ids.iter().filter_map(|id| id.parse().ok()).collect(),
        _ => Vec::new(),
    };
    // The first begins the thread, and the last ones are where it is now.
    let begin = all.len().saturating_sub(THREAD - 1).max(1);
    let (first, rest) = (all.first().cloned(), all.get(begin..).unwrap_or_default());
    first.into_iter().chain(rest.iter().cloned()).collect()
}

fn recipients(message: &Message<'_>, raw: &Raw<'_>) -> Vec<MailAddress> {
    let fields = message
        .headers()
        .iter()
        .filter(|header| matches!(header.name, HeaderName::To | HeaderName::Cc));
    let said = fields.filter_map(|header| header.value.as_address());
    let said = said
        .flat_map(Address::iter)
        .filter_map(|person| person.address().map(str::to_owned));
    let noted = ["X-Original-To", "Delivered-To", "Envelope-To"];
    let noted = noted.into_iter().flat_map(|name| raw.all(name));
    said.chain(noted)
        .filter_map(|address| address.parse().ok())
        .take(RECIPIENTS)
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn head(text: &str) -> Head {
        Head::read(format!("{}\r\n\r\nhello\r\n", text.replace('\n', "\r\n")).as_bytes()).unwrap()
    }

    fn from(text: &str) -> Result<String, FromError> {
        head(text).from.map(|address| address.to_string())
    }

    #[test]
    fn one_person_writes_a_mail() {
        let dana = Ok("dana@acme.example".to_owned());
        for one in [
            "From: dana@acme.example",
            "From: Dana <dana@ACME.example>",
            "from:\n Dana Scully\n <dana@acme.example>",
            "From: \"evil@evil.example\" <dana@acme.example>",
            "From: =?utf-8?q?D=C3=A4na?= <dana@acme.example>",
        ] {
            assert_eq!(from(one), dana, "{one}");
        }
        for (many, error) in [
            ("Subject: x", FromError::Nobody),
            ("From:", FromError::Nobody),
            (
                "From: dana@acme.example\nFrom: evil@evil.example",
                FromError::Several,
            ),
            (
                "From: dana@acme.example\nFROM: dana@acme.example",
                FromError::Several,
            ),
            (
                "From: dana@acme.example, evil@evil.example",
                FromError::Several,
            ),
            ("From: friends: dana@acme.example;", FromError::Several),
            ("From: d\u{e4}na@acme.example", FromError::Address),
        ] {
            assert_eq!(from(many), Err(error), "{many}");
        }
    }

    #[test]
    fn what_programs_send_is_known() {
        for automatic in [
            "Auto-Submitted: auto-replied",
            "auto-submitted: Auto-Generated; owner=x",
            "Precedence: bulk",
            "Precedence: List",
            "Return-Path: <>",
            "Return-Path: < >\nFrom: dana@acme.example",
        ] {
            assert!(head(automatic).is_automatic, "{automatic}");
        }
        for by_hand in [
            "From: dana@acme.example",
            "Auto-Submitted: no",
            "Auto-Submitted: No (by hand)",
            "Precedence: first-class",
            "Return-Path: <dana@acme.example>",
        ] {
            assert!(!head(by_hand).is_automatic, "{by_hand}");
        }
    }

    #[test]
    fn headers_stand_in_their_order_whatever_is_in_them() {
        let mail = b"Authentication-Results: mx; dmarc=fail \xff\r\nX: y\r\nAUTHENTICATION-results: mx;\r\n dmarc=pass\r\n\r\n";
        let results = Head::read(mail).unwrap().results;
        assert_eq!(results.len(), 2);
        assert!(results[0].starts_with("mx; dmarc=fail"));
        assert!(results[1].ends_with("dmarc=pass"));
    }

    #[test]
    fn a_thread_and_its_people_are_read_within_limits() {
        let many: String = (0..40).fold("References:".to_owned(), |all, n| {
            format!("{all}\n <{n}@x>")
        });
        let read = head(&format!(
            "Message-ID: <a@b>\n{many}\nTo: Print <print+a4@acme.example>, x@y.example\nDelivered-To: hall@acme.example"
        ));
        assert_eq!(read.id.unwrap().as_str(), "a@b");
        let ids: Vec<_> = read.references.iter().map(MessageId::as_str).collect();
        assert_eq!(
            (ids.len(), ids[0], ids[1], ids[15]),
            (16, "0@x", "25@x", "39@x")
        );
        let people: Vec<_> = read.recipients.iter().map(|to| to.as_str()).collect();
        assert_eq!(
            people,
            ["print+a4@acme.example", "x@y.example", "hall@acme.example"]
        );
        assert_eq!("a b".parse::<MessageId>(), Err(NoMessageId));
        assert_eq!(
            "a>\r\nBcc: x".parse::<MessageId>().unwrap_err(),
            NoMessageId
        );
    }

    /// A thread of the runtime has 2 MiB of stack.
    #[test]
    fn the_deepest_header_leaves_its_reader_standing() {
        let body = "Content-Type: message/rfc822\n\n".repeat(100_000);
        let full = |name: &str, word: &str| {
            let words = word.repeat((HEAD - 64) / word.len());
            format!("Subject: x\n{name}: {words}\n\n")
        };
        for mail in [
            body,
            full("From", "("),
            full("From", "a:"),
            full("From", "<"),
            full("To", "\"(\","),
            full("Content-Type", "a/b;c=(\""),
            full("References", "<("),
            full("Received", "from ("),
            full("Authentication-Results", "mx;("),
        ] {
            let reader = std::thread::Builder::new().stack_size(2 << 20);
            let read = reader.spawn(move || Head::read(mail.as_bytes())).unwrap();
            assert!(read.join().unwrap().is_some());
        }
    }

    #[test]
    fn a_header_has_an_end() {
        assert_eq!(Head::read(b""), None);
        assert_eq!(Head::read(b"From: dana@acme.example\r\n"), None);
        let long = format!("Subject: {}\r\n\r\n", "x".repeat(HEAD));
        assert_eq!(Head::read(long.as_bytes()), None);
        let bare = Head::read(b"Subject: a\n\nFrom: x@y.example\n\n").unwrap();
        assert_eq!(
            (bare.subject.as_str(), bare.from),
            ("a", Err(FromError::Nobody))
        );
    }
}
