//! Doing what a plan says: steps joined by pipes, the last of which a device reads from.
//!
//! The result is handed out when its first piece is there, so that a document which no converter
//! can read never makes a device begin. What goes wrong later is an error of the reader, never a
//! document that is shorter than it should be: its end is kept back until everything that was made
//! has been counted and compared with what the document has ([`super::verdict`]).

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use papermesh_protocol::document_password::DocumentPassword;
use papermesh_protocol::job::PageRanges;
use papermesh_protocol::remedy::Remedy;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::bytes::{Bytes, BytesMut};
use tokio_util::io::StreamReader;

use super::child::{self, Starter, Trouble, Worker};
use super::confine;
use super::device::Device;
use super::facts::{self, Condition, Effort, Facts, Inspection, Question};
use super::ghostscript;
use super::held::{Held, HoldError};
use super::limits;
use super::password::Prefix;
use super::plan::{self, Known, Plan, PrintRequest, Unprintable, Work};
use super::program::Program;
use super::raster::Made;
use super::stage::Stage;
use super::verdict::{self, Doubts, Fault};

/// Bytes that are read at once.
const PIECE: usize = 256 * 1024;
/// Bytes in which the header of a PDF must be (ISO 32000-1 annex H.3.4.1).
const HEAD: u64 = 1024;
const PDF: &str = "application/pdf";
/// Pieces that wait for the device.
const AHEAD: usize = 3;

/// Makes one format of another.
#[derive(Debug, Clone)]
pub struct Converter {
    starter: Starter,
    ghostscript: Option<PathBuf>,
    stall: Duration,
}

/// A document that a device takes, while it is being made.
pub struct Converted {
    /// Its bytes.
    pub document: ConvertedReader,
    /// How the device is to be asked, and what else there is to say.
    pub plan: Plan,
    /// What is known of the document as it was.
    pub facts: Facts,
    /// Whether something may be missing on the paper; known once the document has been read.
    pub doubts: Doubts,
}

/// How well Ghostscript is confined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confinement {
    /// By the list of its system calls and by Landlock.
    Whole,
    /// By the list alone, because the kernel has no Landlock and the configuration allows it.
    WithoutLandlock,
    /// It is not started, because the kernel has no Landlock.
    Refused,
}

/// The bytes of a converted document.
pub type ConvertedReader = StreamReader<BoxStream<'static, io::Result<Bytes>>, Bytes>;

/// Why a document was not converted. Nothing of it went to the device.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// There is no way.
    #[error(transparent)]
    Unprintable(#[from] Unprintable),
    /// It did not arrive.
    #[error("the document did not arrive: {0}")]
    Source(io::Error),
    /// It cannot be held.
    #[error("it cannot be converted for this printer: {0}")]
    Held(String),
    /// A step failed.
    #[error("it cannot be converted for this printer: {0}")]
    Step(String),
    /// Nothing came for too long.
    #[error("it cannot be converted for this printer: the converter stalled for {} seconds", .0.as_secs())]
    Stalled(Duration),
    /// It is something else than it is said to be.
    #[error("it cannot be converted for this printer: it is not a PDF")]
    NoPdf,
    /// Nothing came at all.
    #[error("it cannot be converted for this printer: its pages are empty")]
    Empty,
    /// It is not whole, or what was made of it is not.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Remedy for ConvertError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Unprintable(error) => error.remedy(),
            Self::Fault(error) => error.remedy(),
            _ => None,
        }
    }
}

impl From<Trouble> for ConvertError {
    fn from(trouble: Trouble) -> Self {
        Self::Step(trouble.in_full().to_string())
    }
}

impl From<HoldError> for ConvertError {
    fn from(error: HoldError) -> Self {
        Self::Held(error.to_string())
    }
}

impl Converter {
    /// A converter that starts `program` for its steps and ends those that give nothing for as long as `stall`.
    #[must_use]
    pub fn new(program: Program, ghostscript: Option<PathBuf>, stall: Duration) -> Self {
        Self {
            starter: Starter {
                program,
                without_landlock: false,
            },
            ghostscript,
            stall,
        }
    }

    /// The same, which starts Ghostscript where the kernel has no Landlock, too.
    #[must_use]
    pub fn without_landlock(mut self, so: bool) -> Self {
        self.starter.without_landlock = so;
        self
    }

