//! A look over an IPP message's bytes before the `ipp` crate parses them.
//!
//! This crate knows bytes and nothing else.
//!
//! Lives here: the limits on what a peer may send, device or program (RFC 8010 section 3 is the
//! encoding). Not here: meaning.
//!
//! Why not leave it to the parser: it keeps one stack frame per level when nested collections are
//! dropped, so that some thousands of levels (80 KB) abort the process, and it slices
//! text-with-language by a length that it does not check, so that four bytes panic. A message that
//! passes here does neither: the property tests say so.
#![forbid(unsafe_code)]

/// Deepest nesting of collections. The deepest registered attribute, `media-col-database`, has two
/// levels.
pub const MAX_DEPTH: usize = 8;

/// Largest attribute section, in bytes. Replies asked for by name are below 16 KiB, and requests
/// of dialogs are smaller still.
pub(crate) const MAX_ATTRIBUTE_BYTES: usize = 64 * 1024;

/// Most values in one message, where the members of collections are counted as well. A `media-col-database` of
/// 500 entries has some 12,000.
pub const MAX_VALUES: usize = 16 * 1024;

/// Most attribute groups in one message: Get-Jobs sends one for each job.
pub const MAX_GROUPS: usize = 512;

/// Version, operation or status, and request id (RFC 8010 section 3.1.1).
pub const HEADER_BYTES: usize = 8;

/// Delimiters and values have all of these tags, some of which mean something (RFC 8010 sections
/// 3.5.1 and 3.5.2). What the others mean may come one day; what they look like is known.
const FIRST_DELIMITER: u8 = 0x01;
/// See [`FIRST_DELIMITER`].
const LAST_DELIMITER: u8 = 0x0f;
/// See [`FIRST_DELIMITER`].
const FIRST_VALUE: u8 = 0x10;
/// See [`FIRST_DELIMITER`].
const EXTENSION: u8 = 0x7f;
const END_OF_ATTRIBUTES: u8 = 0x03;
const BEGIN_COLLECTION: u8 = 0x34;
const END_COLLECTION: u8 = 0x37;
const MEMBER_NAME: u8 = 0x4a;
const TEXT_WITH_LANGUAGE: u8 = 0x35;
const NAME_WITH_LANGUAGE: u8 = 0x36;

/// Why a message is not parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GuardError {
    /// The bytes end before the attributes do.
    #[error("it is cut short")]
    Truncated,
    /// More bytes than there is room for.
    #[error("its attributes are too large")]
    TooLarge,
    /// More values than there may be.
    #[error("it has too many attribute values")]
    TooManyValues,
    /// More than [`MAX_GROUPS`].
    #[error("it has more than {MAX_GROUPS} attribute groups")]
    TooManyGroups,
    /// More than [`MAX_DEPTH`].
    #[error("its collections are nested more than {MAX_DEPTH} deep")]
    TooDeep,
    /// A collection that ends before it begins, or is still open where a group ends.
    #[error("its collections are not balanced")]
    Unbalanced,
    /// A tag that the encoding does not have.
    #[error("it holds the unknown tag 0x{0:02x}")]
    Tag(u8),
    /// A value that belongs to no attribute, or whose inner lengths lie.
    #[error("it holds a malformed value")]
    Value,
}

/// Checks a whole message: header, attribute section, end tag. What follows the end tag is not
/// looked at.
pub fn inspect(message: &[u8]) -> Result<(), GuardError> {
    match Guard::default().advance(message)? {
        Some(_) => Ok(()),
        None => Err(GuardError::Truncated),
    }
}

/// Checks a message while it arrives. Each byte is looked at once, in however small pieces it
/// comes.
#[derive(Debug)]
pub struct Guard {
    /// Bytes that the attribute section may have.
    room: usize,
    /// Values that may still come.
    values: usize,
    /// Bytes of the attribute section that are known to be good.
    passed: usize,
    depth: usize,
    groups: usize,
    /// Whether an attribute of this group has a name already.
    named: bool,
}

