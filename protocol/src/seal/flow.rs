//! Sealing and opening a flow of bytes that arrives in pieces of any size.
//!
//! Both ends are pushed: bytes in, finished bytes appended to the caller's vector, no IO. Each holds at most one
//! segment back, because only the next byte or the end tells whether a segment is the last one (STREAM marks
//! it). Large pieces go straight into the caller's vector and are worked on there; only what does not fill a
//! segment is copied twice.

use core::mem;

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::JobId;
use super::keys::JobKey;
use super::layout::{HEADER_LEN, MAX_DOCUMENT, SEALED_SEGMENT, SEGMENT, TAG_LEN, segment_offset};
use super::stream::{Header, Opener, SealError, Sealer};

/// Seals a document that arrives in pieces.
pub struct SealWriter {
    sealer: Sealer,
    /// The segment in the making. Reserved once and never grown, so that no copy of it is left behind in memory.
    pending: Zeroizing<Vec<u8>>,
    plain: u64,
}

impl SealWriter {
    /// Starts a sealed job and appends its header to `sealed`.
    ///
    /// # Errors
    /// [`SealError::NoCipher`].
    pub fn new(
        key: &JobKey,
        job: [u8; 16],
        rng: &mut dyn CryptoRng,
        sealed: &mut Vec<u8>,
    ) -> Result<Self, SealError> {
        let (sealer, header) = Sealer::new(key, job, rng)?;
        sealed.extend_from_slice(header.as_bytes());
        Ok(Self {
            sealer,
            pending: Zeroizing::new(Vec::with_capacity(SEALED_SEGMENT)),
            plain: 0,
        })
    }

    /// Document bytes taken so far.
    #[must_use]
    pub fn plain_len(&self) -> u64 {
        self.plain
    }

    /// Takes the document's next bytes, any number of them, and appends to `sealed` the segments that they complete.
    ///
    /// # Errors
    /// [`SealError::TooLarge`] if the document would exceed [`MAX_DOCUMENT`]; nothing of `document` is taken then.
    pub fn update(&mut self, mut document: &[u8], sealed: &mut Vec<u8>) -> Result<(), SealError> {
        let plain = self.plain.saturating_add(document.len() as u64);
        if plain > MAX_DOCUMENT {
            return Err(SealError::TooLarge);
        }
        self.plain = plain;
        // At once, so that growing the vector never copies document bytes that are not encrypted yet.
        sealed.reserve((self.pending.len() + document.len()) / SEGMENT * SEALED_SEGMENT);

        if !self.pending.is_empty() {
            fill(&mut self.pending, SEGMENT, &mut document);
            if document.is_empty() {
                return Ok(());
            }
            self.sealer.seal_segment(&mut self.pending)?;
            sealed.extend_from_slice(&self.pending);
            self.pending.clear();
        }
        while document.len() > SEGMENT {
            let (segment, later) = document.split_at(SEGMENT);
            let start = sealed.len();
            sealed.extend_from_slice(segment);
            self.sealer.seal_tail(sealed, start)?;
            document = later;
        }
        self.pending.extend_from_slice(document);
        Ok(())
    }

    /// Ends the document: appends the last segment and gives the document's length in bytes.
    ///
    /// # Errors
    /// None that a document of allowed length could cause.
    pub fn finish(mut self, sealed: &mut Vec<u8>) -> Result<u64, SealError> {
        self.sealer.seal_last(&mut self.pending)?;
        sealed.extend_from_slice(&self.pending);
        Ok(self.plain)
    }
}

/// Opens a sealed job that arrives in pieces.
pub struct OpenReader {
    state: State,
    /// The header or the sealed segment that is not complete yet.
    pending: Zeroizing<Vec<u8>>,
    sealed: u64,
    plain: u64,
}

enum State {
    Header { key: JobKey, job: JobId },
    Segments(Box<Opener>),
    Failed,
}

impl OpenReader {
    /// A reader that expects a sealed job from its header on.
    #[must_use]
    pub fn new(key: JobKey, job: [u8; 16]) -> Self {
        Self::starting(State::Header { key, job }, 0, 0)
    }

