//! Requests in, answers out (RFC 8010 section 3, RFC 8011 section 4.1).
//!
//! Lives here: what every operation has in common. Not here: HTTP (`http.rs`), who asks
//! (`owner.rs`), what is to be done (`operations/`).

use axum::body::Bytes;
use ipp::attribute::{IppAttribute, IppAttributeGroup};
use ipp::model::{DelimiterTag, IppVersion, StatusCode};
use ipp::request::IppRequestResponse;
use ipp::value::IppValue;
use papermesh_ipp_guard::HEADER_BYTES;

use crate::reading;
use crate::status::Status;
use crate::values::{self, Values};

/// The versions that are spoken, `ipp-versions-supported`; 1.0 is answered as 1.1 is.
pub const VERSIONS: [&str; 4] = ["1.1", "2.0", "2.1", "2.2"];
/// The newest of them.
const NEWEST: u16 = 0x0202;

/// `charset-supported`.
pub const CHARSETS: [&str; 2] = ["us-ascii", "utf-8"];

/// A request that is well-formed: version, charset and language are known, and it says at whom it
/// is directed.
#[derive(Debug)]
pub struct Request {
    /// The operation's number.
    pub operation: u16,
    version: u16,
    id: i32,
    groups: Vec<IppAttributeGroup>,
}

/// What was not understood, with what of it is needed to answer.
#[derive(Debug)]
pub struct Malformed {
    version: u16,
    id: i32,
    failure: Failure,
}

/// An operation that did not succeed.
#[derive(Debug)]
pub struct Failure {
    /// What the program may do about it.
    pub status: Status,
    /// What the person at the program may read.
    pub text: String,
    /// Attributes that were the cause.
    pub unsupported: Vec<IppAttribute>,
}

impl Failure {
    /// A failure of this status.
    pub fn new(status: Status, text: impl Into<String>) -> Self {
        Self {
            status,
            text: text.into(),
            unsupported: Vec::new(),
        }
    }
}

/// The job that a request names: `job-id` beside `printer-uri`, or `job-uri` alone (RFC 8011 section
/// 4.1.5).
pub fn job_number(request: &Request) -> Option<u32> {
    let operation = request.operation();
    let number = match operation.integer("job-id") {
        Some(number) => u32::try_from(number).ok(),
        None => operation
            .text("job-uri")
            .and_then(|uri| uri.rsplit('/').next())
            .and_then(|last| last.parse().ok()),
    };
    number.filter(|number| *number > 0)
}

impl Request {
    /// Reads header and attributes, which [`papermesh_ipp_guard`] let pass.
    pub fn read(bytes: &Bytes) -> Result<Self, Malformed> {
        let header: [u8; HEADER_BYTES] = bytes
            .first_chunk()
            .copied()
            .ok_or_else(|| Malformed::new(NEWEST, 0, "the request is cut short"))?;
        let [major, minor, op_high, op_low, id @ ..] = header;
        let (version, id) = (u16::from_be_bytes([major, minor]), i32::from_be_bytes(id));
        let operation = u16::from_be_bytes([op_high, op_low]);
        let malformed = |text: String| Malformed::new(version, id, text);
        if !matches!(major, 1 | 2) {
            let text = format!("IPP {major}.{minor} is not supported");
            return Err(Malformed {
                version: NEWEST,
                id,
                failure: Failure::new(Status::VersionNotSupported, text),
            });
        }
        if id < 1 {
            // RFC 8011 section 4.1.1 has them begin at 1, and the suites want this refused.
            let text = format!("the request-id is {id} and must be 1 or more");
            return Err(malformed(text));
        }
        let groups =
            reading::groups(bytes).ok_or_else(|| malformed("the request is not IPP".into()))?;
        check_beginning(&groups).map_err(malformed)?;
        let request = Self {
            operation,
            version,
            id,
            groups,
        };
        let charset = request.operation().text("attributes-charset");
        if !charset.is_some_and(is_taken) {
            return Err(Malformed {
                version,
                id,
                failure: Failure::new(Status::Charset, "the charset must be utf-8"),
            });
        }
        Ok(request)
    }

    /// The operation attributes.
    pub fn operation(&self) -> Values<'_> {
        self.group(DelimiterTag::OperationAttributes)
    }

    /// The job template attributes.
    pub fn job(&self) -> Values<'_> {
        self.group(DelimiterTag::JobAttributes)
    }

    /// The group of a kind; empty where there is none.
    pub fn group(&self, tag: DelimiterTag) -> Values<'_> {
        Values(self.groups(tag).next().map_or(&[], |group| group.0))
    }

    /// All groups of a kind; more than one there are of subscriptions only.
    pub fn groups(&self, tag: DelimiterTag) -> impl Iterator<Item = Values<'_>> {
        self.groups
            .iter()
            .filter(move |group| group.tag() == tag)
            .map(|group| Values(group.attributes()))
    }

    /// An answer to this request.
    pub fn answer(&self, status: Status) -> Answer {
        Answer::new(self.version, self.id, status)
    }

    /// The answer to this request if it failed.
    pub fn failed(&self, failure: Failure) -> Answer {
        Answer::failed(self.version, self.id, failure)
    }
}