    /// How well Ghostscript is confined on this computer.
    #[must_use]
    pub fn confinement(&self) -> Confinement {
        match (confine::has_landlock(), self.starter.without_landlock) {
            (true, _) => Confinement::Whole,
            (false, true) => Confinement::WithoutLandlock,
            (false, false) => Confinement::Refused,
        }
    }

    /// A converter with what is installed on this computer.
    #[must_use]
    pub fn found(stall: Duration) -> Self {
        Self::new(Program::installed(), installed("gs"), stall)
    }

    /// The program that does the steps.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.starter.program
    }

    /// Where Ghostscript is, if it is installed.
    #[must_use]
    pub fn ghostscript(&self) -> Option<&Path> {
        self.ghostscript.as_deref()
    }

    /// What is to be done with a document of which only its format is known.
    pub fn plan(&self, device: &Device, request: &PrintRequest) -> Result<Plan, Unprintable> {
        plan::plan(device, request, None, self.ghostscript.as_ref())
    }

    /// Makes a document one that the device takes. Returns with the first piece of it. `password`
    /// opens it, if it is locked.
    pub async fn convert<R>(
        &self,
        device: &Device,
        request: &PrintRequest,
        password: Option<&DocumentPassword>,
        document: R,
    ) -> Result<Converted, ConvertError>
    where
        R: AsyncRead + Send + Unpin + 'static,
    {
        let plan = self.plan(device, request)?;
        let is_pdf = request.format == PDF;
        let held = match &plan.work {
            // What is locked must be opened, also for a device that takes it as it is.
            Work::None if is_pdf && password.is_some() => hold(document, true).await?,
            Work::None => {
                return Ok(Converted {
                    document: self.watched(request, document).await?,
                    plan,
                    facts: Facts::default(),
                    doubts: Doubts::default(),
                });
            }
            Work::Stream(steps) => {
                let pouring = Pouring::start(&self.starter, steps, None, self.stall)?;
                let (document, doubts) = pouring.begin(Some(document), None).await?;
                return Ok(Converted {
                    document,
                    plan,
                    facts: Facts::default(),
                    doubts,
                });
            }
            Work::Hold { before: None, .. } => hold(document, is_pdf).await?,
            Work::Hold {
                before: Some(stage),
                ..
            } => {
                let steps = std::slice::from_ref(stage);
                let pouring = Pouring::start(&self.starter, steps, None, self.stall)?;
                let (made, _) = pouring.begin(Some(document), None).await?;
                hold(made, true).await?
            }
        };
        let made = matches!(&plan.work, Work::Hold { before, .. } if before.is_some());
        let format = if made { PDF } else { &request.format };
        let mut held = held;
        let mut facts = self.facts(format, &held).await;
        if let (Condition::Locked, Some(_)) = (facts.condition, password) {
            held = self.opened(&held, password).await?;
            facts = self.facts(format, &held).await;
        }
        facts.pages = verdict::readable(&facts, request)?;
        let is_unseen = format == PDF && facts.condition == Condition::Unknown;
        let plan = plan::plan(device, request, Some(&facts), self.ghostscript.as_ref())?;
        let steps = match &plan.work {
            Work::Hold { steps, .. } | Work::Stream(steps) => steps.as_slice(),
            Work::None => {
                let file = tokio::fs::File::from_std(held.reader().map_err(HoldError::from)?);
                return Ok(Converted {
                    document: reader(tokio_util::io::ReaderStream::with_capacity(file, PIECE)),
                    plan,
                    facts,
                    doubts: Doubts::default(),
                });
            }
        };
        let is_drawn = matches!(steps, [Stage::Ghostscript { .. }, ..]);
        if is_drawn && is_unseen {
            // What is made could be compared with nothing.
            return Err(Fault::Uncounted.into());
        }
        // Renderers know nothing of print.
        if is_drawn && facts.print_layers {
            held = self.opened(&held, None).await?;
        }
        let input = held.reader().map_err(HoldError::from)?;
        let pouring = Pouring::start(&self.starter, steps, Some(input.into()), self.stall)?;
        let judge = Judge {
            converter: self.clone(),
            // Where the device chooses pages, all of them are made.
            pages: match plan.request.options.page_ranges.is_all() {
                true => request.options.page_ranges.clone(),
                false => PageRanges::all(),
            },
            counted: facts.pages,
            held: (format == PDF).then_some(held),
        };
        let (document, doubts) = pouring.begin(None::<tokio::io::Empty>, Some(judge)).await?;
        Ok(Converted {
            document,
            plan,
            facts,
            doubts,
        })
    }

    /// A document that goes to the device as it is, and is looked at on its way: its end is kept
    /// back until it is known to be whole, unless somebody has counted its pages before. Returns with
    /// the first piece of it.
    async fn watched<R>(
        &self,
        request: &PrintRequest,
        document: R,
    ) -> Result<ConvertedReader, ConvertError>
    where
        R: AsyncRead + Send + Unpin + 'static,
    {
        let pieces = tokio_util::io::ReaderStream::with_capacity(document, PIECE);
        let Known { size, counted } = request.known;
        plan::check_pages(request, counted)?;
        let is_too_large = size.is_some_and(|size| size > limits::HELD);
        if counted.is_some() || is_too_large || !facts::is_judged(&request.format) {
            return Ok(reader(pieces));
        }
        let inspection = Inspection::begin(self, &request.format, false, None, Effort::ON_ITS_WAY);
        let watching = Watching {
            pieces: pieces.boxed(),
            inspection,
            request: request.clone(),
            withheld: Withheld::default(),
        };
        let state = Watched::OnItsWay(Box::new(watching));
        let mut pieces = futures::stream::try_unfold(state, Watched::next).boxed();
        let first = match pieces.next().await {
            Some(Err(error)) => {
                return Err(error.downcast().unwrap_or_else(ConvertError::Source));
            }
            first => futures::stream::iter(first),
        };
        let rest = pieces.map(|piece| piece.map_err(told));
        Ok(reader(first.chain(rest)))
    }

    async fn facts(&self, format: &str, held: &Held) -> Facts {
        let question = Question {
            format: format.to_owned(),
            preview: false,
            leisurely: false,
            color: true,
            password: 0,
        };
        let worker = held
            .reader()
            .map_err(|error| Trouble::Said(error.to_string()))
            .and_then(|input| {
                let stage = Stage::Facts(question);
                Worker::start(&self.starter, &stage, input.into(), Stdio::piped())
            });
        match worker {
            Ok(worker) => facts::answer(worker, limits::PATIENT_FACTS.min(self.stall)).await,
            Err(error) => {
                tracing::debug!(error = %error.in_full(), "could not inspect a document");
                Facts::default()
            }
        }
    }

    /// A PDF unlocked, and with its layers as they are printed.
    async fn opened(
        &self,
        held: &Held,
        password: Option<&DocumentPassword>,
    ) -> Result<Held, ConvertError> {
        let password = password.map_or_else(Prefix::none, Prefix::of);
        let stage = Stage::Open {
            password: password.len(),
        };
        let steps = std::slice::from_ref(&stage);
        let pouring = Pouring::start(&self.starter, steps, None, self.stall)?;
        let document = tokio::fs::File::from_std(held.reader().map_err(HoldError::from)?);
        let document = io::Cursor::new(password).chain(document);
        let (opened, _) = pouring.begin(Some(document), None).await?;
        hold(opened, true).await
    }

    /// Those of these pages that have something on them, as another renderer sees them; none where it
    /// cannot say.
    async fn second_look(&self, held: &Held, pages: Vec<u32>) -> Option<Vec<u32>> {
        let stage = Stage::SecondLook { pages };
        let worker = held
            .reader()
            .map_err(|error| Trouble::Said(error.to_string()))
            .and_then(|input| Worker::start(&self.starter, &stage, input.into(), Stdio::piped()));
        match timeout(limits::SECOND_LOOK, child::words(worker.ok()?)).await {
            Ok(Ok(words)) => serde_json::from_slice(&words).ok()?,
            _ => None,
        }
    }

    /// A process that looks at a document which it is given, and afterwards makes a picture of its
    /// first page if it is to.
    pub(super) fn facts_worker(&self, question: Question) -> Result<Worker, Trouble> {
        let stage = Stage::Facts(question);
        Worker::start(&self.starter, &stage, Stdio::piped(), Stdio::piped())
    }

    /// A process that takes a picture apart which it is given.
    pub(super) fn picture_worker(&self) -> Result<Worker, Trouble> {
        let (input, output) = (Stdio::piped(), Stdio::piped());
        Worker::start(&self.starter, &Stage::Picture, input, output)
    }

    /// A process that opens a mail which it is given, and how long it may take.
    pub(super) fn mail_worker(&self) -> Result<(Worker, Duration), Trouble> {
        let (input, output) = (Stdio::piped(), Stdio::piped());
        let worker = Worker::start(&self.starter, &Stage::Mail, input, output)?;
        Ok((worker, limits::MAIL.min(self.stall)))
    }
}

