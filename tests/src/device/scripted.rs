//! An IPP printer (RFC 8010, RFC 8011) that does what its script says: prints, stands still for
//! want of paper, gives up, or dies in the middle. It speaks just enough for one client.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Cursor, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ipp::attribute::IppAttribute;
use ipp::model::{DelimiterTag, IppVersion, Operation, StatusCode};
use ipp::parser::IppParser;
use ipp::reader::IppReader;
use ipp::request::IppRequestResponse;
use ipp::value::IppValue;

/// What becomes of documents, from now on and as long as they are not printed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// They are printed at once.
    Prints,
    /// They wait: the printer works and does not finish.
    Works,
    /// They wait: the printer stands still and wants paper.
    WantsPaper,
    /// It gives them up, with nothing on paper.
    Aborts,
    /// The connection breaks within the document, and the job is given up.
    Breaks,
    /// They are called completed at once, while the printer stands still and wants paper.
    CompletesWithoutPaper,
    /// They are printed at once, and the printer knows nothing of them any more.
    Forgets,
}

/// A running printer. It ends with the test's process.
#[derive(Clone, Debug)]
pub struct ScriptedPrinter {
    port: u16,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    fate: Fate,
    jobs: Vec<Job>,
    /// How often it was asked about itself while it called a job completed without paper.
    doubted: usize,
}

#[derive(Debug)]
struct Job {
    id: i32,
    name: String,
    wanted: Wanted,
    document: Option<Vec<u8>>,
    state: State,
    since: Instant,
    /// How often it was asked for since its document came.
    looks: u32,
}

/// What was asked of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// `copies`, 1 if nothing was said.
    pub copies: i32,
    /// `finishings` (PWG 5100.1 table 1).
    pub finishings: Vec<i32>,
}

/// `finishings-supported`: none, staple, staple-top-left, staple-dual-left, punch-dual-left, fold-half.
const FINISHINGS: [i32; 6] = [3, 4, 20, 28, 74, 93];

/// How long a job may wait for its document before it is given up
/// (`multiple-operation-time-out`, RFC 8011 §5.4.31).
const INCOMING: Duration = Duration::from_secs(15);

impl Job {
    /// Whether it waits for its document.
    fn is_incoming(&self) -> bool {
        self.state == State::Open && self.document.is_none()
    }
}

/// `job-state` (RFC 8011 §5.3.7) as far as it stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Canceled,
    Aborted,
    Completed,
}

