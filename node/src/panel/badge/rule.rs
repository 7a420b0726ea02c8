//! How the numbers of a reader become those that are registered. Readers print one card in many ways:
//! hexadecimal or decimal, its bytes in either order, with or without zeros in front, a number of 26 bits
//! as facility and card. A site has one of them; a reader that prints another has a rule.

use std::fmt;
use std::str::FromStr;

use papermesh_protocol::badge::{BadgeNumber, is_separator};
use papermesh_protocol::limits::BADGE_NUMBER;
use zeroize::Zeroizing;

use super::number::Reading;

/// The longest rule, in steps.
const STEPS: usize = 8;
/// Bits of a card's number within its facility (Wiegand, 26 bits: 8 for the facility, 16 for the card).
const CARD_BITS: u32 = 16;
/// Digits of a card's number, as printed.
const CARD_DIGITS: usize = 5;

/// What is done with each number that a reader reads: steps, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule(Vec<RuleStep>);

/// One step of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RuleStep {
    /// The bytes of a hexadecimal number, backwards.
    Reverse,
    /// Hexadecimal to decimal.
    ToDecimal,
    /// Decimal to hexadecimal.
    ToHex,
    /// So many digits: zeros in front, or the last ones.
    Digits(usize),
    /// Facility and card, as in `123,45678`, to one decimal number.
    FromFacility,
    /// The last 24 bits of a decimal number to facility and card.
    ToFacility,
    /// Typed by a reader that is set to a French keyboard.
    Azerty,
}

const NAMES: [(&str, RuleStep); 6] = [
    ("reverse", RuleStep::Reverse),
    ("hex-to-decimal", RuleStep::ToDecimal),
    ("decimal-to-hex", RuleStep::ToHex),
    ("from-facility", RuleStep::FromFacility),
    ("to-facility", RuleStep::ToFacility),
    ("azerty", RuleStep::Azerty),
];

/// Rules that are tried on a badge that nobody has. Which of them would help is said to the admin.
const USUAL: [&str; 22] = [
    "reverse",
    "hex-to-decimal",
    "hex-to-decimal digits=10",
    "reverse hex-to-decimal",
    "reverse hex-to-decimal digits=10",
    "decimal-to-hex",
    "decimal-to-hex digits=8",
    "decimal-to-hex digits=10",
    "decimal-to-hex digits=14",
    "decimal-to-hex digits=8 reverse",
    "decimal-to-hex digits=14 reverse",
    "digits=10",
    "digits=8",
    "from-facility",
    "from-facility digits=10",
    "from-facility decimal-to-hex digits=6",
    "from-facility decimal-to-hex digits=8",
    "to-facility",
    "hex-to-decimal to-facility",
    "reverse hex-to-decimal to-facility",
    "azerty",
    "azerty reverse",
];

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |word: &str| {
            format!(
                "{word:?} is not a step of a badge rule: write some of reverse, hex-to-decimal, decimal-to-hex, \
                 digits=N, from-facility, to-facility and azerty, in the order in which they apply"
            )
        };
        let words = text.split([' ', ',']).filter(|word| !word.is_empty());
        let step = |word: &str| {
            let known = NAMES.iter().find(|(name, _)| *name == word);
            let digits = || {
                let digits: usize = word.strip_prefix("digits=")?.parse().ok()?;
                (1..=BADGE_NUMBER)
                    .contains(&digits)
                    .then_some(RuleStep::Digits(digits))
            };
            known
                .map(|(_, step)| *step)
                .or_else(digits)
                .ok_or_else(|| wrong(word))
        };
        let steps: Vec<RuleStep> = words.take(STEPS + 1).map(step).collect::<Result<_, _>>()?;
        if steps.len() > STEPS {
            return Err(format!("a badge rule has at most {STEPS} steps"));
        }
        Ok(Self(steps))
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            let before = if at == 0 { "" } else { " " };
            match (step, NAMES.iter().find(|(_, named)| named == step)) {
                (RuleStep::Digits(digits), _) => write!(f, "{before}digits={digits}")?,
                (_, Some((name, _))) => write!(f, "{before}{name}")?,
                (_, None) => {}
            }
        }
        Ok(())
    }
}

impl Rule {
    /// The number of what was read. What the rule does not fit stays as it was read: nobody has it.
    pub(in crate::panel) fn number(&self, reading: &Reading) -> BadgeNumber {
        self.applied(reading).unwrap_or_else(|| reading.number())
    }

    fn applied(&self, reading: &Reading) -> Option<BadgeNumber> {
        let mut text = Zeroizing::new(reading.text().to_ascii_uppercase());
        for step in &self.0 {
            text = step.applied(&text)?;
        }
        Some(BadgeNumber::of(&text))
    }

    /// Usual rules by which this reading has another number than by this one, with that number.
    pub(in crate::panel) fn others(&self, reading: &Reading) -> Vec<(Self, BadgeNumber)> {
        let mut seen = vec![self.number(reading)];
        let plain = (Self::default(), reading.number());
        let usual = USUAL.iter().filter_map(|text| {
            let rule: Self = text.parse().ok()?;
            let number = rule.applied(reading)?;
            Some((rule, number))
        });
        let mut others = Vec::new();
        for (rule, number) in std::iter::once(plain).chain(usual) {
            if !seen.contains(&number) {
                seen.push(number.clone());
                others.push((rule, number));
            }
        }
        others
    }
}

