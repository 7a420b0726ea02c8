//! Doing what a plan says: steps joined by pipes, the last of which a device reads from.
//!
//! The result is handed out when its first piece is there, so that a document which no converter
//! can read never makes a device begin. What goes wrong later is an error of the reader, never a
//! document that is shorter than it should be.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use futures::StreamExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::bytes::{Bytes, BytesMut};
use tokio_util::io::StreamReader;

use super::child::{Starter, Trouble, Worker};
use super::confine;
use super::device::Device;
use super::facts::{self, Facts};
use super::held::{Held, HoldError};
use super::limits;
use super::plan::{self, Order, Plan, Unprintable, Work};
use super::stage::Stage;

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
pub type ConvertedReader =
    StreamReader<futures::stream::BoxStream<'static, io::Result<Bytes>>, Bytes>;

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
    #[error("it cannot be converted for this printer: the converter gave nothing for {} seconds", .0.as_secs())]
    Stalled(Duration),
    /// It is something else than it is said to be.
    #[error("it cannot be converted for this printer: it is no PDF")]
    NoPdf,
    /// Nothing came at all.
    #[error("it cannot be converted for this printer: there is nothing on its pages")]
    Empty,
}

impl From<Trouble> for ConvertError {
    fn from(trouble: Trouble) -> Self {
        Self::Step(trouble.to_string())
    }
}

impl From<HoldError> for ConvertError {
    fn from(error: HoldError) -> Self {
        Self::Held(error.to_string())
    }
}

