//! Attribute values: made of what we know, read from what a program sent.
//!
//! Making never fails: text that is longer than its syntax allows (RFC 8011 section 5.1) is cut.
//! Reading gives a value only where it has the syntax that its attribute has.

use std::collections::BTreeMap;

use axum::body::Bytes;
use ipp::attribute::IppAttribute;
use ipp::value::{BoundedString, IppDateTime, IppName, IppTextValue, IppValue};
use papermesh_protocol::time::Timestamp;

/// Bytes of a text value, where nothing shorter is said.
const TEXT: usize = 1023;
/// Bytes of those texts that RFC 8011 wants to be short: `text(127)`.
const SHORT_TEXT: usize = 127;
/// The out-of-band value *unsupported* (RFC 8010 section 3.8).
const UNSUPPORTED: u8 = 0x10;
/// The out-of-band value *unknown*.
const UNKNOWN: u8 = 0x12;
/// Dots per inch, as a unit of a resolution.
const PER_INCH: i8 = 3;

fn bounded<const MAX: usize>(text: &str) -> Option<BoundedString<MAX>> {
    BoundedString::new(cut(text, MAX)).ok()
}

/// The first at most `max` bytes of a text, cut between characters.
pub fn cut(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// `keyword`.
pub fn keyword(text: &str) -> IppValue {
    bounded(text).map_or(IppValue::NoValue, IppValue::Keyword)
}

/// `name`.
pub fn name(text: &str) -> IppValue {
    bounded(text).map_or(IppValue::NoValue, IppValue::NameWithoutLanguage)
}

/// A name that RFC 8011 wants to be short: `name(127)`.
pub fn short_name(text: &str) -> IppValue {
    name(cut(text, SHORT_TEXT))
}

/// `text`.
pub fn text(text: &str) -> IppValue {
    IppTextValue::new(cut(text, TEXT)).map_or(IppValue::NoValue, IppValue::TextWithoutLanguage)
}

/// `text(127)`.
pub fn short_text(long: &str) -> IppValue {
    text(cut(long, SHORT_TEXT))
}

/// `uri`.
pub fn uri(text: &str) -> IppValue {
    bounded(text).map_or(IppValue::NoValue, IppValue::Uri)
}

/// `mimeMediaType`.
pub fn mime(text: &str) -> IppValue {
    bounded(text).map_or(IppValue::NoValue, IppValue::MimeMediaType)
}

/// `charset`.
pub fn charset(text: &str) -> IppValue {
    bounded(text).map_or(IppValue::NoValue, IppValue::Charset)
}

/// `naturalLanguage`.
pub fn language(text: &str) -> IppValue {
    bounded(text).map_or(IppValue::NoValue, IppValue::NaturalLanguage)
}

/// `integer`; what is too large becomes the largest.
pub fn integer(number: impl TryInto<i32>) -> IppValue {
    IppValue::Integer(number.try_into().unwrap_or(i32::MAX))
}

/// `enum`.
pub fn enumeration(number: i32) -> IppValue {
    IppValue::Enum(number)
}

/// `boolean`.
pub fn flag(on: bool) -> IppValue {
    IppValue::Boolean(on)
}

/// `rangeOfInteger`.
pub fn range(min: i32, max: i32) -> IppValue {
    IppValue::RangeOfInteger { min, max }
}

/// `resolution`, the same in both directions, in dots per inch.
pub fn dpi(dots: i32) -> IppValue {
    IppValue::Resolution {
        cross_feed: dots,
        feed: dots,
        units: PER_INCH,
    }
}

/// `octetString`.
pub fn octets(text: &str) -> IppValue {
    IppValue::OctetString(Bytes::copy_from_slice(cut(text, TEXT).as_bytes()))
}

/// The out-of-band value *no-value* (RFC 8010 section 3.8).
pub fn no_value() -> IppValue {
    IppValue::NoValue
}

/// The out-of-band value *unknown*.
pub fn unknown() -> IppValue {
    IppValue::Other {
        tag: UNKNOWN,
        data: Bytes::new(),
    }
}

/// What stands in the group of unsupported attributes for an attribute that is not known at all
/// (RFC 8011 section 4.1.7).
pub fn unsupported() -> IppValue {
    IppValue::Other {
        tag: UNSUPPORTED,
        data: Bytes::new(),
    }
}

/// All of a list, or *no value* where it is empty.
pub fn all<T>(items: impl IntoIterator<Item = T>, make: impl Fn(T) -> IppValue) -> IppValue {
    let mut values: Vec<IppValue> = items.into_iter().map(make).collect();
    match values.len() {
        0 => IppValue::NoValue,
        1 => values.remove(0),
        _ => IppValue::Array(values),
    }
}

/// All of a list of keywords.
pub fn keywords<'a>(items: impl IntoIterator<Item = &'a str>) -> IppValue {
    all(items, keyword)
}

/// `collection`.
pub fn collection<'a>(members: impl IntoIterator<Item = (&'a str, IppValue)>) -> IppValue {
    let members = members
        .into_iter()
        .filter_map(|(name, value)| Some((bounded(name)?, value)));
    IppValue::Collection(members.collect::<BTreeMap<IppName, IppValue>>())
}

/// A moment, as seconds since 1970: the scale of `printer-up-time` here, so that the times of a
/// job mean the same after the node was started again.
pub fn moment(at: Timestamp) -> IppValue {
    integer(at.as_secs())
}