    /// A reader that expects the segment `opener` is at, for a transfer that resumes there.
    #[must_use]
    pub fn resume(opener: Opener) -> Self {
        let segment = opener.next_segment();
        let plain = u64::from(segment) * SEGMENT as u64;
        Self::starting(
            State::Segments(Box::new(opener)),
            segment_offset(segment),
            plain,
        )
    }

    fn starting(state: State, sealed: u64, plain: u64) -> Self {
        Self {
            state,
            pending: Zeroizing::new(Vec::with_capacity(SEALED_SEGMENT)),
            sealed,
            plain,
        }
    }

    /// Offset in the sealed job of the byte that must come next. A broken transfer can go on from there with this
    /// same reader.
    #[must_use]
    pub fn sealed_position(&self) -> u64 {
        self.sealed
    }

    /// Offset in the document of the byte that will come out next.
    #[must_use]
    pub fn plain_position(&self) -> u64 {
        self.plain
    }

    /// Takes the sealed job's next bytes, any number of them, and appends to `document` what they complete. All
    /// that is appended is authentic, but it is the whole document only when [`OpenReader::finish`] says so.
    ///
    /// # Errors
    /// What [`Header::from_bytes`], [`Opener::new`] and [`Opener::open_segment`] refuse. `document` keeps what was
    /// opened before the failure, and the reader stays failed.
    pub fn update(&mut self, mut sealed: &[u8], document: &mut Vec<u8>) -> Result<(), SealError> {
        let taken = sealed.len() as u64;
        // Whatever returns early from here on leaves the reader failed.
        let mut opener = match mem::replace(&mut self.state, State::Failed) {
            State::Header { key, job } => {
                fill(&mut self.pending, HEADER_LEN, &mut sealed);
                let Ok(header) = self.pending.as_slice().try_into() else {
                    self.state = State::Header { key, job };
                    self.sealed += taken;
                    return Ok(());
                };
                self.pending.clear();
                Box::new(Opener::new(&key, job, &Header::from_bytes(header)?)?)
            }
            State::Segments(opener) => opener,
            State::Failed => return Err(SealError::AfterFailure),
        };
        let before = document.len();
        let opened = self.open_complete(&mut opener, sealed, document);
        self.plain += (document.len() - before) as u64;
        opened?;
        self.sealed += taken;
        self.state = State::Segments(opener);
        Ok(())
    }

    /// Opens every segment that more bytes follow, and keeps the rest.
    fn open_complete(
        &mut self,
        opener: &mut Opener,
        mut sealed: &[u8],
        document: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        // A segment needs the place of its tag too, until it is opened.
        document.reserve((self.pending.len() + sealed.len()) / SEALED_SEGMENT * SEGMENT + TAG_LEN);

        if !self.pending.is_empty() {
            fill(&mut self.pending, SEALED_SEGMENT, &mut sealed);
            if sealed.is_empty() {
                return Ok(());
            }
            opener.open_segment(&mut self.pending)?;
            document.extend_from_slice(&self.pending);
            self.pending.clear();
        }
        while sealed.len() > SEALED_SEGMENT {
            let (segment, later) = sealed.split_at(SEALED_SEGMENT);
            let start = document.len();
            document.extend_from_slice(segment);
            opener
                .open_tail(document, start)
                .inspect_err(|_| document.truncate(start))?;
            sealed = later;
        }
        self.pending.extend_from_slice(sealed);
        Ok(())
    }

    /// Ends the sealed job: appends the last segment's bytes and gives the document's length in bytes.
    ///
    /// # Errors
    /// [`SealError::Truncated`] or [`SealError::Damaged`] if the last segment is missing, cut or altered,
    /// [`SealError::AfterFailure`].
    pub fn finish(mut self, document: &mut Vec<u8>) -> Result<u64, SealError> {
        let opener = match self.state {
            State::Header { .. } => return Err(SealError::Truncated),
            State::Segments(opener) => opener,
            State::Failed => return Err(SealError::AfterFailure),
        };
        opener
            .open_last(&mut self.pending)
            .map_err(|error| match error {
                SealError::SegmentLength(_) => SealError::Truncated,
                other => other,
            })?;
        document.extend_from_slice(&self.pending);
        Ok(self.plain + self.pending.len() as u64)
    }
}

