//! A program that prints: IPP requests byte by byte, as they should be and as they should not.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use data_encoding::BASE64;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request being put together (RFC 8010 section 3).
#[derive(Clone, Debug)]
pub struct Request(Vec<u8>);

/// A member of a collection.
#[derive(Clone, Copy, Debug)]
pub enum Member<'a> {
    /// A value with its tag.
    Value(u8, &'a [u8]),
    /// A collection of further members.
    Collection(&'a [(&'a str, Member<'a>)]),
}

/// The value tag of an integer.
pub const INTEGER: u8 = 0x21;
/// The value tag of a truth value.
pub const BOOLEAN: u8 = 0x22;
/// The value tag of a name.
pub const NAME: u8 = 0x42;
/// The value tag of a keyword.
pub const KEYWORD: u8 = 0x44;
/// The value tag of a URI.
pub const URI: u8 = 0x45;
/// The value tag of a format.
pub const MIME: u8 = 0x49;

/// The value tag of an `enum`.
pub const ENUM: u8 = 0x23;
/// The value tag of bytes.
pub const OCTETS: u8 = 0x30;

/// The tag that begins a group of job attributes.
pub const JOB_GROUP: u8 = 0x02;
/// The tag that begins a group of document attributes.
pub const DOCUMENT_GROUP: u8 = 0x09;

/// Print-Job.
pub const PRINT_JOB: u16 = 0x02;
/// Create-Job.
pub const CREATE_JOB: u16 = 0x05;
/// Send-Document.
pub const SEND_DOCUMENT: u16 = 0x06;
/// Cancel-Job.
pub const CANCEL_JOB: u16 = 0x08;
/// Get-Job-Attributes.
pub const GET_JOB_ATTRIBUTES: u16 = 0x09;
/// Get-Jobs.
pub const GET_JOBS: u16 = 0x0a;
/// Get-Printer-Attributes.
pub const GET_PRINTER_ATTRIBUTES: u16 = 0x0b;
/// Set-Job-Attributes.
pub const SET_JOB_ATTRIBUTES: u16 = 0x14;
/// Enable-Printer.
pub const ENABLE_PRINTER: u16 = 0x22;
/// Disable-Printer.
pub const DISABLE_PRINTER: u16 = 0x23;
/// Hold-New-Jobs.
pub const HOLD_NEW_JOBS: u16 = 0x25;
/// Release-Held-New-Jobs.
pub const RELEASE_HELD_NEW_JOBS: u16 = 0x26;
/// Get-Document-Attributes.
pub const GET_DOCUMENT_ATTRIBUTES: u16 = 0x34;
/// Cancel-Jobs.
pub const CANCEL_JOBS: u16 = 0x38;
/// Cancel-My-Jobs.
pub const CANCEL_MY_JOBS: u16 = 0x39;

impl Request {
    /// A request to the hold printer of this computer, in the name of `user`.
    #[must_use]
    pub fn new(operation: u16, user: &str) -> Self {
        Self::at("ipp://localhost/ipp/print", operation, user)
    }

    /// A request to the printer of this URI.
    #[must_use]
    pub fn at(uri: &str, operation: u16, user: &str) -> Self {
        Self::bare(operation)
            .with(0x47, "attributes-charset", b"utf-8")
            .with(0x48, "attributes-natural-language", b"en")
            .with(URI, "printer-uri", uri.as_bytes())
            .with(NAME, "requesting-user-name", user.as_bytes())
    }

    /// A request of which nothing is said but the operation.
    #[must_use]
    pub fn bare(operation: u16) -> Self {
        let [high, low] = operation.to_be_bytes();
        Self(vec![2, 0, high, low, 0, 0, 0, 1, 1])
    }

    /// Begins a group.
    #[must_use]
    pub fn group(self, tag: u8) -> Self {
        self.raw(&[tag])
    }

    /// Adds a collection, of members that are whole attributes.
    #[must_use]
    pub fn collection(self, name: &str, members: &[(&str, Member<'_>)]) -> Self {
        let begun = self.with(0x34, name, b"");
        let filled = members.iter().fold(begun, |request, (name, member)| {
            let request = request.with(0x4a, "", name.as_bytes());
            match member {
                Member::Value(tag, value) => request.with(*tag, "", value),
                Member::Collection(members) => request.collection("", members),
            }
        });
        filled.with(0x37, "", b"")
    }

    /// Adds an attribute.
    ///
    /// # Panics
    /// If the value is longer than the encoding allows.
    #[must_use]
    pub fn with(mut self, tag: u8, name: &str, value: &[u8]) -> Self {
        self.0.push(tag);
        for part in [name.as_bytes(), value] {
            let length = u16::try_from(part.len()).expect("a short value");
            self.0.extend(length.to_be_bytes());
            self.0.extend(part);
        }
        self
    }

    /// Adds bytes as they are.
    #[must_use]
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    /// The request with its document.
    #[must_use]
    pub fn document(mut self, document: &[u8]) -> Vec<u8> {
        self.0.push(3);
        self.0.extend(document);
        self.0
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status of HTTP.
    pub http: u16,
    /// What came with it.
    pub body: Vec<u8>,
}

impl Answer {
    /// The status of IPP.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.body[..] {
            [_, _, high, low, ..] if self.http == 200 => Some(u16::from_be_bytes([high, low])),
            _ => None,
        }
    }

    /// The first integer or `enum` of this name.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u32> {
        let value = self.value(name)?;
        Some(u32::from_be_bytes(value.try_into().ok()?))
    }

    /// The first text of this name.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        Some(String::from_utf8_lossy(self.value(name)?).into_owned())
    }

    fn value(&self, name: &str) -> Option<&[u8]> {
        let length = u16::try_from(name.len()).ok()?.to_be_bytes();
        let wanted = [&length[..], name.as_bytes()].concat();
        let at = self
            .body
            .windows(wanted.len())
            .position(|part| part == wanted)?;
        let (length, rest) = self.body[at + wanted.len()..].split_first_chunk::<2>()?;
        rest.get(..usize::from(u16::from_be_bytes(*length)))
    }
}