impl Converter {
    /// A converter that starts `program` again for its steps (see [`super::STAGE`]) and ends those
    /// that give nothing for as long as `stall`.
    #[must_use]
    pub fn new(program: PathBuf, ghostscript: Option<PathBuf>, stall: Duration) -> Self {
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

    /// A converter of this process's own program, with what is installed on this computer.
    #[must_use]
    pub fn found(stall: Duration) -> Self {
        // The file that runs, even if another one has been installed in its place.
        let itself = Path::new("/proc/self/exe");
        let program = match itself.exists() {
            true => itself.to_owned(),
            false => std::env::current_exe().unwrap_or_default(),
        };
        Self::new(program, installed("gs"), stall)
    }

    /// Where Ghostscript is, if it is installed.
    #[must_use]
    pub fn ghostscript(&self) -> Option<&Path> {
        self.ghostscript.as_deref()
    }

    /// What is to be done with a document of which only its format is known.
    pub fn plan(&self, device: &Device, order: &Order) -> Result<Plan, Unprintable> {
        plan::plan(device, order, None, self.ghostscript.as_ref())
    }

    /// Makes a document one that the device takes. Returns with the first piece of it.
    pub async fn convert<R>(
        &self,
        device: &Device,
        order: &Order,
        document: R,
    ) -> Result<Converted, ConvertError>
    where
        R: AsyncRead + Send + Unpin + 'static,
    {
        let plan = self.plan(device, order)?;
        let (held, before) = match &plan.work {
            Work::None => {
                return Ok(Converted {
                    document: reader(tokio_util::io::ReaderStream::new(document)),
                    plan,
                    facts: Facts::default(),
                });
            }
            Work::Stream(steps) => {
                let pouring = Pouring::start(&self.starter, steps, None, self.stall)?;
                let document = pouring.begin(Some(document)).await?;
                return Ok(Converted {
                    document,
                    plan,
                    facts: Facts::default(),
                });
            }
            Work::Hold { before: None, .. } => (hold(document, order.format == PDF).await?, None),
            Work::Hold {
                before: Some(stage),
                ..
            } => {
                let steps = std::slice::from_ref(stage);
                let pouring = Pouring::start(&self.starter, steps, None, self.stall)?;
                let made = pouring.begin(Some(document)).await?;
                (hold(made, true).await?, Some(()))
            }
        };
        let format = if before.is_some() { PDF } else { &order.format };
        let facts = self.facts(format, &held).await;
        let plan = plan::plan(device, order, Some(&facts), self.ghostscript.as_ref())?;
        let steps = match &plan.work {
            Work::Hold { steps, .. } | Work::Stream(steps) => steps.as_slice(),
            Work::None => &[],
        };
        let input = held.reader().map_err(HoldError::from)?;
        let pouring = Pouring::start(&self.starter, steps, Some(input.into()), self.stall)?;
        let document = pouring.begin(None::<tokio::io::Empty>).await?;
        Ok(Converted {
            document,
            plan,
            facts,
        })
    }

    async fn facts(&self, format: &str, held: &Held) -> Facts {
        let stage = Stage::Facts {
            format: format.to_owned(),
            preview: false,
            leisurely: false,
        };
        let worker = held
            .reader()
            .map_err(|error| Trouble::Said(error.to_string()))
            .and_then(|input| Worker::start(&self.starter, &stage, input.into(), Stdio::piped()));
        match worker {
            Ok(worker) => facts::answer(worker, limits::PATIENT_FACTS.min(self.stall)).await,
            Err(error) => {
                tracing::debug!(%error, "a document could not be looked at");
                Facts::default()
            }
        }
    }

    /// A process that looks at a document of this format which it is given, and afterwards makes a
    /// picture of its first page if it is to.
    pub(super) fn facts_worker(
        &self,
        format: &str,
        preview: bool,
        leisurely: bool,
    ) -> Result<Worker, Trouble> {
        let stage = Stage::Facts {
            format: format.to_owned(),
            preview,
            leisurely,
        };
        Worker::start(&self.starter, &stage, Stdio::piped(), Stdio::piped())
    }

    /// A process that takes a picture apart which it is given.
    pub(super) fn picture_worker(&self) -> Result<Worker, Trouble> {
        let (input, output) = (Stdio::piped(), Stdio::piped());
        Worker::start(&self.starter, &Stage::Picture, input, output)
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

/// Steps that are running, joined by pipes.
struct Pouring {
    workers: Vec<Worker>,
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
        let mut workers: Vec<Worker> = Vec::with_capacity(steps.len());
        let mut next = input.unwrap_or_else(Stdio::piped);
        for step in steps {
            if let Some(before) = workers.last_mut().and_then(Worker::take_output) {
                let before = before.into_owned_fd();
                next = before
                    .map_err(|error| Trouble::Said(error.to_string()))?
                    .into();
            }
            let input = std::mem::replace(&mut next, Stdio::null());
            workers.push(Worker::start(starter, step, input, Stdio::piped())?);
        }
        Ok(Self {
            input: workers.first_mut().and_then(Worker::take_input),
            output: workers.last_mut().and_then(Worker::take_output),
            workers,
            stall,
        })
    }

    /// Pours `document` in, where it is not held, and returns when the first piece comes out.
    async fn begin<R>(self, document: Option<R>) -> Result<ConvertedReader, ConvertError>
    where
        R: AsyncRead + Send + Unpin + 'static,
    {
        let (sender, mut pieces) = mpsc::channel::<Result<Bytes, ConvertError>>(AHEAD);
        tokio::spawn(async move {
            let closed = sender.clone();
            let poured = tokio::select! {
                poured = self.run(document, &sender) => poured,
                // The device reads no more; dropping the workers ends them.
                () = closed.closed() => Ok(()),
            };
            if let Err(error) = poured {
                drop(sender.send(Err(error)).await);
            }
        });
        let first = pieces.recv().await.ok_or(ConvertError::Empty)??;
        let rest = futures::stream::poll_fn(move |context| pieces.poll_recv(context));
        let rest = rest.map(|piece| piece.map_err(|error| io::Error::other(error.to_string())));
        Ok(reader(futures::stream::iter([Ok(first)]).chain(rest)))
    }

    async fn run<R>(
        self,
        document: Option<R>,
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
        let pour_out = async {
            let mut piece = BytesMut::new();
            loop {
                piece.reserve(PIECE);
                match timeout(stall, output.read_buf(&mut piece)).await {
                    Err(_) => return Err(ConvertError::Stalled(stall)),
                    Ok(Err(error)) => return Err(ConvertError::Step(error.to_string())),
                    Ok(Ok(0)) => return Ok(()),
                    // Nobody reads any more: the caller ends all of it.
                    Ok(Ok(_)) => drop(pieces.send(Ok(piece.split().freeze())).await),
                }
            }
        };
        tokio::try_join!(pour_in, pour_out)?;
        let mut trouble = None;
        for worker in workers {
            let ended = timeout(stall, worker.end()).await;
            if let Err(here) = ended.map_err(|_| ConvertError::Stalled(stall))? {
                // One that stops takes those before it along, and one that gives nothing those
                // after it: whoever has words for it knows best.
                let knows = matches!(here, Trouble::Said(_) | Trouble::TooMuch(..));
                let better = knows && !matches!(trouble, Some(Trouble::TooMuch(..)));
                if trouble.is_none() || better {
                    trouble = Some(here);
                }
            }
        }
        trouble.map_or(Ok(()), |trouble| Err(trouble.into()))
    }
}
