//! Replays what a fuzzer should begin with and what it found, and each of it changed a little, through the very
//! function that the fuzzer calls.
//!
//! ```text
//! PAPERMESH_WRITE_CORPUS=1 cargo test --workspace --lib infra::tests::corpus
//! ```
//!
//! writes the generated samples anew, and leaves all others.

use std::fs;
use std::path::{Path, PathBuf};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::rehearsal::{JOB, rehearse};

/// Set to write the generated samples before they are replayed.
const WRITE: &str = "PAPERMESH_WRITE_CORPUS";
/// Changed copies of each sample that are tried.
const CHANGED: u64 = 60;
/// Files longer than this do not belong in a repository.
const SMALL: usize = 16 * 1024;

const INTEGER: u8 = 0x21;
const BOOLEAN: u8 = 0x22;
const ENUM: u8 = 0x23;
const KEYWORD: u8 = 0x44;
const URI: u8 = 0x45;
const MIME: u8 = 0x49;

/// The proxy that fetches, the one that stands by, a stranger.
const FIRST: u8 = 0;
const SECOND: u8 = 1;
const STRANGER: u8 = 2;
const SYSTEM: u8 = 4;

/// One request.
struct Sample {
    flags: u8,
    bytes: Vec<u8>,
}

impl Sample {
    fn new(flags: u8, operation: u16) -> Self {
        let [high, low] = operation.to_be_bytes();
        let sample = Self {
            flags,
            bytes: vec![2, 0, high, low, 0, 0, 0, 1, 1],
        };
        let device = format!(
            "urn:uuid:00000000-0000-4000-8000-00000000000{}",
            (flags & 3) + 1
        );
        sample
            .with(0x47, "attributes-charset", b"utf-8")
            .with(0x48, "attributes-natural-language", b"en")
            .with(URI, "printer-uri", b"ipps://localhost/ipp/print/hall")
            .with(URI, "output-device-uuid", device.as_bytes())
    }

    fn job(flags: u8, operation: u16) -> Self {
        Self::new(flags, operation).with(INTEGER, "job-id", &JOB.to_be_bytes())
    }

    fn document(flags: u8, operation: u16) -> Self {
        Self::job(flags, operation).with(INTEGER, "document-number", &[0, 0, 0, 1])
    }

    fn with(mut self, tag: u8, name: &str, value: &[u8]) -> Self {
        self.bytes.push(tag);
        for part in [name.as_bytes(), value] {
            let length = u16::try_from(part.len()).unwrap();
            self.bytes.extend(length.to_be_bytes());
            self.bytes.extend(part);
        }
        self
    }

    fn group(mut self, tag: u8) -> Self {
        self.bytes.push(tag);
        self
    }

    fn end(mut self) -> Vec<u8> {
        self.bytes.push(3);
        let length = u16::try_from(self.bytes.len()).unwrap().to_be_bytes();
        [&[self.flags][..], &length, &self.bytes].concat()
    }
}

/// The word of a proxy on its job.
fn says(who: u8, state: i32, pages: Option<i32>, reason: &str) -> Vec<u8> {
    let said = Sample::job(who, 0x48)
        .group(2)
        .with(ENUM, "output-device-job-state", &state.to_be_bytes())
        .with(
            KEYWORD,
            "output-device-job-state-reasons",
            reason.as_bytes(),
        );
    let said = match pages {
        Some(pages) => said.with(INTEGER, "job-impressions-completed", &pages.to_be_bytes()),
        None => said,
    };
    said.end()
}

