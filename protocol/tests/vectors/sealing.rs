//! Sealed documents, sealed records and wrapped keys.

use papermesh_protocol::seal::passphrase::{self, PassphraseCost};
use papermesh_protocol::seal::{
    JobKey, OpenReader, SEALED_SEGMENT, SEGMENT, SealWriter, SessionSecret, SessionWrappedKey,
    StorageKey, TAG_LEN, WrappedJobKey, open_bytes, seal_bytes, sealed_len, wrap,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::site::{Counting, JOB, SESSION, sealing};
use crate::{check, hex};

fn job_key() -> JobKey {
    JobKey::from_bytes([0x70; 32])
}

fn storage_key() -> StorageKey {
    StorageKey::from_bytes([0x71; 32])
}

/// A document of this length, whose byte at `i` is `i` modulo 251.
fn document(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}

fn sealed(length: usize) -> Value {
    let document = document(length);
    let mut sealed = Vec::new();
    let mut writer = SealWriter::new(
        &job_key(),
        *JOB.as_bytes(),
        &mut Counting::default(),
        &mut sealed,
    )
    .unwrap();
    writer.update(&document, &mut sealed).unwrap();
    assert_eq!(writer.finish(&mut sealed), Ok(length as u64));
    assert_eq!(sealed_len(length as u64), Some(sealed.len() as u64));

    let mut opened = Vec::new();
    let mut reader = OpenReader::new(job_key(), *JOB.as_bytes());
    reader.update(&sealed, &mut opened).unwrap();
    assert_eq!(reader.finish(&mut opened), Ok(length as u64));
    assert_eq!(opened, document);

    let (header, segments) = sealed.split_at(48);
    let tags: Vec<Value> = segments
        .chunks(SEALED_SEGMENT)
        .map(|segment| hex(&segment[segment.len() - TAG_LEN..]))
        .collect();
    json!({
        "name": format!("a document of {length} bytes"),
        "job_key": hex(job_key().expose()),
        "job": hex(JOB.as_bytes()),
        "length": length,
        "header": hex(header),
        "tags": tags,
        "segments": (segments.len() <= 128).then(|| hex(segments)),
        "sealed_sha256": hex(Sha256::digest(&sealed)),
    })
}

#[test]
fn documents_are_sealed_as_ever() {
    let about = "Sealed documents. Byte i of each document is i modulo 251; segments are given where they are short.";
    check(
        "sealed",
        about,
        [0, 11, SEGMENT, SEGMENT + 5].map(sealed).into(),
    );
}

fn at_rest() -> Value {
    let wrapped = WrappedJobKey::wrap(
        &storage_key(),
        *JOB.as_bytes(),
        &job_key(),
        &mut Counting::default(),
    )
    .unwrap();
    assert_eq!(
        wrapped.unwrap(&storage_key(), *JOB.as_bytes()),
        Ok(job_key())
    );
    json!({
        "name": "a job key at rest",
        "storage_key": hex(storage_key().expose()),
        "job": hex(JOB.as_bytes()),
        "job_key": hex(job_key().expose()),
        "wrapped": hex(wrapped.as_bytes()),
    })
}

fn for_session() -> Value {
    let secret = SessionSecret::from_bytes([0x72; 32]);
    let (session, job) = (SESSION.as_bytes(), *JOB.as_bytes());
    let wrapped = SessionWrappedKey::wrap(
        &secret.public(),
        session,
        job,
        &job_key(),
        &mut Counting::default(),
    )
    .unwrap();
    assert_eq!(wrapped.unwrap(&secret, session, job), Ok(job_key()));
    json!({
        "name": "a job key for a session",
        "session_secret": hex(secret.expose()),
        "session_public": hex(secret.public().as_bytes()),
        "session": hex(session),
        "job": hex(job),
        "job_key": hex(job_key().expose()),
        "wrapped": hex(wrapped.as_bytes()),
    })
}

fn blob() -> Value {
    let sealed = seal_bytes(
        &storage_key(),
        "job row",
        JOB.as_bytes(),
        b"title",
        &mut Counting::default(),
    )
    .unwrap();
    assert_eq!(
        *open_bytes(&storage_key(), "job row", JOB.as_bytes(), &sealed).unwrap(),
        b"title"
    );
    json!({
        "name": "a record at rest",
        "storage_key": hex(storage_key().expose()),
        "purpose": "job row",
        "id": hex(JOB.as_bytes()),
        "plaintext": hex(b"title"),
        "sealed": hex(sealed),
    })
}

fn to_a_node() -> Value {
    let (info, aad, plaintext) = (&b"papermesh/example/1"[..], &b"bound"[..], &b"content"[..]);
    let sealed = wrap::hpke_seal(
        &sealing().public(),
        info,
        aad,
        plaintext,
        &mut Counting::default(),
    )
    .unwrap();
    assert_eq!(
        *wrap::hpke_open(&sealing(), info, aad, &sealed).unwrap(),
        plaintext
    );
    json!({
        "name": "a secret for a node",
        "sealing_secret": hex(sealing().expose()),
        "info": hex(info),
        "aad": hex(aad),
        "plaintext": hex(plaintext),
        "sealed": hex(sealed),
    })
}

fn under_a_passphrase() -> Value {
    let cost = PassphraseCost::new(64, 1, 2).unwrap();
    let sealed = passphrase::seal(
        "correct horse",
        "authority key",
        b"secret",
        cost,
        &mut Counting::default(),
    )
    .unwrap();
    assert_eq!(
        *passphrase::open("correct horse", "authority key", &sealed).unwrap(),
        b"secret"
    );
    json!({
        "name": "a secret under a passphrase",
        "passphrase": "correct horse",
        "purpose": "authority key",
        "plaintext": hex(b"secret"),
        "sealed": hex(sealed),
    })
}

#[test]
fn keys_are_wrapped_as_ever() {
    let about = "Wrapped keys and sealed records, to be opened; whoever seals takes fresh nonces and encapsulated keys.";
    check(
        "wrapped",
        about,
        vec![
            at_rest(),
            for_session(),
            blob(),
            to_a_node(),
            under_a_passphrase(),
        ],
    );
}
