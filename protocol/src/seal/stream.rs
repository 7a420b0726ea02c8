//! The sealed job format: a header that commits to the key, then STREAM segments.
//!
//! ```text
//! offset  length  header field
//!      0       4  magic, "PMSJ"
//!      4       1  version, 1
//!      5       4  document bytes per segment, big endian: 65536, nothing else in version 1
//!      9       7  STREAM nonce prefix, random
//!     16      32  key commitment
//!     48          segments, see `layout`
//! ```
//!
//! Key schedule: `HKDF-Extract(salt = header[0..16], job key)` (RFC 5869, SHA-256), then one `Expand` each for
//! the commitment and for the AES-256-GCM key. AES-GCM alone does not commit to its key: without the commitment a
//! document could be made that opens to two different texts under two keys. Because commitment and encryption
//! key are independent outputs, the commitment says nothing about the key that encrypts.
//!
//! Segments are those of STREAM (Hoang, Reyhanitabar, Rogaway and Vizár 2015, "Online Authenticated-Encryption and
//! its Nonce-Reuse Misuse-Resistance"), 32-bit big endian counter and last-segment flag in the nonce. The job id
//! is associated data of every segment. Cutting, swapping, repeating or moving segments to another job makes
//! them fail to open.
//!
//! [`Sealer`] and [`Opener`] work on one whole segment in place, without allocating. Cutting a flow of bytes
//! into segments is the business of [`super::flow`].
//!
//! The cipher is that of AWS-LC, which uses all that the processor offers and wipes its key when it ends; all that is
//! small is sealed by `aes-gcm`. A test compares the two.

use std::borrow::Cow;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::Zeroizing;

use super::JobId;
use super::keys::{JobKey, KEY_LEN, derive};
use super::layout::{HEADER_LEN, MAX_SEGMENTS, SEALED_SEGMENT, SEGMENT, TAG_LEN};
use crate::remedy::Remedy;

const MAGIC: [u8; 4] = *b"PMSJ";
const VERSION: u8 = 1;
const PREFIX_AT: usize = 9;
const COMMITMENT_AT: usize = 16;
const PREFIX: usize = COMMITMENT_AT - PREFIX_AT;
const COMMITMENT_LABEL: &[u8] = b"papermesh/seal/1/commitment";
const ENCRYPTION_LABEL: &[u8] = b"papermesh/seal/1/encryption";

/// Why a document could not be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SealError {
    /// The header is not one of a sealed job.
    #[error("this is not a sealed job")]
    NotSealed,
    /// The header is of a format this version does not know.
    #[error("the job was sealed in another version ({0}) of the format")]
    UnknownVersion(u8),
    /// The key is not the one the header commits to.
    #[error("the key does not belong to this job")]
    WrongKey,
    /// A segment was altered, moved, cut or belongs to another job.
    #[error("segment {0} of the sealed job is damaged or missing")]
    Damaged(u32),
    /// The bytes end within the header or before the last segment.
    #[error("the sealed job ends too early")]
    Truncated,
    /// A segment has a length the format does not allow at its place.
    #[error("unexpected segment of {0} bytes")]
    SegmentLength(usize),
    /// The document is longer than [`MAX_DOCUMENT`](super::layout::MAX_DOCUMENT).
    #[error("the document is longer than 64 GiB")]
    TooLarge,
    /// The cipher could not be set up.
    #[error("could not initialize the cipher (out of memory?)")]
    NoCipher,
    /// A reader was used after it had failed.
    #[error("the sealed job failed to open before")]
    AfterFailure,
}

impl Remedy for SealError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::UnknownVersion(_) => Some("update this program".into()),
            Self::AfterFailure => Some("start a new reader".into()),
            _ => None,
        }
    }
}

/// The first [`HEADER_LEN`] bytes of a sealed job, known to have the right form. Only [`Opener::new`] can tell
/// whether it belongs to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header([u8; HEADER_LEN]);

impl Header {
    /// Checks magic, version and segment size.
    ///
    /// # Errors
    /// [`SealError::NotSealed`], [`SealError::UnknownVersion`].
    pub fn from_bytes(bytes: [u8; HEADER_LEN]) -> Result<Self, SealError> {
        if bytes[..4] != MAGIC {
            return Err(SealError::NotSealed);
        }
        if bytes[4] != VERSION {
            return Err(SealError::UnknownVersion(bytes[4]));
        }
        if bytes[5..PREFIX_AT] != (SEGMENT as u32).to_be_bytes() {
            return Err(SealError::NotSealed);
        }
        Ok(Self(bytes))
    }