impl Default for Guard {
    fn default() -> Self {
        Self::with_room(MAX_ATTRIBUTE_BYTES, MAX_VALUES)
    }
}

impl Guard {
    /// One that lets so many bytes of attributes pass, and so many values: what somebody is known to need.
    #[must_use]
    pub const fn with_room(room: usize, values: usize) -> Self {
        Self {
            room,
            values,
            passed: 0,
            depth: 0,
            groups: 0,
            named: false,
        }
    }

    /// Looks at what has arrived, which is what had arrived before and more. Gives the length of
    /// header and attributes once their end is there.
    pub fn advance(&mut self, arrived: &[u8]) -> Result<Option<usize>, GuardError> {
        let Some(section) = arrived.get(HEADER_BYTES..) else {
            return Ok(None);
        };
        loop {
            if self.passed > self.room {
                return Err(GuardError::TooLarge);
            }
            let bytes = section.get(self.passed..).unwrap_or_default();
            let mut rest = Cursor { bytes };
            match self.element(&mut rest) {
                Ok(ended) => {
                    self.passed += bytes.len() - rest.bytes.len();
                    if ended {
                        return Ok(Some(HEADER_BYTES + self.passed));
                    }
                }
                Err(GuardError::Truncated) if section.len() > self.room => {
                    return Err(GuardError::TooLarge);
                }
                Err(GuardError::Truncated) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }

    /// Checks one tag and what belongs to it; says whether it was the end.
    fn element(&mut self, rest: &mut Cursor<'_>) -> Result<bool, GuardError> {
        let tag = rest.byte()?;
        match tag {
            END_OF_ATTRIBUTES if self.depth == 0 => return Ok(true),
            FIRST_DELIMITER..=LAST_DELIMITER if self.depth > 0 => {
                return Err(GuardError::Unbalanced);
            }
            FIRST_DELIMITER..=LAST_DELIMITER => {
                self.groups += 1;
                self.named = false;
                if self.groups > MAX_GROUPS {
                    return Err(GuardError::TooManyGroups);
                }
            }
            FIRST_VALUE..=EXTENSION => {
                let name = rest.counted()?;
                let value = rest.counted()?;
                if self.groups == 0 {
                    return Err(GuardError::Value);
                }
                let left = self.values.checked_sub(1);
                self.values = left.ok_or(GuardError::TooManyValues)?;
                self.depth = nested(tag, name, value, self.depth, self.named)?;
                self.named = true;
            }
            _ => return Err(GuardError::Tag(tag)),
        }
        Ok(false)
    }
}

/// Checks one value and gives the depth after it.
fn nested(
    tag: u8,
    name: &[u8],
    value: &[u8],
    depth: usize,
    named: bool,
) -> Result<usize, GuardError> {
    // Within a collection names stand in values of their own (RFC 8010 section 3.1.6); outside of
    // one, a value without a name is a further value of the attribute before it.
    let named_wrongly = if depth > 0 {
        !name.is_empty()
    } else {
        name.is_empty() && !named
    };
    if named_wrongly {
        return Err(GuardError::Value);
    }
    match tag {
        BEGIN_COLLECTION | END_COLLECTION if !value.is_empty() => Err(GuardError::Value),
        BEGIN_COLLECTION if depth == MAX_DEPTH => Err(GuardError::TooDeep),
        BEGIN_COLLECTION => Ok(depth + 1),
        END_COLLECTION => depth.checked_sub(1).ok_or(GuardError::Unbalanced),
        MEMBER_NAME if depth == 0 => Err(GuardError::Value),
        TEXT_WITH_LANGUAGE | NAME_WITH_LANGUAGE => {
            let mut inner = Cursor { bytes: value };
            inner
                .counted()
                .and_then(|_| inner.counted())
                .map_err(|_| GuardError::Value)?;
            Ok(depth)
        }
        _ => Ok(depth),
    }
}

/// What is left of the bytes.
struct Cursor<'a> {
    bytes: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn byte(&mut self) -> Result<u8, GuardError> {
        let (first, rest) = self.bytes.split_first().ok_or(GuardError::Truncated)?;
        self.bytes = rest;
        Ok(*first)
    }

    /// A two-byte length and as many bytes.
    fn counted(&mut self) -> Result<&'a [u8], GuardError> {
        let (length, rest) = self
            .bytes
            .split_first_chunk::<2>()
            .ok_or(GuardError::Truncated)?;
        let (value, rest) = rest
            .split_at_checked(usize::from(u16::from_be_bytes(*length)))
            .ok_or(GuardError::Truncated)?;
        self.bytes = rest;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io;

    use ipp::parser::IppParser;
    use ipp::reader::IppReader;
    use proptest::collection::vec;
    use proptest::prelude::{
        Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
    };

    use super::{Guard, GuardError, MAX_ATTRIBUTE_BYTES, MAX_DEPTH, MAX_VALUES, inspect};

    const HEADER: [u8; 8] = [2, 0, 0, 0, 0, 0, 0, 1];

    fn value(tag: u8, name: &[u8], value: &[u8]) -> Vec<u8> {
        let mut bytes = vec![tag];
        for part in [name, value] {
            bytes.extend(u16::try_from(part.len()).unwrap().to_be_bytes());
            bytes.extend(part);
        }
        bytes
    }

    fn reply(section: &[Vec<u8>]) -> Vec<u8> {
        [&HEADER[..], &[4], &section.concat(), &[3]].concat()
    }

    fn collections(depth: usize) -> Vec<u8> {
        let mut section = vec![value(0x34, b"media-col", b"")];
        for _ in 1..depth {
            section.push(value(0x4a, b"", b"media-size"));
            section.push(value(0x34, b"", b""));
        }
        section.push(value(0x4a, b"", b"x-dimension"));
        section.push(value(0x21, b"", &21000i32.to_be_bytes()));
        section.extend((0..depth).map(|_| value(0x37, b"", b"")));
        reply(&section)
    }

    #[test]
    fn what_printers_send_passes() {
        inspect(&[&HEADER[..], &[3]].concat()).unwrap();
        inspect(&collections(2)).unwrap();
        inspect(&reply(&[
            value(0x44, b"sides-supported", b"one-sided"),
            value(0x44, b"", b"two-sided-long-edge"),
            value(0x35, b"printer-info", b"\0\x02de\0\x04Flur"),
            value(0x12, b"printer-geo-location", b""),
            // Tags of a later time.
            value(0x7f, b"printer-mood", b"\x40\0\0\x01cheerful"),
            vec![0x0f],
            value(0x4b, b"printer-weather", b"fair"),
        ]))
        .unwrap();
    }

    #[test]
    fn the_depth_is_limited() {
        inspect(&collections(MAX_DEPTH)).unwrap();
        assert_eq!(
            inspect(&collections(MAX_DEPTH + 1)),
            Err(GuardError::TooDeep)
        );
        assert_eq!(inspect(&collections(10_000)), Err(GuardError::TooDeep));
    }

    #[test]
    fn the_size_is_limited() {
        let long = value(0x30, b"printer-supply", &vec![b'x'; 32_000]);
        inspect(&reply(&[long.clone(), long.clone()])).unwrap();
        assert_eq!(
            inspect(&reply(&[long.clone(), long.clone(), long])),
            Err(GuardError::TooLarge)
        );
        assert_eq!(
            inspect(&[&HEADER[..], &vec![4; MAX_ATTRIBUTE_BYTES]].concat()),
            Err(GuardError::TooManyGroups)
        );
    }

    #[test]
    fn values_are_counted_as_they_come() {
        let many = vec![value(0x21, b"copies", &[0, 0, 0, 1]); 3];
        let judged = |values| Guard::with_room(MAX_ATTRIBUTE_BYTES, values).advance(&reply(&many));
        assert!(judged(3).unwrap().is_some());
        assert_eq!(judged(2), Err(GuardError::TooManyValues));
        // Before their end is there, and in whatever pieces they come.
        let mut guard = Guard::with_room(MAX_ATTRIBUTE_BYTES, 1);
        let bytes = reply(&many);
        let judged = (1..bytes.len()).map(|end| guard.advance(&bytes[..end]));
        let refused = judged.into_iter().position(|judged| judged.is_err());
        assert!(refused.is_some_and(|end| end < bytes.len() - many[2].len()));
        // A message of default size has room for as many as its bytes can hold.
        const { assert!(MAX_ATTRIBUTE_BYTES / 5 < MAX_VALUES) };
    }

    #[test]
    fn lies_are_refused() {
        let refused = |section: &[Vec<u8>]| inspect(&reply(section)).unwrap_err();
        assert_eq!(
            refused(&[value(0x35, b"printer-info", b"\xff\xff")]),
            GuardError::Value
        );
        assert_eq!(
            refused(&[value(0x36, b"printer-name", b"")]),
            GuardError::Value
        );
        assert_eq!(refused(&[value(0x37, b"x", b"")]), GuardError::Unbalanced);
        assert_eq!(refused(&[value(0x34, b"x", b"")]), GuardError::Unbalanced);
        assert_eq!(refused(&[value(0x44, b"", b"orphan")]), GuardError::Value);
        assert_eq!(
            refused(&[value(0x34, b"x", b""), value(0x21, b"named", b"\0\0\0\0")]),
            GuardError::Value
        );
        assert_eq!(refused(&[value(0x80, b"x", b"")]), GuardError::Tag(0x80));
        assert_eq!(refused(&[vec![0]]), GuardError::Tag(0));
        assert_eq!(inspect(&HEADER), Err(GuardError::Truncated));
        assert_eq!(inspect(&[]), Err(GuardError::Truncated));
    }

    /// Sections made of what an encoder would write, in any order, with any tag.
    fn plausible() -> impl Strategy<Value = Vec<u8>> {
        let tag = prop_oneof![
            Just(0x34u8),
            Just(0x37),
            Just(0x4a),
            Just(0x35),
            Just(0x36),
            0x10u8..=0x7f
        ];
        let name = prop_oneof![Just(vec![]), Just(b"a".to_vec())];
        let element = prop_oneof![
            8 => (tag, name, prop_oneof![Just(vec![]), vec(any::<u8>(), 0..12)]).prop_map(|(t, n, v)| value(t, &n, &v)),
            1 => (1u8..=0x0a).prop_map(|delimiter| vec![delimiter]),
        ];
        vec(element, 0..40).prop_map(|elements| reply(&elements))
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..600)) {
            let _ = inspect(&bytes);
            let _ = inspect(&[&HEADER[..], &bytes].concat());
        }

