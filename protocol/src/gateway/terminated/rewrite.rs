//! An IPP message on its way through the gateway: URIs of the place are replaced, and who asks is told or taken out.
//!
//! A message is read in whatever pieces it comes, and written at once: what is held back is one attribute's name and one
//! URI, and the document passes as it is. Attributes are told apart by their syntax (RFC 8010 section 3.5.2), not by a list
//! of names: every value of the syntax `uri` that leads to the place is replaced, also within collections.
//!
//! Not here: whether a message makes sense. The printer judges that.

use core::ops::RangeInclusive;

use super::client::{ADDRESS, Client, PORT, SOCKET, Said};
use super::uris::{URI, Uris};
use crate::limits;

/// Version, operation or status, and request id (RFC 8010 section 3.1.1).
const HEADER: usize = 8;
/// Delimiters of groups (RFC 8010 section 3.5.1).
const DELIMITERS: RangeInclusive<u8> = 0x01..=0x0f;
const OPERATION: u8 = 0x01;
const JOB: u8 = 0x02;
const END: u8 = 0x03;
/// The group of its own in which who asks may be told: the last of the delimiters that RFC 8010 keeps for later. A
/// receiver that does not know it passes the group over.
pub const GROUP: u8 = 0x0f;
/// Syntaxes of values.
const VALUES: RangeInclusive<u8> = 0x10..=0x7f;
const INTEGER: u8 = 0x21;
const TEXT: u8 = 0x41;
const SYNTAX_URI: u8 = 0x45;
/// The longest name of an attribute (RFC 8011 section 5.1.4).
const NAME: usize = 255;
/// The longest value that says something of who asks.
const TOLD: usize = 64;
/// Operations that make jobs: Print-Job, Print-URI, Create-Job.
const MAKING: [u16; 3] = [0x0002, 0x0003, 0x0005];
/// Operations that are answered with attributes of jobs: Get-Job-Attributes, Get-Jobs.
const TELLING: [u16; 2] = [0x0009, 0x000a];

/// Where a request that makes a job tells who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Among the job attributes.
    Attributes,
    /// In a group of its own, [`GROUP`].
    Group,
}

/// Why a message does not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RewriteError {
    /// Neither a delimiter nor a value begins so.
    #[error("it holds the unknown tag 0x{0:02x}")]
    Tag(u8),
    /// No attribute has such a name.
    #[error("it holds a name that is too long")]
    Name,
    /// More than [`limits::TERMINATED_ATTRIBUTES`].
    #[error("its attributes are too large")]
    TooLarge,
}

/// What becomes of URIs.
#[derive(Clone, Debug)]
enum Replace {
    Inward(Uris),
    Outward(Uris),
    Nothing,
}

/// What becomes of what is said of who asks.
#[derive(Clone, Copy, Debug)]
enum Tell {
    /// What there is stays.
    Leave,
    /// It is taken out.
    Take,
    /// It is taken out, and this is told in its place.
    Put(Client, Place),
}

/// Where a message is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// In the header.
    Header,
    /// At the beginning of a group or value, of which something is held.
    Element,
    /// In a value that is not held: so many bytes are left, which are written or not.
    Value { left: usize, write: bool },
    /// After the attributes.
    Document,
}

/// A message on its way.
#[derive(Clone, Debug)]
pub struct Rewriter {
    replace: Replace,
    tell: Tell,
    at: At,
    /// What has come of what is being read.
    held: Vec<u8>,
    header: [u8; HEADER],
    /// Bytes of attributes that have come.
    read: usize,
    /// The group that is being read.
    group: u8,
    /// Whether the attribute that is being read is taken out,
    taking: bool,
    /// and its name.
    name: Vec<u8>,
    /// Whether it was told who asks.
    told: bool,
    said: Said,
}