/// The first program of this name in the folders that are searched for programs.
fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

fn reader(
    pieces: impl futures::Stream<Item = io::Result<Bytes>> + Send + 'static,
) -> ConvertedReader {
    StreamReader::new(pieces.boxed())
}

/// Holds a whole document in memory. What is before the header of a PDF is left out: where a
/// renderer understands several languages, it could be read as another one.
async fn hold(
    mut document: impl AsyncRead + Send + Unpin,
    pdf: bool,
) -> Result<Held, ConvertError> {
    let mut held = Held::new().map_err(HoldError::from)?;
    let mut piece = BytesMut::with_capacity(PIECE);
    if pdf {
        let mut head = Vec::new();
        let read = (&mut document).take(HEAD).read_to_end(&mut head).await;
        read.map_err(ConvertError::Source)?;
        let header = head.windows(5).position(|window| window == b"%PDF-");
        held.add(&head[header.ok_or(ConvertError::NoPdf)?..])?;
    }
    loop {
        piece.clear();
        match document.read_buf(&mut piece).await {
            Ok(0) => break,
            Ok(_) => held.add(&piece)?,
            Err(error) => return Err(ConvertError::Source(error)),
        }
    }
    held.seal().map_err(HoldError::from)?;
    Ok(held)
}

/// What is known when the steps have ended well, and has to be before the document's end goes out.
struct Judge {
    converter: Converter,
    /// The pages that are made; of them, how many the document has.
    pages: PageRanges,
    counted: Option<u32>,
    /// The document, where a second look at it is possible.
    held: Option<Held>,
}

