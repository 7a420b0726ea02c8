//! UUIDs of what has none of its own.

use std::fmt::Write as _;

/// A UUID made of a hash, `urn:uuid:…` (RFC 9562 section 5.8, version 8): of its first 16 bytes.
#[must_use]
pub fn of_hash(hash: &[u8; 32]) -> String {
    let mut text = "urn:uuid:".to_owned();
    for (place, byte) in hash.iter().enumerate().take(16) {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        let byte = match place {
            6 => byte & 0x0f | 0x80,
            8 => byte & 0x3f | 0x80,
            _ => *byte,
        };
        // To a string that cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::of_hash;

    #[test]
    fn version_and_variant_stand_where_they_belong() {
        assert_eq!(
            of_hash(&[0xff; 32]),
            "urn:uuid:ffffffff-ffff-8fff-bfff-ffffffffffff"
        );
    }
}
