//! A printer for tests: speaks HTTP and IPP over loopback and does what its script says, hostile
//! things included.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read as _};
use std::sync::{Arc, Mutex};

use ipp::attribute::IppAttribute;
use ipp::model::{DelimiterTag, IppVersion, Operation, StatusCode};
use ipp::parser::IppParser;
use ipp::reader::IppReader;
use ipp::request::IppRequestResponse;
use ipp::value::IppValue;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

use super::super::uri::IppAddress;

/// One request as the printer saw it.
pub(super) struct Asked {
    pub(super) operation: Operation,
    /// How many requests of this operation came before.
    pub(super) nth: usize,
    pub(super) version: IppVersion,
    /// How many bytes of documents the printer has had so far.
    pub(super) received: usize,
    /// How many documents have broken off so far.
    pub(super) broken: usize,
    /// Whether a job has been canceled.
    pub(super) canceled: bool,
    /// `Host` of the request.
    pub(super) host: String,
    /// Whether the request came in chunks, without its length.
    pub(super) chunked: bool,
    message: IppRequestResponse,
}

impl Asked {
    /// An attribute of the request as text, from any group.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let groups = self.message.attributes().groups();
        groups
            .iter()
            .find_map(|group| group.get(name))
            .map(|attribute| attribute.value().to_string())
    }
}

impl Asked {
    /// The names in `requested-attributes`.
    pub(super) fn names(&self) -> Vec<String> {
        let groups = self.message.attributes().groups();
        let asked = groups
            .iter()
            .find_map(|group| group.get("requested-attributes"));
        let values = asked
            .into_iter()
            .flat_map(|asked| asked.value().into_iter());
        values.map(ToString::to_string).collect()
    }
}

/// How the printer speaks, whatever it answers.
#[derive(Clone)]
pub(super) struct Manners {
    /// Ends the connection once this much of a document has come.
    pub(super) cut: Option<usize>,
    /// Its version of HTTP.
    pub(super) http: &'static str,
    /// The header with the answer's type, with its line's end; or nothing.
    pub(super) content_type: &'static str,
    /// The number of every answer, if it is not the request's.
    pub(super) number: Option<i32>,
    /// What it does with requests in chunks.
    pub(super) chunks: Chunks,
    /// Bytes at the end of each description of itself.
    pub(super) noise: Vec<u8>,
}

/// What a printer does with requests in chunks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunks {
    /// It takes them.
    Takes,
    /// It refuses them with this status.
    Refuses(u16),
    /// It waits for ever for their length.
    Waits,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            cut: None,
            http: "HTTP/1.1",
            content_type: "Content-Type: application/ipp\r\n",
            number: None,
            chunks: Chunks::Takes,
            noise: Vec::new(),
        }
    }
}

/// What the printer answers.
pub(super) enum Answer {
    /// A reply of this status and these attributes, with the right request id.
    Ipp(u16, Vec<(DelimiterTag, &'static str, IppValue)>),
    /// These bytes as the body of an IPP reply.
    Bytes(Vec<u8>),
    /// These bytes in place of the whole HTTP response.
    Http(&'static str),
    /// Nothing, for ever.
    Silence,
    /// The connection ends.
    HangUp,
}

/// What a script knows of itself.
pub(super) type Script = Box<dyn FnMut(&Asked) -> Answer + Send>;

/// What the printer wrote down.
#[derive(Default)]
pub(super) struct Record {
    pub(super) operations: Vec<Operation>,
    /// Documents that arrived whole.
    pub(super) documents: Vec<Vec<u8>>,
    /// Documents that broke off.
    pub(super) broken: usize,
}

/// A running printer.
pub(super) struct FakePrinter {
    pub(super) address: IppAddress,
    pub(super) record: Arc<Mutex<Record>>,
    _server: AbortOnDropHandle<()>,
}

struct Shared {
    script: Mutex<Script>,
    record: Arc<Mutex<Record>>,
    manners: Manners,
}

impl FakePrinter {
    pub(super) async fn start(script: impl FnMut(&Asked) -> Answer + Send + 'static) -> Self {
        Self::start_with(Manners::default(), script).await
    }

    pub(super) async fn start_with(
        manners: Manners,
        script: impl FnMut(&Asked) -> Answer + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let record = Arc::new(Mutex::new(Record::default()));
        let shared = Arc::new(Shared {
            script: Mutex::new(Box::new(script)),
            record: Arc::clone(&record),
            manners,
        });
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move { drop(serve(stream, &shared).await) });
            }
        });
        Self {
            address: IppAddress {
                tls: false,
                host: "127.0.0.1".into(),
                port,
                path: "/ipp/print".into(),
            },
            record,
            _server: AbortOnDropHandle::new(server),
        }
    }

    pub(super) fn count(&self, operation: Operation) -> usize {
        self.record
            .lock()
            .unwrap()
            .operations
            .iter()
            .filter(|seen| **seen == operation)
            .count()
    }
}

