//! From the bytes of a request to its attribute groups (RFC 8010 section 3), as programs write
//! them and not only as they should.
//!
//! The parser of the `ipp` crate gives a whole message up for one value that is too long or has
//! not the size of its syntax, and a document would be lost for its odd title. Here such a value
//! alone is mended, where it is text for people, and else marked as one that cannot be read; what
//! that means is up to whoever asks for the attribute. Not here: what may come at all
//! ([`papermesh_ipp_guard`]).

use std::collections::BTreeMap;

use axum::body::Bytes;
use ipp::attribute::{IppAttribute, IppAttributeGroup};
use ipp::model::DelimiterTag;
use ipp::value::{IppName, IppTextValue, IppValue};
use papermesh_ipp_guard::{HEADER_BYTES, MAX_DEPTH};

use crate::values::{cut, unsupported};

/// The longest name, of an attribute or as a value (RFC 8011 section 5.1.3).
const NAME: usize = 255;
/// The longest text (RFC 8011 section 5.1.2).
const TEXT: usize = 1023;

const END: u8 = 0x03;
const LAST_DELIMITER: u8 = 0x0f;
const INTEGER: u8 = 0x21;
const BOOLEAN: u8 = 0x22;
const ENUM: u8 = 0x23;
const DATE_TIME: u8 = 0x31;
const RESOLUTION: u8 = 0x32;
const RANGE: u8 = 0x33;
const BEGIN_COLLECTION: u8 = 0x34;
const TEXT_WITH_LANGUAGE: u8 = 0x35;
const NAME_WITH_LANGUAGE: u8 = 0x36;
const END_COLLECTION: u8 = 0x37;
const TEXT_WITHOUT_LANGUAGE: u8 = 0x41;
const NAME_WITHOUT_LANGUAGE: u8 = 0x42;
const MEMBER_NAME: u8 = 0x4a;

/// The attribute groups of a message that [`papermesh_ipp_guard`] let pass; none if it did not.
///
/// Groups of one kind are one group: what a program says in a second one it has said as well.
/// Subscriptions are not, each of which has a group of its own (RFC 3995 section 11.1.1.2).
pub fn groups(message: &Bytes) -> Option<Vec<IppAttributeGroup>> {
    let mut rest = Rest(message.clone());
    rest.take(HEADER_BYTES)?;
    let mut groups: Vec<IppAttributeGroup> = Vec::new();
    // The group that attributes are for, and the attribute that is not complete yet.
    let (mut current, mut begun): (Option<usize>, Option<Begun>) = (None, None);
    loop {
        let tag = rest.byte()?;
        if tag > LAST_DELIMITER {
            let (name, value) = rest.value(tag, 0)?;
            match &mut begun {
                Some(begun) if name.is_empty() => begun.values.push(value),
                _ => {
                    finish(&mut groups, current, &mut begun);
                    begun = Some(Begun::new(name, value));
                }
            }
            continue;
        }
        finish(&mut groups, current, &mut begun);
        if tag == END {
            return Some(groups);
        }
        current = delimiter(tag).map(|kind| place(&mut groups, kind));
    }
}

/// The kinds of groups that are known; what stands in another is passed over.
fn delimiter(tag: u8) -> Option<DelimiterTag> {
    use DelimiterTag as Tag;
    Some(match tag {
        0x01 => Tag::OperationAttributes,
        0x02 => Tag::JobAttributes,
        0x04 => Tag::PrinterAttributes,
        0x05 => Tag::UnsupportedAttributes,
        0x06 => Tag::SubscriptionAttributes,
        0x07 => Tag::EventNotificationAttributes,
        0x08 => Tag::ResourceAttributes,
        0x09 => Tag::DocumentAttributes,
        0x0a => Tag::SystemAttributes,
        _ => return None,
    })
}

/// Where the attributes of a group of this kind go.
fn place(groups: &mut Vec<IppAttributeGroup>, kind: DelimiterTag) -> usize {
    let known = groups.iter().position(|group| group.tag() == kind);
    match known.filter(|_| kind != DelimiterTag::SubscriptionAttributes) {
        Some(place) => place,
        None => {
            groups.push(IppAttributeGroup::new(kind));
            groups.len() - 1
        }
    }
}