impl Judge {
    /// Compares what was made with what there is.
    async fn judge(&self, ended: &Ended) -> Result<(), ConvertError> {
        if ended.has_doubts && self.counted.is_none() {
            return Err(Fault::Uncounted.into());
        }
        let (Some(made), Some(held)) = (&ended.made, &self.held) else {
            return Ok(());
        };
        let mut empty = verdict::empty_pages(made, &self.pages, self.counted);
        let Some(first) = empty.first().copied() else {
            return Ok(());
        };
        let beyond = empty.get(limits::BLANKS).copied();
        empty.truncate(limits::BLANKS);
        match self.converter.second_look(held, empty).await.as_deref() {
            Some([page, ..]) => Err(Fault::Empty { page: *page }.into()),
            Some([]) => match beyond {
                Some(page) => Err(Fault::Unseen { page }.into()),
                None => Ok(()),
            },
            None => Err(Fault::Unseen { page: first }.into()),
        }
    }
}

/// How steps ended that ended well.
#[derive(Default)]
struct Ended {
    /// What the last of them made.
    made: Option<Made>,
    /// Whether one of them said that something may be missing.
    has_doubts: bool,
}

/// What is read in a step's words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Words {
    None,
    Made,
    Doubts,
}

impl Words {
    const fn of(stage: &Stage) -> Self {
        match stage {
            Stage::Press(_) => Self::Made,
            Stage::Ghostscript { .. } => Self::Doubts,
            _ => Self::None,
        }
    }
}

/// Steps that are running, joined by pipes.
struct Pouring {
    workers: Vec<(Words, Worker)>,
    input: Option<ChildStdin>,
    output: Option<ChildStdout>,
    stall: Duration,
}

