//! Deterministic CBOR: one value has exactly one encoding.
//!
//! Structures are maps with small integer keys in ascending order (the order of their fields).
//! Enumerations are a variant's index, or an array of two, the index and the variant's content.
//! There are no floats and no indefinite lengths (RFC 8949 §4.2.1). A decoder encodes again what
//! it read and refuses any other form, so two nodes never disagree about what the bytes were.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_cbor::ser::{IoWrite, Serializer};

/// Why bytes are not a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// More bytes than the limit of the type.
    #[error("{len} bytes, at most {max} are allowed")]
    TooLong {
        /// How many there were.
        len: usize,
        /// How many may be.
        max: usize,
    },
    /// Not CBOR, or not of this type.
    #[error("malformed: {0}")]
    Malformed(String),
    /// Valid, but not the one deterministic encoding.
    #[error("not in deterministic form")]
    NotCanonical,
}

/// Encodes a value; fails when the result would exceed `max` bytes.
pub fn encode<T: Serialize>(value: &T, max: usize) -> Result<Vec<u8>, CodecError> {
    let mut bytes = Vec::new();
    // Of the library's two forms of enumerations only this one writes every variant by its index.
    let mut serializer = Serializer::new(IoWrite::new(&mut bytes))
        .packed_format()
        .legacy_enums();
    value
        .serialize(&mut serializer)
        .map_err(|error| CodecError::Malformed(error.to_string()))?;
    within(&bytes, max)?;
    Ok(bytes)
}

/// Decodes the one value that `bytes` are, all of them.
pub fn decode<T: Serialize + DeserializeOwned>(bytes: &[u8], max: usize) -> Result<T, CodecError> {
    within(bytes, max)?;
    let value: T =
        serde_cbor::from_slice(bytes).map_err(|error| CodecError::Malformed(error.to_string()))?;
    if encode(&value, max)? == bytes {
        Ok(value)
    } else {
        Err(CodecError::NotCanonical)
    }
}

/// Decodes a value that this program wrote for itself, perhaps an earlier version of it: keys that it did
/// not know yet take their defaults, and the bytes need not be the one form. Unknown keys are refused.
/// For rows and files alone; what a peer sends or anybody signed is for [`decode`].
pub fn decode_stored<T: DeserializeOwned>(bytes: &[u8], max: usize) -> Result<T, CodecError> {
    within(bytes, max)?;
    serde_cbor::from_slice(bytes).map_err(|error| CodecError::Malformed(error.to_string()))
}

fn within(bytes: &[u8], max: usize) -> Result<(), CodecError> {
    if bytes.len() > max {
        return Err(CodecError::TooLong {
            len: bytes.len(),
            max,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Pair {
        first: u8,
        second: Option<String>,
    }

    #[test]
    fn keys_are_integers_in_order() {
        let bytes = encode(
            &Pair {
                first: 7,
                second: None,
            },
            16,
        )
        .unwrap();
        assert_eq!(bytes, [0xa2, 0x00, 0x07, 0x01, 0xf6]);
    }

    #[test]
    fn variants_are_indices_whatever_they_contain() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        enum Shape {
            Unit,
            Newtype(u8),
            Struct { side: u8 },
        }
        for (shape, bytes) in [
            (Shape::Unit, &[0x00][..]),
            (Shape::Newtype(7), &[0x82, 0x01, 0x07]),
            (Shape::Struct { side: 7 }, &[0x82, 0x02, 0xa1, 0x00, 0x07]),
        ] {
            assert_eq!(encode(&shape, 16).unwrap(), bytes);
            assert_eq!(decode::<Shape>(bytes, 16).unwrap(), shape);
        }
        for other in [
            &[0xa1, 0x01, 0x07][..],
            &[0xa1, 0x02, 0xa1, 0x00, 0x07],
            &[0x64, b'U', b'n', b'i', b't'],
            &[0x82, 0x00, 0xf6],
            &[0x81, 0x00],
        ] {
            assert!(decode::<Shape>(other, 16).is_err(), "{other:02x?}");
        }
    }

    #[test]
    fn other_encodings_of_the_same_value_are_refused() {
        let named = serde_cbor::to_vec(&Pair {
            first: 7,
            second: None,
        })
        .unwrap();
        assert_eq!(decode::<Pair>(&named, 64), Err(CodecError::NotCanonical));
        // 7 written with one byte too many, and the keys swapped.
        for bytes in [
            &[0xa2, 0x00, 0x18, 0x07, 0x01, 0xf6][..],
            &[0xa2, 0x01, 0xf6, 0x00, 0x07],
        ] {
            assert_eq!(decode::<Pair>(bytes, 64), Err(CodecError::NotCanonical));
        }
    }

    #[test]
    fn trailing_bytes_and_unknown_keys_are_refused() {
        for bytes in [
            &[0xa2, 0x00, 0x07, 0x01, 0xf6, 0x00][..],
            &[0xa3, 0x00, 0x07, 0x01, 0xf6, 0x02, 0x00],
        ] {
            assert!(matches!(
                decode::<Pair>(bytes, 64),
                Err(CodecError::Malformed(_))
            ));
        }
    }

    #[test]
    fn what_an_earlier_version_stored_is_read_with_defaults() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Later {
            first: u8,
            second: Option<String>,
            #[serde(default)]
            third: u32,
            fourth: Option<u8>,
        }
        let pair = Pair {
            first: 7,
            second: Some("two".to_owned()),
        };
        let earlier = encode(&pair, 64).unwrap();
        let later = Later {
            first: 7,
            second: Some("two".to_owned()),
            third: 0,
            fourth: None,
        };
        assert_eq!(decode_stored::<Later>(&earlier, 64).unwrap(), later);
        assert!(decode::<Later>(&earlier, 64).is_err());
        // What a later version stored is not misread by an earlier one.
        let bytes = encode(&later, 64).unwrap();
        assert_eq!(decode_stored::<Later>(&bytes, 64).unwrap(), later);
        assert!(decode_stored::<Pair>(&bytes, 64).is_err());
        assert!(decode_stored::<Pair>(&[], 64).is_err());
        assert!(decode_stored::<Pair>(&[&earlier[..], &[0]].concat(), 64).is_err());
        assert_eq!(
            decode_stored::<Pair>(&[0xff; 65], 64),
            Err(CodecError::TooLong { len: 65, max: 64 })
        );
    }

    #[test]
    fn length_is_checked_first() {
        assert_eq!(
            decode::<Pair>(&[0xff; 65], 64),
            Err(CodecError::TooLong { len: 65, max: 64 })
        );
    }

    #[test]
    fn deep_nesting_does_not_exhaust_the_stack() {
        assert!(decode::<Pair>(&[0x81; 60_000], 64 * 1024).is_err());
    }
}
