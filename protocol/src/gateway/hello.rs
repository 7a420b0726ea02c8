//! The first thing that a TLS client says, its ClientHello, read as far as routing needs: which host it asks for and
//! whether it speaks for the gateway itself. The bytes then go on to the node that ends TLS, as they came.
//!
//! Layers: records (RFC 8446 section 5.1) carry one message (section 4.1.2; RFC 5246 section 7.4.1.2), of any version
//! since TLS 1.0, whose extensions `server_name` (RFC 6066 section 3) and ALPN (RFC 7301 section 3.1) are looked
//! into. Whoever listens reads again with each segment that comes. So [`read`] keeps no state, copies nothing but the
//! name, and judges each field as soon as it is there: what can become no ClientHello is refused, not waited for.

use crate::gateway::name::{HostName, HostNameError, is_of_host_names};
use crate::limits;

/// The protocol (ALPN) of a pipe between a door and its gateway.
pub const PIPE: &[u8] = b"papermesh-pipe/1";
/// The protocol (ALPN) by which a certificate authority checks who has a name (RFC 8737 section 3).
pub const ACME: &[u8] = b"acme-tls/1";

/// A record's type, version and length.
const RECORD_HEADER: usize = 5;
const RECORD_HANDSHAKE: u8 = 22;
const RECORD_ALERT: u8 = 21;
/// All versions since SSL 3.0 begin with this.
const MAJOR_VERSION: u8 = 3;

/// The message's type and length.
const MESSAGE_HEADER: usize = 4;
const MESSAGE_CLIENT_HELLO: u8 = 1;
/// A message without a session id, with one cipher suite, one compression method and no extensions.
const MESSAGE_MIN: usize = 2 + RANDOM + 1 + (2 + 2) + (1 + 1);
const RANDOM: usize = 32;
const SESSION_ID_MAX: usize = 32;
/// The compression method that compresses nothing, which every client offers.
const NULL_COMPRESSION: u8 = 0;

const EXTENSION_SERVER_NAME: u16 = 0;
const EXTENSION_ALPN: u16 = 16;
/// The only kind of name that there is (RFC 6066 section 3).
const NAME_HOST: u8 = 0;

/// How far a ClientHello has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// What is there can become one. It always does within [`limits::CLIENT_HELLO`] bytes, or is refused.
    More,
    /// It is whole. What follows it is none of the reader's business.
    Done(ClientHello),
}

/// What a client says that matters for the way it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHello {
    /// The host it asks for, if it says.
    pub server_name: Option<HostName>,
    /// Which of our protocols it offers.
    pub offers: Offers,
}

/// Which protocols of ALPN a client offers, of those that matter to a gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offers {
    /// [`PIPE`].
    pub pipe: bool,
    /// [`ACME`].
    pub acme: bool,
}

/// Why bytes are no ClientHello that can be sent anywhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HelloError {
    /// It begins otherwise than TLS does.
    #[error("this is not TLS")]
    NotTls,
    /// A record without content.
    #[error("a TLS record is empty")]
    EmptyRecord,
    /// Another message comes first.
    #[error("the first TLS message is not a ClientHello")]
    OtherMessage,
    /// A record goes on after the message, though nothing may follow it before an answer (RFC 8446 section 5.1).
    #[error("the ClientHello does not end where its record does")]
    Unaligned,
    /// Longer than [`limits::CLIENT_HELLO`], with its records.
    #[error("the ClientHello is longer than {max} bytes", max = limits::CLIENT_HELLO)]
    TooLong,
    /// A field says what it may not say.
    #[error("the ClientHello is malformed ({0})")]
    Malformed(&'static str),
    /// An extension stands there twice.
    #[error("the ClientHello has extension {0} twice")]
    Repeated(u16),
    /// More extensions than [`limits::HELLO_EXTENSIONS`].
    #[error("the ClientHello has more than {max} extensions", max = limits::HELLO_EXTENSIONS)]
    TooManyExtensions,
    /// Not exactly one host is asked for.
    #[error("the ClientHello does not ask for one host")]
    NotOneName,
    /// What is asked for is no host name.
    #[error("the ClientHello asks for no host ({0})")]
    ServerName(#[from] HostNameError),
}

/// Why a connection ends before anybody encrypted anything (RFC 8446 section 6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alert {
    /// The client's bytes make no sense.
    DecodeError = 50,
    /// It is not the client's fault.
    InternalError = 80,
    /// Nobody of this name is here.
    UnrecognizedName = 112,
}