/// What a good printer answers: takes PDF, prints on both sides in black, and has printed three
/// pages as soon as it has the document.
pub(super) fn ordinary(asked: &Asked) -> Answer {
    match asked.operation {
        Operation::GetPrinterAttributes => printer(3, &["none"]),
        Operation::CreateJob | Operation::PrintJob => job(3, &["none"]),
        Operation::GetJobAttributes if asked.received == 0 => job(3, &["job-incoming"]),
        Operation::GetJobAttributes => job(9, &["job-completed-successfully"]),
        Operation::GetJobs => Answer::Ipp(0, vec![]),
        _ => Answer::Ipp(0, vec![]),
    }
}

/// A description of the printer in this state.
pub(super) fn printer(state: i32, reasons: &[&str]) -> Answer {
    printer_with(&[2, 4, 5, 6, 8, 9, 10, 11], state, reasons)
}

/// The same with other operations.
pub(super) fn printer_with(operations: &[i32], state: i32, reasons: &[&str]) -> Answer {
    let group = DelimiterTag::PrinterAttributes;
    let operations = operations
        .iter()
        .map(|&operation| IppValue::Enum(operation))
        .collect();
    let formats = ["application/pdf", "application/octet-stream"];
    let formats = formats
        .iter()
        .map(|format| IppValue::new_mime_media_type(*format).unwrap())
        .collect();
    Answer::Ipp(
        0,
        vec![
            (
                group,
                "printer-name",
                IppValue::new_name_without_language("fake").unwrap(),
            ),
            (group, "printer-state", IppValue::Enum(state)),
            (group, "printer-state-reasons", keywords(reasons)),
            (group, "printer-is-accepting-jobs", IppValue::Boolean(true)),
            (group, "operations-supported", IppValue::Array(operations)),
            (group, "document-format-supported", IppValue::Array(formats)),
            (
                group,
                "sides-supported",
                keywords(&["one-sided", "two-sided-long-edge"]),
            ),
            (group, "color-supported", IppValue::Boolean(false)),
            (
                group,
                "copies-supported",
                IppValue::RangeOfInteger { min: 1, max: 9 },
            ),
        ],
    )
}

/// Job 1 in this state.
pub(super) fn job(state: i32, reasons: &[&str]) -> Answer {
    job_named(state, reasons, "Plan [1f2e3d4c]")
}

/// The same under another name.
pub(super) fn job_named(state: i32, reasons: &[&str], name: &str) -> Answer {
    let group = DelimiterTag::JobAttributes;
    Answer::Ipp(
        0,
        vec![
            (group, "job-id", IppValue::Integer(1)),
            (
                group,
                "job-name",
                IppValue::new_name_without_language(name).unwrap(),
            ),
            (group, "job-state", IppValue::Enum(state)),
            (group, "job-state-reasons", keywords(reasons)),
            (
                group,
                "job-impressions-completed",
                IppValue::Integer(if state == 9 { 3 } else { 0 }),
            ),
        ],
    )
}

pub(super) fn keywords(words: &[&str]) -> IppValue {
    let words = if words.is_empty() { &["none"] } else { words };
    IppValue::Array(
        words
            .iter()
            .map(|word| IppValue::new_keyword(*word).unwrap())
            .collect(),
    )
}

/// A reply of this status and nothing else.
pub(super) fn status(code: u16) -> Answer {
    Answer::Ipp(code, vec![])
}