/// An attribute, or a member of a collection, of which further values may come.
struct Begun {
    name: IppName,
    values: Vec<IppValue>,
}

impl Begun {
    fn new(name: IppName, value: IppValue) -> Self {
        let values = vec![value];
        Self { name, values }
    }

    fn complete(mut self) -> (IppName, IppValue) {
        let value = match self.values.len() {
            1 => self.values.remove(0),
            _ => IppValue::Array(self.values),
        };
        (self.name, value)
    }
}

fn finish(groups: &mut [IppAttributeGroup], current: Option<usize>, begun: &mut Option<Begun>) {
    let Some(begun) = begun.take() else { return };
    if let Some(group) = current.and_then(|place| groups.get_mut(place)) {
        let (name, value) = begun.complete();
        group.attributes_mut().push(IppAttribute::new(name, value));
    }
}

/// What is left of the message.
struct Rest(Bytes);

impl Rest {
    fn take(&mut self, length: usize) -> Option<Bytes> {
        (length <= self.0.len()).then(|| self.0.split_to(length))
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    /// A two-byte length and as many bytes.
    fn counted(&mut self) -> Option<Bytes> {
        let length = self.take(2)?.first_chunk::<2>().copied()?;
        self.take(usize::from(u16::from_be_bytes(length)))
    }

    /// The name and the value after this tag, with all of it if it is a collection.
    fn value(&mut self, tag: u8, depth: usize) -> Option<(IppName, IppValue)> {
        let (name, bytes) = (self.counted()?, self.counted()?);
        let name = IppName::new(cut(&String::from_utf8_lossy(&name), NAME)).ok()?;
        let value = match tag {
            BEGIN_COLLECTION => self.collection(depth + 1)?,
            _ => value(tag, &bytes),
        };
        Some((name, value))
    }

    /// The members of a collection, up to its end (RFC 8010 section 3.1.6).
    fn collection(&mut self, depth: usize) -> Option<IppValue> {
        if depth > MAX_DEPTH {
            return None;
        }
        let mut members = BTreeMap::new();
        let mut begun: Option<(IppName, Vec<IppValue>)> = None;
        loop {
            let tag = self.byte()?;
            if tag == END_COLLECTION || tag == MEMBER_NAME {
                let complete = begun.take().filter(|(_, values)| !values.is_empty());
                members.extend(complete.map(|(name, values)| Begun { name, values }.complete()));
            }
            match tag {
                END_COLLECTION => {
                    self.value(tag, depth)?;
                    return Some(IppValue::Collection(members));
                }
                MEMBER_NAME => {
                    self.counted()?;
                    let name = self.counted()?;
                    let name = IppName::new(cut(&String::from_utf8_lossy(&name), NAME)).ok()?;
                    begun = Some((name, Vec::new()));
                }
                _ => {
                    let (_, value) = self.value(tag, depth)?;
                    if let Some((_, values)) = &mut begun {
                        values.push(value);
                    }
                }
            }
        }
    }
}

/// One value. One that has not the size of its syntax, or is too long and no text for people, is
/// *unsupported*.
fn value(tag: u8, bytes: &Bytes) -> IppValue {
    let size = match tag {
        INTEGER | ENUM => Some(4),
        BOOLEAN => Some(1),
        DATE_TIME => Some(11),
        RESOLUTION => Some(9),
        RANGE => Some(8),
        _ => None,
    };
    let value = match tag {
        NAME_WITHOUT_LANGUAGE => name(bytes),
        TEXT_WITHOUT_LANGUAGE => text(bytes),
        NAME_WITH_LANGUAGE | TEXT_WITH_LANGUAGE => with_language(tag, bytes),
        _ if size.is_none_or(|size| size == bytes.len()) => {
            IppValue::parse(tag, bytes.clone()).ok()
        }
        _ => None,
    };
    value
        .filter(|value| !matches!(value, IppValue::NonUtf8 { .. }))
        .unwrap_or_else(unsupported)
}

fn name(bytes: &[u8]) -> Option<IppValue> {
    let name = IppName::new(cut(&decoded(bytes), NAME)).ok()?;
    Some(IppValue::NameWithoutLanguage(name))
}

fn text(bytes: &[u8]) -> Option<IppValue> {
    let text = IppTextValue::new(cut(&decoded(bytes), TEXT)).ok()?;
    Some(IppValue::TextWithoutLanguage(text))
}

/// A text and its language; the language is lost if something is to be mended.
fn with_language(tag: u8, bytes: &Bytes) -> Option<IppValue> {
    let mut rest = Rest(bytes.clone());
    let (language, said) = (rest.counted()?, rest.counted()?);
    let plain = match tag {
        NAME_WITH_LANGUAGE => name(&said)?,
        _ => text(&said)?,
    };
    let whole = std::str::from_utf8(&said).is_ok() && std::str::from_utf8(&language).is_ok();
    match IppValue::parse(tag, bytes.clone()) {
        Ok(value) if whole => Some(value),
        _ => Some(plain),
    }
}

/// What a program meant by these bytes: UTF-8, which may have been cut within its last character;
/// else the one alphabet in which every byte is a character (ISO 8859-1).
fn decoded(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(error) => match (error.error_len(), bytes.get(..error.valid_up_to())) {
            (None, Some(whole)) => String::from_utf8_lossy(whole).into_owned(),
            _ => bytes.iter().map(|byte| char::from(*byte)).collect(),
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use ipp::parser::IppParser;
    use ipp::reader::IppReader;
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::values::{Values, text_of};
    use papermesh_ipp_guard::inspect;

    fn element(tag: u8, name: &str, value: &[u8]) -> Vec<u8> {
        let mut bytes = vec![tag];
        for part in [name.as_bytes(), value] {
            bytes.extend(u16::try_from(part.len()).unwrap().to_be_bytes());
            bytes.extend(part);
        }
        bytes
    }

    fn read(section: &[Vec<u8>]) -> Vec<IppAttributeGroup> {
        let header = [2, 0, 0, 2, 0, 0, 0, 1];
        let message = [&header[..], &section.concat(), &[END]].concat();
        inspect(&message).unwrap();
        groups(&message.into()).unwrap()
    }

    fn one(tag: u8, value: &[u8]) -> IppValue {
        let groups = read(&[vec![1], element(tag, "a", value)]);
        groups[0].attributes()[0].value().clone()
    }

    #[test]
    fn odd_titles_are_mended() {
        let title = |bytes: &[u8]| {
            text_of(&one(NAME_WITHOUT_LANGUAGE, bytes))
                .unwrap()
                .to_owned()
        };
        assert_eq!(title(b"Ravage_contr\xf4le"), "Ravage_contrôle");
        assert_eq!(title(&[b'T'; 256]).len(), 255);
        // Cut between characters, by us and by the program.
        assert_eq!(title("ü".repeat(150).as_bytes()), "ü".repeat(127));
        assert_eq!(title(&"ä".repeat(128).as_bytes()[..255]), "ä".repeat(127));
        assert_eq!(title(b""), "");
        let told = [&b"\0\x02de\0\x02"[..], b"\xfcb"].concat();
        assert_eq!(text_of(&one(NAME_WITH_LANGUAGE, &told)), Some("üb"));
        let long = [&b"\0\x02de\x04\0"[..], &[b'x'; 1024]].concat();
        let long = one(NAME_WITH_LANGUAGE, &long);
        assert_eq!(text_of(&long).map(str::len), Some(NAME));
        let long = one(TEXT_WITHOUT_LANGUAGE, &[b'x'; 5000]);
        assert_eq!(text_of(&long).map(str::len), Some(TEXT));
    }

    #[test]
    fn a_value_that_cannot_be_read_is_lost_alone() {
        for (tag, value) in [
            (INTEGER, &[0, 1][..]),
            (BOOLEAN, &[0, 0, 0, 1]),
            (RANGE, &[0; 4]),
            (0x44, &[b'k'; 256]),
            (0x44, b"\xff"),
            (0x49, &[b'm'; 300]),
        ] {
            assert_eq!(one(tag, value), unsupported(), "{tag:02x}");
        }
        let groups = read(&[
            vec![1],
            element(INTEGER, "limit", &[0, 1]),
            element(0x7f, "x-later", b"\x40\0\0\x01abc"),
            vec![0x0f],
            element(0x44, "which-jobs", b"completed"),
            vec![1],
            element(0x44, "which-jobs", b"all"),
        ]);
        let values = Values(groups[0].attributes());
        assert_eq!(values.integer("limit"), None);
        assert_eq!(values.text("which-jobs"), Some("all"));
    }

    #[test]
    fn groups_of_one_kind_are_one_but_for_subscriptions() {
        let copies = element(INTEGER, "copies", &2i32.to_be_bytes());
        let sides = element(0x44, "sides", b"one-sided");
        let groups = read(&[
            vec![1],
            vec![2],
            copies,
            vec![6],
            vec![2],
            sides,
            vec![6],
            vec![2],
        ]);
        let kinds: Vec<u8> = groups.iter().map(|group| group.tag() as u8).collect();
        assert_eq!(kinds, [1, 2, 6, 6]);
        let job = Values(groups[1].attributes());
        assert_eq!(
            (job.integer("copies"), job.text("sides")),
            (Some(2), Some("one-sided"))
        );
    }

    #[test]
    fn all_values_of_a_member_are_read() {
        let groups = read(&[
            vec![2],
            element(BEGIN_COLLECTION, "c", b""),
            element(MEMBER_NAME, "", b"a"),
            element(0x44, "", b"x"),
            element(0x44, "", b"y"),
            element(MEMBER_NAME, "", b"b"),
            element(INTEGER, "", &7i32.to_be_bytes()),
            element(END_COLLECTION, "", b""),
        ]);
        let IppValue::Collection(members) = groups[0].attributes()[0].value() else {
            panic!()
        };
        assert_eq!(members["a"].into_iter().count(), 2);
        assert_eq!(members["b"], IppValue::Integer(7));
    }

    /// Sections of elements that an encoder could write.
    fn plausible() -> impl Strategy<Value = Vec<u8>> {
        let tag = prop_oneof![Just(0x34u8), Just(0x37), Just(0x4a), 0x10u8..=0x7f];
        let name = prop_oneof![Just(""), Just("a")];
        let element = prop_oneof![
            8 => (tag, name, prop_oneof![Just(vec![]), vec(any::<u8>(), 0..12)])
                .prop_map(|(tag, name, value)| element(tag, name, &value)),
            1 => (1u8..=0x0a).prop_map(|delimiter| vec![delimiter]),
        ];
        let header = vec![2, 0, 0, 2, 0, 0, 0, 1, 1];
        vec(element, 0..40)
            .prop_map(move |elements| [header.clone(), elements.concat(), vec![END]].concat())
    }

    proptest! {
        /// What the guard lets pass is read, and where the parser of the crate reads it as well
        /// and there is nothing to put together, it reads the same.
        #[test]
        fn what_passes_the_guard_is_read(message in plausible()) {
            if inspect(&message).is_ok() {
                let read = groups(&Bytes::from(message.clone()));
                prop_assert!(read.is_some());
                let parsed = IppParser::new(IppReader::new(std::io::Cursor::new(message))).parse();
                if let (Some([one]), Ok(parsed)) = (read.as_deref(), parsed)
                    && let [same] = parsed.attributes().groups()
                    && !one.attributes().iter().any(|a| matches!(a.value(), IppValue::Collection(_) | IppValue::Array(_)))
                {
                    let names = |group: &IppAttributeGroup| -> Vec<String> {
                        group.attributes().iter().map(|a| a.name().to_string()).collect()
                    };
                    prop_assert_eq!(names(one), names(same));
                }
            }
        }
    }
}