impl Rewriter {
    fn new(replace: Replace, tell: Tell) -> Self {
        Self {
            replace,
            tell,
            at: At::Header,
            held: Vec::new(),
            header: [0; HEADER],
            read: 0,
            group: 0,
            taking: false,
            name: Vec::new(),
            told: false,
            said: Said::default(),
        }
    }

    /// A request on its way to the place. What it says of who asks is taken out; if it makes a job, this is told in
    /// its place.
    #[must_use]
    pub fn request(uris: Uris, tell: Option<(Client, Place)>) -> Self {
        let tell = tell.map_or(Tell::Take, |(client, place)| Tell::Put(client, place));
        Self::new(Replace::Inward(uris), tell)
    }

    /// The answer to a request of this operation, on its way from the place. What it says of who asked is taken out,
    /// unless attributes of jobs were asked for.
    #[must_use]
    pub fn answer(uris: Uris, operation: u16) -> Self {
        let tell = match TELLING.contains(&operation) {
            true => Tell::Leave,
            false => Tell::Take,
        };
        Self::new(Replace::Outward(uris), tell)
    }

    /// A request that has arrived, from which what is said of who asks is taken out.
    #[must_use]
    pub fn arrived() -> Self {
        Self::new(Replace::Nothing, Tell::Take)
    }

    /// Reads what comes next, and writes what is to be passed on.
    ///
    /// # Errors
    /// [`RewriteError`]. Nothing of the message is to be passed on any more then.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), RewriteError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.at {
                At::Document => {
                    out.extend_from_slice(rest);
                    return Ok(());
                }
                At::Value { left, write } => {
                    let passed = take(&mut rest, left);
                    self.count(passed.len())?;
                    if write {
                        out.extend_from_slice(passed);
                    }
                    self.at = match left - passed.len() {
                        0 => At::Element,
                        left => At::Value { left, write },
                    };
                }
                At::Header => {
                    let missing = HEADER - self.held.len();
                    self.held.extend_from_slice(take(&mut rest, missing));
                    if let Ok(header) = <[u8; HEADER]>::try_from(self.held.as_slice()) {
                        self.header = header;
                        out.append(&mut self.held);
                        self.at = At::Element;
                    }
                }
                At::Element => {
                    let missing = self.missing();
                    let came = take(&mut rest, missing);
                    self.count(came.len())?;
                    self.held.extend_from_slice(came);
                    if came.len() == missing {
                        self.element(out)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The message has ended, perhaps too early: what is held is passed on as it is.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.held);
        self.at = At::Document;
    }

    /// Whether what comes from now on passes as it is.
    #[must_use]
    pub fn is_past_attributes(&self) -> bool {
        self.at == At::Document
    }

    /// What it is: the operation of a request, the status of an answer. None until its header has come.
    #[must_use]
    pub fn code(&self) -> Option<u16> {
        let [_, _, high, low, ..] = self.header;
        (self.at != At::Header).then(|| u16::from_be_bytes([high, low]))
    }

    /// Its version and its number, as far as they have come.
    #[must_use]
    pub fn version_and_id(&self) -> ([u8; 2], [u8; 4]) {
        let [major, minor, _, _, a, b, c, d] = self.header;
        ([major, minor], [a, b, c, d])
    }

    /// Who asks, if that was said and taken out.
    #[must_use]
    pub fn client(&self) -> Option<Client> {
        self.said.client()
    }

    fn count(&mut self, bytes: usize) -> Result<(), RewriteError> {
        self.read = self.read.saturating_add(bytes);
        match self.read > limits::TERMINATED_ATTRIBUTES {
            true => Err(RewriteError::TooLarge),
            false => Ok(()),
        }
    }

    /// How many bytes have to come before more can be said of what is held.
    fn missing(&self) -> usize {
        let known = match self.lengths() {
            (None, _) => match self.held.is_empty() {
                true => 1,
                false => 3,
            },
            (Some(name), None) => 5 + name,
            (Some(name), Some(value)) => 5 + name + value,
        };
        known - self.held.len()
    }

