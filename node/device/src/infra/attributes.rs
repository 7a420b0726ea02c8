//! What a proxy says of its printer (Update-Output-Device-Attributes, PWG 5100.18 section 5.11): kept as
//! far as it is of use, within limits, and described as every device is. Pure.

use std::collections::BTreeMap;
use std::io::Cursor;

use ipp::attribute::IppAttribute;
use ipp::model::{DelimiterTag, IppVersion, StatusCode};
use ipp::parser::IppParser;
use ipp::reader::IppReader;
use ipp::request::IppRequestResponse;
use ipp::value::IppValue;
use papermesh_ipp_guard::{Guard, MAX_VALUES};

use super::super::description::{OutputOptions, Protection};
use super::super::ipp::{Capabilities, PRINTER_ATTRIBUTES};
use super::super::uri::OutputUri;

/// Bytes of all attributes of one proxy, as IPP encodes them.
pub const MAX_ATTRIBUTES_BYTES: usize = 256 * 1024;
/// Values of all attributes of one proxy; a collection is one.
pub const MAX_ATTRIBUTE_VALUES: usize = 2048;

/// The out-of-band value *delete-attribute* (RFC 3380 section 8.2).
const DELETE: u8 = 0x16;

/// What else is kept besides what this node reads itself: it is told to who asks for the printer.
const KEPT_BESIDES: [&str; 27] = [
    "copies-default",
    "finishings-col-database",
    "finishings-col-ready",
    "finishings-col-supported",
    "finishings-default",
    "media-bottom-margin-supported",
    "media-col-database",
    "media-col-default",
    "media-col-ready",
    "media-col-supported",
    "media-left-margin-supported",
    "media-right-margin-supported",
    "media-size-supported",
    "media-source-supported",
    "media-top-margin-supported",
    "media-type-supported",
    "print-color-mode-default",
    "print-quality-default",
    "print-quality-supported",
    "print-scaling-default",
    "printer-alert",
    "printer-alert-description",
    "printer-resolution-default",
    "printer-resolution-supported",
    "printer-supply",
    "printer-supply-description",
    "printer-uuid",
];

/// Attributes of a printer as its proxy says them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Attributes(BTreeMap<String, Vec<IppValue>>);

/// Why attributes are not taken. What was known before stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AttributesError {
    /// More than [`MAX_ATTRIBUTES_BYTES`].
    #[error("the attributes are larger than {MAX_ATTRIBUTES_BYTES} bytes together")]
    TooLarge,
    /// More than [`MAX_ATTRIBUTE_VALUES`].
    #[error("the attributes have more than {MAX_ATTRIBUTE_VALUES} values together")]
    TooMany,
    /// A place in a list that it does not have.
    #[error("an attribute names values that it does not have")]
    Place,
}

impl Attributes {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes what a proxy says: whole attributes, some values of one (`name.N`, `name.N-M`), or that
    /// there is none. What is of no use here is left out. All is taken, or nothing; what is too much ends it
    /// where it is met.
    pub(super) fn update(&self, said: &[IppAttribute]) -> Result<Self, AttributesError> {
        let mut new = self.clone();
        let mut count: usize = new.0.values().map(Vec::len).sum();
        for attribute in said {
            let (name, place) = split(attribute.name().as_str());
            if !PRINTER_ATTRIBUTES.contains(&name) && !KEPT_BESIDES.contains(&name) {
                continue;
            }
            let said = attribute.value();
            let is_deleted = said.into_iter().any(is_delete);
            let values = said.into_iter().filter(|_| !is_deleted);
            let values: Vec<IppValue> = values.take(MAX_ATTRIBUTE_VALUES + 1).cloned().collect();
            let known = new.0.entry(name.to_owned()).or_default();
            let places = match place {
                None => 0..known.len(),
                Some((low, high)) if low == 0 || low > high || low > known.len() + 1 => {
                    return Err(AttributesError::Place);
                }
                Some((low, high)) => low - 1..high.min(known.len()),
            };
            count = count - places.len() + values.len();
            if count > MAX_ATTRIBUTE_VALUES {
                return Err(AttributesError::TooMany);
            }
            known.splice(places, values);
        }
        new.0.retain(|_, values| !values.is_empty());
        match new.encoded().len() > MAX_ATTRIBUTES_BYTES {
            true => Err(AttributesError::TooLarge),
            false => Ok(new),
        }
    }