/// The record that tells a client, in plain text, that the connection ends.
#[must_use]
pub const fn alert(description: Alert) -> [u8; 7] {
    const FATAL: u8 = 2;
    let description = description as u8;
    [RECORD_ALERT, MAJOR_VERSION, 3, 0, 2, FATAL, description]
}

/// Reads a ClientHello from all that a client has sent so far.
///
/// # Errors
/// [`HelloError`], the same however much follows.
pub fn read(bytes: &[u8]) -> Result<Progress, HelloError> {
    let mut reader = Reader {
        bytes,
        at: 0,
        record_end: 0,
        message_at: 0,
        message_end: None,
    };
    match reader.client_hello() {
        Ok(hello) => Ok(Progress::Done(hello)),
        Err(Stop::More) => Ok(Progress::More),
        Err(Stop::Refused(error)) => Err(error),
    }
}

/// What ends a reading before its end.
enum Stop {
    /// The bytes do.
    More,
    /// A reason to refuse them does.
    Refused(HelloError),
}

impl From<HelloError> for Stop {
    fn from(error: HelloError) -> Self {
        Self::Refused(error)
    }
}

impl From<HostNameError> for Stop {
    fn from(error: HostNameError) -> Self {
        Self::Refused(error.into())
    }
}

/// Reads the message out of its records. An `end` is an offset within the message, where a field or what it stands
/// in ends.
struct Reader<'a> {
    /// All that came, records and all.
    bytes: &'a [u8],
    /// How much of it was read.
    at: usize,
    /// Where the record ends that is being read.
    record_end: usize,
    /// How much of the message was read.
    message_at: usize,
    /// Where the message ends, once its header says so.
    message_end: Option<usize>,
}