impl ScriptedPrinter {
    /// Starts one.
    ///
    /// # Panics
    /// If it cannot listen.
    #[must_use]
    pub fn start(fate: Fate) -> Self {
        let listening = TcpListener::bind("127.0.0.1:0").and_then(|listener| {
            let port = listener.local_addr()?.port();
            Ok((listener, port))
        });
        let (listener, port) = listening.unwrap_or_else(|error| panic!("cannot listen: {error}"));
        let shared = Shared {
            fate,
            jobs: Vec::new(),
            doubted: 0,
        };
        let printer = Self {
            port,
            shared: Arc::new(Mutex::new(shared)),
        };
        let serving = printer.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = serving.clone();
                // A client that goes away has nothing to be told.
                std::thread::spawn(move || drop(serving.serve(stream)));
            }
        });
        printer
    }

    /// For `--output`.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("ipp://127.0.0.1:{}/ipp/print", self.port)
    }

    /// Changes what becomes of documents; those that wait are not excepted.
    pub fn set(&self, fate: Fate) {
        self.lock().fate = fate;
        self.advance();
    }

    /// The documents that came out, in order.
    #[must_use]
    pub fn printed(&self) -> Vec<Vec<u8>> {
        self.papers(|_, document| document.to_vec())
    }

    /// What `look` makes of the name and the document of each job that came out, in order.
    pub fn papers<T>(&self, mut look: impl FnMut(&str, &[u8]) -> T) -> Vec<T> {
        self.advance();
        let shared = self.lock();
        let completed = shared
            .jobs
            .iter()
            .filter(|job| job.state == State::Completed);
        completed
            .filter_map(|job| Some(look(&job.name, job.document.as_deref()?)))
            .collect()
    }

    /// What was asked of each job that came out, in order.
    #[must_use]
    pub fn wanted(&self) -> Vec<Wanted> {
        self.advance();
        let shared = self.lock();
        let completed = (shared.jobs.iter()).filter(|job| job.state == State::Completed);
        completed.map(|job| job.wanted.clone()).collect()
    }

    /// How many jobs it was ever given, whatever became of them.
    #[must_use]
    pub fn given(&self) -> usize {
        self.lock().jobs.len()
    }

    /// How often it was asked how it is while it called a job completed without paper.
    #[must_use]
    pub fn doubted(&self) -> usize {
        self.lock().doubted
    }

    /// Whether a document is in the printer and not out yet.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        let shared = self.lock();
        let waiting = |job: &Job| job.state == State::Open && job.document.is_some();
        shared.jobs.iter().any(waiting)
    }

    /// Whether there is such a document, and the node knows that it is there: it was told so, and has looked
    /// at the job several times since.
    #[must_use]
    pub fn is_known_to_be_busy(&self) -> bool {
        let shared = self.lock();
        let mut jobs = shared.jobs.iter();
        jobs.any(|job| job.state == State::Open && job.looks >= 3)
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the fate overtake the jobs that wait for it.
    fn advance(&self) {
        let mut shared = self.lock();
        for job in &mut shared.jobs {
            if job.is_incoming() && job.since.elapsed() > INCOMING {
                job.state = State::Aborted;
            }
        }
        let state = match shared.fate {
            Fate::Prints | Fate::Forgets => State::Completed,
            Fate::Aborts => State::Aborted,
            Fate::Works | Fate::WantsPaper | Fate::Breaks | Fate::CompletesWithoutPaper => return,
        };
        for job in &mut shared.jobs {
            if job.state == State::Open && job.document.is_some() {
                job.state = state;
            }
        }
    }

    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut writer = stream;
        loop {
            let Some(headers) = head(&mut reader)? else {
                return Ok(());
            };
            if headers.contains_key("expect") {
                writer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            }
            let breaking = self.lock().fate == Fate::Breaks;
            // However a body ends before its end, its job is given up.
            let Ok(Some(body)) = body(&mut reader, &headers, breaking) else {
                self.abort_incoming();
                return Ok(());
            };
            let mut request = IppParser::new(IppReader::new(Cursor::new(body)))
                .parse()
                .map_err(io::Error::other)?;
            let mut document = Vec::new();
            request.payload_mut().read_to_end(&mut document)?;
            let answer = self.answer(&request, document).map_err(io::Error::other)?;
            let length = answer.len();
            write!(
                writer,
                "HTTP/1.1 200 OK\r\nContent-Type: application/ipp\r\nContent-Length: {length}\r\n\r\n"
            )?;
            writer.write_all(&answer)?;
        }
    }

    fn answer(
        &self,
        request: &IppRequestResponse,
        document: Vec<u8>,
    ) -> Result<Vec<u8>, ipp::parser::IppParseError> {
        let code = request.header().operation_or_status;
        let asked = |operation: Operation| code == operation as i16;
        let named = integer(request, "job-id");
        let mut status = StatusCode::SuccessfulOk;
        let mut jobs = Vec::new();
        if asked(Operation::CreateJob) || asked(Operation::PrintJob) {
            let document = asked(Operation::PrintJob).then_some(document);
            let wanted = Wanted {
                copies: integer(request, "copies").unwrap_or(1),
                finishings: enums(request, "finishings"),
            };
            jobs.push(self.create(text(request, "job-name"), wanted, document));
        } else if asked(Operation::SendDocument) {
            let mut taken = false;
            self.update(named, |job| {
                taken = job.is_incoming();
                if taken {
                    job.document = Some(document);
                }
            });
            if !taken {
                status = StatusCode::ClientErrorNotPossible;
            }
            // What it forgets it forgets when it has confirmed it.
            jobs.extend(named.filter(|_| self.lock().fate != Fate::Forgets));
        } else if asked(Operation::CancelJob) {
            self.update(named, |job| {
                if job.state == State::Open {
                    job.state = State::Canceled;
                }
            });
            jobs.extend(named);
        } else if asked(Operation::GetJobAttributes) {
            self.update(named, |job| job.looks += u32::from(job.document.is_some()));
            jobs.extend(named);
        } else if asked(Operation::GetJobs) {
            jobs.extend(self.lock().jobs.iter().map(|job| job.id));
        }
        self.advance();
        let mut response = IppRequestResponse::new_response(
            IppVersion::v2_0(),
            status,
            request.header().request_id,
        )?;
        for id in jobs {
            match self.describe(id) {
                Some(attributes) => add(&mut response, DelimiterTag::JobAttributes, attributes)?,
                None => status = StatusCode::ClientErrorNotFound,
            }
        }
        if asked(Operation::GetPrinterAttributes) {
            add(
                &mut response,
                DelimiterTag::PrinterAttributes,
                self.itself()?,
            )?;
        }
        response.header_mut().operation_or_status = status as i16;
        Ok(response.to_bytes().to_vec())
    }

    fn create(&self, name: String, wanted: Wanted, document: Option<Vec<u8>>) -> i32 {
        let mut shared = self.lock();
        let id = i32::try_from(shared.jobs.len()).unwrap_or(i32::MAX - 1) + 1;
        shared.jobs.push(Job {
            id,
            name,
            wanted,
            document,
            state: State::Open,
            since: Instant::now(),
            looks: 0,
        });
        id
    }

    /// Gives up the jobs whose documents will not come any more.
    fn abort_incoming(&self) {
        for job in &mut self.lock().jobs {
            if job.is_incoming() {
                job.state = State::Aborted;
            }
        }
    }

    fn update(&self, id: Option<i32>, change: impl FnOnce(&mut Job)) {
        let mut shared = self.lock();
        if let Some(job) = shared.jobs.iter_mut().find(|job| Some(job.id) == id) {
            change(job);
        }
    }

    /// What it says of a job.
    fn describe(&self, id: i32) -> Option<Vec<(&'static str, IppValue)>> {
        let shared = self.lock();
        let job = shared.jobs.iter().find(|job| job.id == id)?;
        if shared.fate == Fate::Forgets && job.document.is_some() {
            return None;
        }
        let (state, reason) = match (job.state, shared.fate) {
            (State::Open, _) if job.document.is_none() => (3, "job-incoming"),
            (State::Open, Fate::WantsPaper) => (6, "printer-stopped"),
            (State::Open, Fate::CompletesWithoutPaper) => (9, "job-completed-successfully"),
            (State::Open, _) => (5, "job-printing"),
            (State::Canceled, _) => (7, "job-canceled-by-user"),
            (State::Aborted, _) => (8, "aborted-by-system"),
            (State::Completed, _) => (9, "job-completed-successfully"),
        };
        let pages = i32::from(job.state == State::Completed);
        Some(vec![
            ("job-id", IppValue::Integer(job.id)),
            (
                "job-name",
                IppValue::new_name_without_language(&*job.name).ok()?,
            ),
            ("job-state", IppValue::Enum(state)),
            ("job-state-reasons", IppValue::new_keyword(reason).ok()?),
            ("job-impressions-completed", IppValue::Integer(pages)),
        ])
    }

    /// What it says of itself.
    fn itself(&self) -> Result<Vec<(&'static str, IppValue)>, ipp::parser::IppParseError> {
        let mut shared = self.lock();
        let waits = shared.jobs.iter().any(|job| job.document.is_some());
        let (state, reason) = match shared.fate {
            Fate::WantsPaper => (5, "media-empty-error"),
            Fate::CompletesWithoutPaper if waits => {
                shared.doubted += 1;
                (5, "media-empty-error")
            }
            _ => (3, "none"),
        };
        drop(shared);
        let operations = [
            Operation::PrintJob,
            Operation::CreateJob,
            Operation::SendDocument,
            Operation::CancelJob,
            Operation::GetJobAttributes,
            Operation::GetJobs,
            Operation::GetPrinterAttributes,
        ];
        let operations = operations.map(|operation| IppValue::Enum(operation as i32));
        Ok(vec![
            (
                "printer-name",
                IppValue::new_name_without_language("scripted")?,
            ),
            ("printer-state", IppValue::Enum(state)),
            ("printer-state-reasons", IppValue::new_keyword(reason)?),
            ("printer-is-accepting-jobs", IppValue::Boolean(true)),
            ("operations-supported", IppValue::Array(operations.to_vec())),
            (
                "document-format-supported",
                IppValue::new_mime_media_type("application/pdf")?,
            ),
            (
                "sides-supported",
                IppValue::Array(vec![
                    IppValue::new_keyword("one-sided")?,
                    IppValue::new_keyword("two-sided-long-edge")?,
                ]),
            ),
            (
                "finishings-supported",
                IppValue::Array(FINISHINGS.map(IppValue::Enum).to_vec()),
            ),
            (
                "copies-supported",
                IppValue::RangeOfInteger { min: 1, max: 99 },
            ),
        ])
    }
}