/// Moves bytes from the front of `bytes` to `buffer` until it holds `length`, or until there are no more.
fn fill(buffer: &mut Vec<u8>, length: usize, bytes: &mut &[u8]) {
    let missing = length.saturating_sub(buffer.len());
    let (now, later) = bytes.split_at(missing.min(bytes.len()));
    buffer.extend_from_slice(now);
    *bytes = later;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::collection::vec;
    use proptest::prelude::{
        Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
    };
    use proptest::sample::Index;
    use proptest::test_runner::Config;

    use super::super::layout::{plain_len, sealed_len};
    use super::*;

    const JOB: JobId = [9; 16];

    /// Lengths at and around the places where segments end.
    fn length() -> impl Strategy<Value = usize> {
        prop_oneof![
            Just(0),
            1..200usize,
            SEGMENT - 2..SEGMENT + 3,
            2 * SEGMENT - 2..2 * SEGMENT + 3,
            0..4 * SEGMENT,
        ]
    }

    /// A document whose bytes tell where they are.
    fn document(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at * 31 + at / 251) as u8).collect()
    }

    /// Cuts at `cuts`, which may coincide: then a piece is empty.
    fn pieces<'a>(bytes: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
        let mut places: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        places.extend([0, bytes.len()]);
        places.sort_unstable();
        places
            .windows(2)
            .map(|pair| &bytes[pair[0]..pair[1]])
            .collect()
    }

    fn seal(pieces: &[&[u8]]) -> (JobKey, Vec<u8>) {
        let rng = &mut rand::rng();
        let key = JobKey::generate(rng);
        let mut sealed = Vec::new();
        let mut writer = SealWriter::new(&key, JOB, rng, &mut sealed).unwrap();
        for piece in pieces {
            writer.update(piece, &mut sealed).unwrap();
        }
        let length: usize = pieces.iter().map(|piece| piece.len()).sum();
        assert_eq!(writer.finish(&mut sealed), Ok(length as u64));
        (key, sealed)
    }

    fn open(mut reader: OpenReader, pieces: &[&[u8]]) -> Result<Vec<u8>, SealError> {
        let mut document = Vec::new();
        for piece in pieces {
            reader.update(piece, &mut document)?;
        }
        reader.finish(&mut document)?;
        Ok(document)
    }

    #[test]
    fn an_empty_document_is_one_empty_segment() {
        let (key, sealed) = seal(&[]);
        assert_eq!(sealed.len(), HEADER_LEN + TAG_LEN);
        assert_eq!(open(OpenReader::new(key, JOB), &[&sealed]), Ok(Vec::new()));
    }

    #[test]
    fn nothing_sealed_shows_the_document() {
        let marker = b"a marker that must not be seen anywhere";
        let text = marker.repeat(2 * SEGMENT / marker.len());
        let (_, sealed) = seal(&[&text]);
        assert!(!sealed.windows(16).any(|part| part == &marker[..16]));
    }

    #[test]
    fn the_limit_holds_before_a_byte_is_taken() {
        let rng = &mut rand::rng();
        let mut sealed = Vec::new();
        let mut writer = SealWriter::new(&JobKey::generate(rng), JOB, rng, &mut sealed).unwrap();
        writer.plain = MAX_DOCUMENT - 1;
        assert_eq!(
            writer.update(&[0; 2], &mut sealed),
            Err(SealError::TooLarge)
        );
        assert_eq!(writer.plain_len(), MAX_DOCUMENT - 1);
        writer.update(&[0; 1], &mut sealed).unwrap();
    }

    #[test]
    fn a_failed_reader_stays_failed_and_gives_no_damaged_byte() {
        let (key, mut sealed) = seal(&[&document(3 * SEGMENT)]);
        sealed[HEADER_LEN + SEALED_SEGMENT] ^= 1;
        let mut reader = OpenReader::new(key, JOB);
        let mut opened = Vec::new();
        assert_eq!(
            reader.update(&sealed, &mut opened),
            Err(SealError::Damaged(1))
        );
        assert_eq!(opened, document(SEGMENT));
        assert_eq!(
            reader.update(&sealed, &mut opened),
            Err(SealError::AfterFailure)
        );
        assert_eq!(reader.finish(&mut opened), Err(SealError::AfterFailure));
    }

    #[test]
    fn something_appended_is_refused() {
        for length in [0, 10, SEGMENT, SEGMENT + 10] {
            let (key, mut sealed) = seal(&[&document(length)]);
            sealed.push(0);
            assert!(open(OpenReader::new(key, JOB), &[&sealed]).is_err());
        }
    }

    proptest! {
        #![proptest_config(Config::with_cases(64))]

        #[test]
        fn any_cutting_seals_and_opens(
            length in length(),
            cuts in vec(any::<Index>(), 0..6),
            sealed_cuts in vec(any::<Index>(), 0..6),
        ) {
            let document = document(length);
            let (key, sealed) = seal(&pieces(&document, &cuts));
            prop_assert_eq!(Some(sealed.len() as u64), sealed_len(length as u64));
            prop_assert_eq!(Some(length as u64), plain_len(sealed.len() as u64));
            let opened = open(OpenReader::new(key, JOB), &pieces(&sealed, &sealed_cuts));
            prop_assert_eq!(opened, Ok(document));
        }

        #[test]
        fn any_truncation_is_noticed(length in length(), cut in any::<Index>()) {
            let (key, sealed) = seal(&[&document(length)]);
            let kept = &sealed[..cut.index(sealed.len())];
            prop_assert!(open(OpenReader::new(key, JOB), &[kept]).is_err());
        }

        #[test]
        fn truncation_between_segments_is_noticed(segments in 0..3usize) {
            let (key, sealed) = seal(&[&document(3 * SEGMENT)]);
            let kept = &sealed[..HEADER_LEN + segments * SEALED_SEGMENT];
            prop_assert!(open(OpenReader::new(key, JOB), &[kept]).is_err());
        }

        #[test]
        fn any_altered_byte_is_noticed(
            length in length(),
            at in any::<Index>(),
            flip in 1..=u8::MAX,
        ) {
            let (key, mut sealed) = seal(&[&document(length)]);
            let at = at.index(sealed.len());
            sealed[at] ^= flip;
            prop_assert!(open(OpenReader::new(key, JOB), &[&sealed]).is_err());
        }

        #[test]
        fn any_segment_can_be_the_first_of_a_resumed_transfer(
            length in length(),
            segment in any::<Index>(),
        ) {
            let document = document(length);
            let (key, sealed) = seal(&[&document]);
            let segment = segment.index(length.div_ceil(SEGMENT).max(1)) as u32;
            let header = Header::from_bytes(sealed[..HEADER_LEN].try_into().unwrap()).unwrap();
            let opener = Opener::new(&key, JOB, &header).unwrap().resume_at(segment);
            let reader = OpenReader::resume(opener);
            let (from, plain) = (reader.sealed_position(), reader.plain_position());
            let rest = open(reader, &[&sealed[from as usize..]]).unwrap();
            prop_assert_eq!(rest, &document[plain as usize..]);
        }

        #[test]
        fn a_reader_says_where_a_broken_transfer_goes_on(
            length in length(),
            broken in any::<Index>(),
        ) {
            let document = document(length);
            let (key, sealed) = seal(&[&document]);
            let mut reader = OpenReader::new(key, JOB);
            let mut opened = Vec::new();
            reader.update(&sealed[..broken.index(sealed.len())], &mut opened).unwrap();
            prop_assert_eq!(reader.plain_position(), opened.len() as u64);
            let rest = &sealed[reader.sealed_position() as usize..];
            reader.update(rest, &mut opened).unwrap();
            prop_assert_eq!(reader.finish(&mut opened), Ok(length as u64));
            prop_assert_eq!(opened, document);
        }
    }
}
