//! The attributes of a printer's answer, read so that one bad attribute loses no other (RFC 8010
//! section 3).
//!
//! Lives here: from bytes to groups of attributes, those that this node asks for. Not here: what
//! they mean (`capabilities.rs`, `probe.rs`), and messages of programs, which are judged strictly
//! ([`papermesh_ipp_guard`]).
//!
//! Printers name the members of collections, leave members outside of them, put collections among
//! keywords, and send numbers of no bytes. Nothing of that is needed here, so it is stepped over by
//! its length. What protects stays strict: lengths, depth, the number of groups and of values. One
//! frame of the stack reads any answer.

/// Deepest nesting of collections. The deepest registered attribute, `media-col-database`, has two
/// levels.
pub(super) const MAX_DEPTH: usize = 8;

/// Most attribute groups in one answer: Get-Jobs sends one for each job.
pub(super) const MAX_GROUPS: usize = 512;

/// Most values kept of one attribute.
pub(super) const MAX_VALUES: usize = 512;

/// Most attributes of which it is kept that the printer does not take them.
const MAX_UNSUPPORTED: usize = 128;

const END_OF_ATTRIBUTES: u8 = 0x03;
const BEGIN_COLLECTION: u8 = 0x34;
const END_COLLECTION: u8 = 0x37;
const MEMBER_NAME: u8 = 0x4a;

/// An answer.
#[derive(Debug)]
pub(super) struct Message {
    /// Its `status-code`.
    pub(super) code: u16,
    /// Its `request-id`.
    pub(super) number: i32,
    /// Its groups, in order.
    pub(super) groups: Vec<Group>,
}

/// A group of attributes.
#[derive(Debug)]
pub(super) struct Group {
    /// Its delimiter tag.
    pub(super) tag: u8,
    attributes: Vec<Attribute>,
}

#[derive(Debug)]
struct Attribute {
    name: String,
    values: Vec<Value>,
}

/// A value of one of the kinds that are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// `integer` and `enum`.
    Number(i32),
    /// `boolean`.
    Flag(bool),
    /// `rangeOfInteger`: its upper end.
    UpTo(i32),
    /// `resolution`.
    Resolution {
        /// Across the feed.
        cross_feed: i32,
        /// Along it.
        feed: i32,
        /// 3 for dots per inch.
        units: u8,
    },
    /// Any kind of text, keyword or URI, as it came.
    Text(String),
}

/// Why bytes are no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadMessage {
    /// The bytes end before the attributes do.
    #[error("it is cut short")]
    Truncated,
    /// More than [`MAX_GROUPS`].
    #[error("it has more than {MAX_GROUPS} attribute groups")]
    TooManyGroups,
    /// More than [`MAX_DEPTH`].
    #[error("its collections are nested more than {MAX_DEPTH} deep")]
    TooDeep,
}

impl Message {
    /// Reads an answer. Of its attributes those are kept that `wanted` says yes to, and of what the
    /// printer does not take the names.
    pub(super) fn read(bytes: &[u8], wanted: impl Fn(&str) -> bool) -> Result<Self, BadMessage> {
        let mut rest = Cursor { bytes };
        let [_, _, code @ ..] = *rest.array::<4>()?;
        let mut reading = Reading {
            wanted,
            groups: Vec::new(),
            depth: 0,
            open: false,
        };
        let number = i32::from_be_bytes(*rest.array()?);
        loop {
            match rest.array::<1>()? {
                [END_OF_ATTRIBUTES] => break,
                [tag @ 0x00..=0x0f] => reading.begin(*tag)?,
                [tag] => {
                    let (name, value) = (rest.counted()?, rest.counted()?);
                    reading.element(*tag, name, value)?;
                }
            }
        }
        Ok(Self {
            code: u16::from_be_bytes(code),
            number,
            groups: reading.groups,
        })
    }
}

impl Group {
    /// The values of an attribute; none where it is not there.
    pub(super) fn values(&self, name: &str) -> &[Value] {
        let mut found = self
            .attributes
            .iter()
            .filter(|found| found.name == name && !found.values.is_empty());
        found.next().map_or(&[], |attribute| &attribute.values)
    }