impl Pouring {
    /// Starts all steps. The first reads `input`, or what is poured in.
    fn start(
        starter: &Starter,
        steps: &[Stage],
        input: Option<Stdio>,
        stall: Duration,
    ) -> Result<Self, Trouble> {
        let mut workers: Vec<(Words, Worker)> = Vec::with_capacity(steps.len());
        let mut next = input.unwrap_or_else(Stdio::piped);
        for step in steps {
            let before = workers
                .last_mut()
                .and_then(|(_, before)| before.take_output());
            if let Some(before) = before {
                let before = before.into_owned_fd();
                next = before
                    .map_err(|error| Trouble::Said(error.to_string()))?
                    .into();
            }
            let input = std::mem::replace(&mut next, Stdio::null());
            let worker = Worker::start(starter, step, input, Stdio::piped())?;
            workers.push((Words::of(step), worker));
        }
        Ok(Self {
            input: workers
                .first_mut()
                .and_then(|(_, first)| first.take_input()),
            output: workers.last_mut().and_then(|(_, last)| last.take_output()),
            workers,
            stall,
        })
    }

    /// Pours `document` in, where it is not held, and returns when the first piece comes out. The
    /// end comes out when the judge, if there is one, has nothing against it.
    async fn begin<R>(
        self,
        document: Option<R>,
        judge: Option<Judge>,
    ) -> Result<(ConvertedReader, Doubts), ConvertError>
    where
        R: AsyncRead + Send + Unpin + 'static,
    {
        let (sender, mut pieces) = mpsc::channel::<Result<Bytes, ConvertError>>(AHEAD);
        let doubts = Doubts::default();
        let rising = doubts.clone();
        tokio::spawn(async move {
            let closed = sender.clone();
            let poured = tokio::select! {
                poured = self.run(document, judge, &rising, &sender) => poured,
                // The device reads no more; dropping the workers ends them.
                () = closed.closed() => Ok(()),
            };
            if let Err(error) = poured {
                drop(sender.send(Err(error)).await);
            }
        });
        let first = pieces.recv().await.ok_or(ConvertError::Empty)??;
        let rest = futures::stream::poll_fn(move |context| pieces.poll_recv(context));
        let rest =
            rest.map(|piece| piece.map_err(|error| io::Error::other(error.in_full().to_string())));
        let pieces = futures::stream::iter([Ok(first)]).chain(rest);
        Ok((reader(pieces), doubts))
    }

    async fn run<R>(
        self,
        document: Option<R>,
        judge: Option<Judge>,
        doubts: &Doubts,
        pieces: &mpsc::Sender<Result<Bytes, ConvertError>>,
    ) -> Result<(), ConvertError>
    where
        R: AsyncRead + Send + Unpin,
    {
        let Self {
            workers,
            input,
            output,
            stall,
        } = self;
        let mut output = output.ok_or(ConvertError::Empty)?;
        let pour_in = async {
            if let (Some(mut document), Some(mut input)) = (document, input) {
                let mut piece = BytesMut::with_capacity(PIECE);
                loop {
                    piece.clear();
                    match document.read_buf(&mut piece).await {
                        Ok(0) => break,
                        Err(error) => return Err(ConvertError::Source(error)),
                        // A step that reads no more says why when it ends.
                        Ok(_) if input.write_all(&piece).await.is_err() => break,
                        Ok(_) => {}
                    }
                }
            }
            Ok(())
        };
        let mut withheld = Withheld::default();
        let pour_out = async {
            let mut piece = BytesMut::new();
            loop {
                piece.reserve(PIECE);
                match timeout(stall, output.read_buf(&mut piece)).await {
                    Err(_) => return Err(ConvertError::Stalled(stall)),
                    Ok(Err(error)) => return Err(ConvertError::Step(error.to_string())),
                    Ok(Ok(0)) => return Ok(()),
                    Ok(Ok(_)) => {}
                }
                withheld.add(piece.split().freeze());
                while let Some(first) = withheld.surplus() {
                    // Nobody reads any more: the caller ends all of it.
                    drop(pieces.send(Ok(first)).await);
                }
            }
        };
        tokio::try_join!(pour_in, pour_out)?;
        let ended = ended(workers, stall).await?;
        if let Some(judge) = judge {
            judge.judge(&ended).await?;
        }
        if ended.has_doubts {
            doubts.rise();
        }
        for piece in withheld.pieces {
            drop(pieces.send(Ok(piece)).await);
        }
        Ok(())
    }
}

