//! Two versions of the release protocol: who speaks the earlier one is told nothing that it cannot read,
//! and nothing that it would print wrongly.

use papermesh_protocol::codec;
use papermesh_protocol::limits;
use papermesh_protocol::release::message::{Answer, Request};
use papermesh_protocol::version::Version;
use proptest::prelude::*;

use crate::arbitrary::{answer, request};

/// The keys of release/1's grant, job summary and options.
const GRANT: std::ops::RangeInclusive<u64> = 0..=8;
const SUMMARY: std::ops::RangeInclusive<u64> = 0..=16;
const OPTIONS: std::ops::RangeInclusive<u64> = 0..=6;

proptest! {
    #[test]
    fn release_2_changes_nothing(request in request(), answer in answer()) {
        prop_assert_eq!(request.clone().said_in(Version::Two), request);
        prop_assert_eq!(answer.clone().said_in(Version::Two), answer);
    }

    #[test]
    fn nothing_of_release_2_is_said_in_release_1(request in request(), answer in answer()) {
        let request = request.said_in(Version::One);
        prop_assert_eq!(request.clone().said_in(Version::One), request.clone());
        if let Request::Select { options, extensions, .. } = &request {
            prop_assert!(options.extensions.is_empty() && extensions.is_empty());
        }
        let answer = answer.said_in(Version::One);
        prop_assert_eq!(answer.clone().said_in(Version::One), answer.clone());
        match &answer {
            Answer::Settled { .. } | Answer::Explained { .. } => {
                prop_assert!(false, "{answer:?}");
            }
            Answer::Grant(grant) => {
                prop_assert!(grant.counted.is_none() && grant.extensions.is_empty());
                prop_assert!(grant.options.extensions.is_empty());
                let keys = keys(&codec::encode(grant, limits::RELEASE_MESSAGE).unwrap());
                prop_assert_eq!(keys, GRANT.collect::<Vec<_>>());
            }
            Answer::Jobs { jobs, .. } => for job in jobs {
                let summary = keys(&codec::encode(job, limits::RELEASE_MESSAGE).unwrap());
                prop_assert_eq!(summary, SUMMARY.collect::<Vec<_>>());
                let options = keys(&codec::encode(&job.options, limits::RELEASE_MESSAGE).unwrap());
                prop_assert_eq!(options, OPTIONS.collect::<Vec<_>>());
            },
            _ => {}
        }
    }

    #[test]
    fn what_must_be_known_is_not_said_to_who_cannot_know_it(answer in answer()) {
        let before = answer.clone();
        match (before, answer.said_in(Version::One)) {
            (Answer::Grant(grant), after) => {
                let understood = grant.extensions.understood(&[]).and(grant.options.extensions.understood(&[]));
                prop_assert_eq!(understood.is_ok(), matches!(after, Answer::Grant(_)));
            }
            (Answer::Jobs { jobs: before, .. }, Answer::Jobs { jobs: after, .. }) => {
                let understood = before.iter().filter(|job| {
                    job.extensions.understood(&[]).and(job.options.extensions.understood(&[])).is_ok()
                });
                prop_assert!(understood.map(|job| job.job).eq(after.iter().map(|job| job.job)));
            }
            _ => {}
        }
    }
}

/// The keys of an encoded structure.
fn keys(bytes: &[u8]) -> Vec<u64> {
    let value: serde_cbor::Value = serde_cbor::from_slice(bytes).unwrap();
    let serde_cbor::Value::Map(map) = value else {
        panic!("no structure: {value:?}");
    };
    let key = |key| match key {
        serde_cbor::Value::Integer(key) => u64::try_from(key).unwrap(),
        key => panic!("no number: {key:?}"),
    };
    map.into_keys().map(key).collect()
}
