//! Processes that do one step each: started, listened to, and ended with their conversion.

use std::borrow::Cow;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};

use papermesh_protocol::remedy::Remedy;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio_util::task::AbortOnDropHandle;

use super::confine;
use super::ghostscript;
use super::limits;
use super::program::{NoProgram, Program};
use super::stage::{NOT_CONFINED, OTHER_VERSION, PROGRAM, Stage, VERSION, WITHOUT_LANDLOCK};

/// Bytes of a line that are looked at together.
const LINE: u64 = 4096;

/// How processes are started.
#[derive(Debug, Clone)]
pub(super) struct Starter {
    /// What does the steps.
    pub(super) program: Program,
    /// Whether Ghostscript is started where the kernel has no Landlock, too.
    pub(super) without_landlock: bool,
}

/// A process at work. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Worker {
    child: Child,
    doer: &'static str,
    /// Heard all the time, because it must not wait for a listener.
    said: AbortOnDropHandle<Vec<u8>>,
}

/// How a step failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Trouble {
    /// It could not be started.
    #[error("{0} could not be started: {1}")]
    Start(&'static str, String),
    /// There is nothing to start.
    #[error(transparent)]
    NoProgram(#[from] NoProgram),
    /// It says why.
    #[error("{0}")]
    Said(String),
    /// It took more than it may.
    #[error("it takes more than {1} of {0} to convert")]
    TooMuch(&'static str, String),
    /// The kernel cannot confine Ghostscript, and nobody said that it need not.
    #[error(
        "this printer's computer cannot confine Ghostscript, because its kernel has no Landlock or has it switched \
         off"
    )]
    NoLandlock,
    /// It was told to end, by whoever ends the node, too.
    #[error("{0} was ended from outside")]
    Ended(&'static str),
    /// It asked the system for what no converter needs, and was ended.
    #[error("{0} made a system call that no document needs, and was killed")]
    Forbidden(&'static str),
    /// It crashed, or ran out of memory, which looks the same.
    #[error("{0} crashed on it or ran out of memory ({mib} MiB)", mib = limits::MEMORY >> 20)]
    Crashed(&'static str),
    /// It gave up.
    #[error("{0} cannot read it")]
    GaveUp(&'static str),
}

impl Remedy for Trouble {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::NoLandlock => Some(
                "switch it on (`lsm=landlock,…` on the kernel's command line), or set \
                 converter-without-landlock = true there"
                    .into(),
            ),
            Self::NoProgram(error) => error.remedy(),
            _ => None,
        }
    }
}

/// What a process says until it ends, as far as it is kept: without what Ghostscript says of every
/// page and font, so that none of its complaints is lost among that.
async fn heard(words: impl AsyncRead + Unpin, is_foreign: bool) -> Vec<u8> {
    let (mut said, mut line) = (Vec::new(), Vec::new());
    let mut words = BufReader::new(words);
    loop {
        line.clear();
        let read = (&mut words).take(LINE).read_until(b'\n', &mut line).await;
        if !matches!(read, Ok(1..)) {
            return said;
        }
        let is_kept = !(is_foreign && ghostscript::is_chatter(&line));
        if is_kept && said.len() + line.len() <= limits::COMPLAINT {
            said.extend_from_slice(&line);
        }
    }
}

impl Worker {
    /// Starts a step. The process gets nothing of this one but its streams.
    pub(super) fn start(
        starter: &Starter,
        stage: &Stage,
        input: Stdio,
        output: Stdio,
    ) -> Result<Self, Trouble> {
        let doer = stage.doer();
        // It looks again itself; said here, it is said in our own words.
        let is_foreign = matches!(stage, Stage::Ghostscript { .. });
        if is_foreign && !starter.without_landlock && !confine::has_landlock() {
            return Err(Trouble::NoLandlock);
        }
        let failed = |error: String| Trouble::Start(doer, error);
        let program = starter.program.open()?;
        let stage = serde_json::to_string(stage).map_err(|error| failed(error.to_string()))?;
        let mut child = Command::new(program.as_os_str())
            .arg0(PROGRAM)
            .arg(VERSION)
            .arg(stage)
            .args(starter.without_landlock.then_some(WITHOUT_LANDLOCK))
            .env_clear()
            .current_dir("/")
            .stdin(input)
            .stdout(output)
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed(error.to_string()))?;
        let words = child.stderr.take();
        let said = tokio::spawn(async move {
            match words {
                Some(words) => heard(words, is_foreign).await,
                None => Vec::new(),
            }
        });
        Ok(Self {
            child,
            doer,
            said: AbortOnDropHandle::new(said),
        })
    }

    /// Where the document goes in, if that is a pipe.
    pub(super) fn take_input(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Where it comes out, if that is a pipe.
    pub(super) fn take_output(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Waits until it ends, and gives what it said if that was well.
    pub(super) async fn end(mut self) -> Result<Vec<u8>, Trouble> {
        let status = self.child.wait().await;
        let status = status.map_err(|error| Trouble::Start(self.doer, error.to_string()))?;
        let said = (&mut self.said).await.unwrap_or_default();
        if status.success() {
            return Ok(said);
        }
        Err(Trouble::of(self.doer, status, &said))
    }
}

impl Trouble {
    /// How a process failed that ended so, and said that.
    fn of(doer: &'static str, status: ExitStatus, said: &[u8]) -> Self {
        /// Signals that end a process which takes too much (they are the same on every Unix).
        const XCPU: i32 = 24;
        const KILL: i32 = 9;
        const HANGUP: i32 = 1;
        const INTERRUPT: i32 = 2;
        const TERMINATE: i32 = 15;
        /// The one for a call that is not allowed, which differs on MIPS and Sparc only.
        const SYS: i32 = 31;
        // Ghostscript's words may be the document's.
        let own = doer != Stage::GHOSTSCRIPT;
        let words = String::from_utf8_lossy(said);
        let words = papermesh_protocol::text::clean(words.lines().next().unwrap_or_default(), 300);
        if own && status.code() == Some(i32::from(OTHER_VERSION)) {
            return NoProgram::OtherVersion.into();
        }
        if own && status.code() == Some(i32::from(NOT_CONFINED)) {
            return Self::Start(doer, words);
        }
        match status.signal() {
            // The limit's second signal is the one that cannot be caught.
            Some(XCPU | KILL) => Self::TooMuch(
                "processor time",
                format!("{} minutes", limits::PROCESSOR.as_secs() / 60),
            ),
            Some(HANGUP | INTERRUPT | TERMINATE) => Self::Ended(doer),
            Some(SYS) => {
                tracing::warn!(
                    step = doer,
                    "a converter made a forbidden system call and was killed"
                );
                Self::Forbidden(doer)
            }
            Some(_) => Self::Crashed(doer),
            None if own && !words.is_empty() => Self::Said(words),
            None => Self::GaveUp(doer),
        }
    }
}

/// Everything that a step has to say, up to [`limits::FACTS_TEXT`] bytes.
pub(super) async fn words(mut worker: Worker) -> Result<Vec<u8>, Trouble> {
    let mut words = Vec::new();
    if let Some(output) = worker.take_output() {
        let read = output
            .take(limits::FACTS_TEXT)
            .read_to_end(&mut words)
            .await;
        read.map_err(|error: io::Error| Trouble::Said(error.to_string()))?;
    }
    worker.end().await?;
    Ok(words)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn whose_fault_it_is_shows_in_how_a_process_ends() {
        let how = |raw, said: &str| {
            Trouble::of("the converter", ExitStatus::from_raw(raw), said.as_bytes())
        };
        let code = |code: u8| i32::from(code) << 8;
        assert_eq!(how(code(OTHER_VERSION), ""), NoProgram::OtherVersion.into());
        let not_confined = how(code(NOT_CONFINED), "it cannot be confined\n");
        assert!(matches!(not_confined, Trouble::Start(..)), "{not_confined}");
        // Whoever ends the node ends its children.
        for signal in [1, 2, 15] {
            assert_eq!(how(signal, ""), Trouble::Ended("the converter"));
        }
        for signal in [6, 11] {
            assert_eq!(how(signal, ""), Trouble::Crashed("the converter"));
        }
        assert_eq!(how(code(1), "no\n"), Trouble::Said("no".to_owned()));
        // What Ghostscript ends with is its own.
        let other = Trouble::of(Stage::GHOSTSCRIPT, ExitStatus::from_raw(code(3)), b"");
        assert_eq!(other, Trouble::GaveUp(Stage::GHOSTSCRIPT));
    }
}
