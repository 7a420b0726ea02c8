//! What a print token is good for.

use core::fmt;
use core::str::FromStr;
use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::remedy::Remedy;
use crate::text::Name;

/// How the right to print straight to a printer begins, in text.
const PRINT: &str = "print:";
/// Printers to which one token may print straight.
const PRINTERS: usize = 16;

/// What a token allows besides holding jobs, and seeing and deleting those that came with it.
///
/// As text it is `own`, `operate`, or `print:` and the name of a printer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Right {
    /// All jobs of its user on the computer that takes it: to see, change and delete them.
    Own,
    /// What operators of the hold printer may, if its user is one.
    Operate,
    /// To print straight to the site's printer of this name. Paper comes out, and nobody stands there.
    Print(Name),
}

/// Text that is no right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no right of a print token")]
pub struct RightError(String);

impl Remedy for RightError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some("say own, operate or print:PRINTER".into())
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own => f.write_str("own"),
            Self::Operate => f.write_str("operate"),
            Self::Print(printer) => write!(f, "{PRINT}{printer}"),
        }
    }
}

impl FromStr for Right {
    type Err = RightError;

    fn from_str(text: &str) -> Result<Self, RightError> {
        let unknown = || RightError(text.to_owned());
        match text {
            "own" => Ok(Self::Own),
            "operate" => Ok(Self::Operate),
            _ => {
                let printer = text.strip_prefix(PRINT).ok_or_else(unknown)?;
                printer.parse().map(Self::Print).map_err(|_| unknown())
            }
        }
    }
}

impl TryFrom<String> for Right {
    type Error = RightError;

    fn try_from(text: String) -> Result<Self, RightError> {
        text.parse()
    }
}

impl From<Right> for String {
    fn from(right: Right) -> Self {
        right.to_string()
    }
}

/// The rights of a token; none for one that only holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeSet<Right>", into = "BTreeSet<Right>")]
pub struct Rights(BTreeSet<Right>);

/// More printers than a token can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a print token names {PRINTERS} printers at most")]
pub struct TooManyPrinters;

impl Rights {
    /// Whether a right is among them.
    #[must_use]
    pub fn allow(&self, right: &Right) -> bool {
        self.0.contains(right)
    }

    /// Whether one may print straight to the printer of this name.
    #[must_use]
    pub fn allow_printing_to(&self, printer: &str) -> bool {
        let is_it = |right: &Right| matches!(right, Right::Print(name) if name.as_str() == printer);
        self.0.iter().any(is_it)
    }

    /// All of them, in one order.
    pub fn iter(&self) -> impl Iterator<Item = &Right> {
        self.0.iter()
    }
}

impl TryFrom<BTreeSet<Right>> for Rights {
    type Error = TooManyPrinters;

    fn try_from(rights: BTreeSet<Right>) -> Result<Self, TooManyPrinters> {
        let is_print = |right: &&Right| matches!(right, Right::Print(_));
        match rights.iter().filter(is_print).count() {
            0..=PRINTERS => Ok(Self(rights)),
            _ => Err(TooManyPrinters),
        }
    }
}

impl From<Rights> for BTreeSet<Right> {
    fn from(rights: Rights) -> Self {
        rights.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_right_is_read_as_it_is_written() {
        for text in ["own", "operate", "print:front-desk", "print:2. Stock, Büro"] {
            assert_eq!(text.parse::<Right>().unwrap().to_string(), text);
        }
        for wrong in ["", "all", "print", "print:", "OWN", "release"] {
            assert!(wrong.parse::<Right>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_token_prints_to_the_printers_that_it_names() {
        let rights = ["print:front-desk", "own"].map(|right| right.parse().unwrap());
        let rights = Rights::try_from(BTreeSet::from(rights)).unwrap();
        assert!(rights.allow_printing_to("front-desk") && rights.allow(&Right::Own));
        assert!(!rights.allow_printing_to("front") && !rights.allow(&Right::Operate));
        assert!(!Rights::default().allow_printing_to("front-desk"));
    }

    #[test]
    fn the_printers_of_a_token_are_few() {
        let named = |most: usize| -> BTreeSet<Right> {
            (0..most)
                .map(|at| format!("print:{at}").parse().unwrap())
                .collect()
        };
        assert!(Rights::try_from(named(PRINTERS)).is_ok());
        assert_eq!(Rights::try_from(named(PRINTERS + 1)), Err(TooManyPrinters));
    }
}
