//! A ClientHello is the same however it arrives, and what can become none is refused for good.

use std::path::Path;

use data_encoding::HEXLOWER;
use papermesh_protocol::gateway::hello::{Progress, read};
use papermesh_protocol::limits;
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};
use proptest::sample::{Index, select};
use serde_json::Value;

/// A record's type, version and length.
const HEADER: usize = 5;

/// What real clients sent: each a hello in one record.
fn recorded() -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/client_hello.json");
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let vectors = file["vectors"].as_array().unwrap().iter();
    vectors
        .map(|vector| {
            let bytes = vector["bytes"].as_str().unwrap();
            HEXLOWER.decode(bytes.as_bytes()).unwrap()
        })
        .collect()
}

fn hello() -> impl Strategy<Value = Vec<u8>> {
    select(recorded())
}

/// The message of a hello in records of these sizes, over and over.
fn in_records(hello: &[u8], sizes: &[usize]) -> Vec<u8> {
    let (mut rest, mut bytes) = (&hello[HEADER..], Vec::new());
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (part, after) = rest.split_at(rest.len().min(*size));
        bytes.extend(&hello[..3]);
        bytes.extend(u16::try_from(part.len()).unwrap().to_be_bytes());
        bytes.extend(part);
        rest = after;
    }
    bytes
}

#[test]
fn every_part_of_a_hello_waits_for_the_rest() {
    for hello in recorded() {
        for length in 0..hello.len() {
            assert_eq!(read(&hello[..length]), Ok(Progress::More));
        }
    }
}

proptest! {
    #[test]
    fn records_and_what_follows_make_no_difference(
        hello in hello(),
        sizes in vec(1..600_usize, 1..8),
        after in vec(any::<u8>(), 0..40),
        at in any::<Index>(),
    ) {
        let mut bytes = in_records(&hello, &sizes);
        prop_assert_eq!(read(&bytes[..at.index(bytes.len())]), Ok(Progress::More));
        bytes.extend(after);
        prop_assert_eq!(read(&bytes), read(&hello));
    }

    #[test]
    fn a_verdict_is_final(
        hello in hello(),
        sizes in vec(1..600_usize, 1..4),
        spoilt in vec((any::<Index>(), any::<u8>()), 0..6),
        after in vec(any::<u8>(), 0..40),
    ) {
        let mut bytes = in_records(&hello, &sizes);
        for (at, byte) in spoilt {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.extend(after);
        let whole = read(&bytes);
        let mut decided = false;
        for length in 0..=bytes.len() {
            let verdict = read(&bytes[..length]);
            decided |= verdict != Ok(Progress::More);
            if decided {
                prop_assert_eq!(&verdict, &whole);
            } else {
                prop_assert!(length < limits::CLIENT_HELLO);
            }
        }
    }

    #[test]
    fn no_bytes_panic(start in select(vec![0, 1, 3, 5, 6, 9, 11]), hello in hello(), rest in vec(any::<u8>(), 0..400)) {
        let _ = read(&[&hello[..start], &rest].concat());
    }
}