async fn serve(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let headers = head(&mut stream).await?;
        let chunked = headers.contains_key("transfer-encoding");
        let manners = &shared.manners;
        match manners.chunks {
            Chunks::Refuses(status) if chunked => {
                let refusal = format!(
                    "HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                );
                stream.write_all(refusal.as_bytes()).await?;
                return stream.flush().await;
            }
            Chunks::Waits if chunked => std::future::pending().await,
            _ => {}
        }
        let host = headers.get("host").cloned().unwrap_or_default();
        let Some(body) = body(&mut stream, &headers, manners.cut).await? else {
            shared.record.lock().unwrap().broken += 1;
            return Ok(());
        };
        let mut parsed = IppParser::new(IppReader::new(Cursor::new(body)))
            .parse()
            .map_err(io::Error::other)?;
        let mut document = Vec::new();
        parsed.payload_mut().read_to_end(&mut document)?;
        let number = manners.number.unwrap_or(parsed.header().request_id);
        let describes =
            parsed.header().operation_or_status == Operation::GetPrinterAttributes as i16;
        match answer(shared, parsed, document, (host, chunked)) {
            Answer::Ipp(status, attributes) => {
                let mut message = IppRequestResponse::new_response(
                    IppVersion::v2_0(),
                    StatusCode::SuccessfulOk,
                    number,
                )
                .unwrap();
                message.header_mut().operation_or_status = i16::from_be_bytes(status.to_be_bytes());
                for (group, name, value) in attributes {
                    message
                        .attributes_mut()
                        .add(group, IppAttribute::with_name(name, value).unwrap());
                }
                let mut bytes = message.to_bytes().to_vec();
                if describes {
                    let end = bytes.pop();
                    bytes.extend(&manners.noise);
                    bytes.extend(end);
                }
                respond(&mut stream, &bytes, manners).await?;
            }
            Answer::Bytes(bytes) => respond(&mut stream, &bytes, manners).await?,
            Answer::Http(text) => stream.write_all(text.as_bytes()).await?,
            Answer::Silence => std::future::pending().await,
            Answer::HangUp => return Ok(()),
        }
        stream.flush().await?;
    }
}

fn answer(
    shared: &Shared,
    message: IppRequestResponse,
    document: Vec<u8>,
    (host, chunked): (String, bool),
) -> Answer {
    let operation = operation(message.header().operation_or_status);
    let mut record = shared.record.lock().unwrap();
    let nth = record
        .operations
        .iter()
        .filter(|seen| **seen == operation)
        .count();
    record.operations.push(operation);
    if matches!(operation, Operation::SendDocument | Operation::PrintJob) {
        record.documents.push(document);
    }
    let received = record.documents.iter().map(Vec::len).sum();
    let broken = record.broken;
    let canceled = record.operations.contains(&Operation::CancelJob);
    drop(record);
    let asked = Asked {
        operation,
        nth,
        version: message.header().version,
        received,
        broken,
        canceled,
        host,
        chunked,
        message,
    };
    (shared.script.lock().unwrap())(&asked)
}

fn operation(code: i16) -> Operation {
    match code {
        2 => Operation::PrintJob,
        4 => Operation::ValidateJob,
        5 => Operation::CreateJob,
        6 => Operation::SendDocument,
        8 => Operation::CancelJob,
        9 => Operation::GetJobAttributes,
        10 => Operation::GetJobs,
        11 => Operation::GetPrinterAttributes,
        other => panic!("the print walk has no operation {other}"),
    }
}

async fn respond(
    stream: &mut BufReader<TcpStream>,
    bytes: &[u8],
    manners: &Manners,
) -> io::Result<()> {
    let head = format!(
        "{} 200 OK\r\n{}Content-Length: {}\r\n\r\n",
        manners.http,
        manners.content_type,
        bytes.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(bytes).await
}

async fn head(stream: &mut BufReader<TcpStream>) -> io::Result<BTreeMap<String, String>> {
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.insert(name.to_ascii_lowercase(), value.to_owned()),
            None if line.trim_end().is_empty() => return Ok(headers),
            None => None,
        };
    }
}

/// The request's body; `None` where it broke off or was cut.
async fn body(
    stream: &mut BufReader<TcpStream>,
    headers: &BTreeMap<String, String>,
    cut: Option<usize>,
) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    if let Some(length) = headers.get("content-length") {
        bytes.resize(length.parse().map_err(io::Error::other)?, 0);
        stream.read_exact(&mut bytes).await?;
        return Ok(Some(bytes));
    }
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let Ok(length) = usize::from_str_radix(line.trim_end(), 16) else {
            return Ok(None);
        };
        let start = bytes.len();
        bytes.resize(start + length, 0);
        let mut end = [0; 2];
        let whole = stream.read_exact(&mut bytes[start..]).await.is_ok()
            && stream.read_exact(&mut end).await.is_ok();
        if !whole || cut.is_some_and(|cut| bytes.len() > cut) {
            return Ok(None);
        }
        if length == 0 {
            return Ok(Some(bytes));
        }
    }
}
