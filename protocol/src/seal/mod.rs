//! Everything that is kept or carried encrypted.
//!
//! | module | what it seals | under |
//! | --- | --- | --- |
//! | [`stream`], [`flow`] | a job's document, segment by segment | its [`JobKey`] |
//! | [`preview`] | the picture of a job's first page | its [`PreviewKey`] |
//! | [`blob`] | small records at rest: a job's title and options | the node's [`StorageKey`] |
//! | [`wrap`] | a job key at rest, a job key for a session, a verifier for a linked computer | [`StorageKey`], HPKE |
//! | [`passphrase`] | the authority key, an exported site | a passphrase, with Argon2id |
//!
//! [`layout`] is the arithmetic of the sealed job format and [`keys`] the typed keys all of these take.
//!
//! Not here: who may have which key (the release protocol), where sealed bytes lie (the node's store),
//! and the PIN, which is proved rather than used as a key (see [`crate::pin`]).

pub mod blob;
pub mod flow;
pub mod keys;
pub mod layout;
pub mod passphrase;
pub mod preview;
pub mod stream;
pub mod wrap;

pub use blob::{BlobError, MAX_BLOB, open_bytes, seal_bytes};
pub use flow::{OpenReader, SealWriter};
pub use keys::{
    DecoySeed, JobKey, LoginKey, PreviewKey, PublicKey, SealingPublic, SealingSecret, SecretKey,
    SessionPublic, SessionSecret, StorageKey,
};
pub use layout::{
    HEADER_LEN, MAX_DOCUMENT, MAX_SEGMENTS, SEALED_SEGMENT, SEGMENT, TAG_LEN, plain_len,
    sealed_len, segment_at, segment_offset,
};
pub use passphrase::{PassphraseCost, PassphraseError};
pub use preview::{open_preview, seal_preview};
pub use stream::{Header, Opener, SealError, Sealer};
pub use wrap::{SessionWrappedKey, WrapError, WrappedJobKey};

/// Sixteen bytes that name a job; bound into everything that is sealed for it.
pub(crate) type JobId = [u8; 16];