/// A document that is looked at on its way to a device that takes it as it is.
struct Watching {
    pieces: BoxStream<'static, io::Result<Bytes>>,
    inspection: Inspection,
    request: PrintRequest,
    withheld: Withheld,
}

/// Whether all that was asked for of a document is in it.
fn judged(facts: &Facts, request: &PrintRequest) -> Result<(), ConvertError> {
    let pages = verdict::readable(facts, request)?;
    Ok(plan::check_pages(request, pages)?)
}

/// How far a watched document is.
enum Watched {
    OnItsWay(Box<Watching>),
    /// It is whole; this is left of it.
    Whole(VecDeque<Bytes>),
}

/// A verdict as whoever reads the document hears it: of an error of a stream, only the text arrives.
fn told(error: io::Error) -> io::Error {
    match error.downcast::<ConvertError>() {
        Ok(verdict) => io::Error::other(verdict.in_full().to_string()),
        Err(error) => error,
    }
}

impl Watched {
    /// The next piece that may go out.
    async fn next(self) -> io::Result<Option<(Bytes, Self)>> {
        let mut rest = match self {
            Self::Whole(rest) => rest,
            Self::OnItsWay(mut watching) => {
                loop {
                    if let Some(first) = watching.withheld.surplus() {
                        return Ok(Some((first, Self::OnItsWay(watching))));
                    }
                    let Some(piece) = watching.pieces.next().await.transpose()? else {
                        break;
                    };
                    watching.inspection.feed(piece.clone()).await;
                    watching.withheld.add(piece);
                }
                let facts = watching.inspection.finish().await.facts;
                judged(&facts, &watching.request).map_err(io::Error::other)?;
                watching.withheld.pieces
            }
        };
        Ok(rest.pop_front().map(|piece| (piece, Self::Whole(rest))))
    }
}

/// The end of a document, which is kept back until the verdict on all of it. One that is shorter than
/// [`limits::WITHHELD`] is kept back whole, so nothing of it goes out if it is damaged.
#[derive(Default)]
struct Withheld {
    pieces: VecDeque<Bytes>,
    size: usize,
}

impl Withheld {
    fn add(&mut self, piece: Bytes) {
        self.size += piece.len();
        self.pieces.push_back(piece);
    }

    /// The first piece, if enough is kept back without it.
    fn surplus(&mut self) -> Option<Bytes> {
        let first = self.pieces.front()?;
        if self.size - first.len() < limits::WITHHELD {
            return None;
        }
        self.size -= first.len();
        self.pieces.pop_front()
    }
}

/// Waits for all steps to end, and gathers what they say.
async fn ended(workers: Vec<(Words, Worker)>, stall: Duration) -> Result<Ended, ConvertError> {
    let mut ended = Ended::default();
    let mut trouble = None;
    for (words, worker) in workers {
        let said = timeout(stall, worker.end()).await;
        match said.map_err(|_| ConvertError::Stalled(stall))? {
            Ok(said) if words == Words::Made => ended.made = serde_json::from_slice(&said).ok(),
            Ok(said) if words == Words::Doubts => {
                ended.has_doubts |= ghostscript::has_doubts(&said)
            }
            Ok(_) => {}
            Err(here) => {
                // One that stops takes those before it along, and one that gives nothing those
                // after it: whoever has words for it knows best.
                let knows = matches!(here, Trouble::Said(_) | Trouble::TooMuch(..));
                let better = knows && !matches!(trouble, Some(Trouble::TooMuch(..)));
                if trouble.is_none() || better {
                    trouble = Some(here);
                }
            }
        }
    }
    trouble.map_or(Ok(ended), |trouble| Err(trouble.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_back_is_never_less_than_it_should_be_and_hardly_more() {
        let mut withheld = Withheld::default();
        for size in [1, 7, PIECE, 3, PIECE, PIECE, 1, PIECE, PIECE] {
            withheld.add(Bytes::from(vec![0; size]));
            let before = withheld.size;
            while let Some(first) = withheld.surplus() {
                assert!(!first.is_empty());
            }
            assert!(withheld.size >= before.min(limits::WITHHELD));
            assert!(withheld.size < limits::WITHHELD + PIECE);
        }
    }
}