/// A connection to a hold printer.
#[derive(Debug)]
pub struct Connection(TcpStream);

impl Connection {
    /// Connects.
    ///
    /// # Panics
    /// If nobody listens there.
    #[must_use]
    pub fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the hold printer to listen");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a time limit");
        stream
            .set_write_timeout(Some(PATIENCE))
            .expect("a time limit");
        Self(stream)
    }

    /// Sends bytes as they are; says whether they were taken.
    pub fn send(&mut self, bytes: &[u8]) -> bool {
        self.0.write_all(bytes).is_ok()
    }

    /// Begins a request whose body has `length` bytes, or comes in chunks.
    pub fn begin(&mut self, length: Option<u64>) -> bool {
        self.begin_at("/ipp/print", length)
    }

    fn begin_at(&mut self, path: &str, length: Option<u64>) -> bool {
        let length = match length {
            Some(length) => format!("Content-Length: {length}"),
            None => "Transfer-Encoding: chunked".to_owned(),
        };
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/ipp\r\n{length}\r\n\r\n"
        );
        self.send(head.as_bytes())
    }

    /// Sends a whole request to another path.
    pub fn post_to(&mut self, path: &str, body: &[u8]) -> bool {
        self.begin_at(path, u64::try_from(body.len()).ok()) && self.send(body)
    }

    /// Sends a whole request.
    pub fn post(&mut self, body: &[u8]) -> bool {
        self.begin(u64::try_from(body.len()).ok()) && self.send(body)
    }

    /// Reads the answer; none if the connection was closed without one.
    #[must_use]
    pub fn answer(&mut self) -> Option<Answer> {
        let head = self.head()?;
        let http = head.split(' ').nth(1)?.parse().ok()?;
        if http == 100 {
            return self.answer();
        }
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse().ok())?
        });
        let mut body = vec![0; length.unwrap_or(0)];
        self.0.read_exact(&mut body).ok()?;
        Some(Answer { http, body })
    }

    fn head(&mut self) -> Option<String> {
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            match self.0.read(&mut byte) {
                Ok(1) => head.push(byte[0]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => return None,
            }
        }
        String::from_utf8(head).ok()
    }

    /// Whether the other side closed it, without a word.
    pub fn is_closed(&mut self) -> bool {
        matches!(self.0.read(&mut [0]), Ok(0) | Err(_))
    }
}

