//! One value, one encoding: for every type that travels.

use core::fmt::Debug;

use papermesh_protocol::signed::{Envelope, Record, Signed};
use papermesh_protocol::{codec, limits};
use proptest::prelude::{Strategy, any};
use proptest::sample::Index;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::arbitrary;
use crate::site::{AUTHORITY, key};

/// Encodes any value, reads it back, and spoils the bytes.
fn travels<T>(values: impl Strategy<Value = T>, max: usize)
where
    T: Serialize + DeserializeOwned + Debug,
{
    let cases = (values, any::<Index>(), 1..=u8::MAX);
    TestRunner::new(Config::with_cases(128))
        .run(&cases, |(value, at, flip)| {
            let bytes = codec::encode(&value, max)
                .map_err(|error| TestCaseError::fail(error.to_string()))?;
            let read: T = codec::decode(&bytes, max)
                .map_err(|error| TestCaseError::fail(error.to_string()))?;
            assert_eq!(format!("{read:?}"), format!("{value:?}"));
            assert_eq!(codec::encode(&read, max).unwrap(), bytes);

            let at = at.index(bytes.len());
            assert!(
                codec::decode::<T>(&bytes[..at], max).is_err(),
                "a part is no value"
            );
            assert!(
                codec::decode::<T>(&[&bytes[..], &[0]].concat(), max).is_err(),
                "nor is more"
            );
            assert!(
                codec::decode::<T>(&bytes, bytes.len() - 1).is_err(),
                "the limit holds"
            );
            let mut spoilt = bytes;
            spoilt[at] ^= flip;
            if let Ok(other) = codec::decode::<T>(&spoilt, max) {
                assert_eq!(
                    codec::encode(&other, max).unwrap(),
                    spoilt,
                    "one value, two encodings"
                );
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn messages_travel() {
    travels(arbitrary::request(), limits::RELEASE_MESSAGE);
    travels(arbitrary::direct_request(), limits::DIRECT_MESSAGE);
    travels(arbitrary::direct_answer(), limits::DIRECT_MESSAGE);
    travels(arbitrary::preview_request(), limits::PREVIEW_MESSAGE);
    travels(arbitrary::preview_answer(), limits::PREVIEW_MESSAGE);
    travels(arbitrary::answer(), limits::RELEASE_MESSAGE);
    travels(arbitrary::join_request(), limits::JOIN_MESSAGE);
    travels(arbitrary::join_answer(), limits::JOIN_MESSAGE);
    travels(arbitrary::enroll_request(), limits::ENROLL_MESSAGE);
    travels(arbitrary::enroll_answer(), limits::ENROLL_MESSAGE);
    travels(arbitrary::link_request(), limits::ENROLL_MESSAGE);
    travels(arbitrary::link_answer(), limits::ENROLL_MESSAGE);
    travels(arbitrary::attestation(), limits::BIND_MESSAGE);
    travels(arbitrary::bind_answer(), limits::BIND_MESSAGE);
    travels(arbitrary::web_request(), limits::WEB_MESSAGE);
    travels(arbitrary::web_answer(), limits::WEB_MESSAGE);
}

/// Signs any record, reads it back, and verifies it.
fn is_signed<T: Record + Debug + Clone + PartialEq>(records: impl Strategy<Value = T> + Clone) {
    travels(records.clone(), T::MAX);
    TestRunner::new(Config::with_cases(64))
        .run(&records, |record| {
            let signed = Signed::sign(record.clone(), &key(AUTHORITY)).unwrap();
            let bytes = signed.to_bytes().unwrap();
            let read = Envelope::<T>::from_bytes(&bytes).unwrap();
            assert_eq!(read.to_bytes().unwrap(), bytes);
            assert_eq!(read.verify(signed.signer()).unwrap().into_value(), record);
            Ok(())
        })
        .unwrap();
}

#[test]
fn records_travel_signed() {
    is_signed(arbitrary::certificate().boxed());
    is_signed(arbitrary::charter().boxed());
    is_signed(arbitrary::site_state().boxed());
    is_signed(arbitrary::user_entry().boxed());
    is_signed(arbitrary::badge().boxed());
    is_signed(arbitrary::delegation().boxed());
    is_signed(arbitrary::advert().boxed());
    is_signed(arbitrary::key_claim().boxed());
    is_signed(arbitrary::badge_claim().boxed());
    is_signed(arbitrary::pin_carrier().boxed());
    is_signed(arbitrary::receipt().boxed());
    is_signed(arbitrary::web_authority().boxed());
}
