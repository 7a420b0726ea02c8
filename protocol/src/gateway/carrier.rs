//! A reliable stream of bytes out of HTTP requests, for networks that let out nothing else.
//!
//! A door asks for a *pipe* and gets its address and its [`Terms`]. From then on every request and
//! every answer carries a header with [`Offsets`], and bytes as its body. Offsets count the bytes
//! of one direction from the beginning of the pipe:
//!
//! ```text
//! POST /pipe/1/                             door asks for a pipe
//! 201  Papermesh-Pipe: wait=55, poll=30, chunk=262144
//!
//! POST /pipe/1/zk3v…                        up: where this body begins; down: what the door has
//!      Papermesh-Offset: up=4096, down=8192
//!      Prefer: wait=55
//! 200  Papermesh-Offset: up=4608, down=8192 up: what the gateway has; down: where this body begins
//! 204                                       the same, with nothing to say after so long a wait
//!
//! DELETE /pipe/1/zk3v…                      the door leaves
//! 204
//! ```
//!
//! `Prefer` (RFC 7240) says what the door wants of an answer: `wait=N` as many seconds for bytes at most, which is 0
//! where a door only asks now and then, or `return=minimal` no bytes at all, because another request waits for
//! them. A second request that waits ends the first, with 204.
//!
//! Any request may be lost, repeated, or overtaken, and so may any answer. Each side keeps what it
//! sent until the other says that it has it ([`Outgoing`]), and drops what it has already
//! ([`Incoming`]). Two requests may be under way, so that one can wait while the other brings
//! bytes. Bodies begin at what is [`confirmed`](Outgoing::confirmed): then nothing that a
//! network does makes a gap, and a gap means that one side has lost the stream.
//!
//! What a gateway answers otherwise, and what the door does then:
//!
//! | status | because | the door |
//! | --- | --- | --- |
//! | 400 | there is no such header, or not of this form ([`HeaderError`]) | gives the carrier up |
//! | 404 | the pipe is unknown, or was silent for [`Terms::silence`] | asks for a new pipe |
//! | 409 | the body begins beyond what the gateway has, or the door claims to have what was not sent ([`OffsetError`]) | asks for a new pipe |
//! | 413 | the body has more than [`Terms::chunk`] bytes | gives the carrier up |
//! | 429 | too many pipes, or too many requests at once | waits as long as `Retry-After` says |
//!
//! Any other status, and any body of another content type, comes from somebody between the two:
//! the carrier does not work on this network. The bytes are those of a Noise connection, so whoever
//! forges a request or an answer breaks the pipe and learns nothing.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

use data_encoding::BASE32_NOPAD;

use crate::limits;

/// The header that every request and every answer of a pipe has, with [`Offsets`].
pub const OFFSET_HEADER: &str = "papermesh-offset";

/// The header of the answer that makes a pipe, with [`Terms`].
pub const PIPE_HEADER: &str = "papermesh-pipe";

/// Where pipes are made; each has a [`PipeName`] after it.
pub const PATH: &str = "/pipe/1/";

/// The type of every body.
pub const CONTENT_TYPE: &str = "application/octet-stream";

/// The name of one pipe in its address: 128 drawn bits, as 26 of `a-z2-7`. It is no credential: who finds one out can
/// break the pipe and learn nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PipeName(String);

impl PipeName {
    /// How many characters it has.
    const LENGTH: usize = 26;

    /// The name with these bits.
    #[must_use]
    pub fn drawn(bits: [u8; 16]) -> Self {
        Self(BASE32_NOPAD.encode(&bits).to_ascii_lowercase())
    }

    /// The name in a path; none if there is no pipe at such a path.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        let name = path.strip_prefix(PATH)?;
        let is_one = |c: u8| matches!(c, b'a'..=b'z' | b'2'..=b'7');
        (name.len() == Self::LENGTH && name.bytes().all(is_one)).then(|| Self(name.to_owned()))
    }

    /// The path of the pipe.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{PATH}{}", self.0)
    }
}

// The bytes ---------------------------------------------------------------------------------

/// Why the two ends of a pipe do not agree on where they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OffsetError {
    /// Bytes before these are missing.
    #[error("bytes from {offset} on came, but those from {has} on are missing")]
    Gap {
        /// Where they begin.
        offset: u64,
        /// Where they should begin at the latest.
        has: u64,
    },
    /// The other side claims to have what was never sent.
    #[error("the other side claims to have {offset} bytes of {sent}")]
    Ahead {
        /// What it claims to have.
        offset: u64,
        /// All that there is.
        sent: u64,
    },
    /// These are more bytes than one request or answer may have.
    #[error("the body has {0} bytes, more than {max}", max = limits::PIPE_WINDOW)]
    TooLong(usize),
}

