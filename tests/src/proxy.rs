//! A proxy of an infrastructure printer (PWG 5100.18), step by step: as it should be, and as it should not.
//! It prints nothing; it says what it is told to say.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::ipp::{ENUM, INTEGER, JOB_GROUP, KEYWORD, MIME, Request, URI, basic};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a job may take to be there.
const JOB: Duration = Duration::from_secs(30);

/// Get-Job-Attributes.
pub const GET_JOB_ATTRIBUTES: u16 = 0x09;
/// Get-Jobs.
pub const GET_JOBS: u16 = 0x0a;
/// Create-Printer-Subscriptions.
pub const CREATE_PRINTER_SUBSCRIPTIONS: u16 = 0x16;
/// Get-Notifications.
pub const GET_NOTIFICATIONS: u16 = 0x1c;
/// Acknowledge-Document.
pub const ACKNOWLEDGE_DOCUMENT: u16 = 0x3f;
/// Acknowledge-Job.
pub const ACKNOWLEDGE_JOB: u16 = 0x41;
/// Fetch-Document.
pub const FETCH_DOCUMENT: u16 = 0x42;
/// Fetch-Job.
pub const FETCH_JOB: u16 = 0x43;
/// Update-Active-Jobs.
pub const UPDATE_ACTIVE_JOBS: u16 = 0x45;
/// Deregister-Output-Device.
pub const DEREGISTER_OUTPUT_DEVICE: u16 = 0x46;
/// Update-Document-Status.
pub const UPDATE_DOCUMENT_STATUS: u16 = 0x47;
/// Update-Job-Status.
pub const UPDATE_JOB_STATUS: u16 = 0x48;
/// Update-Output-Device-Attributes.
pub const UPDATE_OUTPUT_DEVICE_ATTRIBUTES: u16 = 0x49;
/// Register-Output-Device.
pub const REGISTER_OUTPUT_DEVICE: u16 = 0x5f;

/// `client-error-not-fetchable`.
pub const NOT_FETCHABLE: u16 = 0x0420;
/// The tag that begins a group of printer attributes.
const PRINTER_GROUP: u8 = 0x04;
/// The tag that begins a group of subscription attributes.
const SUBSCRIPTION_GROUP: u8 = 0x06;
/// The tag that begins a group about an event.
const EVENT_GROUP: u8 = 0x07;
/// The tag that begins a group of document attributes.
const DOCUMENT_GROUP: u8 = 0x09;
/// The tag that ends all groups.
const END: u8 = 0x03;

/// `job-state` *canceled*.
pub const CANCELED: i32 = 7;
/// `job-state` *aborted*.
pub const ABORTED: i32 = 8;
/// `job-state` *completed*.
pub const COMPLETED: i32 = 9;

/// A proxy.
#[derive(Clone, Debug)]
pub struct Proxy {
    address: SocketAddr,
    path: String,
    token: String,
    uuid: String,
    /// Whether its token stands in paths, and in no header.
    capable: bool,
}

/// An answer that is being read.
#[derive(Debug)]
pub struct Answering {
    stream: TcpStream,
    bytes: Vec<u8>,
}

/// An event, as it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// `notify-subscribed-event`.
    pub event: String,
    /// `notify-sequence-number`.
    pub number: i32,
    /// `notify-job-id`; 0 if it is about none.
    pub job: i32,
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status of HTTP; 0 if there was no answer.
    pub http: u16,
    /// The status of IPP; none if there is no IPP.
    pub status: Option<u16>,
    /// The attributes, encoded.
    pub attributes: Vec<u8>,
    /// What comes after them.
    pub document: Vec<u8>,
    /// Whether the body came to its end.
    pub whole: bool,
}

impl Proxy {
    /// A proxy that shows this token and says that it is the device of this number.
    #[must_use]
    pub fn new(address: SocketAddr, name: &str, token: &str, number: u8) -> Self {
        Self {
            address,
            path: format!("/ipp/print/{name}"),
            token: token.to_owned(),
            uuid: format!("urn:uuid:00000000-0000-4000-8000-0000000000{number:02x}"),
            capable: false,
        }
    }

    /// The same, which has its token in its paths: it shows no password.
    #[must_use]
    pub fn with_token_in_path(self) -> Self {
        Self {
            capable: true,
            ..self
        }
    }

    /// The path as it is asked for.
    fn at(&self, path: &str) -> String {
        match self.capable {
            true => format!("/t/{}{path}", self.token),
            false => path.to_owned(),
        }
    }

