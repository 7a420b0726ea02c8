//! What a reader reads.

use std::fmt;

use papermesh_protocol::badge::BadgeNumber;
use papermesh_protocol::limits::BADGE_NUMBER;
use zeroize::Zeroizing;

/// What a reader read, as it gives it.
#[derive(Clone, PartialEq, Eq)]
pub struct Reading(Zeroizing<String>);

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

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reading(..)")
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
}
