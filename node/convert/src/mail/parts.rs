//! Reads the parts of a mail. Runs in the process of its own: the library that reads mails has no limits.

use std::collections::BTreeSet;

use mail_parser::{MessageParser, MessagePart, MimeHeaders, PartType};
use papermesh_protocol::text;

use super::{
    BYTES, Contents, ContentsError, DOCUMENTS, Document, LeftOut, MAIL, NAME, PARTS, Text,
    WhyLeftOut,
};

/// Parts within parts that are looked into.
const DEPTH: usize = 8;
/// Pictures that the text of a mail shows.
const SHOWN: usize = 256;
/// Bytes of the name of one.
const ID: usize = 250;

/// Reads a mail.
///
/// # Errors
/// [`ContentsError`].
pub(crate) fn read(mail: &[u8]) -> Result<Contents, ContentsError> {
    if mail.len() > MAIL {
        return Err(ContentsError::TooLarge);
    }
    let message = MessageParser::default().parse(mail);
    let mut message = message.ok_or(ContentsError::Unreadable)?;
    if message.parts.len() > PARTS {
        return Err(ContentsError::Unreadable);
    }
    let order = order(&message.parts)?;
    let mut reading = Reading {
        shown: shown(&message.parts),
        contents: Contents {
            documents: Vec::new(),
            left_out: Vec::new(),
            text: Text::None,
        },
        bytes: 0,
    };
    for at in order {
        if let Some(part) = message.parts.get_mut(at) {
            reading.read(part)?;
        }
    }
    Ok(reading.contents)
}