    /// A request of this proxy.
    #[must_use]
    pub fn request(&self, operation: u16) -> Request {
        let uri = format!("ipp://{}{}", self.address, self.at(&self.path));
        Request::at(&uri, operation, "proxy").with(URI, "output-device-uuid", self.uuid.as_bytes())
    }

    /// The same about a job.
    #[must_use]
    pub fn about(&self, operation: u16, job: i32) -> Request {
        self.request(operation)
            .with(INTEGER, "job-id", &job.to_be_bytes())
    }

    /// The same about its document.
    #[must_use]
    pub fn about_document(&self, operation: u16, job: i32) -> Request {
        self.about(operation, job)
            .with(INTEGER, "document-number", &1i32.to_be_bytes())
    }

    /// Begins a request of so many bytes: its head alone is sent.
    ///
    /// # Panics
    /// If nobody listens.
    #[must_use]
    #[track_caller]
    pub fn begin(&self, path: &str, length: usize) -> Answering {
        let mut stream = TcpStream::connect(self.address).expect("the printer to listen");
        stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
        stream.set_write_timeout(Some(PATIENCE)).expect("a limit");
        let shown = match self.capable {
            true => String::new(),
            false => format!("{}\r\n", basic("proxy", &self.token)),
        };
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/ipp\r\n{shown}Connection: close\r\nContent-Length: {length}\r\n\r\n",
            self.at(path),
            self.address,
        );
        stream.write_all(head.as_bytes()).expect("to be heard");
        let bytes = Vec::new();
        Answering { stream, bytes }
    }

    /// Sends a request and reads the answer, or so many bytes of it before it leaves.
    ///
    /// # Panics
    /// If nobody listens.
    #[must_use]
    #[track_caller]
    pub fn send_to(&self, path: &str, request: Request, most: usize) -> Reply {
        let body = request.document(b"");
        let mut answering = self.begin(path, body.len());
        // It may be refused before it has said everything.
        let _ = answering.say(&body);
        answering.read(most);
        answering.finish_here()
    }

    /// Sends a request to the printer.
    #[must_use]
    #[track_caller]
    pub fn send(&self, request: Request) -> Reply {
        self.send_to(&self.path, request, usize::MAX)
    }

    /// Registers, and says what the printer can do.
    ///
    /// # Panics
    /// If that is refused.
    #[track_caller]
    pub fn come(&self) {
        let register =
            self.request(REGISTER_OUTPUT_DEVICE)
                .with(KEYWORD, "printer-service-type", b"print");
        let reply = self.send_to("/ipp/system", register, usize::MAX);
        assert_eq!(reply.status, Some(0), "{reply:?}");
        assert!(reply.has(self.path.as_bytes()), "{reply:?}");
        let describe = self
            .request(UPDATE_OUTPUT_DEVICE_ATTRIBUTES)
            .group(PRINTER_GROUP)
            .with(MIME, "document-format-supported", b"application/pdf")
            .with(KEYWORD, "sides-supported", b"one-sided")
            .with(0x33, "copies-supported", &[0, 0, 0, 1, 0, 0, 0, 99])
            .with(ENUM, "printer-state", &3i32.to_be_bytes());
        assert_eq!(self.send(describe).status, Some(0));
    }

    /// Subscribes to what happens; gives the number of the subscription.
    ///
    /// # Panics
    /// If that is refused.
    #[must_use]
    #[track_caller]
    pub fn subscribe(&self) -> i32 {
        let subscribe = self
            .request(CREATE_PRINTER_SUBSCRIPTIONS)
            .group(SUBSCRIPTION_GROUP)
            .with(KEYWORD, "notify-pull-method", b"ippget")
            .with(KEYWORD, "notify-events", b"job-fetchable")
            .with(KEYWORD, "", b"job-state-changed")
            .with(INTEGER, "notify-lease-duration", &0i32.to_be_bytes());
        let reply = self.send(subscribe);
        reply
            .number("notify-subscription-id")
            .unwrap_or_else(|| panic!("no subscription: {reply:?}"))
    }

    /// Waits for something that it has not been told yet.
    #[must_use]
    #[track_caller]
    pub fn wait(&self, subscription: i32, first: i32) -> Reply {
        let wait = self
            .request(GET_NOTIFICATIONS)
            .with(
                INTEGER,
                "notify-subscription-ids",
                &subscription.to_be_bytes(),
            )
            .with(INTEGER, "notify-sequence-numbers", &first.to_be_bytes())
            .with(0x22, "notify-wait", &[1]);
        self.send(wait)
    }

    /// The job that can be fetched, if there is one.
    #[must_use]
    #[track_caller]
    pub fn fetchable(&self) -> Option<i32> {
        let ask = self
            .request(GET_JOBS)
            .with(KEYWORD, "which-jobs", b"fetchable");
        let reply = self.send(ask);
        assert_eq!(reply.status, Some(0), "{reply:?}");
        reply.number("job-id")
    }

    /// Waits until a job can be fetched.
    ///
    /// # Panics
    /// If none comes.
    #[must_use]
    #[track_caller]
    pub fn job(&self) -> i32 {
        let until = Instant::now() + JOB;
        let (subscription, mut job) = (self.subscribe(), self.fetchable());
        while job.is_none() {
            assert!(Instant::now() < until, "no job came");
            let news = self.wait(subscription, 1);
            assert!(news.status.is_some(), "{news:?}");
            job = self.fetchable();
        }
        job.unwrap_or_default()
    }

    /// Takes a job.
    #[must_use]
    pub fn take(&self, job: i32) -> Reply {
        self.send(self.about(ACKNOWLEDGE_JOB, job))
    }

    /// Waits for a job, takes it, and gives its number.
    ///
    /// # Panics
    /// If none comes, or it is not given.
    #[must_use]
    #[track_caller]
    pub fn taken(&self) -> i32 {
        let job = self.job();
        let fetched = self.send(self.about(FETCH_JOB, job));
        assert_eq!(fetched.status, Some(0), "{fetched:?}");
        assert_eq!(fetched.number("number-of-documents"), Some(1));
        assert_eq!(self.take(job).status, Some(0));
        job
    }

    /// Fetches the document of a job, or so many bytes of it before it leaves.
    #[must_use]
    pub fn fetch(&self, job: i32, most: usize) -> Reply {
        self.send_to(&self.path, self.about_document(FETCH_DOCUMENT, job), most)
    }

    /// Begins to fetch the document of a job.
    #[must_use]
    pub fn begin_fetch(&self, job: i32) -> Answering {
        let body = self.about_document(FETCH_DOCUMENT, job).document(b"");
        let mut answering = self.begin(&self.path, body.len());
        let _ = answering.say(&body);
        answering
    }

    /// What happened since; it does not wait for anything.
    #[must_use]
    #[track_caller]
    pub fn poll(&self, subscription: i32, first: i32) -> Reply {
        let ask = self
            .request(GET_NOTIFICATIONS)
            .with(
                INTEGER,
                "notify-subscription-ids",
                &subscription.to_be_bytes(),
            )
            .with(INTEGER, "notify-sequence-numbers", &first.to_be_bytes());
        self.send(ask)
    }

    /// Says that the document is there whole.
    #[must_use]
    pub fn acknowledge(&self, job: i32) -> Reply {
        self.send(self.about_document(ACKNOWLEDGE_DOCUMENT, job))
    }

    /// Says how the document is.
    #[must_use]
    pub fn say_of_document(&self, job: i32, state: i32) -> Reply {
        let say = self
            .about_document(UPDATE_DOCUMENT_STATUS, job)
            .group(DOCUMENT_GROUP)
            .with(ENUM, "output-device-document-state", &state.to_be_bytes());
        self.send(say)
    }

    /// Says how the job is, and how many pages came out.
    #[must_use]
    pub fn say(&self, job: i32, state: i32, pages: i32) -> Reply {
        let say = self
            .about(UPDATE_JOB_STATUS, job)
            .group(JOB_GROUP)
            .with(ENUM, "output-device-job-state", &state.to_be_bytes())
            .with(INTEGER, "job-impressions-completed", &pages.to_be_bytes());
        self.send(say)
    }

    /// The same with reasons, and without a word on pages if there are none to tell.
    #[must_use]
    pub fn say_why(&self, job: i32, state: i32, pages: Option<i32>, reason: &str) -> Reply {
        let mut say = self
            .about(UPDATE_JOB_STATUS, job)
            .group(JOB_GROUP)
            .with(ENUM, "output-device-job-state", &state.to_be_bytes())
            .with(
                KEYWORD,
                "output-device-job-state-reasons",
                reason.as_bytes(),
            );
        if let Some(pages) = pages {
            say = say.with(INTEGER, "job-impressions-completed", &pages.to_be_bytes());
        }
        self.send(say)
    }

    /// Leaves for good.
    #[must_use]
    pub fn leave(&self) -> Reply {
        self.send(self.request(DEREGISTER_OUTPUT_DEVICE))
    }
}

