//! Two versions of the release protocol: who speaks the earlier one is told nothing that it cannot read,
//! and nothing that it would print wrongly.

use papermesh_protocol::codec;
use papermesh_protocol::extension::Extensions;
use papermesh_protocol::id::JobId;
use papermesh_protocol::job::{JobSummary, PrintOptions};
use papermesh_protocol::limits;
use papermesh_protocol::release::message::{Answer, Request};
use papermesh_protocol::release::printer::{Session, SessionError};
use papermesh_protocol::seal::SessionSecret;
use papermesh_protocol::version::Version;
use proptest::prelude::*;

use crate::arbitrary::{answer, request};
use crate::site::{JOB, SESSION, summary};

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
            prop_assert!(options.finishings.is_none());
        }
        let answer = answer.said_in(Version::One);
        prop_assert_eq!(answer.clone().said_in(Version::One), answer.clone());
        match &answer {
            Answer::Settled { .. } | Answer::Explained { .. } => {
                prop_assert!(false, "{answer:?}");
            }
            Answer::Grant(grant) => {
                prop_assert!(grant.counted.is_none() && grant.extensions.is_empty());
                prop_assert!(grant.options.extensions.is_empty() && grant.options.finishings.is_none());
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

    /// A printer that does not know what a holder relies on prints nothing, and says why.
    #[test]
    fn a_grant_that_is_not_understood_is_not_printed(answer in answer()) {
        let session = Session::handed(SESSION, SessionSecret::from_bytes([7; 32]));
        let understood = match &answer {
            Answer::Grant(grant) => grant.extensions.understood(&[]).and(grant.options.extensions.understood(&[])),
            _ => return Ok(()),
        };
        let unknown = matches!(session.granted(JOB, answer), Err(SessionError::Extension(_)));
        prop_assert_eq!(understood.is_err(), unknown);
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

/// What a later version wants to be understood is not shown, and hides nothing else; what is too long to be
/// kept is no list.
#[test]
fn a_list_leaves_out_what_is_not_understood() {
    let with = |number, bytes| Extensions::default().with(number, vec![0; bytes]).unwrap();
    let job = |last: u8, extensions, of_options| JobSummary {
        job: JobId::from_bytes([last; 16]),
        options: PrintOptions {
            extensions: of_options,
            ..summary().options
        },
        extensions,
        ..summary()
    };
    let list = |jobs| Session::page(Answer::Jobs { jobs, more: true }, None, 0);
    let none = Extensions::default;
    let jobs = vec![
        job(1, none(), none()),
        job(2, with(2, 4), none()),
        job(3, none(), with(2, 4)),
        job(4, with(1, 4), with(3, limits::KEPT_EXTENSIONS)),
        job(5, with(4, 4), none()),
    ];
    let (shown, next) = list(jobs.clone()).unwrap();
    let shown: Vec<_> = shown.iter().map(|job| job.job).collect();
    assert_eq!(shown, [jobs[0].job, jobs[3].job]);
    // The next page begins behind what was left out.
    assert_eq!(next.map(|next| next.job), Some(jobs[4].job));
    for long in [
        job(1, with(1, limits::KEPT_EXTENSIONS + 1), none()),
        job(1, none(), with(1, limits::KEPT_EXTENSIONS + 1)),
        job(1, with(2, limits::KEPT_EXTENSIONS + 1), none()),
    ] {
        assert_eq!(list(vec![long]), Err(SessionError::Unexpected));
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
