//! Values with units, as people write them.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Units of time with their length in nanoseconds, the longest first.
const UNITS: [(&str, f64); 8] = [
    ("w", 604_800e9),
    ("d", 86_400e9),
    ("h", 3_600e9),
    ("min", 60e9),
    ("s", 1e9),
    ("ms", 1e6),
    ("us", 1e3),
    ("ns", 1.0),
];

/// Implements reading and writing by `FromStr` and `Display`, and the schema of a string with this pattern.
macro_rules! as_text {
    ($type:ident, $pattern:literal, $example:literal) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "examples": [$example] })
            }
        }
    };
}

/// What could not be read, and how it would be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{read}` is no {what}; write it like \"{example}\"")]
pub struct NotRead {
    read: String,
    what: &'static str,
    example: &'static str,
}

/// A length of time: `"15 min"`, `"0.2 ms"`, `"5 d"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

impl Span {
    /// So many milliseconds.
    pub const fn millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// So many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// In nanoseconds; longer ones than 584 years are cut to that.
    pub fn nanos(self) -> u64 {
        u64::try_from(self.0.as_nanos()).unwrap_or(u64::MAX)
    }
}

impl FromStr for Span {
    type Err = NotRead;
    fn from_str(text: &str) -> Result<Self, NotRead> {
        let wrong = || NotRead {
            read: text.to_owned(),
            what: "length of time",
            example: "15 min",
        };
        let trimmed = text.trim();
        let split = trimmed
            .find(|c: char| c.is_ascii_alphabetic())
            .ok_or_else(wrong)?;
        let (number, unit) = trimmed.split_at(split);
        let number: f64 = number.trim().parse().map_err(|_| wrong())?;
        let &(_, nanos) = UNITS
            .iter()
            .find(|(name, _)| *name == unit.trim())
            .ok_or_else(wrong)?;
        let nanos = number * nanos;
        // 10^18 ns are 31 years.
        if !(0.0..=1e18).contains(&nanos) {
            return Err(wrong());
        }
        Ok(Self(Duration::from_nanos(nanos.round() as u64)))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.nanos();
        let &(unit, length) = UNITS
            .iter()
            .find(|(_, length)| nanos > 0 && nanos.is_multiple_of(*length as u64))
            .unwrap_or(&UNITS[4]);
        write!(f, "{} {unit}", nanos / length as u64)
    }
}

as_text!(Span, r"^\s*[0-9.]+\s*(ns|us|ms|s|min|h|d|w)\s*$", "15 min");

/// From a shortest to a longest time, evenly spread: `"1 ms .. 21 ms"`. One time alone is both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Between {
    /// The shortest.
    pub least: Span,
    /// The longest.
    pub most: Span,
}

impl FromStr for Between {
    type Err = NotRead;
    fn from_str(text: &str) -> Result<Self, NotRead> {
        let (least, most) = text.split_once("..").unwrap_or((text, text));
        let (least, most): (Span, Span) = (least.parse()?, most.parse()?);
        match least <= most {
            true => Ok(Self { least, most }),
            false => Err(NotRead {
                read: text.to_owned(),
                what: "range of times",
                example: "1 ms .. 21 ms",
            }),
        }
    }
}

impl fmt::Display for Between {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} .. {}", self.least, self.most)
    }
}

as_text!(
    Between,
    r"^[^.]+(\.[0-9]+[^.]*)?(\.\..+)?$",
    "1 ms .. 21 ms"
);

/// A time of the day and by how much people differ (one standard deviation): `"08:30 ± 40 min"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeOfDay {
    /// Since midnight.
    pub at: Span,
    /// One standard deviation.
    pub spread: Span,
}

impl FromStr for TimeOfDay {
    type Err = NotRead;
    fn from_str(text: &str) -> Result<Self, NotRead> {
        let wrong = || NotRead {
            read: text.to_owned(),
            what: "time of day",
            example: "08:30 ± 40 min",
        };
        let (clock, spread) = match text.split_once('±') {
            Some((clock, spread)) => (clock, spread.parse()?),
            None => (text, Span::default()),
        };
        let (hours, minutes) = clock.trim().split_once(':').ok_or_else(wrong)?;
        let (hours, minutes): (u64, u64) = (
            hours.parse().map_err(|_| wrong())?,
            minutes.parse().map_err(|_| wrong())?,
        );
        if hours > 23 || minutes > 59 {
            return Err(wrong());
        }
        Ok(Self {
            at: Span::seconds(hours * 3600 + minutes * 60),
            spread,
        })
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.at.0.as_secs() / 60;
        let (hours, minutes) = (minutes / 60, minutes % 60);
        write!(f, "{hours:02}:{minutes:02} ± {}", self.spread)
    }
}

as_text!(
    TimeOfDay,
    r"^\s*[0-9]{2}:[0-9]{2}\s*(±.+)?$",
    "08:30 ± 40 min"
);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn as_people_write_them() {
        let span = |text: &str| text.parse::<Span>().map(|span| span.nanos());
        assert_eq!(span("0.2 ms").unwrap(), 200_000);
        assert_eq!(span("15min").unwrap(), 900_000_000_000);
        for wrong in ["", "15", "min", "-1 s", "5 years", "1e99 d", "NaN s"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
        assert!("21 ms .. 1 ms".parse::<Between>().is_err());
        let nine: TimeOfDay = "09:15 ± 20 min".parse().unwrap();
        assert_eq!(nine.to_string(), "09:15 ± 20 min");
        assert!("24:00".parse::<TimeOfDay>().is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(nanos in 0_u64..1_000_000_000_000_000) {
            let span = Span(Duration::from_nanos(nanos));
            prop_assert_eq!(span.to_string().parse::<Span>(), Ok(span));
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,20}") {
            let _ = (text.parse::<Span>(), text.parse::<Between>(), text.parse::<TimeOfDay>());
        }
    }
}
