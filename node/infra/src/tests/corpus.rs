//! What the fuzzer of the infrastructure printer begins with and what it found, replayed.

use std::path::Path;

use papermesh_corpus::ipp::{BOOLEAN, ENUM, INTEGER, KEYWORD, MIME, Request, URI};
use papermesh_corpus::replay;

use crate::rehearsal::{JOB, rehearse};

/// Changed copies of each sample that are tried.
const CHANGED: u64 = 60;

/// The proxy that fetches, the one that stands by, a stranger.
const FIRST: u8 = 0;
const SECOND: u8 = 1;
const STRANGER: u8 = 2;
const SYSTEM: u8 = 4;

/// One request of a script.
struct Sample {
    flags: u8,
    request: Request,
}

impl Sample {
    fn new(flags: u8, operation: u16) -> Self {
        let device = format!(
            "urn:uuid:00000000-0000-4000-8000-00000000000{}",
            (flags & 3) + 1
        );
        let request = Request::new(operation, "ipps://localhost/ipp/print/hall");
        let request = request.with(URI, "output-device-uuid", device.as_bytes());
        Self { flags, request }
    }

    fn job(flags: u8, operation: u16) -> Self {
        Self::new(flags, operation).with(INTEGER, "job-id", &JOB.to_be_bytes())
    }

    fn document(flags: u8, operation: u16) -> Self {
        Self::job(flags, operation).with(INTEGER, "document-number", &[0, 0, 0, 1])
    }

    fn with(self, tag: u8, name: &str, value: &[u8]) -> Self {
        Self {
            request: self.request.with(tag, name, value),
            ..self
        }
    }

    fn group(self, tag: u8) -> Self {
        Self {
            request: self.request.group(tag),
            ..self
        }
    }

    fn end(self) -> Vec<u8> {
        let request = self.request.end(b"");
        let length = u16::try_from(request.len()).unwrap().to_be_bytes();
        [&[self.flags][..], &length, &request].concat()
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
fn samples() -> Vec<papermesh_corpus::Sample> {
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
    let mut samples: Vec<papermesh_corpus::Sample> = (scripts.into_iter())
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

#[test]
fn every_script_and_what_is_like_it_is_answered() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/proxy_requests");
    replay(&folder, &samples(), CHANGED, |script| {
        let _ = rehearse(script);
    });
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