    /// Adds what another group has besides.
    pub(super) fn add(&mut self, other: Self) {
        for attribute in other.attributes {
            if self.values(&attribute.name).is_empty() {
                self.attributes.push(attribute);
            }
        }
    }

    /// The names of its attributes.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.attributes
            .iter()
            .map(|attribute| attribute.name.as_str())
    }
}

/// RFC 8010 section 3.5.1: `unsupported-attributes-tag`.
pub(super) const UNSUPPORTED: u8 = 0x05;

/// An answer that is half read.
struct Reading<W> {
    wanted: W,
    groups: Vec<Group>,
    /// How many collections are open.
    depth: usize,
    /// Whether further values belong to the last attribute of the last group.
    open: bool,
}

impl<W: Fn(&str) -> bool> Reading<W> {
    fn begin(&mut self, tag: u8) -> Result<(), BadMessage> {
        if self.groups.len() == MAX_GROUPS {
            return Err(BadMessage::TooManyGroups);
        }
        self.groups.push(Group {
            tag,
            attributes: Vec::new(),
        });
        (self.depth, self.open) = (0, false);
        Ok(())
    }

    fn element(&mut self, tag: u8, name: &[u8], value: &[u8]) -> Result<(), BadMessage> {
        if !name.is_empty() {
            self.attribute(name);
        }
        match tag {
            BEGIN_COLLECTION if self.depth == MAX_DEPTH => return Err(BadMessage::TooDeep),
            BEGIN_COLLECTION => self.depth += 1,
            END_COLLECTION => self.depth = self.depth.saturating_sub(1),
            // Outside of a collection it belongs to nothing, and neither does what follows.
            MEMBER_NAME if self.depth == 0 => self.open = false,
            _ if self.depth > 0 || !self.open => {}
            _ => self.value(tag, value),
        }
        Ok(())
    }

    /// Begins an attribute. Members of collections have no names of their own; where a printer
    /// gives them some, none is one of those that are wanted: so a wanted name begins an attribute
    /// even if a collection before it was never ended.
    fn attribute(&mut self, name: &[u8]) {
        let Some(group) = self.groups.last_mut() else {
            return;
        };
        let name = String::from_utf8_lossy(name);
        let unsupported = group.tag == UNSUPPORTED;
        let wanted = (self.wanted)(&name)
            || (unsupported && self.depth == 0 && group.attributes.len() < MAX_UNSUPPORTED);
        if !wanted && self.depth > 0 {
            return;
        }
        self.depth = 0;
        self.open = wanted && !group.names().any(|known| known == name);
        if self.open {
            group.attributes.push(Attribute {
                name: name.into_owned(),
                values: Vec::new(),
            });
        }
    }

    fn value(&mut self, tag: u8, bytes: &[u8]) {
        let attribute = self
            .groups
            .last_mut()
            .and_then(|group| group.attributes.last_mut());
        if let Some(attribute) = attribute
            && attribute.values.len() < MAX_VALUES
        {
            attribute.values.extend(Value::read(tag, bytes));
        }
    }
}

impl Value {
    /// Reads a value; none where it is of no kind that is asked for, or not as long as its kind.
    fn read(tag: u8, bytes: &[u8]) -> Option<Self> {
        let mut rest = Cursor { bytes };
        let mut number = || rest.array().map(|number| i32::from_be_bytes(*number)).ok();
        let value = match (tag, bytes.len()) {
            (0x21 | 0x23, 4) => Self::Number(number()?),
            (0x22, 1) => Self::Flag(bytes != [0]),
            (0x33, 8) => {
                number()?;
                Self::UpTo(number()?)
            }
            (0x32, 9) => Self::Resolution {
                cross_feed: number()?,
                feed: number()?,
                units: *bytes.last()?,
            },
            (0x35 | 0x36, _) => {
                rest.counted().ok()?;
                Self::text(rest.counted().ok()?)
            }
            (0x41 | 0x42 | 0x44..=0x49, 1..) => Self::text(bytes),
            _ => return None,
        };
        Some(value)
    }