fn add(
    response: &mut IppRequestResponse,
    group: DelimiterTag,
    attributes: Vec<(&'static str, IppValue)>,
) -> Result<(), ipp::parser::IppParseError> {
    let attributes = attributes
        .into_iter()
        .map(|(name, value)| IppAttribute::with_name(name, value))
        .collect::<Result<Vec<_>, _>>()?;
    // A group of its own for each job (RFC 8011 §4.2.6.2).
    let mut whole = ipp::attribute::IppAttributeGroup::new(group);
    whole.attributes_mut().extend(attributes);
    response.attributes_mut().groups_mut().push(whole);
    Ok(())
}

fn enums(request: &IppRequestResponse, name: &str) -> Vec<i32> {
    let values = value(request, name).into_iter().flatten();
    values
        .filter_map(|value| match value {
            IppValue::Enum(number) => Some(*number),
            _ => None,
        })
        .collect()
}

fn value<'a>(request: &'a IppRequestResponse, name: &str) -> Option<&'a IppValue> {
    let groups = request.attributes().groups();
    groups
        .iter()
        .find_map(|group| group.get(name))
        .map(IppAttribute::value)
}

fn integer(request: &IppRequestResponse, name: &str) -> Option<i32> {
    match value(request, name) {
        Some(IppValue::Integer(number)) => Some(*number),
        _ => None,
    }
}

