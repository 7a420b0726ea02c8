//! How to print, as a mail says it: in the address to which it goes, behind a plus sign (`print+a4+duplex@acme.example`),
//! and in brackets in its subject (`[2x mono]`).
//!
//! In an address each word must be an option. A subject may have brackets of others, such as `[EXTERNAL]`: those in which
//! no word is an option say nothing here.

use papermesh_convert::spelling;
use papermesh_protocol::job::{ColorMode, PrintOptions, Sides};
use papermesh_protocol::limits::COPIES;
use papermesh_protocol::text;

/// Options that one mail may have. More are none that a person wrote.
const WORDS: usize = 16;
/// Characters of a word that are told.
const TOLD: usize = 40;

/// Why it is not known how to print.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    /// This is no option.
    #[error("{0} is no option")]
    Unknown(String),
    /// This says otherwise than another one.
    #[error("{0} contradicts another option")]
    Contradicts(String),
}

/// One option.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wish {
    Copies(u16),
    Sides(Sides),
    Color(ColorMode),
    Media(String),
}

/// What a mail wants. `plus` is what stands in its address behind the first plus sign.
///
/// # Errors
/// [`OptionsError`] for the first word that makes no sense. Nothing is to be held then.
pub fn wanted(plus: Option<&str>, subject: &str) -> Result<PrintOptions, OptionsError> {
    let mut wishes = Wishes::default();
    let words = plus.into_iter().flat_map(|plus| plus.split('+'));
    for word in words.filter(|word| !word.is_empty()) {
        wishes.add(word)?;
    }
    for group in groups(subject) {
        let words = || {
            let split = group.split(|c: char| c.is_whitespace() || c == ',');
            split.filter(|word| !word.is_empty())
        };
        if words().any(|word| wish(word).is_some()) {
            words().try_for_each(|word| wishes.add(word))?;
        }
    }
    Ok(wishes.options)
}

/// What stands in brackets.
fn groups(subject: &str) -> impl Iterator<Item = &str> {
    let begun = subject.split('[').skip(1);
    begun.filter_map(|begun| begun.split_once(']').map(|(group, _)| group))
}

/// What a word wants, in whatever case it is written.
fn wish(word: &str) -> Option<Wish> {
    let word = word.to_ascii_lowercase();
    Some(match word.as_str() {
        "duplex" | "2sided" => Wish::Sides(Sides::TwoSidedLongEdge),
        "tumble" => Wish::Sides(Sides::TwoSidedShortEdge),
        "simplex" | "1sided" => Wish::Sides(Sides::OneSided),
        "mono" | "bw" => Wish::Color(ColorMode::Monochrome),
        "color" | "colour" => Wish::Color(ColorMode::Color),
        other => match copies(other) {
            Some(copies) => Wish::Copies(copies),
            None => Wish::Media(spelling::size(other)?.name()),
        },
    })
}

/// `2x` or `x2`.
fn copies(word: &str) -> Option<u16> {
    let digits = word.strip_suffix('x').or_else(|| word.strip_prefix('x'))?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let copies = is_number.then(|| digits.parse().ok()).flatten()?;
    (1..=COPIES).contains(&copies).then_some(copies)
}

#[derive(Default)]
struct Wishes {
    options: PrintOptions,
    copies: Option<u16>,
    words: usize,
}

impl Wishes {
    fn add(&mut self, word: &str) -> Result<(), OptionsError> {
        let told = || text::clean(word, TOLD);
        let unknown = || OptionsError::Unknown(told());
        self.words += 1;
        if self.words > WORDS {
            return Err(unknown());
        }
        let options = &mut self.options;
        let is_said = match wish(word).ok_or_else(unknown)? {
            Wish::Copies(copies) => {
                let is_said = say(&mut self.copies, copies);
                options.copies = copies;
                is_said
            }
            Wish::Sides(sides) => say(&mut options.sides, sides),
            Wish::Color(color) => say(&mut options.color, color),
            Wish::Media(media) => say(&mut options.media, media),
        };
        match is_said {
            true => Ok(()),
            false => Err(OptionsError::Contradicts(told())),
        }
    }
}

/// Says something, unless something else was said before.
fn say<T: PartialEq>(place: &mut Option<T>, what: T) -> bool {
    match place {
        Some(said) => *said == what,
        None => {
            *place = Some(what);
            true
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn address_and_subject_say_how_to_print() {
        let options = wanted(Some("a4+Duplex"), "Re: report [2x mono]").unwrap();
        assert_eq!(options.copies, 2);
        assert_eq!(options.sides, Some(Sides::TwoSidedLongEdge));
        assert_eq!(options.color, Some(ColorMode::Monochrome));
        assert_eq!(options.media.as_deref(), Some("iso_a4_210x297mm"));
        for (plus, subject) in [
            (None, ""),
            (Some(""), "report"),
            (None, "[EXTERNAL] [JIRA-12] report ["),
            (None, "report [draft]"),
        ] {
            assert_eq!(wanted(plus, subject), Ok(PrintOptions::default()));
        }
        let same = wanted(Some("bw+x3"), "[Mono, 3X] [bw]").unwrap();
        assert_eq!((same.copies, same.color), (3, Some(ColorMode::Monochrome)));
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        let unknown = |word: &str| Err(OptionsError::Unknown(word.to_owned()));
        let contradicts = |word: &str| Err(OptionsError::Contradicts(word.to_owned()));
        for (plus, subject, error) in [
            (Some("a4+stapled"), "", unknown("stapled")),
            (Some("0x"), "", unknown("0x")),
            (Some("1000x"), "", unknown("1000x")),
            (Some("+5x"), "[-2x 2x]", unknown("-2x")),
            (None, "[2x momo]", unknown("momo")),
            (Some("mono+color"), "", contradicts("color")),
            (Some("2x"), "[1x]", contradicts("1x")),
            (Some("a4"), "report [a5]", contradicts("a5")),
        ] {
            assert_eq!(wanted(plus, subject), error, "{plus:?} {subject}");
        }
        let many = vec!["mono"; WORDS + 1].join("+");
        assert!(wanted(Some(&many), "").is_err());
    }
}