impl OffsetError {
    /// The HTTP status that a gateway answers with.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Gap { .. } | Self::Ahead { .. } => 409,
            Self::TooLong(_) => 413,
        }
    }
}

/// What one side sends: the bytes of which the other has not said that it has them, at most
/// [`limits::PIPE_WINDOW`].
#[derive(Debug, Default)]
pub struct Outgoing {
    confirmed: u64,
    bytes: Vec<u8>,
}

impl Outgoing {
    /// Takes as many bytes as there is room for, and says how many.
    #[must_use = "what was not taken is to be offered again"]
    pub fn push(&mut self, bytes: &[u8]) -> usize {
        let taken = bytes.len().min(self.room());
        self.bytes.extend_from_slice(&bytes[..taken]);
        taken
    }

    /// How many bytes there is room for.
    #[must_use]
    pub fn room(&self) -> usize {
        limits::PIPE_WINDOW - self.bytes.len()
    }

    /// How many bytes the other side has for certain: where a body should begin.
    #[must_use]
    pub fn confirmed(&self) -> u64 {
        self.confirmed
    }

    /// Where the bytes end.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.confirmed.saturating_add(self.bytes.len() as u64)
    }

    /// The bytes from an offset on, at most `chunk` of them, for one body. They begin later if the
    /// other side has confirmed more by now: the offset to send is the one that comes back.
    #[must_use]
    pub fn pending(&self, from: u64, chunk: usize) -> (u64, &[u8]) {
        let from = from.clamp(self.confirmed, self.end());
        let skip = usize::try_from(from - self.confirmed).unwrap_or(self.bytes.len());
        let rest = self.bytes.get(skip..).unwrap_or_default();
        (from, &rest[..rest.len().min(chunk)])
    }

    /// Forgets what the other side says it has. Less than it said before is no error: requests and
    /// answers overtake each other.
    ///
    /// # Errors
    /// [`OffsetError::Ahead`]; nothing is forgotten then.
    pub fn acknowledge(&mut self, offset: u64) -> Result<(), OffsetError> {
        let sent = self.end();
        if offset > sent {
            return Err(OffsetError::Ahead { offset, sent });
        }
        if offset == sent {
            // An idle pipe keeps no memory: there are thousands of them.
            self.bytes = Vec::new();
        } else {
            let had = offset.saturating_sub(self.confirmed);
            self.bytes
                .drain(..usize::try_from(had).unwrap_or(self.bytes.len()));
        }
        self.confirmed = self.confirmed.max(offset);
        Ok(())
    }
}

/// What one side gets: how many bytes it has.
#[derive(Debug, Default)]
pub struct Incoming {
    has: u64,
}

impl Incoming {
    /// How many bytes it has, to be told to the other side.
    #[must_use]
    pub fn has(&self) -> u64 {
        self.has
    }

    /// Takes a body that begins at this offset, and gives the part of it that is new. It counts as
    /// had from here on: the caller passes it on, whatever becomes of the request that it came in.
    ///
    /// # Errors
    /// [`OffsetError::Gap`] and [`OffsetError::TooLong`]; nothing is taken then.
    pub fn receive<'b>(&mut self, offset: u64, body: &'b [u8]) -> Result<&'b [u8], OffsetError> {
        if body.len() > limits::PIPE_WINDOW {
            return Err(OffsetError::TooLong(body.len()));
        }
        let known = self.has.checked_sub(offset).ok_or(OffsetError::Gap {
            offset,
            has: self.has,
        })?;
        let new = usize::try_from(known)
            .ok()
            .and_then(|known| body.get(known..))
            .unwrap_or_default();
        self.has = self.has.saturating_add(new.len() as u64);
        Ok(new)
    }
}

// The headers -------------------------------------------------------------------------------

/// Why a header's value was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// It is longer than any that is written.
    #[error("a header is longer than {} bytes", limits::PIPE_HEADER_VALUE)]
    TooLong,
    /// It has another form than the one that is written.
    #[error("a header is not of the expected form")]
    Malformed,
    /// It demands what no pipe has.
    #[error("a header has a number that is outside of its range")]
    OutOfRange,
}

/// The value of [`OFFSET_HEADER`], `up=4096, down=8192`. In a request `up` is where the body
/// begins and `down` what the door has; in an answer it is the other way round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offsets {
    /// Of the bytes from the door to the gateway.
    pub up: u64,
    /// Of the bytes from the gateway to the door.
    pub down: u64,
}

