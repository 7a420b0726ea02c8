//! Text that came from a user or a device, made safe for logs, screens and names on the wire.
//!
//! Lives here: taking out what a terminal or a panel would act on, and bounding the length. Not
//! here: file names (see `tray/name.rs`, whose rules are stricter).

/// Longest text kept of one value that a device sent, in bytes. RFC 8011 lets `text` have 1023; a
/// line on a panel needs less.
pub(super) const MAX_DEVICE_TEXT: usize = 255;

/// A text of a device or a proxy, made safe to be shown, and short.
#[must_use]
pub fn clean(text: &str) -> String {
    printable(text, MAX_DEVICE_TEXT)
}

/// `text` without control and direction-changing characters, at most `max_bytes` long in UTF-8.
///
/// Each run of such characters and of white space becomes one space: a title of two lines stays
/// readable, and nothing can move a cursor, forge a log line or reverse what follows.
pub(super) fn printable(text: &str, max_bytes: usize) -> String {
    let mut safe = String::with_capacity(text.len().min(max_bytes));
    let mut gap = false;
    for character in text.chars() {
        if character.is_whitespace() || character.is_control() || is_invisible(character) {
            gap = !safe.is_empty();
            continue;
        }
        if safe.len() + usize::from(gap) + character.len_utf8() > max_bytes {
            break;
        }
        if gap {
            safe.push(' ');
            gap = false;
        }
        safe.push(character);
    }
    safe
}

/// Zero-width and bidirectional formatting characters (Unicode general category Cf, the ones in
/// use).
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}'
    )
}

#[cfg(test)]
mod tests {
    use super::printable;
    use proptest::prelude::{any, prop_assert, proptest};

    #[test]
    fn escapes_and_line_breaks_become_one_space() {
        assert_eq!(printable("a\r\n\tb\u{1b}[31mc", 64), "a b [31mc");
        assert_eq!(printable("  \u{202e}evil\u{202c}  ", 64), "evil");
    }

    #[test]
    fn a_cut_never_splits_a_character() {
        assert_eq!(printable("aéé", 4), "aé");
        assert_eq!(printable("é", 1), "");
    }

    proptest! {
        #[test]
        fn is_bounded_and_has_no_control_character(text in any::<String>(), max in 0usize..300) {
            let safe = printable(&text, max);
            prop_assert!(safe.len() <= max);
            prop_assert!(!safe.chars().any(char::is_control));
            prop_assert!(safe.trim() == safe);
        }
    }
}
