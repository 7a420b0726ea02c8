//! All that is read of a mail here, for fuzzers, and for the test that replays what they began with and what they found. Built
//! for these only.

use papermesh_protocol::gateway::mailbox::MailAddress;

use crate::head::{HEAD, Head};
use crate::message::{self, Addresses};
use crate::notice::{self, Notice};
use crate::sender::{self, SenderError};

/// How the mailbox's server calls itself.
const SERVER: &str = "mx.acme.example";

/// Reads a mail in every way, and answers it.
///
/// # Panics
/// If it is believed what nobody said, or a limit is not kept: that is what is looked for.
pub fn rehearse(mail: &[u8]) {
    drop(message::find(mail));
    let Some(head) = Head::read(mail) else {
        return;
    };
    let proven = sender::proven(&head, SERVER);
    if proven.is_ok() {
        assert!(!head.is_automatic);
        let text = String::from_utf8_lossy(&mail[..mail.len().min(HEAD)]).to_ascii_lowercase();
        for word in ["authentication-results", SERVER, "dmarc", "pass"] {
            assert!(text.contains(word), "{word} is nowhere");
        }
        // What the mailbox's server says on top of it, counts.
        let on_top = format!("Authentication-Results: {SERVER}; dmarc=fail\r\n");
        let head = Head::read(&[on_top.as_bytes(), mail].concat());
        let judged = head.map(|head| sender::proven(&head, SERVER));
        assert!(matches!(judged, None | Some(Err(SenderError::NotPassed))));
    }
    answer(&head, proven.ok());
}

/// An answer has the headers that it should have, and no others, whatever the mail says.
fn answer(head: &Head, to: Option<MailAddress>) {
    let to = to.as_ref().map_or("dana@acme.example", |to| to.as_str());
    let Ok(addresses) = Addresses::of_program("print@acme.example", to) else {
        return;
    };
    let notice = Notice {
        subject: &head.subject,
        text: "held\n",
        id: "abc",
        answers: Some(head),
    };
    let written = notice::write(&notice, &addresses).expect("an answer can be written");
    let read = Head::read(&written).expect("an answer can be read");
    assert!(read.is_automatic);
    let end = written
        .windows(4)
        .position(|end| end == b"\r\n\r\n")
        .expect("an answer has a header");
    let known = [
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "auto-submitted",
        "x-auto-response-suppress",
        "in-reply-to",
        "references",
        "mime-version",
        "content-transfer-encoding",
        "content-type",
    ];
    let header = String::from_utf8_lossy(&written[..end]);
    for line in header.lines().filter(|line| !line.starts_with([' ', '\t'])) {
        let name = line.split(':').next().unwrap_or_default();
        assert!(
            known.contains(&name.to_ascii_lowercase().as_str()),
            "{line}"
        );
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::Path;

    use papermesh_corpus::{Sample, replay};

    use super::*;

    /// Changed copies of each sample that are tried.
    const CHANGED: u64 = 200;

    const HEADER: &str = "Return-Path: <dana@acme.example>\nAuthentication-Results: mx.acme.example;\n \
                          dmarc=pass (p=none) header.from=acme.example\nFrom: =?utf-8?q?D=C3=A4na?= <dana@acme.example>\n\
                          To: print+a4+duplex@acme.example\nSubject: [2x mono] =?utf-8?b?QmVyaWNodA==?=\n\
                          Message-ID: <1@acme.example>\nReferences: <0@acme.example>\n <a@acme.example>\n";

    fn samples() -> Vec<(&'static str, String)> {
        let pdf = "--m\nContent-Type: application/pdf; name*=utf-8''r%C3%A9sum%C3%A9.pdf\n\
                   Content-Disposition: attachment\nContent-Transfer-Encoding: base64\n\nJVBERi0xLjcK\n";
        let mixed = "Content-Type: multipart/mixed; boundary=m\n\n";
        let text = "--m\nContent-Type: text/plain; charset=iso-8859-1\n\
                    Content-Transfer-Encoding: quoted-printable\n\nM=FCnchen\n";
        let forwarded = format!("--m\nContent-Type: message/rfc822\n\n{HEADER}\nhello\n");
        let end = "--m--\n";
        let of = |parts: &[&str]| format!("{HEADER}{mixed}{}{end}", parts.concat());
        vec![
            ("text", format!("{HEADER}\nhello\n")),
            ("documents", of(&[text, pdf, pdf])),
            ("forwarded", of(&[text, &forwarded])),
            (
                "bounce",
                format!("Auto-Submitted: auto-replied\n{HEADER}\nno\n"),
            ),
            (
                "forged",
                HEADER.replace("dmarc=pass", "dmarc=fail")
                    + "Authentication-Results: mx.acme.example; dmarc=pass header.from=acme.example\n\nhi\n",
            ),
            (
                "quoted-results",
                HEADER.replace(
                    "dmarc=pass",
                    "spf=pass smtp.mailfrom=\"a; dmarc=pass\"@x; dmarc=none",
                ) + "\nhi\n",
            ),
            (
                "two-writers",
                format!("From: bob@acme.example\n{HEADER}\nhi\n"),
            ),
        ]
    }

    #[test]
    fn every_sample_and_what_is_like_it_is_read() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/mail");
        let samples = samples().into_iter().map(|(name, mail)| {
            let mail = mail.replace('\n', "\r\n");
            (name.to_owned(), mail.into_bytes())
        });
        let samples: Vec<Sample> = samples.collect();
        replay(&folder, &samples, CHANGED, rehearse);
    }
}