/// Scripts: what proxies do, and how they lie.
fn samples() -> Vec<(String, Vec<u8>)> {
    let asks = |who, operation| Sample::job(who, operation).end();
    let fetch = |who| Sample::document(who, 0x42).end();
    let acknowledge = |who| Sample::document(who, 0x3f).end();
    let document_is = |state: i32| {
        let said = Sample::document(FIRST, 0x47).group(9);
        let name = "output-device-document-state";
        said.with(ENUM, name, &state.to_be_bytes()).end()
    };
    let whole = || {
        [
            asks(FIRST, 0x43),
            asks(FIRST, 0x41),
            fetch(FIRST),
            acknowledge(FIRST),
        ]
        .concat()
    };
    let subscribe = |who| {
        Sample::new(who, 0x16)
            .group(6)
            .with(KEYWORD, "notify-pull-method", b"ippget")
            .with(KEYWORD, "notify-events", b"job-fetchable")
            .with(KEYWORD, "", b"job-state-changed")
            .with(INTEGER, "notify-lease-duration", &[0; 4])
            .end()
    };
    let wait = |who| {
        Sample::new(who, 0x1c)
            .with(INTEGER, "notify-subscription-ids", &[0, 0, 0, 1])
            .with(INTEGER, "", &[0, 0, 0, 1])
            .with(BOOLEAN, "notify-wait", &[1])
            .end()
    };
    let declines = Sample::job(FIRST, 0x41).with(ENUM, "fetch-status-code", &[0, 0, 4, 10]);
    let register =
        Sample::new(FIRST | SYSTEM, 0x5f).with(KEYWORD, "printer-service-type", b"print");
    let describe = |name: &str, value: &[u8]| {
        let said = Sample::new(FIRST, 0x49).group(4);
        said.with(MIME, name, value)
            .with(MIME, "", b"image/jpeg")
            .end()
    };
    let active = Sample::new(FIRST, 0x45)
        .with(INTEGER, "job-ids", &JOB.to_be_bytes())
        .with(INTEGER, "", &[0, 0, 0, 1])
        .with(ENUM, "output-device-job-states", &[0, 0, 0, 5])
        .with(ENUM, "", &[0, 0, 0, 9])
        .end();
    let scripts = [
        (
            "printed",
            [whole(), document_is(9), says(FIRST, 9, Some(1), "none")].concat(),
        ),
        (
            "completed-without-fetching",
            [
                asks(FIRST, 0x41),
                acknowledge(FIRST),
                says(FIRST, 9, Some(1), "none"),
            ]
            .concat(),
        ),
        (
            "completed-without-acknowledging",
            [
                asks(FIRST, 0x41),
                fetch(FIRST),
                says(FIRST, 9, Some(1), "none"),
            ]
            .concat(),
        ),
        (
            "completed-and-unfinished",
            [whole(), document_is(8), says(FIRST, 9, Some(1), "none")].concat(),
        ),
        (
            "completed-with-errors",
            [
                whole(),
                says(FIRST, 9, Some(1), "job-completed-with-errors"),
            ]
            .concat(),
        ),
        (
            "delivered",
            [whole(), says(FIRST, 9, None, "none")].concat(),
        ),
        (
            "aborted",
            [whole(), says(FIRST, 8, Some(0), "none")].concat(),
        ),
        (
            "aborted-with-a-reason",
            [whole(), says(FIRST, 8, Some(0), "document-format-error")].concat(),
        ),
        ("left", [whole(), asks(FIRST, 0x46)].concat()),
        ("silent", asks(FIRST, 0x41)),
        (
            "declined",
            [declines.end(), whole(), says(FIRST, 9, Some(2), "none")].concat(),
        ),
        (
            "two",
            [
                asks(SECOND, 0x43),
                asks(SECOND, 0x41),
                asks(FIRST, 0x46),
                asks(SECOND, 0x41),
                fetch(SECOND),
                acknowledge(SECOND),
                says(SECOND, 9, Some(1), "none"),
            ]
            .concat(),
        ),
        (
            "notified",
            [
                subscribe(FIRST),
                subscribe(SECOND),
                wait(FIRST),
                wait(SECOND),
                whole(),
                wait(FIRST),
            ]
            .concat(),
        ),
        (
            "registered",
            [
                register.end(),
                describe("document-format-supported", b"application/pdf"),
                describe("document-format-supported.2-9", b"image/png"),
                Sample::new(FIRST, 0x44).end(),
                whole(),
            ]
            .concat(),
        ),
        ("active", [asks(FIRST, 0x41), active].concat()),
        ("cut", Sample::new(FIRST, 0x0b).end()[..20].to_vec()),
    ];
    let mut samples: Vec<(String, Vec<u8>)> = (scripts.into_iter())
        .map(|(name, bytes)| (name.to_owned(), bytes))
        .collect();
    // Everything that there is, of everybody.
    for operation in (0x02..=0x5f_u16).filter(|operation| !(0x22..0x33).contains(operation)) {
        let of = |who| {
            Sample::document(who, operation)
                .with(INTEGER, "notify-subscription-id", &[0, 0, 0, 1])
                .with(KEYWORD, "which-jobs", b"all")
                .with(KEYWORD, "requested-attributes", b"all")
                .end()
        };
        let all = [of(STRANGER), of(SECOND), subscribe(FIRST), of(FIRST)].concat();
        samples.push((format!("operation-{operation:02x}"), all));
    }
    samples
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/proxy_requests")
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
fn every_script_and_what_is_like_it_is_answered() {
    if std::env::var_os(WRITE).is_some() {
        fs::create_dir_all(corpus()).unwrap();
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
        let _ = rehearse(&bytes);
        let mut random = StdRng::seed_from_u64(number as u64);
        for _ in 0..CHANGED {
            let _ = rehearse(&changed(&bytes, &mut random));
        }
    }
}

/// The scripts do what they are called, or nothing that is like them would mean anything.
#[test]
fn paper_is_believed_of_the_scripts_that_print() {
    let believed: Vec<String> = (samples().into_iter())
        .filter(|(_, script)| rehearse(script))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(believed, ["printed", "delivered", "declined", "two"]);
}
