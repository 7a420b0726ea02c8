//! A mail to a person, by a program (RFC 3834): an answer, or the code by which an address is proven.

use lettre::Address;
use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, SinglePart};

use crate::error::MailError;
use crate::head::{Head, MessageId};
use crate::message::Addresses;

/// A mail to a person.
#[derive(Clone, Debug)]
pub struct Notice<'a> {
    /// Its subject.
    pub subject: &'a str,
    /// What it says; lines end with `\n`.
    pub text: &'a str,
    /// Its name, before the `@`. The same mail, sent again after a crash, has the same.
    pub id: &'a str,
    /// The mail that it answers; none if it comes by itself.
    pub answers: Option<&'a Head>,
}

/// Writes it. From a program, so that nobody is told where it is ([`Addresses::of_program`]), and nobody's program answers
/// it.
///
/// # Errors
/// [`MailError::Message`].
pub fn write(notice: &Notice<'_>, addresses: &Addresses) -> Result<Vec<u8>, MailError> {
    let refuse = |why: String| MailError::Message(why);
    let header = |name, value: &str| {
        HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
    };
    let mailbox = |address: &Address| Mailbox::new(None, address.clone());
    let envelope = Envelope::new(addresses.sender().cloned(), vec![addresses.to().clone()])
        .map_err(|error| refuse(error.to_string()))?;
    let id = format!("{}@{}", notice.id, addresses.from().domain());
    let id: MessageId = id
        .parse()
        .map_err(|_| refuse("its name is none".to_owned()))?;
    let submitted = match notice.answers {
        Some(_) => "auto-replied",
        None => "auto-generated",
    };
    let mut message = Message::builder()
        .from(mailbox(addresses.from()))
        .to(mailbox(addresses.to()))
        .subject(notice.subject)
        .date_now()
        .message_id(Some(id.written()))
        .raw_header(header("Auto-Submitted", submitted))
        .raw_header(header("X-Auto-Response-Suppress", "All"))
        .envelope(envelope);
    if let Some(answered) = notice.answers.and_then(|head| head.id.as_ref()) {
        let references = notice.answers.into_iter().flat_map(|head| &head.references);
        let thread = references.chain([answered]).map(MessageId::written);
        message = message
            .in_reply_to(answered.written())
            .references(thread.collect::<Vec<_>>().join(" "));
    }
    let text = notice.text.replace('\n', "\r\n");
    let message = message
        .singlepart(SinglePart::plain(text))
        .map_err(|error| refuse(error.to_string()))?;
    Ok(message.formatted())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_answer_stands_in_its_thread_and_is_never_answered() {
        let asked = b"From: dana@acme.example\r\nMessage-ID: <q@acme.example>\r\nReferences: <p@acme.example>\r\n\
                      Subject: print this\r\n\r\n";
        let addresses = Addresses::of_program("print@acme.example", "dana@acme.example").unwrap();
        let asked = Head::read(asked);
        let notice = Notice {
            subject: "Re: Größe",
            text: "1 Dokument liegt bereit.\nBis morgen.\n",
            id: "abc",
            answers: asked.as_ref(),
        };
        let mail = write(&notice, &addresses).unwrap();
        let head = Head::read(&mail).unwrap();
        assert!(head.is_automatic);
        assert_eq!(head.id.unwrap().as_str(), "abc@acme.example");
        let thread: Vec<_> = head.references.iter().map(MessageId::as_str).collect();
        assert_eq!(thread, ["p@acme.example", "q@acme.example"]);
        assert_eq!(head.subject, "Re: Größe");
        let text = String::from_utf8(mail).unwrap();
        for line in [
            "Auto-Submitted: auto-replied\r\n",
            "In-Reply-To: <q@acme.example>\r\n",
            "From: print@acme.example\r\n",
            "To: dana@acme.example\r\n",
        ] {
            assert!(text.contains(line), "{line} is not in {text}");
        }
    }

    #[test]
    fn a_notice_comes_by_itself() {
        let addresses = Addresses::of_program("print@acme.example", "dana@acme.example").unwrap();
        let notice = Notice {
            subject: "a\r\nBcc: x@y.example",
            text: "code\n",
            id: "abc",
            answers: None,
        };
        let text = String::from_utf8(write(&notice, &addresses).unwrap()).unwrap();
        assert!(text.contains("Auto-Submitted: auto-generated\r\n"));
        assert!(
            !text.contains("In-Reply-To") && !text.contains("\r\nBcc"),
            "{text}"
        );
        let odd = Notice {
            id: "a b",
            ..notice
        };
        assert!(write(&odd, &addresses).is_err());
    }
}
