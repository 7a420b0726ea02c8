//! Where things lie in a sealed job: lengths and offsets, and nothing else.
//!
//! ```text
//! offset 0            48                    48 + 65552                            end
//!        | header     | segment 0           | segment 1          | ... | last      |
//!        | 48 bytes   | 65536 text + 16 tag | 65536 text + 16 tag|     | 0..=65536 text + 16 tag
//! ```
//!
//! Every segment but the last is full, and the last is empty only if the document is: so a document's length
//! determines the sealed length and the other way round, and any segment can be found without reading the others.

/// Length of the header, in bytes.
pub const HEADER_LEN: usize = 48;

/// Document bytes in a full segment: 64 KiB.
pub const SEGMENT: usize = 64 * 1024;

/// Length of the AES-GCM tag that follows each segment, in bytes.
pub const TAG_LEN: usize = 16;

/// Length of a full segment as it is stored and sent, in bytes.
pub const SEALED_SEGMENT: usize = SEGMENT + TAG_LEN;

/// Longest document that can be sealed: 64 GiB, far above any print job.
pub const MAX_DOCUMENT: u64 = 64 << 30;

/// Most segments of a sealed job. STREAM's counter would allow 2^32.
pub const MAX_SEGMENTS: u32 = (MAX_DOCUMENT / SEGMENT as u64) as u32;

/// Longest sealed job, in bytes.
pub const MAX_SEALED: u64 = HEADER_LEN as u64 + MAX_DOCUMENT + MAX_SEGMENTS as u64 * TAG_LEN as u64;

/// Length of the sealed job for a document of `plain` bytes, or `None` above [`MAX_DOCUMENT`].
#[must_use]
pub const fn sealed_len(plain: u64) -> Option<u64> {
    if plain > MAX_DOCUMENT {
        return None;
    }
    let segments = if plain == 0 {
        1
    } else {
        plain.div_ceil(SEGMENT as u64)
    };
    Some(HEADER_LEN as u64 + plain + segments * TAG_LEN as u64)
}

/// Length of the document in a sealed job of `sealed` bytes, or `None` if no document seals to that length: the
/// job was cut short, has something appended, or is longer than any.
#[must_use]
pub const fn plain_len(sealed: u64) -> Option<u64> {
    const TAG: u64 = TAG_LEN as u64;
    if sealed < HEADER_LEN as u64 + TAG || sealed > MAX_SEALED {
        return None;
    }
    let body = sealed - HEADER_LEN as u64;
    let full = body / SEALED_SEGMENT as u64;
    let rest = body % SEALED_SEGMENT as u64;
    match rest {
        0 => Some(full * SEGMENT as u64),
        TAG if full == 0 => Some(0),
        1..=TAG => None,
        _ => Some(full * SEGMENT as u64 + rest - TAG),
    }
}

/// Offset in the sealed job at which segment `segment` (the first is 0) begins.
#[must_use]
pub const fn segment_offset(segment: u32) -> u64 {
    HEADER_LEN as u64 + segment as u64 * SEALED_SEGMENT as u64
}

/// The segment in which the sealed job's byte at `offset` lies, or `None` in the header and beyond
/// [`MAX_SEALED`]. A transfer that broke at `offset` resumes at `segment_offset` of this.
#[must_use]
pub const fn segment_at(offset: u64) -> Option<u32> {
    if offset < HEADER_LEN as u64 || offset >= MAX_SEALED {
        return None;
    }
    Some(((offset - HEADER_LEN as u64) / SEALED_SEGMENT as u64) as u32)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn lengths_at_the_boundaries() {
        let cases = [
            (0, 64),
            (1, 65),
            (65_535, 65_599),
            (65_536, 65_600),
            (65_537, 65_617),
            (131_072, 131_152),
        ];
        for (plain, sealed) in cases {
            assert_eq!(sealed_len(plain), Some(sealed));
            assert_eq!(plain_len(sealed), Some(plain));
        }
        assert_eq!(sealed_len(MAX_DOCUMENT), Some(MAX_SEALED));
        assert_eq!(plain_len(MAX_SEALED), Some(MAX_DOCUMENT));
    }

    #[test]
    fn impossible_lengths_are_none() {
        for sealed in [0, 47, 48, 63, 65_601, 65_616, MAX_SEALED + 1, u64::MAX] {
            assert_eq!(plain_len(sealed), None, "{sealed}");
        }
        assert_eq!(sealed_len(MAX_DOCUMENT + 1), None);
        assert_eq!(segment_at(HEADER_LEN as u64 - 1), None);
        assert_eq!(segment_at(MAX_SEALED), None);
        assert_eq!(segment_at(MAX_SEALED - 1), Some(MAX_SEGMENTS - 1));
    }

    proptest! {
        #[test]
        fn every_document_length_comes_back(plain in 0..=MAX_DOCUMENT) {
            let sealed = sealed_len(plain).unwrap();
            prop_assert_eq!(plain_len(sealed), Some(plain));
        }

        #[test]
        fn every_accepted_sealed_length_is_of_one_document(sealed in 0..=MAX_SEALED) {
            if let Some(plain) = plain_len(sealed) {
                prop_assert_eq!(sealed_len(plain), Some(sealed));
            }
        }

        #[test]
        fn an_offset_lies_in_its_segment(offset in HEADER_LEN as u64..MAX_SEALED) {
            let segment = segment_at(offset).unwrap();
            prop_assert!(segment_offset(segment) <= offset);
            prop_assert!(offset < segment_offset(segment + 1));
        }
    }
}
