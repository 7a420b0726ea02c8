//! Bytes as lines of text between two marks, as PEM (RFC 7468) writes them.

use data_encoding::{BASE64, Specification};

/// Letters in a line.
const LINE: usize = 76;

/// The text; none if the bytes cannot be written, which never happens.
pub(super) fn close(bytes: &[u8], label: &str) -> Option<String> {
    let mut lines: Specification = BASE64.specification();
    lines.wrap.width = LINE;
    lines.wrap.separator.push('\n');
    let text = lines.encoding().ok()?.encode(bytes);
    Some(format!(
        "-----BEGIN {label}-----\n{text}-----END {label}-----\n"
    ))
}

/// The bytes of a text, at most `max`; none if it is something else, or a part is missing.
pub(super) fn open(text: &str, label: &str, max: usize) -> Option<Vec<u8>> {
    let inner = text
        .split_once(&format!("-----BEGIN {label}-----"))
        .and_then(|(_, rest)| rest.split_once(&format!("-----END {label}-----")))?
        .0;
    // Mail programs and editors change what white space there is.
    let packed: String = inner.chars().filter(|c| !c.is_whitespace()).collect();
    BASE64
        .decode(packed.as_bytes())
        .ok()
        .filter(|bytes| bytes.len() <= max)
}