fn text(request: &IppRequestResponse, name: &str) -> String {
    value(request, name)
        .map(ToString::to_string)
        .unwrap_or_default()
}

/// The head of an HTTP request, names in lower case; none at the end of the connection.
fn head(reader: &mut impl BufRead) -> io::Result<Option<BTreeMap<String, String>>> {
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        match line.trim_end() {
            "" => return Ok(Some(headers)),
            line => {
                if let Some((name, value)) = line.split_once(':') {
                    headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
                }
            }
        }
    }
}

/// How much of a body a printer takes before it breaks the connection: the attributes, and a
/// part of the document.
const BROKEN_AFTER: usize = 8 * 1024;

/// The body of an HTTP request; none if it ended early, or was made to.
fn body(
    reader: &mut impl BufRead,
    headers: &BTreeMap<String, String>,
    breaking: bool,
) -> io::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    if let Some(length) = headers.get("content-length") {
        let length: usize = length.parse().map_err(io::Error::other)?;
        let is_broken = breaking && length > BROKEN_AFTER;
        body.resize(if is_broken { BROKEN_AFTER } else { length }, 0);
        reader.read_exact(&mut body)?;
        return Ok((!is_broken).then_some(body));
    }
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Ok(length) = usize::from_str_radix(line.trim_end(), 16) else {
            return Ok(None);
        };
        let begun = body.len();
        body.resize(begun + length, 0);
        reader.read_exact(&mut body[begun..])?;
        reader.read_exact(&mut [0; 2])?;
        if breaking && body.len() > BROKEN_AFTER {
            return Ok(None);
        }
        if length == 0 {
            return Ok(Some(body));
        }
    }
}