impl Reader<'_> {
    fn client_hello(&mut self) -> Result<ClientHello, Stop> {
        let end = self.message_header()?;
        // Each field leaves room for the shortest form of those after it.
        if self.u8(end)? != MAJOR_VERSION || self.u8(end)? == 0 {
            return Err(HelloError::Malformed("version").into());
        }
        self.skip_to(self.message_at + RANDOM)?;
        let length = usize::from(self.u8(end)?);
        if length > SESSION_ID_MAX {
            return Err(HelloError::Malformed("session id").into());
        }
        let session_id = self.field(length, end - 6)?;
        self.skip_to(session_id)?;
        let length = usize::from(self.u16(end)?);
        if length == 0 || length % 2 != 0 {
            return Err(HelloError::Malformed("cipher suites").into());
        }
        let cipher_suites = self.field(length, end - 2)?;
        self.skip_to(cipher_suites)?;
        self.compression(end)?;
        self.extensions(end)
    }

    /// The type and length of the message; gives its end.
    fn message_header(&mut self) -> Result<usize, Stop> {
        if self.u8(MESSAGE_HEADER)? != MESSAGE_CLIENT_HELLO {
            return Err(HelloError::OtherMessage.into());
        }
        let high = usize::from(self.u8(MESSAGE_HEADER)?);
        let length = high << 16 | usize::from(self.u16(MESSAGE_HEADER)?);
        if length < MESSAGE_MIN {
            return Err(HelloError::Malformed("length").into());
        }
        let end = MESSAGE_HEADER + length;
        self.message_end = Some(end);
        self.check_record()?;
        Ok(end)
    }

    fn compression(&mut self, end: usize) -> Result<(), Stop> {
        let length = usize::from(self.u8(end)?);
        let methods = self.field(length, end)?;
        let mut null = false;
        while self.message_at < methods {
            null |= self.u8(methods)? == NULL_COMPRESSION;
        }
        if null {
            Ok(())
        } else {
            Err(HelloError::Malformed("compression methods").into())
        }
    }

    /// The extensions, which a client of TLS 1.2 or earlier may leave out.
    fn extensions(&mut self, end: usize) -> Result<ClientHello, Stop> {
        let mut hello = ClientHello {
            server_name: None,
            offers: Offers::default(),
        };
        if self.message_at == end {
            return Ok(hello);
        }
        if usize::from(self.u16(end)?) != end - self.message_at {
            return Err(HelloError::Malformed("extensions").into());
        }
        let (mut seen, mut count) = ([0; limits::HELLO_EXTENSIONS], 0);
        while self.message_at < end {
            let kind = self.u16(end)?;
            if seen[..count].contains(&kind) {
                return Err(HelloError::Repeated(kind).into());
            }
            *seen.get_mut(count).ok_or(HelloError::TooManyExtensions)? = kind;
            count += 1;
            let length = usize::from(self.u16(end)?);
            let extension = self.field(length, end)?;
            match kind {
                EXTENSION_SERVER_NAME => hello.server_name = Some(self.server_name(extension)?),
                EXTENSION_ALPN => hello.offers = self.protocols(extension)?,
                _ => self.skip_to(extension)?,
            }
        }
        Ok(hello)
    }

    /// A list of names that has one, a host's.
    fn server_name(&mut self, end: usize) -> Result<HostName, Stop> {
        if usize::from(self.u16(end)?) != end - self.message_at
            || self.u8(end)? != NAME_HOST
            || usize::from(self.u16(end)?) != end - self.message_at
        {
            return Err(HelloError::NotOneName.into());
        }
        // A dot at the end is one byte more than the name.
        let mut name = [0; limits::HOST_NAME + 1];
        let name = name.get_mut(..end - self.message_at);
        let name = name.ok_or(HostNameError::TooLong)?;
        for byte in &mut *name {
            *byte = self.u8(end)?;
            let c = char::from(*byte);
            if !is_of_host_names(c) {
                return Err(HostNameError::Character(c).into());
            }
        }
        let name: String = name.iter().copied().map(char::from).collect();
        Ok(name.parse::<HostName>()?)
    }

    /// A list of protocols that has at least one.
    fn protocols(&mut self, end: usize) -> Result<Offers, Stop> {
        let malformed = HelloError::Malformed("protocols");
        if usize::from(self.u16(end)?) != end - self.message_at || self.message_at == end {
            return Err(malformed.into());
        }
        let mut offers = Offers::default();
        while self.message_at < end {
            let length = usize::from(self.u8(end)?);
            if length == 0 {
                return Err(malformed.into());
            }
            let protocol = self.field(length, end)?;
            let mut name = [0; PIPE.len()];
            let Some(name) = name.get_mut(..length) else {
                self.skip_to(protocol)?;
                continue;
            };
            for byte in &mut *name {
                *byte = self.u8(protocol)?;
            }
            offers.pipe |= name == PIPE;
            offers.acme |= name == ACME;
        }
        Ok(offers)
    }

    /// Where a field of this length ends, if that is within what it stands in.
    fn field(&self, length: usize, end: usize) -> Result<usize, Stop> {
        let field = self.message_at + length;
        if field > end {
            return Err(HelloError::Malformed("length").into());
        }
        Ok(field)
    }

    fn u16(&mut self, end: usize) -> Result<u16, Stop> {
        self.field(2, end)?;
        Ok(u16::from_be_bytes([self.u8(end)?, self.u8(end)?]))
    }

    fn u8(&mut self, end: usize) -> Result<u8, Stop> {
        self.field(1, end)?;
        self.enter_record()?;
        let byte = *self.bytes.get(self.at).ok_or(Stop::More)?;
        self.at += 1;
        self.message_at += 1;
        Ok(byte)
    }

    fn skip_to(&mut self, end: usize) -> Result<(), Stop> {
        while self.message_at < end {
            self.enter_record()?;
            let here = (end - self.message_at).min(self.record_end - self.at);
            if self.bytes.len() - self.at < here {
                return Err(Stop::More);
            }
            self.at += here;
            self.message_at += here;
        }
        Ok(())
    }

    /// Goes on to the next record where one ends.
    fn enter_record(&mut self) -> Result<(), Stop> {
        if self.at < self.record_end {
            return Ok(());
        }
        let header = &self.bytes[self.at..];
        let is = |at: usize, wanted| header.get(at).is_none_or(|byte| *byte == wanted);
        if !is(0, RECORD_HANDSHAKE) || !is(1, MAJOR_VERSION) {
            return Err(HelloError::NotTls.into());
        }
        let Some([_, _, _, high, low]) = header.first_chunk::<RECORD_HEADER>() else {
            return Err(Stop::More);
        };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if length == 0 {
            return Err(HelloError::EmptyRecord.into());
        }
        self.at += RECORD_HEADER;
        self.record_end = self.at + length;
        self.check_record()
    }

    /// Refuses a record that goes on after the message, and what comes to more than may be: what the record lacks of
    /// the message takes one more. (The limit is lower than that of a record.)
    fn check_record(&self) -> Result<(), Stop> {
        let here = self.record_end - self.at;
        let missing = match self.message_end.map(|end| end - self.message_at) {
            Some(left) if here > left => return Err(HelloError::Unaligned.into()),
            Some(left) if here < left => RECORD_HEADER + left - here,
            _ => 0,
        };
        if self.record_end + missing > limits::CLIENT_HELLO {
            return Err(HelloError::TooLong.into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Where the session id's length stands in a hello of one record.
    const SESSION_ID: usize = RECORD_HEADER + MESSAGE_HEADER + 2 + RANDOM;
    /// Where the length of the extensions stands in the hellos of these tests.
    const EXTENSIONS: usize = SESSION_ID + 39;

    /// A message with these extensions.
    fn message(extensions: &[(u16, Vec<u8>)]) -> Vec<u8> {
        let extensions = extensions.iter();
        let extensions = extensions
            .flat_map(|(kind, content)| [&kind.to_be_bytes()[..], &long(content)].concat());
        let body = [
            &[3, 3][..],
            &[7; RANDOM],
            &short(&[5; SESSION_ID_MAX]),
            &long(&[0x13, 0x01]),
            &short(&[NULL_COMPRESSION]),
            &long(&extensions.collect::<Vec<u8>>()),
        ];
        [&[MESSAGE_CLIENT_HELLO, 0][..], &long(&body.concat())].concat()
    }

    fn short(content: &[u8]) -> Vec<u8> {
        [&[u8::try_from(content.len()).unwrap()], content].concat()
    }

    fn long(content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap();
        [&length.to_be_bytes(), content].concat()
    }

    /// A message in records of this size, but for the last.
    fn in_records(message: &[u8], size: usize) -> Vec<u8> {
        let records = message.chunks(size);
        let records = records.map(|part| [&[RECORD_HANDSHAKE, 3, 1][..], &long(part)].concat());
        records.flatten().collect()
    }

    fn read_with(extensions: &[(u16, Vec<u8>)]) -> Result<Progress, HelloError> {
        read(&in_records(&message(extensions), usize::MAX))
    }

    fn server_name(name: &[u8]) -> (u16, Vec<u8>) {
        let entry = [&[NAME_HOST][..], &long(name)].concat();
        (EXTENSION_SERVER_NAME, long(&entry))
    }

    fn protocols(names: &[&[u8]]) -> (u16, Vec<u8>) {
        let names: Vec<u8> = names.iter().flat_map(|name| short(name)).collect();
        (EXTENSION_ALPN, long(&names))
    }

    fn done(server_name: Option<&str>, pipe: bool, acme: bool) -> Result<Progress, HelloError> {
        Ok(Progress::Done(ClientHello {
            server_name: server_name.map(|name| name.parse().unwrap()),
            offers: Offers { pipe, acme },
        }))
    }

    /// How many of these bytes it takes to refuse them, and why they are.
    fn refused(bytes: &[u8]) -> (usize, HelloError) {
        let part = |length| read(&bytes[..length]);
        let mut lengths = 0..=bytes.len();
        let first = lengths.find(|&length| part(length) != Ok(Progress::More));
        let first = first.unwrap();
        (first, part(first).unwrap_err())
    }

    #[test]
    fn the_name_and_the_protocols_are_read() {
        let all = [
            (0x0a0a, vec![]),
            server_name(b"P7K2M9QX.acme.gw.example."),
            protocols(&[b"h2", PIPE, b"something-rather-long/1", ACME]),
        ];
        let name = Some("p7k2m9qx.acme.gw.example");
        assert_eq!(read_with(&all), done(name, true, true));
        assert_eq!(read_with(&all[..2]), done(name, false, false));
        assert_eq!(read_with(&[protocols(&[ACME])]), done(None, false, true));
    }

    #[test]
    fn a_client_may_leave_extensions_out() {
        let mut message = message(&[]);
        message.truncate(message.len() - 2);
        message[3] -= 2;
        let bytes = in_records(&message, usize::MAX);
        assert_eq!(read(&bytes), done(None, false, false));
    }

    #[test]
    fn other_beginnings_are_refused_at_once() {
        let malformed = HelloError::Malformed("length");
        for (bytes, why) in [
            (&b"GET / HTTP/1.1"[..], (1, HelloError::NotTls)),
            (&[0x80, 0x2e, 1, 3, 1], (1, HelloError::NotTls)),
            (&[22, 2, 0, 0, 1], (2, HelloError::NotTls)),
            (&[22, 3, 1, 0, 0, 22], (5, HelloError::EmptyRecord)),
            (&[22, 3, 1, 0, 1, 2], (6, HelloError::OtherMessage)),
            (&[22, 3, 1, 0, 1, 1, 22, 4], (8, HelloError::NotTls)),
            (&[22, 3, 1, 0, 4, 1, 0, 0, 40], (9, malformed)),
            (&[22, 3, 1, 0, 46, 1, 0, 0, 41], (9, HelloError::Unaligned)),
        ] {
            assert_eq!(refused(bytes), why, "{bytes:?}");
        }
    }

    #[test]
    fn fields_that_say_what_they_may_not_are_refused_where_they_say_it() {
        let one = [server_name(b"a.example"), protocols(&[b"h2"])];
        let good = in_records(&message(&one), usize::MAX);
        let (name, protocols) = (EXTENSIONS + 6, EXTENSIONS + 24);
        for (at, byte, what) in [
            (SESSION_ID - 34, 2, "version"),
            (SESSION_ID - 33, 0, "version"),
            (SESSION_ID, 33, "session id"),
            (SESSION_ID + 34, 0, "cipher suites"),
            (SESSION_ID + 34, 3, "cipher suites"),
            (SESSION_ID + 34, 0xfe, "length"),
            (SESSION_ID + 37, 0, "compression methods"),
            (SESSION_ID + 37, 0xff, "length"),
            (SESSION_ID + 38, 1, "compression methods"),
            (EXTENSIONS + 1, 26, "extensions"),
            (EXTENSIONS + 1, 28, "extensions"),
            (name - 1, 0xff, "length"),
            (protocols + 1, 2, "protocols"),
            (protocols + 1, 4, "protocols"),
            (protocols + 2, 0, "protocols"),
            (protocols + 2, 3, "length"),
        ] {
            let mut bytes = good.clone();
            bytes[at] = byte;
            assert_eq!(refused(&bytes), (at + 1, HelloError::Malformed(what)));
        }
        for (at, byte) in [(1, 11), (1, 13), (2, 1), (4, 8), (4, 10)] {
            let mut bytes = good.clone();
            bytes[name + at] = byte;
            assert_eq!(refused(&bytes), (name + at + 1, HelloError::NotOneName));
        }
    }

    #[test]
    fn exactly_one_host_is_asked_for() {
        let two = [server_name(b"a.example").1, server_name(b"b.example").1];
        let list = long(&[&two[0][2..], &two[1][2..]].concat());
        let asked = read_with(&[(EXTENSION_SERVER_NAME, list)]);
        assert_eq!(asked, Err(HelloError::NotOneName));
        for (name, why) in [
            (&b""[..], HostNameError::Empty),
            (b"10.0.0.1", HostNameError::Address),
            (b"::1", HostNameError::Character(':')),
            (b"a\0.example", HostNameError::Character('\0')),
            (&[b'a'; 255], HostNameError::TooLong),
        ] {
            assert_eq!(read_with(&[server_name(name)]), Err(why.into()));
        }
    }

    #[test]
    fn extensions_are_few_and_each_stands_there_once() {
        let name = server_name(b"a.example");
        let twice = read_with(&[name.clone(), name]);
        assert_eq!(twice, Err(HelloError::Repeated(EXTENSION_SERVER_NAME)));
        let many = |count: u16| {
            let extensions: Vec<_> = (100..100 + count).map(|kind| (kind, vec![])).collect();
            read_with(&extensions)
        };
        assert_eq!(many(64), done(None, false, false));
        assert_eq!(many(65), Err(HelloError::TooManyExtensions));
    }

    #[test]
    fn a_hello_is_as_long_as_the_limit_and_no_longer() {
        let with = |padding: usize| message(&[(21, vec![0; padding])]);
        let room = limits::CLIENT_HELLO - with(0).len();
        for (records, message) in [(1, with(room - 5)), (2, with(room - 10))] {
            let bytes = in_records(&message, message.len().div_ceil(records));
            assert_eq!(bytes.len(), limits::CLIENT_HELLO);
            assert_eq!(read(&bytes), done(None, false, false));
            assert_eq!(read(&bytes[..bytes.len() - 1]), Ok(Progress::More));
        }
        // One byte more is known by the length of the record, or of the message.
        let longer = with(room - 4);
        let announced = |size| refused(&in_records(&longer, size));
        assert_eq!(announced(longer.len()), (5, HelloError::TooLong));
        assert_eq!(announced(longer.len() - 1), (9, HelloError::TooLong));
        // Many small records take more room than the message.
        let small = in_records(&with(limits::CLIENT_HELLO / 2), 2);
        assert_eq!(refused(&small).1, HelloError::TooLong);
    }

    #[test]
    fn alerts_are_fatal_and_in_plain_text() {
        assert_eq!(alert(Alert::UnrecognizedName), [21, 3, 3, 0, 2, 2, 112]);
        assert_eq!(alert(Alert::InternalError)[6], 80);
        assert_eq!(alert(Alert::DecodeError)[6], 50);
    }
}