    /// The bytes as they are stored and sent.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; HEADER_LEN] {
        &self.0
    }

    /// A header with a new nonce prefix, committing to `key`.
    fn new(key: &JobKey, rng: &mut dyn CryptoRng) -> Self {
        let mut bytes = [0; HEADER_LEN];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4] = VERSION;
        bytes[5..PREFIX_AT].copy_from_slice(&(SEGMENT as u32).to_be_bytes());
        rng.fill_bytes(&mut bytes[PREFIX_AT..COMMITMENT_AT]);
        let commitment = Self(bytes).expand(key, COMMITMENT_LABEL);
        bytes[COMMITMENT_AT..].copy_from_slice(commitment.as_slice());
        Self(bytes)
    }

    fn commits_to(&self, key: &JobKey) -> bool {
        let commitment = self.expand(key, COMMITMENT_LABEL);
        commitment.ct_eq(&self.0[COMMITMENT_AT..]).into()
    }

    fn expand(&self, key: &JobKey, label: &[u8]) -> Zeroizing<[u8; KEY_LEN]> {
        derive(&self.0[..COMMITMENT_AT], key.expose(), &[label])
    }

    fn segments(&self, key: &JobKey, job: JobId) -> Result<Segments, SealError> {
        let key = self.expand(key, ENCRYPTION_LABEL);
        let mut prefix = [0; PREFIX];
        prefix.copy_from_slice(&self.0[PREFIX_AT..COMMITMENT_AT]);
        let key = UnboundKey::new(&AES_256_GCM, key.as_slice()).map_err(|_| SealError::NoCipher)?;
        Ok(Segments {
            cipher: LessSafeKey::new(key),
            prefix,
            job,
            next: 0,
        })
    }
}

/// What sealing and opening have in common: the cipher, the job it is bound to and the next segment's number.
struct Segments {
    cipher: LessSafeKey,
    prefix: [u8; PREFIX],
    job: JobId,
    next: u32,
}

impl Segments {
    /// The nonce of the next segment: what is random, its number, and whether it is the last.
    fn nonce(&self, last: bool) -> Nonce {
        let mut nonce = [0; NONCE_LEN];
        nonce[..PREFIX].copy_from_slice(&self.prefix);
        nonce[PREFIX..NONCE_LEN - 1].copy_from_slice(&self.next.to_be_bytes());
        nonce[NONCE_LEN - 1] = last.into();
        Nonce::assume_unique_for_key(nonce)
    }
}

/// Seals a document segment by segment, in order.
pub struct Sealer(Segments);

impl Sealer {
    /// Starts a sealed job and gives the header that goes before its segments. One [`JobKey`] seals one document.
    ///
    /// # Errors
    /// [`SealError::NoCipher`].
    pub fn new(
        key: &JobKey,
        job: [u8; 16],
        rng: &mut dyn CryptoRng,
    ) -> Result<(Self, Header), SealError> {
        let header = Header::new(key, rng);
        Ok((Self(header.segments(key, job)?), header))
    }

    /// Encrypts a full segment in place and appends its tag: [`SEGMENT`] bytes become [`SEALED_SEGMENT`]. Only
    /// for segments that are known not to be the last.
    ///
    /// # Errors
    /// [`SealError::SegmentLength`] if it is not full, [`SealError::TooLarge`] when the document may have no
    /// further segment. The segment is then as it was.
    pub fn seal_segment(&mut self, segment: &mut Vec<u8>) -> Result<(), SealError> {
        self.seal_tail(segment, 0)
    }

    /// The same for the segment that begins at `start` in a longer buffer.
    pub(super) fn seal_tail(
        &mut self,
        buffer: &mut Vec<u8>,
        start: usize,
    ) -> Result<(), SealError> {
        let length = buffer.len() - start;
        if length != SEGMENT {
            return Err(SealError::SegmentLength(length));
        }
        // One place must be left for the last segment.
        if self.0.next + 1 >= MAX_SEGMENTS {
            return Err(SealError::TooLarge);
        }
        self.encrypt(false, buffer, start)?;
        self.0.next += 1;
        Ok(())
    }

