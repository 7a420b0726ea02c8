//! What the fuzzer of the hold printer begins with and what it found, replayed.

use std::path::Path;

use papermesh_corpus::ipp::{
    BEGIN, BOOLEAN, END, ENUM, INTEGER, KEYWORD, MEMBER, MIME, NAME, OCTETS, RANGE, Request, URI,
    WITH_LANGUAGE,
};
use papermesh_corpus::{Sample, replay};

use crate::rehearse;

/// Changed copies of each sample that are tried.
const CHANGED: u64 = 100;

/// A request of somebody who says who it is.
fn request(operation: u16) -> Request {
    let request = Request::new(operation, "ipp://localhost/ipp/print");
    request.with(NAME, "requesting-user-name", b"charlie")
}

fn number(value: i32) -> [u8; 4] {
    value.to_be_bytes()
}

/// A request of every kind, with the attributes that are looked into.
fn samples() -> Vec<Sample> {
    let size = |sample: Request| {
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
        let sample = request(operation)
            .with(NAME, "job-name", "Bericht ä".as_bytes())
            .with(MIME, "document-format", b"application/pdf")
            .with(KEYWORD, "compression", b"none")
            .with(BOOLEAN, "ipp-attribute-fidelity", &[1])
            .with(OCTETS, "job-password", b"1234")
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
            request(0x02)
                .with(KEYWORD, "compression", b"deflate")
                .end(&[0x4b, 0x49, 0x2c, 0x49, 4, 0]),
        ),
        (
            "other-printer".to_owned(),
            request(0x0b)
                .with(
                    URI,
                    "printer-uri",
                    b"ipp://localhost/ipp/print/front%20desk",
                )
                .end(b""),
        ),
        (
            "all-attributes".to_owned(),
            request(0x0b)
                .with(KEYWORD, "requested-attributes", b"all")
                .with(KEYWORD, "", b"media-col-database")
                .end(b""),
        ),
        (
            "subscription".to_owned(),
            request(0x16)
                .group(6)
                .with(KEYWORD, "notify-pull-method", b"ippget")
                .with(KEYWORD, "notify-events", b"job-completed")
                .with(KEYWORD, "", b"job-state-changed")
                .with(INTEGER, "notify-lease-duration", &number(60))
                .end(b""),
        ),
        (
            "text-with-language".to_owned(),
            request(0x02)
                .with(WITH_LANGUAGE, "job-name", b"\0\x02en\0\x06report")
                .end(b"%PDF-1.4\n"),
        ),
        (
            "nested".to_owned(),
            (0..64)
                .fold(
                    request(0x02).group(2).with(BEGIN, "media-col", b""),
                    |sample, _| sample.with(MEMBER, "", b"m").with(BEGIN, "", b""),
                )
                .end(b""),
        ),
        ("cut".to_owned(), vec![2, 0, 0, 2, 0, 0]),
    ];
    for operation in (0x06..=0x3c_u16).filter(|operation| *operation != 0x0b) {
        let sample = request(operation)
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

#[test]
fn every_sample_and_what_is_like_it_is_answered() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/ipp_request");
    replay(&folder, &samples(), CHANGED, rehearse);
}