/// The parts that have no parts, in the order of the mail.
fn order(parts: &[MessagePart<'_>]) -> Result<Vec<usize>, ContentsError> {
    let mut order = Vec::new();
    // The next one last.
    let mut left = vec![(0, 1)];
    let mut seen = BTreeSet::new();
    while let Some((at, depth)) = left.pop() {
        if depth > DEPTH || !seen.insert(at) {
            return Err(ContentsError::Unreadable);
        }
        match parts.get(at).map(|part| &part.body) {
            Some(PartType::Multipart(inner)) => {
                let inner = inner.iter().rev();
                left.extend(inner.map(|&inner| (inner as usize, depth + 1)));
            }
            Some(_) => order.push(at),
            None => return Err(ContentsError::Unreadable),
        }
    }
    Ok(order)
}

/// The Content-IDs that the mail's HTML names.
fn shown(parts: &[MessagePart<'_>]) -> BTreeSet<String> {
    let pages = parts.iter().filter_map(|part| match &part.body {
        PartType::Html(html) => Some(html),
        _ => None,
    });
    let named = pages.flat_map(|html| {
        let named = html.match_indices("cid:");
        named.filter_map(|(at, _)| html.get(at + 4..))
    });
    named.take(SHOWN).filter_map(id).collect()
}

/// The Content-ID that stands here, if it ends in time.
fn id(html: &str) -> Option<String> {
    let ends = |c: char| matches!(c, '"' | '\'' | '>' | '<' | ')') || c.is_whitespace();
    let mut chars = html.char_indices().take_while(|(at, _)| *at <= ID);
    let end = chars.find_map(|(at, c)| ends(c).then_some(at));
    // What ends with the page is over, too.
    let end = end.or_else(|| (html.len() <= ID).then_some(html.len()))?;
    Some(html.get(..end)?.replace("%40", "@"))
}

/// A mail that is being read.
struct Reading {
    shown: BTreeSet<String>,
    contents: Contents,
    /// Bytes of the documents so far.
    bytes: usize,
}

impl Reading {
    fn read(&mut self, part: &mut MessagePart<'_>) -> Result<(), ContentsError> {
        let name = text::clean(part.attachment_name().unwrap_or_default(), NAME);
        let is_file = !name.is_empty()
            || part
                .content_disposition()
                .is_some_and(|disposition| disposition.ctype().eq_ignore_ascii_case("attachment"));
        let kind = part.content_type().map(|kind| {
            let sub = kind.subtype().unwrap_or_default();
            format!("{}/{sub}", kind.ctype()).to_ascii_lowercase()
        });
        let kind = kind.as_deref().unwrap_or("text/plain");
        let is_shown = kind.starts_with("image/")
            && part
                .content_id()
                .is_some_and(|id| self.shown.contains(id.trim_matches(['<', '>'])));
        let is_damaged = part.is_encoding_problem;
        match std::mem::take(&mut part.body) {
            PartType::Text(text) if !is_file && kind == "text/plain" => self.text(&text)?,
            PartType::Html(_) if !is_file => {
                if self.contents.text == Text::None {
                    self.contents.text = Text::Html;
                }
            }
            PartType::Message(_) => self.leave_out(name, WhyLeftOut::Mail),
            PartType::Multipart(_) => {}
            _ if is_signature(kind) => {}
            _ if is_shown => self.leave_out(name, WhyLeftOut::Shown),
            _ if is_damaged => self.leave_out(name, WhyLeftOut::Damaged),
            PartType::Text(text) | PartType::Html(text) => {
                self.document(name, text.into_owned().into_bytes())?;
            }
            PartType::Binary(bytes) | PartType::InlineBinary(bytes) => {
                self.document(name, bytes.into_owned())?;
            }
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), ContentsError> {
        if text.trim().is_empty() {
            return Ok(());
        }
        let so_far = match &self.contents.text {
            Text::Plain(so_far) => so_far.len(),
            Text::None | Text::Html => 0,
        };
        if so_far + text.len() > BYTES {
            return Err(ContentsError::TooLarge);
        }
        match &mut self.contents.text {
            Text::Plain(so_far) => so_far.push_str(text),
            other => *other = Text::Plain(text.to_owned()),
        }
        Ok(())
    }

    fn leave_out(&mut self, name: String, why: WhyLeftOut) {
        self.contents.left_out.push(LeftOut { name, why });
    }

    fn document(&mut self, name: String, bytes: Vec<u8>) -> Result<(), ContentsError> {
        self.bytes = self.bytes.saturating_add(bytes.len());
        if self.bytes > BYTES {
            return Err(ContentsError::TooLarge);
        }
        if self.contents.documents.len() >= DOCUMENTS {
            return Err(ContentsError::TooMany);
        }
        self.contents.documents.push(Document { name, bytes });
        Ok(())
    }
}

/// What proves who wrote a mail, and says nothing by itself.
fn is_signature(kind: &str) -> bool {
    matches!(
        kind,
        "application/pkcs7-signature"
            | "application/x-pkcs7-signature"
            | "application/pgp-signature"
            | "application/pgp-keys"
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const PDF: &str = "Content-Type: application/pdf; name=\"report.pdf\"\nContent-Transfer-Encoding: base64\n\
                       Content-Disposition: attachment; filename=\"report.pdf\"\n\nJVBERi0xLjcK";
    const HELLO: &str = "Content-Type: text/plain\n\nhello\n";

    fn mixed(kind: &str, parts: &[&str]) -> String {
        let body = parts.iter().fold(String::new(), |all, part| {
            format!("{all}--{kind}\n{part}\n")
        });
        format!("Content-Type: multipart/{kind}; boundary={kind}\n\n{body}--{kind}--\n")
    }

    fn read(mail: &str) -> Result<Contents, ContentsError> {
        super::read(mail.replace('\n', "\r\n").as_bytes())
    }

    fn names(contents: &Contents) -> Vec<&str> {
        let documents = contents.documents.iter();
        documents.map(|document| document.name.as_str()).collect()
    }

    #[test]
    fn files_are_documents_and_text_is_text() {
        let contents = read(&mixed("mixed", &[HELLO, PDF, PDF])).unwrap();
        assert_eq!(names(&contents), ["report.pdf", "report.pdf"]);
        assert_eq!(contents.documents[0].bytes, b"%PDF-1.7\n");
        assert_eq!(contents.text, Text::Plain("hello\r\n".to_owned()));
        // A phone sends what it was told to print between two texts, and calls it inline.
        let inline = PDF.replace("attachment;", "inline;");
        let contents = read(&mixed("mixed", &[HELLO, &inline, HELLO])).unwrap();
        assert_eq!(names(&contents), ["report.pdf"]);
        let notes = "Content-Type: text/plain; charset=iso-8859-1\nContent-Disposition: attachment; filename=n.txt\n\
                     Content-Transfer-Encoding: quoted-printable\n\nM=FCnchen";
        let contents = read(&mixed("mixed", &[HELLO, notes])).unwrap();
        assert_eq!(contents.documents[0].bytes, "München".as_bytes());
        // Nothing but a document.
        assert_eq!(names(&read(PDF).unwrap()), ["report.pdf"]);
        // What it says of itself is not believed.
        let odd = PDF.replace("application/pdf", "image/x-odd");
        assert_eq!(names(&read(&odd).unwrap()), ["report.pdf"]);
    }

    #[test]
    fn the_pictures_of_a_text_are_none() {
        let html = "Content-Type: text/html\n\n<p>hello<img src=\"cid:logo%40x\"></p>";
        let logo = "Content-Type: image/png; name=logo.png\nContent-ID: <logo@x>\n\
                    Content-Disposition: inline\nContent-Transfer-Encoding: base64\n\niVBORw0K";
        let photo = logo.replace("logo", "photo");
        let related = mixed("related", &[html, logo, &photo]);
        let both = mixed("alternative", &[HELLO, &related]);
        let contents = read(&mixed("mixed", &[&both, PDF])).unwrap();
        // A photo that the text does not show is one.
        assert_eq!(names(&contents), ["photo.png", "report.pdf"]);
        let left_out = [LeftOut {
            name: "logo.png".to_owned(),
            why: WhyLeftOut::Shown,
        }];
        assert_eq!(contents.left_out, left_out);
        assert_eq!(contents.text, Text::Plain("hello\r\n".to_owned()));
        let only = read(&related).unwrap();
        assert_eq!(only.text, Text::Html);
        // A PDF is never a picture of a text.
        let hidden = PDF.replace("Content-Disp", "Content-ID: <logo@x>\nContent-Disp");
        let contents = read(&mixed("related", &[html, &hidden])).unwrap();
        assert_eq!(names(&contents), ["report.pdf"]);
    }

    #[test]
    fn what_is_no_document_is_told_or_means_nothing() {
        let inner = format!("Content-Type: message/rfc822\n\nSubject: inner\n{PDF}");
        let signature = PDF.replace("application/pdf", "application/pkcs7-signature");
        let damaged = PDF.replace("JVBERi0xLjcK", "JVB#!~ERi0xLjcK");
        let contents = read(&mixed("mixed", &[HELLO, &inner, &signature, &damaged])).unwrap();
        let whys: Vec<_> = contents.left_out.iter().map(|left| left.why).collect();
        assert_eq!(whys, [WhyLeftOut::Mail, WhyLeftOut::Damaged]);
        assert_eq!(names(&contents), [""; 0]);
        assert_eq!(read("Subject: x\n\n \n").unwrap().text, Text::None);
    }

    #[test]
    fn everything_has_a_limit() {
        let many = vec![PDF; DOCUMENTS + 1];
        assert_eq!(read(&mixed("mixed", &many)), Err(ContentsError::TooMany));
        assert!(read(&mixed("mixed", &many[1..])).is_ok());
        let many = vec![HELLO; PARTS + 1];
        assert_eq!(read(&mixed("mixed", &many)), Err(ContentsError::Unreadable));
        let mut deep = PDF.to_owned();
        for level in 0..2 * DEPTH {
            let boundary = format!("b{level}");
            deep = format!(
                "Content-Type: multipart/mixed; boundary={boundary}\n\n--{boundary}\n{deep}\n--{boundary}--\n"
            );
        }
        assert_eq!(read(&deep), Err(ContentsError::Unreadable));
        assert_eq!(
            super::read(&vec![b'x'; MAIL + 1]),
            Err(ContentsError::TooLarge)
        );
        let large = "x".repeat(BYTES / 2 + 1);
        let large = format!("Content-Type: application/pdf; name=a\n\n{large}");
        assert_eq!(
            read(&mixed("mixed", &[&large, &large])),
            Err(ContentsError::TooLarge)
        );
        assert_eq!(super::read(b""), Err(ContentsError::Unreadable));
        let text = format!("Content-Type: text/plain\n\n{}", "x".repeat(BYTES));
        assert_eq!(
            read(&mixed("mixed", &[&text, &text])),
            Err(ContentsError::TooLarge)
        );
    }

    #[test]
    fn names_of_pictures_that_never_end_are_none() {
        let endless = "cid:".repeat(100_000);
        assert_eq!(id(&endless), None);
        assert_eq!(id(&"x".repeat(ID + 1)), None);
        let longest = "x".repeat(ID);
        assert_eq!(id(&longest), Some(longest.clone()));
        assert_eq!(id(&format!("{longest}\" alt")), Some(longest));
        assert_eq!(id("logo%40x'"), Some("logo@x".to_owned()));
        let html = format!("Content-Type: text/html\n\n<p>{endless}");
        let contents = read(&mixed("related", &[&html, PDF])).unwrap();
        assert_eq!(names(&contents), ["report.pdf"]);
    }
}