impl RuleStep {
    fn applied(self, text: &str) -> Option<Zeroizing<String>> {
        let plain = BadgeNumber::of(text);
        let plain = plain.expose();
        let is_decimal = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let decimal = || {
            is_decimal(plain)
                .then(|| plain.parse::<u128>().ok())
                .flatten()
        };
        let hex = || plain.bytes().all(|byte| byte.is_ascii_hexdigit());
        Some(Zeroizing::new(match self {
            Self::Reverse => {
                let even = match plain.len() % 2 {
                    0 => Zeroizing::new(plain.to_owned()),
                    _ => Zeroizing::new(format!("0{plain}")),
                };
                let pairs = even.as_bytes().rchunks(2).map(std::str::from_utf8);
                let backwards: Result<String, _> = pairs.collect();
                backwards.ok().filter(|_| hex())?
            }
            Self::ToDecimal => u128::from_str_radix(plain, 16)
                .ok()
                .filter(|_| hex())?
                .to_string(),
            Self::ToHex => format!("{:X}", decimal()?),
            Self::Digits(digits) => {
                let last = plain.len().saturating_sub(digits);
                format!("{:0>digits$}", plain.get(last..)?)
            }
            Self::FromFacility => {
                let (facility, card) = match text.split_once(is_separator) {
                    Some((facility, card)) => (facility.trim(), card.trim()),
                    None => plain.split_at_checked(plain.len().checked_sub(CARD_DIGITS)?)?,
                };
                if !is_decimal(facility) || !is_decimal(card) {
                    return None;
                }
                let (facility, card): (u32, u32) = (facility.parse().ok()?, card.parse().ok()?);
                if card >> CARD_BITS != 0 || facility >> CARD_BITS != 0 {
                    return None;
                }
                (facility << CARD_BITS | card).to_string()
            }
            Self::ToFacility => {
                let number = decimal()?;
                let (facility, card) = (number >> CARD_BITS & 0xff, number & 0xffff);
                format!("{facility:03}{card:05}")
            }
            Self::Azerty => plain
                .chars()
                .map(|c| match c {
                    'Q' => 'A',
                    'A' => 'Q',
                    'W' => 'Z',
                    'Z' => 'W',
                    c => c,
                })
                .collect(),
        }))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn by(rule: &str, read: &str) -> String {
        let rule: Rule = rule.parse().unwrap();
        let reading = Reading::of(read).unwrap();
        rule.number(&reading).expose().to_owned()
    }

    #[test]
    fn one_card_has_one_number_whatever_its_reader_prints() {
        for (rule, read, number) in [
            ("", "04:a1:b2:c3", "04A1B2C3"),
            ("reverse", "C3B2A104", "04A1B2C3"),
            ("hex-to-decimal digits=10", "04A1B2C3", "0077705923"),
            ("reverse hex-to-decimal", "C3B2A104", "77705923"),
            ("decimal-to-hex digits=8", "0077705923", "04A1B2C3"),
            ("decimal-to-hex digits=8 reverse", "77705923", "C3B2A104"),
            ("digits=10", "12345678", "0012345678"),
            ("digits=8", "0012345678", "12345678"),
            ("from-facility", "123,45678", "8106606"),
            ("from-facility", "12345678", "8106606"),
            ("from-facility digits=10", "123,45678", "0008106606"),
            ("from-facility decimal-to-hex", "123,45678", "7BB26E"),
            ("to-facility", "0008106606", "12345678"),
            ("hex-to-decimal to-facility", "7BB26E", "12345678"),
            ("azerty", "04Q1B2C3D4E5F6", "04A1B2C3D4E5F6"),
            // What the rule does not fit stays as it was read.
            ("reverse", "HELLO", "HELLO"),
            ("decimal-to-hex", "04A1", "04A1"),
            ("from-facility", "123,99999", "12399999"),
        ] {
            assert_eq!(by(rule, read), number, "{rule}: {read}");
        }
    }

    #[test]
    fn a_rule_is_written_as_it_is_read() {
        for text in USUAL {
            assert_eq!(text.parse::<Rule>().unwrap().to_string(), text);
        }
        let rule: Rule = "reverse, hex-to-decimal,digits=10".parse().unwrap();
        assert_eq!(rule.to_string(), "reverse hex-to-decimal digits=10");
        for wrong in ["backwards", "digits=0", "digits=x", "digits=999"] {
            assert!(wrong.parse::<Rule>().is_err(), "{wrong}");
        }
        assert!("reverse ".repeat(STEPS + 1).parse::<Rule>().is_err());
    }

    #[test]
    fn the_rule_that_would_help_is_among_those_that_are_tried() {
        let registered = "04A1B2C3";
        for read in ["C3B2A104", "0077705923", "77705923", "3283263748"] {
            let others = Rule::default().others(&Reading::of(read).unwrap());
            let helps = others
                .iter()
                .any(|(_, number)| number.expose() == registered);
            assert!(helps, "{read}");
        }
        // A rule that is wrong is found out, too.
        let wrong: Rule = "reverse".parse().unwrap();
        let others = wrong.others(&Reading::of(registered).unwrap());
        assert!(
            others
                .iter()
                .any(|(rule, number)| rule.0.is_empty() && number.expose() == registered)
        );
    }

    proptest! {
        #[test]
        fn nothing_that_a_reader_reads_upsets_a_rule(read in ".{1,140}", rule in 0..USUAL.len()) {
            if let Some(reading) = Reading::of(&read) {
                let rule: Rule = USUAL[rule].parse().unwrap();
                let number = rule.number(&reading);
                prop_assert!(!number.expose().contains([':', '-', ' ', ',']));
                prop_assert!(rule.others(&reading).len() <= USUAL.len() + 1);
            }
        }

        #[test]
        fn backwards_twice_is_as_before(bytes in proptest::collection::vec(any::<u8>(), 1..16)) {
            let read = data_encoding::HEXUPPER.encode(&bytes);
            prop_assert_eq!(by("reverse reverse", &read), read);
        }
    }
}
