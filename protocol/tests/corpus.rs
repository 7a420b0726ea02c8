//! Replays the committed corpus of every fuzz target through the very function that the fuzzer
//! calls, so that what once broke a decoder is tried again by every run of the tests.
//!
//! The corpus is made from the vectors and from hostile samples; what a fuzzer finds is added to
//! it by hand under a name that says what it is.
//!
//! ```text
//! PAPERMESH_WRITE_CORPUS=1 cargo test -p papermesh-protocol --test corpus
//! ```
//!
//! writes the generated files anew, and leaves all others.
#![allow(clippy::unwrap_used)]

#[allow(unreachable_pub, reason = "public to the fuzz targets")]
#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Once;

use data_encoding::HEXLOWER;
use fuzz::TARGETS;
use papermesh_corpus::{is_to_be_written, kept};
use serde_json::Value;

/// Targets that read something else than CBOR.
const NOT_CBOR: [&str; 9] = [
    "carrier",
    "client_hello",
    "passphrase",
    "pin_message",
    "rewrite",
    "sealed_document",
    "stream_header",
    "text",
    "wrapped_key",
];

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus")
}

#[test]
fn every_sample_of_the_corpus_is_survived() {
    ready();
    for target in &TARGETS {
        let samples = kept(&corpus().join(target.name));
        assert!(!samples.is_empty(), "{} has no corpus", target.name);
        for (file, bytes) in samples {
            // Its output is shown if the target panics.
            println!("{}", file.display());
            fuzz::run(target.name, &bytes);
        }
    }
}

#[test]
fn every_target_has_a_binary_and_every_corpus_a_target() {
    ready();
    let names = |folder: PathBuf| -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|file| {
                file.unwrap()
                    .path()
                    .file_stem()
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        names.sort();
        names
    };
    let mut targets: Vec<_> = TARGETS
        .iter()
        .map(|target| target.name.to_owned())
        .collect();
    targets.sort();
    assert_eq!(names(corpus()), targets);
    assert_eq!(names(corpus().with_file_name("fuzz_targets")), targets);
}

/// Writes the generated files, once, if that is wanted.
fn ready() {
    static WRITTEN: Once = Once::new();
    if is_to_be_written() {
        WRITTEN.call_once(write);
    }
}

/// Writes what the vectors give, and what a hostile sender makes of it.
fn write() {
    let mut seeds: BTreeMap<&str, Vec<(String, Vec<u8>)>> = BTreeMap::new();
    for (file, field, target) in [
        ("records", "envelope", None),
        ("messages", "bytes", None),
        ("directory", "value", Some("directory_record")),
        ("merge", "merged", Some("directory_record")),
        ("stream", "bytes", Some("stream_header")),
        ("sealed", "header", Some("stream_header")),
        ("pin", "verifier", Some("pin_message")),
        ("pin", "ke1", Some("pin_message")),
        ("pin", "ke2", Some("pin_message")),
        ("pin", "ke3", Some("pin_message")),
        ("wrapped", "wrapped", Some("wrapped_key")),
        ("wrapped", "sealed", Some("wrapped_key")),
        ("wrapped", "sealed", Some("passphrase")),
        ("client_hello", "bytes", Some("client_hello")),
        ("wake", "letter", Some("wake")),
        ("terminated", "message", Some("rewrite")),
    ] {
        for vector in vectors(file) {
            let Some(bytes) = vector[field].as_str() else {
                continue;
            };
            let bytes = HEXLOWER.decode(bytes.as_bytes()).unwrap();
            let name = vector["name"].as_str().unwrap();
            let Some(target) =
                TARGETS
                    .iter()
                    .map(|target| target.name)
                    .find(|&known| match target {
                        Some(target) => known == target,
                        None => target_of(&vector) == known,
                    })
            else {
                continue;
            };
            seeds
                .entry(target)
                .or_default()
                .push((slug(&format!("{name} {field}")), bytes));
        }
    }
    for vector in vectors("sealed") {
        if let Some(segments) = vector["segments"].as_str() {
            let sealed = [vector["header"].as_str().unwrap(), segments].concat();
            let bytes = [&[0][..], &HEXLOWER.decode(sealed.as_bytes()).unwrap()].concat();
            seeds
                .entry("sealed_document")
                .or_default()
                .push((slug(vector["name"].as_str().unwrap()), bytes));
        }
    }
    for vector in vectors("tickets") {
        let line = vector["line"].as_str().unwrap().as_bytes().to_vec();
        seeds
            .entry("text")
            .or_default()
            .push((slug(vector["name"].as_str().unwrap()), line));
    }
    for (name, text) in TEXTS {
        seeds
            .entry("text")
            .or_default()
            .push((slug(name), text.as_bytes().to_vec()));
    }
    for (name, line) in CARRIER {
        seeds
            .entry("carrier")
            .or_default()
            .push((slug(name), [line.as_bytes(), PARTS].concat()));
    }
    for target in &TARGETS {
        let folder = corpus().join(target.name);
        fs::create_dir_all(&folder).unwrap();
        let seeds = &seeds[target.name];
        let save = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).unwrap();
        for (name, bytes) in seeds {
            save(name, bytes);
        }
        let largest = &seeds.iter().max_by_key(|(_, bytes)| bytes.len()).unwrap().1;
        for (name, bytes) in spoilt(largest) {
            save(&format!("hostile-{name}"), &bytes);
        }
        if NOT_CBOR.contains(&target.name) {
            continue;
        }
        for (name, bytes) in HOSTILE {
            save(&format!("hostile-{name}"), bytes);
        }
        save("hostile-nested-arrays", &[0x81; 512]);
        save("hostile-nested-maps", &[0xa1, 0x00].repeat(256));
        save("hostile-nested-tags", &[0xc0; 512]);
    }
}