impl Answering {
    /// Says some of the request; false if it is not heard any more.
    pub fn say(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// Reads until there are so many bytes, or no more.
    pub fn read(&mut self, most: usize) {
        let mut piece = vec![0; 16 * 1024];
        while self.bytes.len() < most {
            match self.stream.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => self.bytes.extend_from_slice(&piece[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
    }

    /// Leaves, with what was read.
    #[must_use]
    pub fn finish_here(self) -> Reply {
        Reply::read(&self.bytes)
    }

    /// Reads all that comes.
    #[must_use]
    pub fn finish(mut self) -> Reply {
        self.read(usize::MAX);
        self.finish_here()
    }
}

impl Reply {
    /// The events, in their order.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        let mut events: Vec<Event> = Vec::new();
        let mut at = 8;
        let number = |value: &[u8]| value.try_into().map(i32::from_be_bytes).unwrap_or_default();
        while let Some(&tag) = self.attributes.get(at) {
            at += 1;
            if tag <= 0x0f {
                if tag == EVENT_GROUP {
                    events.push(Event {
                        event: String::new(),
                        number: 0,
                        job: 0,
                    });
                }
                continue;
            }
            let mut part = || {
                let length = self.attributes.get(at..at + 2)?;
                let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
                let part = self.attributes.get(at + 2..at + 2 + length)?;
                at += 2 + length;
                Some(part)
            };
            let (Some(name), Some(value), Some(event)) = (part(), part(), events.last_mut()) else {
                continue;
            };
            match name {
                b"notify-subscribed-event" => {
                    event.event = String::from_utf8_lossy(value).into_owned();
                }
                b"notify-sequence-number" => event.number = number(value),
                b"notify-job-id" => event.job = number(value),
                _ => {}
            }
        }
        events
    }

    fn read(answer: &[u8]) -> Self {
        let end = answer.windows(4).position(|part| part == b"\r\n\r\n");
        let Some(end) = end else {
            return Self {
                http: 0,
                status: None,
                attributes: Vec::new(),
                document: Vec::new(),
                whole: false,
            };
        };
        let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
        let http = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        let rest = &answer[end + 4..];
        let (body, whole) = match head.contains("transfer-encoding: chunked") {
            true => of_chunks(rest),
            false => (rest.to_vec(), true),
        };
        let attributes = match http {
            Some(200) => end_of_attributes(&body),
            _ => None,
        };
        let at = attributes.unwrap_or(0);
        Self {
            http: http.unwrap_or_default(),
            status: attributes.map(|_| u16::from_be_bytes([body[2], body[3]])),
            attributes: body[..at].to_vec(),
            document: body[at..].to_vec(),
            whole,
        }
    }

    /// The first number of this name.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<i32> {
        let length = u16::try_from(name.len()).ok()?.to_be_bytes();
        let wanted = [&length[..], name.as_bytes(), &[0, 4]].concat();
        let mut parts = self.attributes.windows(wanted.len());
        let at = parts.position(|part| part == wanted)? + wanted.len();
        let bytes = self.attributes.get(at..at + 4)?;
        Some(i32::from_be_bytes(bytes.try_into().ok()?))
    }

    /// Whether these bytes are among the attributes.
    #[must_use]
    pub fn has(&self, bytes: &[u8]) -> bool {
        let mut parts = self.attributes.windows(bytes.len());
        parts.any(|part| part == bytes)
    }
}

/// A body without its chunks' lengths (RFC 9112 section 7.1), and whether it came to its end.
fn of_chunks(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(end) = rest.windows(2).position(|part| part == b"\r\n") else {
            return (body, false);
        };
        let length = std::str::from_utf8(&rest[..end]).ok();
        let length = length.and_then(|length| usize::from_str_radix(length, 16).ok());
        let after = &rest[end + 2..];
        match length {
            Some(0) => return (body, true),
            Some(length) if after.len() >= length + 2 => {
                body.extend_from_slice(&after[..length]);
                rest = &after[length + 2..];
            }
            _ => {
                body.extend_from_slice(after);
                return (body, false);
            }
        }
    }
}

/// Where the attributes of a message end (RFC 8010 section 3.1).
fn end_of_attributes(message: &[u8]) -> Option<usize> {
    let mut at = 8;
    loop {
        match *message.get(at)? {
            END => return Some(at + 1),
            0..=0x0f => at += 1,
            _ => {
                at += 1;
                for _ in 0..2 {
                    let length = message.get(at..at + 2)?;
                    at += 2 + usize::from(u16::from_be_bytes([length[0], length[1]]));
                }
            }
        }
    }
}