    /// Encrypts the last segment in place and appends its tag. It may be of any length up to [`SEGMENT`], and empty
    /// only if the document is.
    ///
    /// # Errors
    /// [`SealError::SegmentLength`].
    pub fn seal_last(self, segment: &mut Vec<u8>) -> Result<(), SealError> {
        self.seal_last_tail(segment, 0)
    }

    /// The same for the segment that begins at `start` in a longer buffer.
    pub(super) fn seal_last_tail(
        self,
        buffer: &mut Vec<u8>,
        start: usize,
    ) -> Result<(), SealError> {
        let length = buffer.len() - start;
        if length > SEGMENT || (length == 0 && self.0.next > 0) {
            return Err(SealError::SegmentLength(length));
        }
        self.encrypt(true, buffer, start)
    }

    fn encrypt(&self, last: bool, buffer: &mut Vec<u8>, start: usize) -> Result<(), SealError> {
        let Segments { cipher, job, .. } = &self.0;
        // The cipher refuses nothing but lengths far above a segment's.
        let tag = cipher
            .seal_in_place_separate_tag(self.0.nonce(last), Aad::from(job), &mut buffer[start..])
            .map_err(|_| SealError::TooLarge)?;
        buffer.extend_from_slice(tag.as_ref());
        Ok(())
    }
}

/// Opens a sealed job segment by segment, in order from any segment on.
pub struct Opener(Segments);

impl Opener {
    /// An opener at the first segment. The commitment is checked here, before any segment is touched.
    ///
    /// # Errors
    /// [`SealError::WrongKey`], [`SealError::NoCipher`].
    pub fn new(key: &JobKey, job: [u8; 16], header: &Header) -> Result<Self, SealError> {
        if !header.commits_to(key) {
            return Err(SealError::WrongKey);
        }
        Ok(Self(header.segments(key, job)?))
    }

    /// Goes on at `segment` (the first is 0), for a transfer that resumes. Whoever resumes already has all segments
    /// before it; what they were is not checked again.
    #[must_use]
    pub fn resume_at(mut self, segment: u32) -> Self {
        self.0.next = segment;
        self
    }

    /// The number of the segment that must come next.
    #[must_use]
    pub fn next_segment(&self) -> u32 {
        self.0.next
    }

    /// Decrypts a full segment in place and takes off its tag: [`SEALED_SEGMENT`] bytes become [`SEGMENT`].
    ///
    /// # Errors
    /// [`SealError::SegmentLength`], [`SealError::TooLarge`], and [`SealError::Damaged`], after which the segment is
    /// nothing but zeros: what is not authentic is not given out.
    pub fn open_segment(&mut self, segment: &mut Vec<u8>) -> Result<(), SealError> {
        self.open_tail(segment, 0)
    }

    /// The same for the segment that begins at `start` in a longer buffer.
    pub(super) fn open_tail(
        &mut self,
        buffer: &mut Vec<u8>,
        start: usize,
    ) -> Result<(), SealError> {
        let length = buffer.len() - start;
        if length != SEALED_SEGMENT {
            return Err(SealError::SegmentLength(length));
        }
        if self.0.next.saturating_add(1) >= MAX_SEGMENTS {
            return Err(SealError::TooLarge);
        }
        self.decrypt(false, buffer, start)?;
        self.0.next += 1;
        Ok(())
    }

    /// Decrypts the last segment in place and takes off its tag.
    ///
    /// # Errors
    /// As [`Opener::open_segment`]; also if this is a whole segment but not the document's last, that is, if
    /// the job was cut between two segments.
    pub fn open_last(self, segment: &mut Vec<u8>) -> Result<(), SealError> {
        self.open_last_tail(segment, 0)
    }

    /// The same for the segment that begins at `start` in a longer buffer.
    pub(super) fn open_last_tail(
        self,
        buffer: &mut Vec<u8>,
        start: usize,
    ) -> Result<(), SealError> {
        let length = buffer.len() - start;
        if !(TAG_LEN..=SEALED_SEGMENT).contains(&length) || (length == TAG_LEN && self.0.next > 0) {
            return Err(SealError::SegmentLength(length));
        }
        if self.0.next >= MAX_SEGMENTS {
            return Err(SealError::TooLarge);
        }
        self.decrypt(true, buffer, start)
    }

