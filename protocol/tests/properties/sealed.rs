//! No byte of a sealed document can be altered, moved, cut off or added.

use papermesh_protocol::seal::{
    HEADER_LEN, JobKey, OpenReader, SEALED_SEGMENT, SEGMENT, SealError, SealWriter, TAG_LEN,
};
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};
use proptest::sample::Index;

use crate::site::{Counting, JOB};

fn job_key() -> JobKey {
    JobKey::from_bytes([0x70; 32])
}

fn seal(document: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::new();
    let mut writer = SealWriter::new(
        &job_key(),
        *JOB.as_bytes(),
        &mut Counting::default(),
        &mut sealed,
    )
    .unwrap();
    writer.update(document, &mut sealed).unwrap();
    writer.finish(&mut sealed).unwrap();
    sealed
}

fn open_as(job: [u8; 16], key: JobKey, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
    let mut document = Vec::new();
    let mut reader = OpenReader::new(key, job);
    reader.update(sealed, &mut document)?;
    let length = reader.finish(&mut document)?;
    assert_eq!(length, document.len() as u64);
    Ok(document)
}

fn open(sealed: &[u8]) -> Result<Vec<u8>, SealError> {
    open_as(*JOB.as_bytes(), job_key(), sealed)
}

#[test]
fn no_bit_of_a_short_document_can_be_flipped() {
    for document in [&b""[..], b"%PDF-1.7"] {
        let sealed = seal(document);
        assert_eq!(open(&sealed).unwrap(), document);
        for bit in 0..sealed.len() * 8 {
            let mut altered = sealed.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&altered).is_err(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(open(&sealed[..length]).is_err(), "{length} bytes");
        }
    }
}

#[test]
fn a_document_opens_under_its_own_key_and_job_only() {
    let sealed = seal(b"%PDF-1.7");
    let other_key = JobKey::from_bytes([0x7f; 32]);
    assert_eq!(
        open_as(*JOB.as_bytes(), other_key, &sealed),
        Err(SealError::WrongKey)
    );
    assert_eq!(
        open_as([0x1f; 16], job_key(), &sealed),
        Err(SealError::Damaged(0))
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_byte_of_a_long_document_can_be_altered_cut_or_added(
        length in SEGMENT - 2..3 * SEGMENT,
        at in any::<Index>(),
        flip in 1..=u8::MAX,
    ) {
        let document = vec![0x25; length];
        let sealed = seal(&document);
        prop_assert_eq!(open(&sealed).unwrap(), document);
        let at = at.index(sealed.len());
        prop_assert!(open(&sealed[..at]).is_err());
        let mut altered = sealed.clone();
        altered[at] ^= flip;
        prop_assert!(open(&altered).is_err());
        altered[at] ^= flip;
        altered.push(flip);
        prop_assert!(open(&altered).is_err());
    }

    #[test]
    fn segments_can_be_neither_swapped_nor_repeated_nor_left_out(last in 1..=SEGMENT) {
        let sealed = seal(&vec![0x25; 2 * SEGMENT + last]);
        let (header, segments) = sealed.split_at(HEADER_LEN);
        let segments: Vec<_> = segments.chunks(SEALED_SEGMENT).collect();
        prop_assert_eq!(segments[2].len(), last + TAG_LEN);
        for order in [&[1, 0, 2][..], &[0, 0, 1, 2], &[0, 2], &[0, 1], &[2], &[0, 1, 2, 2]] {
            let parts: Vec<_> = order.iter().map(|&at| segments[at]).collect();
            prop_assert!(open(&[header, &parts.concat()].concat()).is_err());
        }
    }
}