    /// Reads what [`Self::encoded`] wrote; none if it is anything else.
    pub(super) fn read(encoded: &[u8]) -> Option<Self> {
        let mut guard = Guard::with_room(MAX_ATTRIBUTES_BYTES, MAX_VALUES);
        guard.advance(encoded).ok().flatten()?;
        let reader = IppReader::new(Cursor::new(encoded.to_vec()));
        let message = IppParser::new(reader).parse().ok()?;
        let mut groups = message.attributes().groups().iter();
        let group = groups.find(|group| group.tag() == DelimiterTag::PrinterAttributes)?;
        Self::default().update(group.attributes()).ok()
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<IppAttribute> {
        let whole = |(name, values): (&String, &Vec<IppValue>)| {
            let value = match &values[..] {
                [one] => one.clone(),
                many => IppValue::Array(many.to_vec()),
            };
            IppAttribute::with_name(name, value).ok()
        };
        self.0.iter().filter_map(whole).collect()
    }

    /// As a printer would send them.
    pub(super) fn encoded(&self) -> Vec<u8> {
        let version = IppVersion::v2_0();
        let message = IppRequestResponse::new_response(version, StatusCode::SuccessfulOk, 1);
        let Ok(mut message) = message else {
            return Vec::new();
        };
        for attribute in self.all() {
            let attributes = message.attributes_mut();
            attributes.add(DelimiterTag::PrinterAttributes, attribute);
        }
        message.to_bytes().to_vec()
    }

    /// The printer that they describe; none if they describe none.
    pub(super) fn capabilities(
        &self,
        device: OutputUri,
        options: &OutputOptions,
    ) -> Option<Capabilities> {
        let protection = Protection::Encrypted { weak: Vec::new() };
        Capabilities::of_printer(device, &self.encoded(), options, protection)
    }
}

fn is_delete(value: &IppValue) -> bool {
    matches!(value, IppValue::Other { tag: DELETE, .. })
}

/// The name of an attribute, and which of its values are meant, counted from 1: `name.N` or `name.N-M`.
fn split(name: &str) -> (&str, Option<(usize, usize)>) {
    let places = name.rsplit_once('.').and_then(|(name, places)| {
        let (low, high) = places.split_once('-').unwrap_or((places, places));
        let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
            true => text.parse::<usize>().ok(),
            false => None,
        };
        Some((name, (number(low)?, number(high)?)))
    });
    places.map_or((name, None), |(name, places)| (name, Some(places)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn keywords(values: &[&str]) -> IppValue {
        let all = values.iter().map(|value| IppValue::new_keyword(*value));
        IppValue::Array(all.map(Result::unwrap).collect())
    }

    fn said(name: &str, value: IppValue) -> IppAttribute {
        IppAttribute::with_name(name, value).unwrap()
    }

    fn media(attributes: &Attributes) -> Vec<String> {
        let known = attributes.0.get("media-ready").into_iter().flatten();
        known.map(ToString::to_string).collect()
    }

    #[test]
    fn values_are_changed_by_their_places() {
        let ready = said("media-ready", keywords(&["a", "b", "c"]));
        let known = Attributes::default().update(&[ready]).unwrap();
        let changed = |name: &str, value: IppValue| known.update(&[said(name, value)]);
        let gone = || IppValue::Other {
            tag: DELETE,
            data: Default::default(),
        };
        let media = |name, value| media(&changed(name, value).unwrap());
        assert_eq!(media("media-ready.2", keywords(&["x"])), ["a", "x", "c"]);
        assert_eq!(media("media-ready.2-3", keywords(&["x"])), ["a", "x"]);
        assert_eq!(
            media("media-ready.1", keywords(&["x", "y"])),
            ["x", "y", "b", "c"]
        );
        assert_eq!(
            media("media-ready.4", keywords(&["d"])),
            ["a", "b", "c", "d"]
        );
        assert_eq!(media("media-ready.1-99", gone()), Vec::<String>::new());
        assert_eq!(media("media-ready.1-2", gone()), ["c"]);
        assert_eq!(media("media-ready", gone()), Vec::<String>::new());
        for wrong in ["media-ready.0", "media-ready.5", "media-ready.3-2"] {
            assert_eq!(
                changed(wrong, gone()),
                Err(AttributesError::Place),
                "{wrong}"
            );
        }
        // What is no place is another attribute, which is of no use.
        assert_eq!(media("media-ready.x", gone()), ["a", "b", "c"]);
    }

    #[test]
    fn a_proxy_keeps_no_more_here_than_there_is_room_for() {
        let name = "media-supported";
        let many = vec!["a4"; MAX_ATTRIBUTE_VALUES + 1];
        let refused = Attributes::default().update(&[said(name, keywords(&many))]);
        assert_eq!(refused, Err(AttributesError::TooMany));
        let long = "x".repeat(255);
        let large = vec![long.as_str(); MAX_ATTRIBUTES_BYTES / 255 + 1];
        let refused = Attributes::default().update(&[said(name, keywords(&large))]);
        assert_eq!(refused, Err(AttributesError::TooLarge));
        let other = [said("x-vendor", keywords(&many))];
        assert!(Attributes::default().update(&other).unwrap().is_empty());
    }

    #[test]
    fn what_a_proxy_says_describes_a_device() {
        let pdf = IppValue::MimeMediaType("application/pdf".try_into().unwrap());
        let words = [
            said("document-format-supported", pdf),
            said(
                "sides-supported",
                keywords(&["one-sided", "two-sided-long-edge"]),
            ),
            said(
                "copies-supported",
                IppValue::RangeOfInteger { min: 1, max: 99 },
            ),
            said("printer-state", IppValue::Enum(5)),
            said("printer-state-reasons", keywords(&["media-empty-error"])),
        ];
        let known = Attributes::default().update(&words).unwrap();
        let uri: OutputUri = "infra:front-desk".parse().unwrap();
        let described = known.capabilities(uri, &OutputOptions::default()).unwrap();
        let device = described.description;
        assert_eq!((device.can.max_copies, device.can.sides.len()), (99, 2));
        assert_eq!(device.reasons[0].words, "out of paper");
        assert_eq!(device.name, "infra:front-desk");
    }

    proptest! {
        /// Whatever a proxy says, in whatever order: it stays within the limits, and is readable.
        #[test]
        fn no_words_break_what_is_known(
            names in prop::collection::vec("(media-ready|printer-state|x)(\\.[0-9]{1,3}(-[0-9]{1,3})?)?", 0..12),
            counts in prop::collection::vec(0usize..40, 12),
        ) {
            let mut known = Attributes::default();
            for (name, count) in names.iter().zip(counts) {
                let value = keywords(&vec!["x"; count]);
                if let Ok(new) = known.update(&[said(name, value)]) {
                    known = new;
                }
                prop_assert!(known.0.values().all(|values| !values.is_empty()));
                prop_assert!(known.0.values().map(Vec::len).sum::<usize>() <= MAX_ATTRIBUTE_VALUES);
            }
            let _ = known.capabilities("infra:x".parse().unwrap(), &OutputOptions::default());
        }
    }
}