impl Malformed {
    fn new(version: u16, id: i32, text: impl Into<String>) -> Self {
        Self {
            version,
            id,
            failure: Failure::new(Status::BadRequest, text),
        }
    }

    /// A message that did not pass the guard; its header may not be there at all.
    pub fn unguarded(arrived: &[u8], status: Status, text: impl Into<String>) -> Self {
        let id = match arrived.get(4..HEADER_BYTES) {
            Some(&[a, b, c, d]) => i32::from_be_bytes([a, b, c, d]),
            _ => 0,
        };
        Self {
            version: 0x0101,
            id,
            failure: Failure::new(status, text),
        }
    }

    /// Whether more came than there was room for, or more values.
    pub fn is_too_large(&self) -> bool {
        self.failure.status == Status::RequestEntityTooLarge
    }

    /// The answer to it.
    pub fn answer(self) -> Answer {
        Answer::failed(self.version, self.id, self.failure)
    }
}

/// Whether text in this charset is understood, whose name may have any case (RFC 2978 section 2.3).
fn is_taken(charset: &str) -> bool {
    let charset = charset.trim();
    (CHARSETS.iter()).any(|taken| charset.eq_ignore_ascii_case(taken))
}

/// The operation attributes come first, and among them charset and language (RFC 8011 section
/// 4.1.4).
fn check_beginning(groups: &[IppAttributeGroup]) -> Result<(), String> {
    let first = groups
        .first()
        .filter(|group| group.tag() == DelimiterTag::OperationAttributes)
        .ok_or("the request does not begin with operation attributes")?;
    let names: Vec<&str> = (first.attributes().iter().take(2))
        .map(|attribute| attribute.name().as_str())
        .collect();
    if names != ["attributes-charset", "attributes-natural-language"] {
        return Err(
            "the request does not begin with attributes-charset and attributes-natural-language"
                .into(),
        );
    }
    Ok(())
}

/// An answer being put together. Its groups are sent in the order in which they were begun, those
/// of the operation and of unsupported attributes first.
#[derive(Debug)]
pub struct Answer {
    version: u16,
    id: i32,
    /// How it went.
    pub status: Status,
    operation: Vec<IppAttribute>,
    unsupported: Vec<IppAttribute>,
    groups: Vec<IppAttributeGroup>,
}

impl Answer {
    fn new(version: u16, id: i32, status: Status) -> Self {
        let known = (0x0101..=NEWEST).contains(&version);
        Self {
            version: if known { version } else { 0x0101 },
            id,
            status,
            operation: Vec::new(),
            unsupported: Vec::new(),
            groups: Vec::new(),
        }
    }

    fn failed(version: u16, id: i32, failure: Failure) -> Self {
        let mut answer = Self::new(version, id, failure.status);
        answer.unsupported = failure.unsupported;
        answer.say(&failure.text);
        answer
    }

    /// Puts a text for people into the answer (`status-message`, at most 255 bytes).
    pub fn say(&mut self, text: &str) {
        let value = IppValue::new_text_without_language(values::cut(text, 255));
        let value = value.unwrap_or(IppValue::NoValue);
        self.operation
            .extend(values::attribute("status-message", value));
    }

    /// Adds an operation attribute.
    pub fn put(&mut self, name: &str, value: IppValue) {
        self.operation.extend(values::attribute(name, value));
    }

    /// Adds attributes that were not taken as they were sent (RFC 8011 section 4.1.7).
    pub fn unsupported(&mut self, attributes: Vec<IppAttribute>) {
        self.unsupported.extend(attributes);
    }

    /// Adds a group.
    pub fn group(&mut self, tag: DelimiterTag, attributes: Vec<IppAttribute>) {
        let mut group = IppAttributeGroup::new(tag);
        group.attributes_mut().extend(attributes);
        self.groups.push(group);
    }

    /// The bytes to send.
    pub fn into_bytes(self) -> Bytes {
        let version = IppVersion(self.version);
        let Ok(mut message) =
            IppRequestResponse::new_response(version, StatusCode::SuccessfulOk, self.id)
        else {
            return Bytes::new();
        };
        message.header_mut().operation_or_status =
            i16::from_be_bytes(self.status.code().to_be_bytes());
        let attributes = message.attributes_mut();
        for attribute in self.operation {
            attributes.add(DelimiterTag::OperationAttributes, attribute);
        }
        if !self.unsupported.is_empty() {
            let mut group = IppAttributeGroup::new(DelimiterTag::UnsupportedAttributes);
            group.attributes_mut().extend(self.unsupported);
            attributes.groups_mut().push(group);
        }
        attributes.groups_mut().extend(self.groups);
        message.to_bytes()
    }
}