/// Asks one thing on a connection of its own.
#[must_use]
pub fn ask(address: SocketAddr, body: &[u8]) -> Option<Answer> {
    let mut connection = Connection::to(address);
    // A refusal may come before the end of the request.
    connection.post(body);
    connection.answer()
}

/// The header that shows a user id and a PIN (RFC 7617).
#[must_use]
pub fn basic(user: &str, pin: &str) -> String {
    let shown = BASE64.encode(format!("{user}:{pin}").as_bytes());
    format!("Authorization: Basic {shown}")
}

/// Asks one thing with more headers, which may be a `Host` of its own.
#[must_use]
pub fn ask_with(address: SocketAddr, headers: &[&str], body: &[u8]) -> Option<Answer> {
    let mut connection = Connection::to(address);
    connection.send(&posted(headers, body));
    connection.answer()
}

/// Asks one thing as a program of another account of this computer does. Needs root, and `bash`.
///
/// # Panics
/// If there is no such program.
#[must_use]
pub fn ask_as(account: u32, address: SocketAddr, headers: &[&str], body: &[u8]) -> Option<Answer> {
    let headers = [&["Connection: close"], headers].concat();
    let said = run_as(account, address, "cat <&3", &posted(&headers, body));
    let end = said.windows(4).position(|part| part == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&said[..end]).into_owned();
    Some(Answer {
        http: head.split(' ').nth(1)?.parse().ok()?,
        body: said[end + 4..].to_vec(),
    })
}

/// Sends one thing as a program of another account of this computer, and is gone before anybody can
/// ask whose it was.
///
/// # Panics
/// As [`ask_as`].
pub fn send_and_leave_as(account: u32, address: SocketAddr, body: &[u8]) {
    let _ = run_as(account, address, "exec 3>&-", &posted(&[], body));
}

fn run_as(account: u32, address: SocketAddr, then: &str, bytes: &[u8]) -> Vec<u8> {
    let (ip, port) = (address.ip(), address.port());
    let script = format!("exec 3<>/dev/tcp/{ip}/{port} && cat >&3 && {then}");
    let mut program = Command::new("bash")
        .args(["-c", &script])
        .uid(account)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("no bash as account {account}: {error}"));
    if let Some(mut stdin) = program.stdin.take() {
        // It may have been refused before it said everything.
        let _ = stdin.write_all(bytes);
    }
    let ended = program.wait_with_output();
    ended.unwrap_or_else(|error| panic!("bash: {error}")).stdout
}

/// A whole request of HTTP.
fn posted(headers: &[&str], body: &[u8]) -> Vec<u8> {
    let is_host = |header: &&str| header.to_ascii_lowercase().starts_with("host:");
    let host = headers
        .iter()
        .copied()
        .find(is_host)
        .unwrap_or("Host: localhost");
    let others = headers.iter().copied().filter(|header| !is_host(header));
    let mut head = format!("POST /ipp/print HTTP/1.1\r\n{host}\r\n");
    for header in others.chain(["Content-Type: application/ipp"]) {
        head.push_str(header);
        head.push_str("\r\n");
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    [head.as_bytes(), body].concat()
}