    /// The lengths of the name and of the value that are held, as far as they have come.
    fn lengths(&self) -> (Option<usize>, Option<usize>) {
        let length = |at: usize| {
            let bytes = self.held.get(at..at + 2)?;
            let bytes = <[u8; 2]>::try_from(bytes).ok()?;
            Some(usize::from(u16::from_be_bytes(bytes)))
        };
        let name = length(1);
        (name, name.and_then(|name| length(3 + name)))
    }

    /// As much has come of what is held as was missing: it is decided, or more of it has to come.
    fn element(&mut self, out: &mut Vec<u8>) -> Result<(), RewriteError> {
        let tag = self.held.first().copied().unwrap_or_default();
        if DELIMITERS.contains(&tag) {
            self.held.clear();
            self.delimiter(tag, out);
            return Ok(());
        }
        if !VALUES.contains(&tag) {
            return Err(RewriteError::Tag(tag));
        }
        let (name, value) = match self.lengths() {
            (Some(name), _) if name > NAME => return Err(RewriteError::Name),
            (Some(name), Some(value)) => (name, value),
            _ => return Ok(()),
        };
        let begun = 5 + name;
        if self.held.len() == begun {
            if name > 0 {
                self.name = self.held[3..3 + name].to_vec();
                self.taking = Said::is_about(&self.name);
            }
            let is_held = match self.is_taken() {
                true => value <= TOLD,
                false => tag == SYNTAX_URI && value <= URI,
            };
            if value > 0 && is_held {
                return Ok(());
            }
            let write = !self.is_taken();
            match write {
                true => out.append(&mut self.held),
                false => self.held.clear(),
            }
            if value > 0 {
                self.at = At::Value { left: value, write };
            }
            return Ok(());
        }
        let held = core::mem::take(&mut self.held);
        let value = &held[begun..];
        match self.is_taken() {
            true => self.said.take(&self.name, value),
            false => match self.replaced(value) {
                Some(uri) => {
                    out.extend_from_slice(&held[..3 + name]);
                    counted(&uri, out);
                }
                None => out.extend_from_slice(&held),
            },
        }
        Ok(())
    }

    /// Whether the attribute that is being read is not passed on.
    fn is_taken(&self) -> bool {
        let takes = !matches!(self.tell, Tell::Leave);
        takes && (self.taking || self.group == GROUP)
    }

    fn replaced(&self, value: &[u8]) -> Option<Vec<u8>> {
        let uri = core::str::from_utf8(value).ok()?;
        let other = match &self.replace {
            Replace::Inward(uris) => uris.inward(uri)?,
            Replace::Outward(uris) => uris.outward(uri)?,
            Replace::Nothing => return None,
        };
        Some(other.into_bytes())
    }

    /// A group begins, or the attributes have ended.
    fn delimiter(&mut self, tag: u8, out: &mut Vec<u8>) {
        if let Tell::Put(client, place) = self.tell
            && !self.told
            && self.code().is_some_and(|code| MAKING.contains(&code))
        {
            // Job attributes follow those of the operation.
            let is_here = match place {
                Place::Attributes => self.group == JOB || self.group == OPERATION && tag != JOB,
                Place::Group => tag == END,
            };
            if is_here {
                self.told = true;
                match place {
                    Place::Attributes if self.group == JOB => {}
                    Place::Attributes => out.push(JOB),
                    Place::Group => out.push(GROUP),
                }
                put(&client, out);
            }
        }
        (self.group, self.taking) = (tag, false);
        if tag != GROUP || !self.is_taken() {
            out.push(tag);
        }
        if tag == END {
            self.at = At::Document;
        }
    }
}

/// Takes at most so many bytes.
fn take<'a>(rest: &mut &'a [u8], most: usize) -> &'a [u8] {
    let (taken, left) = rest.split_at(most.min(rest.len()));
    *rest = left;
    taken
}

