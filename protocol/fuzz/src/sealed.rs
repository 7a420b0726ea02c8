//! Everything that is opened with a key.

use papermesh_protocol::seal::passphrase::{self as passphrases, PassphraseCost};
use papermesh_protocol::seal::{
    JobKey, OpenReader, SealError, SessionSecret, SessionWrappedKey, StorageKey, WrappedJobKey,
    open_bytes, sealed_len, wrap,
};

use super::site::{JOB, SESSION, sealing};

/// Opens a sealed document that arrives in pieces of this size.
fn open(sealed: &[u8], piece: usize) -> (Result<u64, SealError>, Vec<u8>) {
    let mut document = Vec::new();
    let mut reader = OpenReader::new(JobKey::from_bytes([0x70; 32]), *JOB.as_bytes());
    for piece in sealed.chunks(piece) {
        if let Err(error) = reader.update(piece, &mut document) {
            return (Err(error), document);
        }
    }
    (reader.finish(&mut document), document)
}

/// The first byte says in what pieces the rest arrives, which must make no difference.
pub(crate) fn document(bytes: &[u8]) {
    let Some((piece, sealed)) = bytes.split_first() else {
        return;
    };
    let whole = open(sealed, sealed.len().max(1));
    assert_eq!(open(sealed, 1 + usize::from(*piece) * 257), whole);
    if let (Ok(length), document) = whole {
        assert_eq!(length, document.len() as u64);
        assert_eq!(sealed_len(length), Some(sealed.len() as u64));
    }
}

/// Sealed records, wrapped job keys, and what is sealed to a key with HPKE.
pub(crate) fn wrapped_key(bytes: &[u8]) {
    let storage = StorageKey::from_bytes([0x71; 32]);
    let _ = open_bytes(&storage, "job row", JOB.as_bytes(), bytes);
    let _ = wrap::hpke_open(&sealing(), b"papermesh/example/1", b"bound", bytes);
    if let Ok(wrapped) = WrappedJobKey::from_bytes(bytes) {
        assert_eq!(wrapped.as_bytes(), bytes);
        let _ = wrapped.unwrap(&storage, *JOB.as_bytes());
    }
    if let Ok(wrapped) = SessionWrappedKey::from_bytes(bytes) {
        assert_eq!(wrapped.as_bytes(), bytes);
        let _ = wrapped.unwrap(
            &SessionSecret::from_bytes([0x72; 32]),
            SESSION.as_bytes(),
            *JOB.as_bytes(),
        );
    }
}

/// A file under a passphrase. Costs that are allowed but dear are left out: they are paid, as
/// they should be, and a fuzzer would do nothing else.
pub(crate) fn passphrase(bytes: &[u8]) {
    let number = |at: usize| {
        bytes.get(at..at + 4).map(|bytes| {
            bytes
                .iter()
                .fold(0, |number, byte| number << 8 | u32::from(*byte))
        })
    };
    if let (Some(memory), Some(passes), Some(lanes)) = (number(5), number(9), number(13)) {
        let allowed = PassphraseCost::new(memory, passes, lanes).is_ok();
        if allowed && (memory > 64 || passes > 1) {
            return;
        }
    }
    let _ = passphrases::open("correct horse", "authority key", bytes);
}