fn vectors(file: &str) -> Vec<Value> {
    let path = corpus().join("../../vectors").join(format!("{file}.json"));
    let file: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    file["vectors"].as_array().unwrap().clone()
}

/// The target of a record or a message.
fn target_of(vector: &Value) -> String {
    match (vector["protocol"].as_str(), vector["says"].as_str()) {
        (Some(protocol), Some(says)) => format!("{protocol}_{says}"),
        _ => {
            let name = vector["name"].as_str().unwrap();
            name.split(',').next().unwrap().replace('-', "_")
        }
    }
}

fn slug(name: &str) -> String {
    let words: Vec<_> = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    words.join("-").to_ascii_lowercase()
}

/// A good sample, spoilt.
fn spoilt(good: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let (first, middle) = (good[0], good.len() / 2);
    let flipped = |at: usize| {
        let mut bytes = good.to_vec();
        bytes[at] ^= 1;
        bytes
    };
    vec![
        ("cut-in-the-middle", good[..middle].to_vec()),
        ("cut-by-one", good[..good.len() - 1].to_vec()),
        ("one-byte-more", [good, &[0]].concat()),
        ("twice", good.repeat(2)),
        ("first-bit", flipped(0)),
        ("middle-bit", flipped(middle)),
        ("last-bit", flipped(good.len() - 1)),
        (
            "indefinite-length",
            [&[first | 0x1f], &good[1..], &[0xff]].concat(),
        ),
    ]
}

/// CBOR (RFC 8949) that lies about what follows, or is not the one form of its value.
const HOSTILE: [(&str, &[u8]); 12] = [
    ("empty", &[]),
    (
        "array-of-2-to-the-64",
        &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ),
    (
        "map-of-2-to-the-64",
        &[0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ),
    (
        "bytes-of-2-to-the-64",
        &[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ),
    ("text-of-4-gib", &[0x7a, 0xff, 0xff, 0xff, 0xff, 0x61]),
    (
        "variant-of-4-gib-in-a-message",
        &[0x82, 0x03, 0xa2, 0x00, 0x9a, 0xff, 0xff, 0xff, 0xff],
    ),
    ("index-written-long", &[0x18, 0x06]),
    ("unknown-variant", &[0x82, 0x18, 0x63, 0xa0]),
    ("variant-as-map", &[0xa1, 0x00, 0xa0]),
    ("variant-by-name", &[0x64, b'D', b'o', b'n', b'e']),
    ("float-not-a-number", &[0xfb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0]),
    (
        "text-that-is-no-utf-8",
        &[0x82, 0x00, 0xa1, 0x00, 0x62, 0xc3, 0x28],
    ),
];

/// What people and mail programs make of text.
const TEXTS: [(&str, &str); 16] = [
    ("user id", "charlie.loewe@example.org"),
    ("user id in capitals with spaces", "  CHARLIE\n"),
    ("badge with colons", "04:a1:b2:c3:d4:e5:f6"),
    ("digits", "123 456"),
    ("digits that are not ascii", "١٢٣٤٥٦"),
    ("name", "Drucker im Flur, 2. Stock"),
    ("right to left override", "report\u{202e}fdp.exe"),
    ("zero width", "a\u{200b}b\u{feff}c"),
    (
        "media type",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    ("prefix alone", "papermesh-invite-1:"),
    ("other version", "papermesh-invite-2:aaaaaaaa"),
    ("not base32", "papermesh-user-1:0189!"),
    ("host name", "P7K2M9QX.acme.gw.example."),
    ("host name in another script", "xn--bcher-kva.example"),
    ("address as host name", "127.0x7f"),
    ("alias with percent", "expp1%abc%2Ecom"),
];

/// Headers of the carrier over HTTP, as gateways and doors write them and as nobody does.
const CARRIER: [(&str, &str); 10] = [
    ("offsets", "up=4096, down=8192\n"),
    ("offsets of nothing", "up=0, down=0\n"),
    (
        "largest offsets",
        "up=18446744073709551615, down=18446744073709551615\n",
    ),
    ("offset with a zero before it", "up=01, down=0\n"),
    ("offset with a sign", "up=0, down=+1\n"),
    ("terms", "wait=55, poll=30, chunk=1048576\n"),
    ("terms beyond limits", "wait=86400, poll=0, chunk=0\n"),
    ("prefer nothing", "return=minimal\n"),
    ("prefer bytes", "wait=75\n"),
    ("path", "/pipe/1/77777777777777777777777774\n"),
];

/// Parts of a stream, each with its offset and its length: the first, the first again, one that
/// overlaps it, one after a gap, and one that goes on where the others ended.
const PARTS: &[u8] = &[
    0, 0, 1, 0, 0, 0, 1, 0, 0, 128, 1, 0, 4, 0, 0, 16, 1, 128, 2, 255,
];
