//! Which PINs a user may choose. A PIN that is used is judged by nothing but whether it is right.

use std::borrow::Cow;

use super::{MIN_PIN, Pin};
use crate::remedy::Remedy;

/// PINs that more people choose than any others. Whoever guesses begins with these, and ten guesses an
/// hour are enough for them.
const COMMONEST: [&str; 50] = [
    "1234", "1111", "0000", "1212", "7777", "1004", "2000", "4444", "2222", "6969", "9999", "3333",
    "5555", "6666", "1122", "1313", "8888", "4321", "2001", "1010", "2580", "1230", "5683", "1236",
    "7410", "1342", "0852", "2002", "1986", "1987", "12345", "123456", "111111", "000000",
    "123123", "654321", "666666", "121212", "112233", "222222", "555555", "777777", "888888",
    "999999", "333333", "444444", "696969", "159753", "123321", "789456",
];

/// Why a PIN may not be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// Shorter than the site wants.
    #[error("your site requires PINs of at least {0} characters")]
    Short(u8),
    /// Too many people have it.
    #[error("this PIN is too easy to guess")]
    Common,
}

impl Remedy for ChoiceError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy = match self {
            Self::Short(_) => "choose a longer one",
            Self::Common => "choose another",
        };
        Some(remedy.into())
    }
}

/// Whether a user may choose this PIN, at a site that wants at least so many characters.
///
/// # Errors
/// [`ChoiceError`].
pub fn may_choose(pin: &Pin, least: u8) -> Result<(), ChoiceError> {
    let text = pin.0.as_str();
    if text.chars().count() < usize::from(least).max(MIN_PIN) {
        Err(ChoiceError::Short(least))
    } else if COMMONEST.contains(&text) {
        Err(ChoiceError::Common)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_everybody_chooses_is_refused_and_what_is_shorter_than_the_site_wants() {
        let chosen = |text: &str, least| may_choose(&Pin::new(text).unwrap(), least);
        for common in COMMONEST {
            assert_eq!(chosen(common, 4), Err(ChoiceError::Common), "{common}");
        }
        assert_eq!(chosen("4711", 4), Ok(()));
        assert_eq!(chosen("4711", 6), Err(ChoiceError::Short(6)));
        // Characters, not bytes.
        assert_eq!(chosen("äöüß", 5), Err(ChoiceError::Short(5)));
        assert_eq!(chosen("471147", 6), Ok(()));
    }
}