/// A moment as a date in UTC (RFC 2579).
pub fn date_time(at: Timestamp) -> IppValue {
    let Some(utc) = i64::try_from(at.as_secs())
        .ok()
        .and_then(|secs| time::OffsetDateTime::from_unix_timestamp(secs).ok())
    else {
        return unknown();
    };
    IppValue::DateTime(IppDateTime {
        year: u16::try_from(utc.year()).unwrap_or(u16::MAX),
        month: utc.month().into(),
        day: utc.day(),
        hour: utc.hour(),
        minutes: utc.minute(),
        seconds: utc.second(),
        deci_seconds: u8::try_from(at.as_millis() % 1000 / 100).unwrap_or(0),
        utc_dir: '+',
        utc_hours: 0,
        utc_mins: 0,
    })
}

/// The moment of a date; none if it is no date, or before 1970.
pub fn timestamp(date: &IppDateTime) -> Option<Timestamp> {
    let month = time::Month::try_from(date.month).ok()?;
    let day = time::Date::from_calendar_date(date.year.into(), month, date.day).ok()?;
    // A leap second is taken for the one before it.
    let seconds = date.seconds.min(59);
    let local = day.with_hms(date.hour, date.minutes, seconds).ok()?;
    let sign = if date.utc_dir == '-' { -1 } else { 1 };
    let hours = sign * i8::try_from(date.utc_hours).ok()?;
    let minutes = sign * i8::try_from(date.utc_mins).ok()?;
    let offset = time::UtcOffset::from_hms(hours, minutes, 0).ok()?;
    let at = local.assume_offset(offset).unix_timestamp();
    u64::try_from(at).ok().map(Timestamp::from_secs)
}

/// A named value.
pub fn attribute(name: &str, value: IppValue) -> Option<IppAttribute> {
    IppAttribute::with_name(cut(name, 255), value).ok()
}

// Reading -----------------------------------------------------------------------------------

/// The attributes of one group of a request.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a>(pub &'a [IppAttribute]);

impl<'a> Values<'a> {
    /// The value of an attribute.
    pub fn get(self, name: &str) -> Option<&'a IppValue> {
        let named = |attribute: &&IppAttribute| attribute.name().as_str() == name;
        self.0.iter().find(named).map(IppAttribute::value)
    }

    /// One `integer`.
    pub fn integer(self, name: &str) -> Option<i32> {
        match self.get(name)? {
            IppValue::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// One `boolean`.
    pub fn flag(self, name: &str) -> Option<bool> {
        match self.get(name)? {
            IppValue::Boolean(on) => Some(*on),
            _ => None,
        }
    }

    /// One `octetString`.
    pub fn octets(self, name: &str) -> Option<&'a [u8]> {
        match self.get(name)? {
            IppValue::OctetString(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// One `enum`.
    pub fn enumeration(self, name: &str) -> Option<i32> {
        match self.get(name)? {
            IppValue::Enum(number) => Some(*number),
            _ => None,
        }
    }

    /// All `integer`s and `enum`s.
    pub fn numbers(self, name: &str) -> impl Iterator<Item = i32> + use<'a> {
        let values = self.get(name).into_iter().flatten();
        values.filter_map(|value| match value {
            IppValue::Integer(number) | IppValue::Enum(number) => Some(*number),
            _ => None,
        })
    }

    /// One keyword, name, text, URI or MIME type.
    pub fn text(self, name: &str) -> Option<&'a str> {
        text_of(self.get(name)?)
    }

    /// All of them.
    pub fn texts(self, name: &str) -> Vec<&'a str> {
        let value = self.get(name);
        value.into_iter().flatten().filter_map(text_of).collect()
    }
}

/// The text of a keyword, name, text, URI or MIME type.
pub fn text_of(value: &IppValue) -> Option<&str> {
    Some(match value {
        IppValue::Keyword(text) => text,
        IppValue::NameWithoutLanguage(text) | IppValue::NameWithLanguage { name: text, .. } => text,
        IppValue::TextWithoutLanguage(text) | IppValue::TextWithLanguage { text, .. } => {
            text.as_ref()
        }
        IppValue::Uri(text) | IppValue::UriScheme(text) => text,
        IppValue::MimeMediaType(text) => text,
        IppValue::Charset(text) => text,
        IppValue::NaturalLanguage(text) => text,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn long_text_is_cut_between_characters() {
        let long = "ä".repeat(200);
        let IppValue::NameWithoutLanguage(name) = short_name(&long) else {
            panic!()
        };
        assert_eq!(name.len(), 126);
        assert!(matches!(keyword(&"k".repeat(300)), IppValue::Keyword(k) if k.len() == 255));
    }

    #[test]
    fn dates_are_in_utc() {
        let IppValue::DateTime(date) = date_time(Timestamp::from_millis(951_782_400_300)) else {
            panic!()
        };
        assert_eq!((date.year, date.month, date.day), (2000, 2, 29));
        assert_eq!((date.hour, date.deci_seconds), (0, 3));
        assert_eq!(timestamp(&date), Some(Timestamp::from_secs(951_782_400)));
        let there = IppDateTime {
            hour: 1,
            utc_hours: 1,
            ..date.clone()
        };
        assert_eq!(timestamp(&there), Some(Timestamp::from_secs(951_782_400)));
        let none = IppDateTime { day: 30, ..date };
        assert_eq!(timestamp(&none), None);
    }

    #[test]
    fn an_empty_list_is_no_value() {
        assert_eq!(keywords([]), IppValue::NoValue);
        assert_eq!(keywords(["one"]), keyword("one"));
    }
}
