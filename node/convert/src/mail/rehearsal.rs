//! All that is read of a mail in the process of its own, for fuzzers, and for the test that replays what they began with and
//! what they found. Built for these only.

use super::{BYTES, DOCUMENTS, NAME, PARTS, Text, parts, write};

/// Opens a mail as the process of its own does.
///
/// # Panics
/// If a limit is not kept: that is what is looked for.
pub fn rehearse(mail: &[u8]) {
    let contents = parts::read(mail);
    if let Ok(contents) = &contents {
        let sizes = contents
            .documents
            .iter()
            .map(|document| document.bytes.len());
        assert!(sizes.len() <= DOCUMENTS && sizes.sum::<usize>() <= BYTES);
        assert!(contents.left_out.len() <= PARTS);
        let documents = contents.documents.iter().map(|document| &document.name);
        let left_out = contents.left_out.iter().map(|left_out| &left_out.name);
        assert!(documents.chain(left_out).all(|name| name.len() <= NAME));
        if let Text::Plain(text) = &contents.text {
            assert!(text.len() <= BYTES);
        }
    }
    write(&contents, &mut Vec::new()).expect("a memory takes all");
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    /// Set to write the samples before they are replayed.
    const WRITE: &str = "PAPERMESH_WRITE_CORPUS";
    /// Changed copies of each sample that are tried.
    const CHANGED: u64 = 200;
    /// Files longer than this do not belong in a repository, and could nest so deep that they end this process.
    const SMALL: usize = 16 * 1024;

    fn samples() -> Vec<(&'static str, String)> {
        let pdf = "--m\nContent-Type: application/pdf; name*=utf-8''r%C3%A9sum%C3%A9.pdf\n\
                   Content-Disposition: attachment\nContent-Transfer-Encoding: base64\n\nJVBERi0xLjcK\n";
        let mixed = "Subject: [2x mono] =?utf-8?b?QmVyaWNodA==?=\nContent-Type: multipart/mixed; boundary=m\n\n";
        let text = "--m\nContent-Type: text/plain; charset=iso-8859-1\n\
                    Content-Transfer-Encoding: quoted-printable\n\nM=FCnchen\n";
        let related = "--m\nContent-Type: multipart/related; boundary=r\n\n--r\nContent-Type: text/html\n\n\
                       <img src=\"cid:l@x\">\n--r\nContent-Type: image/png\nContent-ID: <l@x>\n\niVBORw0K\n--r--\n";
        let forwarded = "--m\nContent-Type: message/rfc822\n\nSubject: inner\n\nhello\n";
        let uuencoded =
            "--m\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n#86)C\n`\nend\n";
        let no_end = "--m\nContent-Type: multipart/mixed; boundary=never\n\n";
        let deep = "Content-Type: message/rfc822\n\n".repeat(20);
        let end = "--m--\n";
        let of = |parts: &[&str]| format!("{mixed}{}{end}", parts.concat());
        vec![
            ("text", "Subject: hello\n\nhello\n".to_owned()),
            ("documents", of(&[text, pdf, pdf])),
            ("pictures", of(&[related, pdf])),
            ("forwarded", of(&[text, forwarded])),
            ("odd-encoding", of(&[uuencoded])),
            ("without-boundaries", of(&[no_end, no_end, pdf])),
            ("nested", deep),
            ("tiny-parts", of(&["--m\n\n"; 100])),
        ]
    }

    fn corpus() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/mail")
    }

    /// The same with a few bytes changed, taken out or doubled. Numbers of a congruence are chance enough.
    fn changed(bytes: &[u8], seed: u64) -> Vec<u8> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = |below: usize| {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            usize::try_from(state >> 33).unwrap() % below.max(1)
        };
        let mut bytes = bytes.to_vec();
        for _ in 0..=next(4) {
            let at = next(bytes.len());
            let end = (at + next(40)).min(bytes.len());
            match next(3) {
                0 if at < bytes.len() => bytes[at] = u8::try_from(next(256)).unwrap(),
                1 => drop(bytes.drain(at..end)),
                _ => {
                    let piece = bytes[at..end].to_vec();
                    drop(bytes.splice(at..at, piece));
                }
            }
        }
        bytes
    }

    #[test]
    fn every_sample_and_what_is_like_it_is_read() {
        if std::env::var_os(WRITE).is_some() {
            for (name, mail) in samples() {
                fs::write(corpus().join(name), mail.replace('\n', "\r\n")).unwrap();
            }
        }
        let files: Vec<_> = fs::read_dir(corpus()).unwrap().collect();
        assert!(files.len() >= samples().len(), "{} samples", files.len());
        for (number, file) in (0..).zip(files) {
            let path = file.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            assert!(bytes.len() <= SMALL, "{} is too long", path.display());
            // Shown if it panics.
            eprintln!("{}", path.display());
            rehearse(&bytes);
            for seed in 0..CHANGED {
                rehearse(&changed(&bytes, number * CHANGED + seed));
            }
        }
    }
}
