//! Text that people typed: checked once at the edge, typed from then on.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

use crate::limits;

/// Why text was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing, or nothing but spaces.
    #[error("must not be empty")]
    Empty,
    /// Longer than its limit.
    #[error("must not be longer than {max} bytes")]
    TooLong {
        /// The limit.
        max: usize,
    },
    /// A character that may not stand there.
    #[error("must not contain {0:?}")]
    Character(char),
}

/// A user's id, as in a login name or a mail address: letters of the ASCII alphabet, digits and
/// `._@-`. Upper case is folded to lower case, so that one person is one user.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct UserId(String);

/// The name of a site, a node, a group or a person: any script, no control characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Name(String);

impl FromStr for UserId {
    type Err = TextError;
    fn from_str(text: &str) -> Result<Self, TextError> {
        let text = text.trim().to_ascii_lowercase();
        check(&text, limits::USER_ID, |c| {
            c.is_ascii_alphanumeric() || "._@-".contains(c)
        })?;
        Ok(Self(text))
    }
}

impl FromStr for Name {
    type Err = TextError;
    fn from_str(text: &str) -> Result<Self, TextError> {
        let text = text.trim();
        check(text, limits::NAME, |c| !is_invisible(c))?;
        Ok(Self(text.to_owned()))
    }
}

/// Refuses text that is empty, longer than `max` bytes, or has a character that is not allowed.
pub(crate) fn check(
    text: &str,
    max: usize,
    allowed: impl Fn(char) -> bool,
) -> Result<(), TextError> {
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    if text.len() > max {
        return Err(TextError::TooLong { max });
    }
    match text.chars().find(|&c| !allowed(c)) {
        Some(c) => Err(TextError::Character(c)),
        None => Ok(()),
    }
}

/// Control characters, and those that reorder or hide the text around them on a screen.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// What is left of untrusted text on its way to a screen or a log: no invisible characters,
/// runs of space as one, at most `max` bytes, cut between characters.
#[must_use]
pub fn clean(text: &str, max: usize) -> String {
    let mut cleaned = String::new();
    for word in text
        .split(|c: char| c.is_whitespace() || is_invisible(c))
        .filter(|w| !w.is_empty())
    {
        if !cleaned.is_empty() {
            cleaned.push(' ');
        }
        for c in word.chars() {
            if cleaned.len() + c.len_utf8() > max {
                cleaned.truncate(cleaned.trim_end().len());
                return cleaned;
            }
            cleaned.push(c);
        }
    }
    cleaned.truncate(floor_char_boundary(&cleaned, max));
    cleaned.truncate(cleaned.trim_end().len());
    cleaned
}

fn floor_char_boundary(text: &str, max: usize) -> usize {
    (0..=max.min(text.len()))
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0)
}

/// What types of text have in common, once they were parsed. Whoever uses it imports what it names.
macro_rules! text {
    ($($name:ident),*) => {$(
        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}
pub(crate) use text;

text!(UserId, Name);

/// How many of something there are, with a noun whose plural ends in s: `1 page`, `2 pages`.
#[must_use]
pub fn counted(count: u64, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        more => format!("{more} {one}s"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn one_is_no_plural() {
        let said = [0, 1, 2].map(|pages| counted(pages, "page"));
        assert_eq!(said, ["0 pages", "1 page", "2 pages"]);
    }
    use proptest::prelude::*;

    #[test]
    fn user_ids_fold_case_and_refuse_what_is_no_id() {
        assert_eq!(
            "Charlie@Example.org".parse::<UserId>().unwrap().as_str(),
            "charlie@example.org"
        );
        assert_eq!("".parse::<UserId>(), Err(TextError::Empty));
        assert_eq!("a/b".parse::<UserId>(), Err(TextError::Character('/')));
        assert_eq!(
            "a".repeat(65).parse::<UserId>(),
            Err(TextError::TooLong { max: 64 })
        );
    }

    #[test]
    fn names_take_any_script_but_nothing_invisible() {
        assert_eq!(" 印刷室 ".parse::<Name>().unwrap().as_str(), "印刷室");
        assert!("a\u{202e}b".parse::<Name>().is_err());
        assert!("a\nb".parse::<Name>().is_err());
    }

    proptest! {
        #[test]
        fn cleaned_text_is_short_visible_and_stable(text in ".{0,400}", max in 0usize..300) {
            let cleaned = clean(&text, max);
            prop_assert!(cleaned.len() <= max);
            prop_assert!(!cleaned.chars().any(is_invisible));
            prop_assert_eq!(clean(&cleaned, max), cleaned);
        }
    }
}
