//! The picture of a job's first page, sealed like the job.
//!
//! It is a sealed job (see [`super::stream`]) of one segment, under a key that is derived from the job's. So it is
//! bound to its job, dies with the job's key, and whoever is given its key has nothing of the document.

use rand_core::CryptoRng;

use super::JobId;
use super::keys::{JobKey, PreviewKey};
use super::layout::{HEADER_LEN, SEGMENT, TAG_LEN};
use super::stream::{Header, Opener, SealError, Sealer};
use crate::limits;

// A picture is one segment.
const _: () = assert!(limits::PREVIEW == SEGMENT);

/// By how much a sealed picture is longer than the picture, in bytes.
pub const PREVIEW_OVERHEAD: usize = HEADER_LEN + TAG_LEN;

/// Seals the picture of `job`.
///
/// # Errors
/// [`SealError::SegmentLength`] if it has more than [`limits::PREVIEW`] bytes; [`SealError::NoCipher`].
pub fn seal_preview(
    key: &PreviewKey,
    job: JobId,
    picture: Vec<u8>,
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, SealError> {
    let (sealer, header) = Sealer::new(&as_job_key(key), job, rng)?;
    let mut segment = picture;
    sealer.seal_last(&mut segment)?;
    Ok([&header.as_bytes()[..], &segment].concat())
}

/// Opens what [`seal_preview`] sealed under the same key and for the same job.
///
/// # Errors
/// [`SealError`], as with any sealed job; [`SealError::SegmentLength`] if it is longer than a picture may be.
pub fn open_preview(key: &PreviewKey, job: JobId, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
    let (header, segment) = sealed
        .split_first_chunk::<HEADER_LEN>()
        .ok_or(SealError::Truncated)?;
    let opener = Opener::new(&as_job_key(key), job, &Header::from_bytes(*header)?)?;
    let mut segment = segment.to_vec();
    opener.open_last(&mut segment)?;
    Ok(segment)
}

/// The format is the same for both; which key it is, the label of its derivation has said.
fn as_job_key(key: &PreviewKey) -> JobKey {
    JobKey::from_bytes(*key.expose())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const JOB: JobId = [1; 16];

    #[test]
    fn a_picture_opens_for_its_job_with_its_key_only() {
        let rng = &mut rand::rng();
        let job_key = JobKey::generate(rng);
        let key = PreviewKey::derive(&job_key);
        let sealed = seal_preview(&key, JOB, b"picture".to_vec(), rng).unwrap();
        assert_eq!(sealed.len(), 7 + PREVIEW_OVERHEAD);
        assert_eq!(open_preview(&key, JOB, &sealed).unwrap(), b"picture");

        assert_eq!(
            open_preview(&key, [2; 16], &sealed),
            Err(SealError::Damaged(0))
        );
        let others = [
            PreviewKey::generate(rng),
            // The job's key is not the picture's.
            PreviewKey::from_bytes(*job_key.expose()),
        ];
        for other in others {
            assert_eq!(open_preview(&other, JOB, &sealed), Err(SealError::WrongKey));
        }
        assert!(open_preview(&key, JOB, &sealed[..sealed.len() - 1]).is_err());
        assert!(open_preview(&key, JOB, &[&sealed[..], &[0]].concat()).is_err());
        assert_eq!(open_preview(&key, JOB, &[]), Err(SealError::Truncated));
    }

    #[test]
    fn nothing_larger_than_a_picture_is_sealed_or_opened() {
        let rng = &mut rand::rng();
        let key = PreviewKey::generate(rng);
        let longest = vec![7; limits::PREVIEW];
        let sealed = seal_preview(&key, JOB, longest.clone(), rng).unwrap();
        assert_eq!(open_preview(&key, JOB, &sealed).unwrap(), longest);
        let longer = vec![7; limits::PREVIEW + 1];
        assert_eq!(
            seal_preview(&key, JOB, longer, rng),
            Err(SealError::SegmentLength(limits::PREVIEW + 1))
        );
        let appended = [&sealed[..], &[0]].concat();
        assert!(open_preview(&key, JOB, &appended).is_err());
    }
}