impl fmt::Display for Offsets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "up={}, down={}", self.up, self.down)
    }
}

impl FromStr for Offsets {
    type Err = HeaderError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let [up, down] = numbers(text, ["up", "down"])?;
        Ok(Self { up, down })
    }
}

/// The value of [`PIPE_HEADER`], `wait=55, poll=30, chunk=262144`: how the door is to use a pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How long the gateway keeps a request before it answers that there is nothing, in whole
    /// seconds, at most [`limits::PIPE_WAIT_MAX`].
    pub wait: Duration,
    /// How often a door asks where no request can wait and nothing is under way, in whole seconds,
    /// within [`limits::PIPE_POLL_RANGE`].
    pub poll: Duration,
    /// The most bytes of one body, from [`limits::PIPE_CHUNK_MIN`] to [`limits::PIPE_WINDOW`].
    pub chunk: usize,
}

impl Terms {
    /// How long the gateway keeps the pipe without a request: [`limits::PIPE_SILENCE`], or three
    /// polls where these are longer.
    #[must_use]
    pub fn silence(&self) -> Duration {
        limits::PIPE_SILENCE.max(self.poll.saturating_mul(3))
    }
}

impl fmt::Display for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (wait, poll) = (self.wait.as_secs(), self.poll.as_secs());
        write!(f, "wait={wait}, poll={poll}, chunk={}", self.chunk)
    }
}

impl FromStr for Terms {
    type Err = HeaderError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let [wait, poll, chunk] = numbers(text, ["wait", "poll", "chunk"])?;
        let terms = Self {
            wait: Duration::from_secs(wait),
            poll: Duration::from_secs(poll),
            chunk: usize::try_from(chunk).map_err(|_| HeaderError::OutOfRange)?,
        };
        let is_within = terms.wait <= limits::PIPE_WAIT_MAX
            && limits::PIPE_POLL_RANGE.contains(&terms.poll)
            && (limits::PIPE_CHUNK_MIN..=limits::PIPE_WINDOW).contains(&terms.chunk);
        is_within.then_some(terms).ok_or(HeaderError::OutOfRange)
    }
}

/// The value of `Prefer` (RFC 7240) in a request: what the door wants of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefer {
    /// `return=minimal`: no bytes, because another request waits for them.
    Nothing,
    /// `wait=55`: bytes, for which the gateway waits as many seconds, at most [`limits::PIPE_WAIT_MAX`].
    Bytes(Duration),
}

impl fmt::Display for Prefer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("return=minimal"),
            Self::Bytes(wait) => write!(f, "wait={}", wait.as_secs()),
        }
    }
}

impl FromStr for Prefer {
    type Err = HeaderError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "return=minimal" {
            return Ok(Self::Nothing);
        }
        let [wait] = numbers(text, ["wait"])?;
        let wait = Duration::from_secs(wait);
        let is_within = wait <= limits::PIPE_WAIT_MAX;
        is_within
            .then_some(Self::Bytes(wait))
            .ok_or(HeaderError::OutOfRange)
    }
}

/// The numbers of a header's value: each with its name, in this order, and in the one form in which
/// they are written.
fn numbers<const N: usize>(text: &str, names: [&str; N]) -> Result<[u64; N], HeaderError> {
    if text.len() > limits::PIPE_HEADER_VALUE {
        return Err(HeaderError::TooLong);
    }
    let mut fields = text.split(", ");
    let mut numbers = [0; N];
    for (name, number) in names.iter().zip(&mut numbers) {
        *number = fields
            .next()
            .and_then(|field| field.strip_prefix(name)?.strip_prefix('='))
            .and_then(decimal)
            .ok_or(HeaderError::Malformed)?;
    }
    match fields.next() {
        None => Ok(numbers),
        Some(_) => Err(HeaderError::Malformed),
    }
}