        #[test]
        fn what_passes_cannot_make_the_parser_panic(bytes in plausible()) {
            if inspect(&bytes).is_ok() {
                let _ = IppParser::new(IppReader::new(io::Cursor::new(bytes))).parse();
            }
        }

        #[test]
        fn pieces_are_judged_as_the_whole_is(bytes in plausible(), cuts in vec(any::<proptest::sample::Index>(), 0..6)) {
            let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            ends.sort_unstable();
            ends.push(bytes.len());
            let mut guard = Guard::default();
            let mut judged = Ok(None);
            for end in ends {
                judged = guard.advance(&bytes[..end]);
                if judged != Ok(None) {
                    break;
                }
            }
            prop_assert_eq!(judged, Guard::default().advance(&bytes));
        }

        #[test]
        fn any_nesting_beyond_the_limit_is_refused(extra in 1usize..2000) {
            prop_assert_eq!(inspect(&collections(MAX_DEPTH + extra)), Err(GuardError::TooDeep));
        }

        #[test]
        fn every_cut_of_a_good_reply_is_refused(depth in 1usize..=MAX_DEPTH, cut in any::<proptest::sample::Index>()) {
            let whole = collections(depth);
            prop_assert!(inspect(&whole[..cut.index(whole.len())]).is_err());
        }
    }
}