    fn decrypt(&self, last: bool, buffer: &mut Vec<u8>, start: usize) -> Result<(), SealError> {
        let Segments {
            cipher, job, next, ..
        } = &self.0;
        let length = buffer.len() - start;
        let (text, tag) = buffer[start..]
            .split_last_chunk_mut::<TAG_LEN>()
            .ok_or(SealError::SegmentLength(length))?;
        cipher
            .open_in_place_separate_tag(self.0.nonce(last), Aad::from(job), tag, text)
            .map_err(|_| SealError::Damaged(*next))?;
        buffer.truncate(buffer.len() - TAG_LEN);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::{any, prop_assert_eq, proptest};
    use proptest::test_runner::Config;

    use super::*;

    const JOB: JobId = [1; 16];

    struct Sealed {
        key: JobKey,
        header: Header,
        segments: Vec<Vec<u8>>,
    }

    /// Three segments, each filled with its own number.
    fn three() -> Sealed {
        let rng = &mut rand::rng();
        let key = JobKey::generate(rng);
        let (mut sealer, header) = Sealer::new(&key, JOB, rng).unwrap();
        let mut segments = vec![vec![0; SEGMENT], vec![1; SEGMENT], vec![2; 100]];
        sealer.seal_segment(&mut segments[0]).unwrap();
        sealer.seal_segment(&mut segments[1]).unwrap();
        sealer.seal_last(&mut segments[2]).unwrap();
        Sealed {
            key,
            header,
            segments,
        }
    }

    fn open(sealed: &Sealed, job: JobId, order: &[usize]) -> Result<Vec<u8>, SealError> {
        let mut opener = Opener::new(&sealed.key, job, &sealed.header)?;
        let mut document = Vec::new();
        let (last, full) = order.split_last().unwrap();
        for index in full {
            let mut segment = sealed.segments[*index].clone();
            opener.open_segment(&mut segment)?;
            document.extend(segment);
        }
        let mut segment = sealed.segments[*last].clone();
        opener.open_last(&mut segment)?;
        document.extend(segment);
        Ok(document)
    }

    #[test]
    fn what_was_sealed_opens() {
        let document = [vec![0; SEGMENT], vec![1; SEGMENT], vec![2; 100]].concat();
        assert_eq!(open(&three(), JOB, &[0, 1, 2]), Ok(document));
    }

    #[test]
    fn another_implementation_of_stream_seals_alike() {
        use aead_stream::{Encryptor, StreamBE32};
        use aes_gcm::{Aes256Gcm, KeyInit};

        let sealed = three();
        let key = sealed.header.expand(&sealed.key, ENCRYPTION_LABEL);
        let cipher = Aes256Gcm::new((&*key).into());
        let prefix: [u8; PREFIX] = sealed.header.0[PREFIX_AT..COMMITMENT_AT]
            .try_into()
            .unwrap();
        let mut other = Encryptor::<_, StreamBE32<_>>::from_aead(cipher, (&prefix).into());
        for segment in 0..2u8 {
            let mut again = vec![segment; SEGMENT];
            other.encrypt_next_in_place(&JOB, &mut again).unwrap();
            assert!(sealed.segments[usize::from(segment)] == again, "{segment}");
        }
        let mut again = vec![2; 100];
        other.encrypt_last_in_place(&JOB, &mut again).unwrap();
        assert_eq!(sealed.segments[2], again);
    }

    #[test]
    fn any_segment_opens_alone() {
        let sealed = three();
        for segment in 0..2u8 {
            let mut opener = Opener::new(&sealed.key, JOB, &sealed.header)
                .unwrap()
                .resume_at(segment.into());
            let mut bytes = sealed.segments[usize::from(segment)].clone();
            opener.open_segment(&mut bytes).unwrap();
            assert_eq!(bytes, vec![segment; SEGMENT]);
            assert_eq!(opener.next_segment(), u32::from(segment) + 1);
        }
    }

    #[test]
    fn segments_out_of_order_are_damaged() {
        let sealed = three();
        assert_eq!(open(&sealed, JOB, &[1, 0, 2]), Err(SealError::Damaged(0)));
        assert_eq!(open(&sealed, JOB, &[0, 0, 2]), Err(SealError::Damaged(1)));
        assert_eq!(open(&sealed, JOB, &[0, 2]), Err(SealError::Damaged(1)));
        // Cut between two segments: the second is whole, but not the last.
        assert_eq!(open(&sealed, JOB, &[0, 1]), Err(SealError::Damaged(1)));
        // The last one where a full one belongs.
        assert_eq!(
            open(&sealed, JOB, &[0, 1, 2, 2]),
            Err(SealError::SegmentLength(116))
        );
    }

    #[test]
    fn nothing_is_left_of_a_damaged_segment() {
        let mut sealed = three();
        let opener = Opener::new(&sealed.key, JOB, &sealed.header).unwrap();
        sealed.segments[1][SEGMENT - 1] ^= 1;
        let refused = opener.resume_at(1).open_segment(&mut sealed.segments[1]);
        assert_eq!(refused, Err(SealError::Damaged(1)));
        assert!(sealed.segments[1][..SEGMENT].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn a_segment_of_another_job_is_damaged() {
        assert_eq!(
            open(&three(), [2; 16], &[0, 1, 2]),
            Err(SealError::Damaged(0))
        );
        // Same key and job sealed twice, by mistake: still two nonce prefixes and two encryption keys.
        let (sealed, mut other) = (three(), three());
        other.segments[0].clone_from(&sealed.segments[0]);
        assert_eq!(open(&other, JOB, &[0, 1, 2]), Err(SealError::Damaged(0)));
    }

    #[test]
    fn the_wrong_key_is_told_before_any_segment() {
        let mut sealed = three();
        sealed.key = JobKey::generate(&mut rand::rng());
        assert_eq!(open(&sealed, JOB, &[0, 1, 2]), Err(SealError::WrongKey));
    }

    #[test]
    fn every_bit_of_the_header_counts() {
        let Sealed { key, header, .. } = three();
        for bit in 0..HEADER_LEN * 8 {
            let mut bytes = *header.as_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let refused = Header::from_bytes(bytes)
                .and_then(|header| Opener::new(&key, JOB, &header))
                .map(|_| ());
            let expected = match bit / 8 {
                4 => SealError::UnknownVersion(bytes[4]),
                0..9 => SealError::NotSealed,
                _ => SealError::WrongKey,
            };
            assert_eq!(refused, Err(expected), "bit {bit}");
        }
    }

    #[test]
    fn lengths_the_format_does_not_know_are_refused() {
        let rng = &mut rand::rng();
        let key = JobKey::generate(rng);
        let (mut sealer, header) = Sealer::new(&key, JOB, rng).unwrap();
        let short = &mut vec![0; SEGMENT - 1];
        assert_eq!(
            sealer.seal_segment(short),
            Err(SealError::SegmentLength(SEGMENT - 1))
        );
        let mut full = vec![0; SEGMENT];
        sealer.seal_segment(&mut full).unwrap();
        assert_eq!(
            sealer.seal_last(&mut Vec::new()),
            Err(SealError::SegmentLength(0))
        );
        for length in [0, TAG_LEN - 1, SEALED_SEGMENT + 1] {
            let opener = Opener::new(&key, JOB, &header).unwrap();
            assert_eq!(
                opener.open_last(&mut vec![0; length]),
                Err(SealError::SegmentLength(length))
            );
        }
    }

    #[test]
    fn no_job_has_more_segments_than_the_limit() {
        let Sealed { key, header, .. } = three();
        let mut opener = Opener::new(&key, JOB, &header)
            .unwrap()
            .resume_at(MAX_SEGMENTS - 1);
        let refused = opener.open_segment(&mut vec![0; SEALED_SEGMENT]);
        assert_eq!(refused, Err(SealError::TooLarge));
        let refused = opener
            .resume_at(u32::MAX)
            .open_last(&mut vec![0; SEALED_SEGMENT]);
        assert_eq!(refused, Err(SealError::TooLarge));

        let (mut sealer, _) = Sealer::new(&key, JOB, &mut rand::rng()).unwrap();
        sealer.0.next = MAX_SEGMENTS - 1;
        let mut full = vec![0; SEGMENT];
        assert_eq!(sealer.seal_segment(&mut full), Err(SealError::TooLarge));
        sealer.seal_last(&mut full).unwrap();
    }

    proptest! {
        #![proptest_config(Config::with_cases(64))]

        #[test]
        fn every_altered_byte_of_a_segment_is_noticed(
            segment in 0..3usize,
            at in any::<proptest::sample::Index>(),
            flip in 1..=u8::MAX,
        ) {
            let mut sealed = three();
            let at = at.index(sealed.segments[segment].len());
            sealed.segments[segment][at] ^= flip;
            prop_assert_eq!(
                open(&sealed, JOB, &[0, 1, 2]),
                Err(SealError::Damaged(segment as u32))
            );
        }
    }
}