/// A number without a sign and without zeros before it.
fn decimal(text: &str) -> Option<u64> {
    let has_more = text.starts_with('+') || (text.len() > 1 && text.starts_with('0'));
    text.parse().ok().filter(|_| !has_more)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_pipe_is_found_at_its_path_alone() {
        let name = PipeName::drawn([0xff; 16]);
        assert_eq!(name.path(), "/pipe/1/77777777777777777777777774");
        assert_eq!(PipeName::of_path(&name.path()), Some(name.clone()));
        for path in [
            "",
            "/pipe/1/",
            "/pipe/1/7777777777777777777777777",
            "/pipe/1/777777777777777777777777744",
            "/pipe/1/77777777777777777777777778",
            "/pipe/1/AAAAAAAAAAAAAAAAAAAAAAAAAA",
            "/pipe/2/77777777777777777777777774",
            "pipe/1/77777777777777777777777774",
            "/pipe/1/7777777777777777777777777/",
        ] {
            assert_eq!(PipeName::of_path(path), None, "{path}");
        }
    }

    #[test]
    fn headers_have_one_form() {
        let offsets = Offsets {
            up: 4096,
            down: u64::MAX,
        };
        let text = "up=4096, down=18446744073709551615";
        assert_eq!(offsets.to_string(), text);
        assert_eq!(text.parse(), Ok(offsets));
        for text in [
            "",
            "up=1",
            "up=1,down=2",
            "down=2, up=1",
            "up=1, down=2, ",
            "up=1, down=2, up=3",
            "up=+1, down=2",
            "up=01, down=2",
            "up=, down=2",
            "up=-1, down=2",
            "up=1, down=18446744073709551616",
            " up=1, down=2",
            "Up=1, down=2",
        ] {
            assert_eq!(
                text.parse::<Offsets>(),
                Err(HeaderError::Malformed),
                "{text}"
            );
        }
        let long = format!("up=1, down={}", "0".repeat(60));
        assert_eq!(long.parse::<Offsets>(), Err(HeaderError::TooLong));
    }

    #[test]
    fn terms_are_within_limits() {
        let text = "wait=55, poll=30, chunk=1048576";
        let terms: Terms = text.parse().unwrap();
        assert_eq!(terms.to_string(), text);
        assert_eq!(terms.silence(), limits::PIPE_SILENCE);
        let rare: Terms = "wait=0, poll=600, chunk=4096".parse().unwrap();
        assert_eq!(rare.silence(), Duration::from_secs(1800));
        for text in [
            "wait=76, poll=30, chunk=1048576",
            "wait=55, poll=4, chunk=1048576",
            "wait=55, poll=601, chunk=1048576",
            "wait=55, poll=30, chunk=4095",
            "wait=55, poll=30, chunk=1048577",
        ] {
            assert_eq!(
                text.parse::<Terms>(),
                Err(HeaderError::OutOfRange),
                "{text}"
            );
        }
    }

    #[test]
    fn a_door_wants_bytes_or_none() {
        for text in ["return=minimal", "wait=0", "wait=75"] {
            let prefer: Prefer = text.parse().unwrap();
            assert_eq!(prefer.to_string(), text);
        }
        assert_eq!("wait=76".parse::<Prefer>(), Err(HeaderError::OutOfRange));
        for text in [
            "",
            "wait=",
            "return=representation",
            "wait=1, return=minimal",
        ] {
            assert_eq!(
                text.parse::<Prefer>(),
                Err(HeaderError::Malformed),
                "{text}"
            );
        }
    }

    #[test]
    fn what_was_confirmed_is_forgotten_once() {
        let mut outgoing = Outgoing::default();
        assert_eq!(outgoing.push(b"papermesh"), 9);
        assert_eq!(outgoing.pending(0, 5), (0, &b"paper"[..]));
        assert_eq!(outgoing.acknowledge(5), Ok(()));
        // An answer that was overtaken.
        assert_eq!(outgoing.acknowledge(2), Ok(()));
        assert_eq!(outgoing.pending(2, 100), (5, &b"mesh"[..]));
        assert_eq!(outgoing.pending(7, 100), (7, &b"sh"[..]));
        let ahead = OffsetError::Ahead {
            offset: 10,
            sent: 9,
        };
        assert_eq!(outgoing.acknowledge(10), Err(ahead));
        assert_eq!(ahead.status(), 409);
        assert_eq!(outgoing.acknowledge(9), Ok(()));
        assert_eq!(outgoing.pending(0, 100), (9, &[][..]));
        assert_eq!(outgoing.room(), limits::PIPE_WINDOW);
    }

    #[test]
    fn what_came_already_is_dropped() {
        let mut incoming = Incoming::default();
        assert_eq!(incoming.receive(0, b"paper"), Ok(&b"paper"[..]));
        assert_eq!(incoming.receive(0, b"paper"), Ok(&[][..]));
        assert_eq!(incoming.receive(1, b"ape"), Ok(&[][..]));
        let gap = OffsetError::Gap { offset: 6, has: 5 };
        assert_eq!(incoming.receive(6, b"esh"), Err(gap));
        assert_eq!(incoming.receive(3, b"ermesh"), Ok(&b"mesh"[..]));
        let long = vec![0; limits::PIPE_WINDOW + 1];
        let error = incoming.receive(9, &long).unwrap_err();
        assert_eq!((error.status(), incoming.has()), (413, 9));
    }
}
