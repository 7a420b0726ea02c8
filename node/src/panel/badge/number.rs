//! What a reader reads, and the number that it comes to.

use std::fmt;

use papermesh_protocol::limits::BADGE_NUMBER;
use zeroize::Zeroizing;

/// What a reader read, as it gives it.
#[derive(Clone, PartialEq, Eq)]
pub struct Reading(Zeroizing<String>);

/// The number of a badge: letters and digits without what stands between them.
#[derive(Clone, PartialEq, Eq)]
pub struct BadgeNumber(Zeroizing<String>);

/// What readers print between digits, and nobody counts.
pub(super) fn is_separator(c: char) -> bool {
    matches!(c, ':' | '-' | ' ' | ',' | '.')
}

impl Reading {
    /// Takes what was read; none if there is no number in it. Readers of magnetic stripes type a track
    /// as it is (ISO/IEC 7811-2): the number stands between the start sentinel `;` and the separator
    /// `=` or the end sentinel `?`.
    pub(super) fn of(text: &str) -> Option<Self> {
        let track = text.rsplit(';').next()?;
        let number = track.split(['=', '?']).next()?.trim();
        let fits = (1..=BADGE_NUMBER).contains(&number.len());
        fits.then(|| Self(Zeroizing::new(number.to_owned())))
    }

    /// As it was read.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// The number as it was read.
    pub(super) fn number(&self) -> BadgeNumber {
        BadgeNumber::of(&self.0)
    }
}

impl BadgeNumber {
    /// The number of a text, however it is written.
    pub(super) fn of(text: &str) -> Self {
        // Room is made once, so that no shorter copy stays behind in memory.
        let mut plain = Zeroizing::new(String::with_capacity(text.len()));
        for c in text.chars().filter(|c| !is_separator(*c)) {
            plain.push(c.to_ascii_uppercase());
        }
        Self(plain)
    }

    /// The digits.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it is a number that the card makes up anew each time: a UID of four bytes that begins
    /// with 08 (ISO/IEC 14443-3, section 6.5.4). Phones and some identity cards have such numbers. A
    /// decimal reader may give eight digits that begin so; hence this is asked of numbers that nobody
    /// has only.
    pub(crate) fn is_random(&self) -> bool {
        self.0.len() == 8
            && self.0.starts_with("08")
            && self.0.bytes().all(|byte| byte.is_ascii_hexdigit())
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reading(..)")
    }
}

impl fmt::Debug for BadgeNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BadgeNumber(..)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_number_is_not_shown() {
        let reading = Reading::of(" 04A1 \n").unwrap();
        assert_eq!(reading.number().expose(), "04A1");
        assert_eq!(format!("{reading:?}"), "Reading(..)");
        assert_eq!(format!("{:?}", reading.number()), "BadgeNumber(..)");
    }

    #[test]
    fn what_readers_put_around_a_number_is_no_part_of_it() {
        for (read, number) in [
            (";04A1B2C3=0001?", "04A1B2C3"),
            (";04A1B2C3?", "04A1B2C3"),
            ("04A1;04A1B2C3\r", "04A1B2C3"),
            ("04:a1:b2:c3", "04A1B2C3"),
            ("123,45678", "12345678"),
        ] {
            let reading = Reading::of(read).unwrap();
            assert_eq!(reading.number().expose(), number, "{read}");
        }
        for nothing in ["", "  ", ";?", "\r\n", "=0001"] {
            assert!(Reading::of(nothing).is_none(), "{nothing:?}");
        }
        assert!(Reading::of(&"7".repeat(BADGE_NUMBER + 1)).is_none());
    }

    #[test]
    fn numbers_that_change_each_time_are_known() {
        let is_random = |text: &str| BadgeNumber::of(text).is_random();
        assert!(is_random("08A1B2C3") && is_random("08:d4:e5:f6"));
        for fixed in ["04A1B2C3", "04A1B2C3D4E5F6", "08A1B2", "0812345678"] {
            assert!(!is_random(fixed), "{fixed}");
        }
    }
}