    /// Older printers write Latin-1 where UTF-8 was agreed on: better a wrong letter than no model
    /// name.
    fn text(bytes: &[u8]) -> Self {
        Self::Text(String::from_utf8_lossy(bytes).into_owned())
    }
}

/// What is left of the bytes.
struct Cursor<'a> {
    bytes: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], BadMessage> {
        let (first, rest) = self
            .bytes
            .split_first_chunk::<N>()
            .ok_or(BadMessage::Truncated)?;
        self.bytes = rest;
        Ok(first)
    }

    /// A two-byte length and as many bytes.
    fn counted(&mut self) -> Result<&'a [u8], BadMessage> {
        let length = usize::from(u16::from_be_bytes(*self.array()?));
        let (value, rest) = self
            .bytes
            .split_at_checked(length)
            .ok_or(BadMessage::Truncated)?;
        self.bytes = rest;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::collection::vec;
    use proptest::prelude::{Just, Strategy, any, prop_assert, prop_oneof, proptest};

    use super::{BadMessage, MAX_DEPTH, MAX_GROUPS, MAX_VALUES, Message, Value};

    const HEADER: [u8; 8] = [2, 0, 0, 0, 0, 0, 0, 1];

    fn element(tag: u8, name: &[u8], value: &[u8]) -> Vec<u8> {
        let mut bytes = vec![tag];
        for part in [name, value] {
            bytes.extend(u16::try_from(part.len()).unwrap().to_be_bytes());
            bytes.extend(part);
        }
        bytes
    }

    fn answer(section: &[Vec<u8>]) -> Vec<u8> {
        [&HEADER[..], &[4], &section.concat(), &[3]].concat()
    }

    fn wanted(name: &str) -> bool {
        matches!(name, "sides-supported" | "printer-state")
    }

    fn read(section: &[Vec<u8>]) -> Result<Message, BadMessage> {
        Message::read(&answer(section), wanted)
    }

    fn number(tag: u8, name: &[u8], number: i32) -> Vec<u8> {
        element(tag, name, &number.to_be_bytes())
    }

    /// Two attributes that must survive whatever stands between them.
    fn around(bad: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let before = [
            element(0x44, b"sides-supported", b"one-sided"),
            element(0x44, b"", b"two-sided-long-edge"),
        ];
        let after = [number(0x23, b"printer-state", 5)];
        [&before[..], bad, &after].concat()
    }

    #[test]
    fn one_bad_attribute_loses_no_other() {
        let kinds: [(&str, Vec<Vec<u8>>); 8] = [
            (
                "named members",
                vec![
                    element(0x34, b"media-col-default", b""),
                    element(0x34, b"media-size", b""),
                    number(0x21, b"x-dimension", 21_000),
                    element(0x37, b"", b""),
                    element(0x37, b"", b""),
                ],
            ),
            (
                "a member outside of a collection",
                vec![
                    element(0x4a, b"", b"x-dimension"),
                    number(0x21, b"", 21_000),
                ],
            ),
            (
                "a collection among keywords",
                vec![
                    element(0x34, b"", b""),
                    element(0x4a, b"", b"media-type"),
                    element(0x44, b"", b"stationery"),
                    element(0x37, b"", b""),
                ],
            ),
            (
                "empty values",
                vec![
                    element(0x21, b"copies-default", b""),
                    element(0x22, b"color-supported", b""),
                    element(0x36, b"printer-name", b""),
                    element(0x44, b"", b""),
                ],
            ),
            (
                "a collection that never ends",
                vec![
                    element(0x34, b"media-col-ready", b""),
                    element(0x4a, b"", b"media-size"),
                    element(0x34, b"", b""),
                ],
            ),
            (
                "a collection that never began",
                vec![element(0x37, b"", b"")],
            ),
            (
                "text whose inner lengths lie",
                vec![element(0x35, b"printer-info", b"\xff\xff")],
            ),
            (
                "tags that nobody knows",
                vec![
                    element(0x7f, b"vendor", b"\0\0\0\x01x"),
                    element(0xc0, b"vendor-2", b"y"),
                    element(0x13, b"vendor-3", b""),
                ],
            ),
        ];
        for (kind, bad) in kinds {
            let message = read(&around(&bad)).unwrap();
            let group = &message.groups[0];
            let keyword = |text: &str| Value::Text(text.to_owned());
            let sides = group.values("sides-supported");
            assert_eq!(
                sides.iter().take(2).cloned().collect::<Vec<_>>(),
                [keyword("one-sided"), keyword("two-sided-long-edge")],
                "{kind}"
            );
            assert_eq!(
                group.values("printer-state"),
                [Value::Number(5)],
                "{kind}: the state"
            );
            assert_eq!(group.names().count(), 2, "{kind}");
        }
    }

    #[test]
    fn what_protects_is_strict() {
        let nested = |depth: usize| -> Vec<Vec<u8>> {
            (0..depth)
                .map(|level| element(0x34, if level == 0 { b"media-col" } else { b"" }, b""))
                .collect()
        };
        read(&nested(MAX_DEPTH)).unwrap();
        assert_eq!(
            read(&nested(MAX_DEPTH + 1)).unwrap_err(),
            BadMessage::TooDeep
        );
        assert_eq!(
            Message::read(&[&HEADER[..], &[4; MAX_GROUPS + 1], &[3]].concat(), wanted).unwrap_err(),
            BadMessage::TooManyGroups
        );
        for cut in [&[][..], &[2], &HEADER] {
            assert_eq!(
                Message::read(cut, wanted).unwrap_err(),
                BadMessage::Truncated
            );
        }
        let many = [
            vec![element(0x44, b"sides-supported", b"x")],
            vec![element(0x44, b"", b"x"); 4 * MAX_VALUES],
        ];
        let message = read(&many.concat()).unwrap();
        assert_eq!(
            message.groups[0].values("sides-supported").len(),
            MAX_VALUES
        );
    }

    #[test]
    fn a_lot_that_nobody_asked_for_is_stepped_over() {
        let noise = vec![element(0x41, b"vendor", &[b'x'; 900]); 450];
        let message = read(&around(&noise)).unwrap();
        assert_eq!(message.groups[0].names().count(), 2);
    }

    /// Sections made of what a printer might write, in any order, with any tag.
    fn plausible() -> impl Strategy<Value = Vec<u8>> {
        let tag = prop_oneof![
            Just(0x34u8),
            Just(0x37),
            Just(0x4a),
            Just(0x35),
            any::<u8>()
        ];
        let name = prop_oneof![
            Just(vec![]),
            Just(b"a".to_vec()),
            Just(b"printer-state".to_vec())
        ];
        let element = prop_oneof![
            8 => (tag, name, vec(any::<u8>(), 0..12)).prop_map(|(t, n, v)| element(t, &n, &v)),
            1 => (0u8..=0x0f).prop_map(|delimiter| vec![delimiter]),
        ];
        vec(element, 0..60).prop_map(|elements| answer(&elements))
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..600)) {
            let _ = Message::read(&bytes, |_| true);
            let _ = Message::read(&[&HEADER[..], &bytes].concat(), |_| true);
        }

        #[test]
        fn what_is_kept_is_bounded_by_what_came(bytes in plausible()) {
            if let Ok(message) = Message::read(&bytes, |_| true) {
                let values: usize = message
                    .groups
                    .iter()
                    .flat_map(|group| &group.attributes)
                    .map(|attribute| attribute.values.len())
                    .sum();
                prop_assert!(values * 5 <= bytes.len());
            }
        }

        #[test]
        fn every_cut_of_a_good_answer_is_refused(cut in any::<proptest::sample::Index>()) {
            let whole = answer(&around(&[]));
            prop_assert!(Message::read(&whole[..cut.index(whole.len())], wanted).is_err());
        }
    }
}
