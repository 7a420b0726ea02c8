//! Replays what a fuzzer should begin with and what it found, and each of it changed a little,
//! through the very function that the fuzzer calls.
//!
//! ```text
//! PAPERMESH_WRITE_CORPUS=1 cargo test -p papermesh-node --lib ipp::tests::corpus
//! ```
//!
//! writes the generated samples anew, and leaves all others.

use std::fs;
use std::path::{Path, PathBuf};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::rehearse;

/// Set to write the generated samples before they are replayed.
const WRITE: &str = "PAPERMESH_WRITE_CORPUS";
/// Changed copies of each sample that are tried.
const CHANGED: u64 = 100;
/// Files longer than this do not belong in a repository.
const SMALL: usize = 16 * 1024;

const INTEGER: u8 = 0x21;
const BOOLEAN: u8 = 0x22;
const ENUM: u8 = 0x23;
const RANGE: u8 = 0x33;
const NAME: u8 = 0x42;
const KEYWORD: u8 = 0x44;
const URI: u8 = 0x45;
const MIME: u8 = 0x49;
const BEGIN: u8 = 0x34;
const END: u8 = 0x37;
const MEMBER: u8 = 0x4a;

struct Sample(Vec<u8>);

impl Sample {
    fn new(operation: u16) -> Self {
        let [high, low] = operation.to_be_bytes();
        Self(vec![2, 0, high, low, 0, 0, 0, 1, 1])
            .with(0x47, "attributes-charset", b"utf-8")
            .with(0x48, "attributes-natural-language", b"en")
            .with(URI, "printer-uri", b"ipp://localhost/ipp/print")
            .with(NAME, "requesting-user-name", b"charlie")
    }

    fn with(mut self, tag: u8, name: &str, value: &[u8]) -> Self {
        self.0.push(tag);
        for part in [name.as_bytes(), value] {
            let length = u16::try_from(part.len()).unwrap();
            self.0.extend(length.to_be_bytes());
            self.0.extend(part);
        }
        self
    }

    fn group(mut self, tag: u8) -> Self {
        self.0.push(tag);
        self
    }

    fn end(mut self, document: &[u8]) -> Vec<u8> {
        self.0.push(3);
        self.0.extend(document);
        self.0
    }
}

fn number(value: i32) -> [u8; 4] {
    value.to_be_bytes()
}