/// Writes who asks.
fn put(client: &Client, out: &mut Vec<u8>) {
    let address = client.address.to_string();
    let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX).to_be_bytes();
    attribute(TEXT, ADDRESS, address.as_bytes(), out);
    attribute(INTEGER, PORT, &number(client.port.into()), out);
    attribute(INTEGER, SOCKET, &number(client.socket), out);
}

fn attribute(tag: u8, name: &str, value: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    counted(name.as_bytes(), out);
    counted(value, out);
}

/// Writes a length and as many bytes. All that is written here is shorter than [`URI`].
fn counted(bytes: &[u8], out: &mut Vec<u8>) {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&bytes[..usize::from(length)]);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn uris() -> Uris {
        let alias = "expp1@abc.com".parse().unwrap();
        let place = "desk.acme.gw.example".parse().unwrap();
        Uris::new("gw.example", "expp1%abc.com", alias, place).unwrap()
    }

    fn value(tag: u8, name: &str, value: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        attribute(tag, name, value, &mut out);
        out
    }

    fn message(code: u16, elements: &[Vec<u8>], document: &[u8]) -> Vec<u8> {
        let [high, low] = code.to_be_bytes();
        [
            &[2, 0, high, low, 0, 0, 0, 7][..],
            &elements.concat(),
            &[END],
            document,
        ]
        .concat()
    }

    fn through(mut rewriter: Rewriter, bytes: &[u8]) -> (Vec<u8>, Option<Client>) {
        let whole = rewriter.clone();
        let mut out = Vec::new();
        rewriter.push(bytes, &mut out).unwrap();
        rewriter.finish(&mut out);
        // However it is cut it is the same.
        for size in [1, 2, 3, 7, 64] {
            let (mut again, mut pieces) = (whole.clone(), Vec::new());
            for piece in bytes.chunks(size) {
                again.push(piece, &mut pieces).unwrap();
            }
            again.finish(&mut pieces);
            assert_eq!(pieces, out, "{size}");
        }
        (out, rewriter.client())
    }

    const OUTSIDE: &[u8] = b"ipps://gw.example/expp1%abc.com";
    const INSIDE: &[u8] = b"ipps://desk.acme.gw.example/ipp/print";

    fn operation(uri: &[u8]) -> Vec<u8> {
        [
            vec![OPERATION],
            value(0x47, "attributes-charset", b"utf-8"),
            value(0x48, "attributes-natural-language", b"en"),
            value(SYNTAX_URI, "printer-uri", uri),
        ]
        .concat()
    }

    fn client() -> Client {
        Client::new("198.51.100.7:50123".parse().unwrap(), 8812)
    }

    fn tags() -> Vec<u8> {
        let mut out = Vec::new();
        put(&client(), &mut out);
        out
    }

    #[test]
    fn every_uri_of_the_place_is_replaced_and_the_document_is_not() {
        let asked = message(2, &[operation(OUTSIDE)], OUTSIDE);
        let inside = message(2, &[operation(INSIDE)], OUTSIDE);
        assert_eq!(through(Rewriter::request(uris(), None), &asked).0, inside);
        let job = |base: &str| {
            [
                vec![JOB],
                value(
                    SYNTAX_URI,
                    "job-uri",
                    format!("{base}/ipp/job/7").as_bytes(),
                ),
                value(SYNTAX_URI, "", format!("{base}/ipp/job/8").as_bytes()),
                value(TEXT, "job-state-message", INSIDE),
                value(0x34, "printer-xri-supported", b""),
                value(0x4a, "", b"xri-uri"),
                value(SYNTAX_URI, "", format!("{base}/a").as_bytes()),
                value(0x37, "", b""),
                value(SYNTAX_URI, "printer-uuid", b"urn:uuid:1"),
                value(SYNTAX_URI, "long", &[b'a'; 2000]),
                value(SYNTAX_URI, "odd", b"\xff\xfe"),
                value(SYNTAX_URI, "none", b""),
            ]
            .concat()
        };
        let told = message(0, &[job("ipps://desk.acme.gw.example")], b"");
        let outside = message(0, &[job("ipps://gw.example/expp1%abc.com")], b"");
        assert_eq!(through(Rewriter::answer(uris(), 2), &told).0, outside);
    }

    #[test]
    fn who_asks_is_told_where_a_job_is_made() {
        let job = || [vec![JOB], value(INTEGER, "copies", &[0, 0, 0, 1])].concat();
        let own = || [vec![GROUP], tags()].concat();
        let put = |place| Rewriter::request(uris(), Some((client(), place)));
        for (asked, place, passed) in [
            (
                vec![operation(OUTSIDE), job()],
                Place::Attributes,
                vec![operation(INSIDE), job(), tags()],
            ),
            (
                vec![operation(OUTSIDE)],
                Place::Attributes,
                vec![operation(INSIDE), vec![JOB], tags()],
            ),
            (
                vec![operation(OUTSIDE), vec![6], job()],
                Place::Attributes,
                vec![operation(INSIDE), vec![JOB], tags(), vec![6], job()],
            ),
            (
                vec![operation(OUTSIDE), job(), vec![6]],
                Place::Group,
                vec![operation(INSIDE), job(), vec![6], own()],
            ),
            // What the program says itself is nothing.
            (
                vec![
                    operation(OUTSIDE),
                    job(),
                    value(TEXT, SOCKET, b"1"),
                    value(TEXT, "", b"2"),
                    own(),
                    job(),
                ],
                Place::Group,
                vec![operation(INSIDE), job(), job(), own()],
            ),
        ] {
            let asked = message(5, &asked, b"%PDF");
            let passed = message(5, &passed, b"%PDF");
            assert_eq!(through(put(place), &asked).0, passed);
            // The door takes it out again.
            let (bare, said) = through(Rewriter::arrived(), &passed);
            assert_eq!(said, Some(client()));
            let told = bare.windows(4).any(|four| four == b"job-");
            assert!(!told);
        }
        // Other requests make no job.
        let asked = message(0x0b, &[operation(OUTSIDE)], b"");
        let passed = message(0x0b, &[operation(INSIDE)], b"");
        assert_eq!(through(put(Place::Attributes), &asked).0, passed);
    }

    #[test]
    fn answers_tell_who_asked_only_with_the_attributes_of_a_job() {
        let told = message(0, &[vec![JOB], tags(), vec![GROUP], tags()], b"");
        let (passed, _) = through(Rewriter::answer(uris(), 9), &told);
        assert_eq!(passed, told);
        let (passed, _) = through(Rewriter::answer(uris(), 2), &told);
        assert_eq!(passed, message(0, &[vec![JOB]], b""));
    }

    #[test]
    fn what_is_no_message_does_not_pass() {
        let refused = |section: &[u8]| {
            let mut rewriter = Rewriter::request(uris(), None);
            let bytes = message(2, &[section.to_vec()], b"");
            rewriter.push(&bytes, &mut Vec::new()).unwrap_err()
        };
        assert_eq!(refused(&[0]), RewriteError::Tag(0));
        assert_eq!(refused(&[OPERATION, 0x80]), RewriteError::Tag(0x80));
        assert_eq!(refused(&[OPERATION, 0x45, 1, 0]), RewriteError::Name);
        let long = value(0x30, "a", &[0; 0xffff]);
        let mut rewriter = Rewriter::arrived();
        let mut out = Vec::new();
        rewriter
            .push(&message(2, &[vec![OPERATION]], b"")[..9], &mut out)
            .unwrap();
        let pushed = (0..100).try_for_each(|_| rewriter.push(&long, &mut out));
        assert_eq!(pushed, Err(RewriteError::TooLarge));
        // What is cut short passes as it came: the printer says so.
        let half = &message(2, &[operation(OUTSIDE)], b"")[..70];
        assert_eq!(through(Rewriter::request(uris(), None), half).0, half);
    }
}
