//! The number of a badge: as good as a key where a badge alone suffices, so nothing prints it.

use core::convert::Infallible;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

/// The number of a badge: letters and digits without what stands between them. Wiped when it is
/// dropped. Whether it is one at all is found when its tag is made ([`crate::lookup::badge_tag`]).
#[derive(Clone, PartialEq, Eq)]
pub struct BadgeNumber(Zeroizing<String>);

/// What readers print between digits, and nobody counts.
#[must_use]
pub fn is_separator(c: char) -> bool {
    matches!(c, ':' | '-' | ' ' | ',' | '.')
}

impl BadgeNumber {
    /// The number in a text, however it is written.
    #[must_use]
    pub fn of(text: &str) -> Self {
        // Room is made once, so that no shorter copy stays behind in memory.
        let mut plain = Zeroizing::new(String::with_capacity(text.len()));
        for c in text.trim().chars().filter(|c| !is_separator(*c)) {
            plain.push(c.to_ascii_uppercase());
        }
        Self(plain)
    }

    /// The letters and digits.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it is a number that the card makes up anew each time: a UID of four bytes that begins
    /// with 08 (ISO/IEC 14443-3, section 6.5.4). Phones and some identity cards have such numbers. A
    /// decimal reader may give eight digits that begin so; hence this is asked of numbers that nobody
    /// has only.
    #[must_use]
    pub fn is_random(&self) -> bool {
        self.0.len() == 8
            && self.0.starts_with("08")
            && self.0.bytes().all(|byte| byte.is_ascii_hexdigit())
    }
}

impl fmt::Debug for BadgeNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BadgeNumber(..)")
    }
}

impl FromStr for BadgeNumber {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self::of(text))
    }
}

impl Serialize for BadgeNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for BadgeNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        Ok(Self::of(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_not_shown() {
        let number = BadgeNumber::of("04:a1:b2");
        assert_eq!(number.expose(), "04A1B2");
        assert_eq!(format!("{number:?}"), "BadgeNumber(..)");
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