/// A request of every kind, with the attributes that are looked into.
fn samples() -> Vec<(String, Vec<u8>)> {
    let size = |sample: Sample| {
        sample
            .with(BEGIN, "media-col", b"")
            .with(MEMBER, "", b"media-size")
            .with(BEGIN, "", b"")
            .with(MEMBER, "", b"x-dimension")
            .with(INTEGER, "", &number(21_000))
            .with(MEMBER, "", b"y-dimension")
            .with(INTEGER, "", &number(29_700))
            .with(END, "", b"")
            .with(END, "", b"")
    };
    let print = |operation: u16| {
        let sample = Sample::new(operation)
            .with(NAME, "job-name", "Bericht ä".as_bytes())
            .with(MIME, "document-format", b"application/pdf")
            .with(KEYWORD, "compression", b"none")
            .with(BOOLEAN, "ipp-attribute-fidelity", &[1])
            .with(0x30, "job-password", b"1234")
            .with(KEYWORD, "job-password-encryption", b"none")
            .group(2)
            .with(INTEGER, "copies", &number(2))
            .with(KEYWORD, "sides", b"two-sided-long-edge")
            .with(KEYWORD, "print-color-mode", b"monochrome")
            .with(ENUM, "print-quality", &number(4))
            .with(INTEGER, "job-priority", &number(80))
            .with(KEYWORD, "job-hold-until", b"indefinite")
            .with(INTEGER, "job-cancel-after", &number(3600))
            .with(RANGE, "page-ranges", &[number(1), number(3)].concat());
        size(sample)
    };
    let mut samples = vec![
        ("print-job".to_owned(), print(0x02).end(b"%PDF-1.4\n")),
        ("validate-job".to_owned(), print(0x04).end(b"")),
        ("create-job".to_owned(), print(0x05).end(b"")),
        (
            "print-job-deflate".to_owned(),
            Sample::new(0x02)
                .with(KEYWORD, "compression", b"deflate")
                .end(&[0x4b, 0x49, 0x2c, 0x49, 4, 0]),
        ),
        (
            "other-printer".to_owned(),
            Sample::new(0x0b)
                .with(
                    URI,
                    "printer-uri",
                    b"ipp://localhost/ipp/print/front%20desk",
                )
                .end(b""),
        ),
        (
            "all-attributes".to_owned(),
            Sample::new(0x0b)
                .with(KEYWORD, "requested-attributes", b"all")
                .with(KEYWORD, "", b"media-col-database")
                .end(b""),
        ),
        (
            "subscription".to_owned(),
            Sample::new(0x16)
                .group(6)
                .with(KEYWORD, "notify-pull-method", b"ippget")
                .with(KEYWORD, "notify-events", b"job-completed")
                .with(KEYWORD, "", b"job-state-changed")
                .with(INTEGER, "notify-lease-duration", &number(60))
                .end(b""),
        ),
        (
            "text-with-language".to_owned(),
            Sample::new(0x02)
                .with(0x36, "job-name", b"\0\x02en\0\x06report")
                .end(b"%PDF-1.4\n"),
        ),
        (
            "nested".to_owned(),
            (0..64)
                .fold(
                    Sample::new(0x02).group(2).with(BEGIN, "media-col", b""),
                    |sample, _| sample.with(MEMBER, "", b"m").with(BEGIN, "", b""),
                )
                .end(b""),
        ),
        ("cut".to_owned(), vec![2, 0, 0, 2, 0, 0]),
    ];
    for operation in (0x06..=0x3c_u16).filter(|operation| *operation != 0x0b) {
        let sample = Sample::new(operation)
            .with(INTEGER, "job-id", &number(1))
            .with(INTEGER, "document-number", &number(1))
            .with(INTEGER, "notify-subscription-id", &number(1))
            .with(BOOLEAN, "last-document", &[1])
            .with(KEYWORD, "which-jobs", b"all")
            .group(2)
            .with(NAME, "job-name", b"other")
            .with(INTEGER, "copies", &number(-1));
        samples.push((
            format!("operation-{operation:02x}"),
            sample.end(b"%PDF-1.4\n"),
        ));
    }
    samples
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/ipp_request")
}

/// Cuts, flips, repeats and moves some bytes.
fn changed(bytes: &[u8], random: &mut StdRng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..random.random_range(1..4) {
        if bytes.is_empty() {
            return bytes;
        }
        let at = random.random_range(0..bytes.len());
        let end = (at + random.random_range(1..9)).min(bytes.len());
        match random.random_range(0..5) {
            0 => bytes[at] = random.random(),
            1 => bytes[at] ^= 1 << random.random_range(0..8),
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..end)),
            _ => {
                let piece = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, piece));
            }
        }
    }
    bytes
}

#[test]
fn every_sample_and_what_is_like_it_is_answered() {
    if std::env::var_os(WRITE).is_some() {
        for (name, bytes) in samples() {
            fs::write(corpus().join(name), bytes).unwrap();
        }
    }
    let files: Vec<_> = fs::read_dir(corpus()).unwrap().collect();
    assert!(files.len() >= samples().len(), "{} samples", files.len());
    for (number, file) in files.into_iter().enumerate() {
        let path = file.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        assert!(
            bytes.len() <= SMALL,
            "{} is too long to be kept",
            path.display()
        );
        // Shown if it panics.
        eprintln!("{}", path.display());
        rehearse(&bytes);
        let mut random = StdRng::seed_from_u64(number as u64);
        for _ in 0..CHANGED {
            rehearse(&changed(&bytes, &mut random));
        }
    }
}
