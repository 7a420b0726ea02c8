//! One step of a conversion, in a process of its own.
//!
//! The node starts the program [`PROGRAM`] with its own [`VERSION`] and the step as JSON. That process
//! confines itself, then does the step, or becomes Ghostscript. The document comes in by standard
//! input and goes out by standard output; what went wrong is one line on standard error, in our own
//! words and without a word of the document.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use papermesh_protocol::remedy::Remedy;
use serde::{Deserialize, Serialize};

use super::confine::{Needs, confine};
use super::facts::{self, Question};
use super::limits;
use super::mail;
use super::media::PageSize;
use super::password::Prefix;
use super::pdf::{self, Arrangement};
use super::picture;
use super::placing::Paper;
use super::preview::FirstPage;
use super::raster::Press;
use super::{second, text};

/// The program that does the steps.
pub const PROGRAM: &str = "papermesh-convert";
/// The word by which the program is asked for its version, and does nothing else.
pub(super) const ASK_VERSION: &str = "--version";
/// How the program ends when a node of another version started it.
pub(super) const OTHER_VERSION: u8 = 3;
/// How our own steps end when the system does not let them be confined.
pub(super) const NOT_CONFINED: u8 = 4;
/// The version of node and program: both are of one release, or a step is not what it seems.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The word that says, after the step, that Ghostscript is started without Landlock, too.
pub(super) const WITHOUT_LANDLOCK: &str = "without-landlock";
/// How much others go before a step that nobody waits for (nice(2)).
const NICE: i32 = 10;

/// A step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Stage {
    /// Says what a document says about itself, as a line of JSON; then, if it is to, gives a picture
    /// of its first page.
    Facts(Question),
    /// Makes a PDF one that renderers can draw as it is printed: unlocked, with a password of so many
    /// bytes that comes before it, and with its layers as they are on paper.
    Open { password: u16 },
    /// Says which of these pages of a PDF have something on them, as JSON.
    SecondLook { pages: Vec<u32> },
    /// Takes the picture of a first page apart, which somebody else made.
    Picture,
    /// Opens a mail: says what it brings as a line of JSON, then gives the text and the documents.
    Mail,
    /// Makes a picture a PDF on this paper.
    Wrap { paper: Paper },
    /// Makes a text a PDF on this paper.
    Text { paper: PageSize },
    /// Chooses and repeats pages of a PDF.
    Arrange(Arrangement),
    /// Takes pages of pixels from one format to another; says on standard error what was made, as
    /// JSON.
    Press(Press),
    /// Becomes this program.
    Ghostscript {
        program: PathBuf,
        arguments: Vec<String>,
        /// Arguments that come after them, and how often.
        #[serde(default)]
        repeated: (Vec<String>, u16),
    },
}

impl Stage {
    /// What is said to do it, in a message.
    pub(super) const fn doer(&self) -> &'static str {
        match self {
            Self::Facts(_)
            | Self::Open { .. }
            | Self::SecondLook { .. }
            | Self::Picture
            | Self::Mail
            | Self::Wrap { .. }
            | Self::Text { .. }
            | Self::Arrange(_)
            | Self::Press(_) => "the converter",
            Self::Ghostscript { .. } => "Ghostscript",
        }
    }

    fn needs(&self, without_landlock: bool) -> Needs {
        match self {
            Self::Ghostscript { .. } => Needs::Program { without_landlock },
            _ => Needs::Streams,
        }
    }
}

/// Does the step that this process was started for.
///
/// To be called before anything else, while there is one thread.
#[must_use]
pub fn run() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let version = arguments.next();
    if version.as_ref().is_some_and(|word| word == ASK_VERSION) {
        drop(writeln!(io::stdout(), "{VERSION}"));
        return ExitCode::SUCCESS;
    }
    let stage = arguments.next().and_then(|stage| stage.into_string().ok());
    // Before the step, which a node of another version may write otherwise.
    if stage.is_some() && version.is_none_or(|version| version != VERSION) {
        return ExitCode::from(OTHER_VERSION);
    }
    let stage = stage.and_then(|stage| serde_json::from_str::<Stage>(&stage).ok());
    let failed = |why: String, how: ExitCode| {
        // Nobody may be there to hear it.
        drop(writeln!(io::stderr(), "{why}"));
        how
    };
    let Some(stage) = stage else {
        let why = format!("{PROGRAM} is started by a node; see `papermesh help`");
        return failed(why, ExitCode::FAILURE);
    };
    let without_landlock = arguments
        .next()
        .is_some_and(|word| word == WITHOUT_LANDLOCK);
    let streams = match confined(&stage, without_landlock) {
        Ok(streams) => streams,
        Err(why) => return failed(why, ExitCode::from(NOT_CONFINED)),
    };
    match done(&stage, streams) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => failed(why, ExitCode::FAILURE),
    }
}

/// Takes everything away from this process but its streams.
fn confined(stage: &Stage, without_landlock: bool) -> Result<(File, File), String> {
    let streams = (duplicate(io::stdin()), duplicate(io::stdout()));
    let (Ok(input), Ok(out)) = streams else {
        return Err("it was started without standard streams".to_owned());
    };
    if let Stage::Facts(Question {
        leisurely: true, ..
    }) = stage
    {
        // If it cannot be, it is only quicker than it should be.
        let _ = rustix::process::nice(NICE);
    }
    let needs = stage.needs(without_landlock);
    confine(needs).map_err(|error| format!("it cannot be confined: {error}"))?;
    Ok((input, out))
}

fn done(stage: &Stage, (mut input, mut out): (File, File)) -> Result<(), String> {
    match stage {
        Stage::Facts(question) => {
            let (facts, first) = facts::scan(question, &mut input);
            let mut facts = serde_json::to_vec(&facts).map_err(|error| error.to_string())?;
            facts.push(b'\n');
            out.write_all(&facts).map_err(|error| error.to_string())?;
            // The facts are out; whatever becomes of the picture, they stay known.
            match first.and_then(FirstPage::picture) {
                Some(picture) => out.write_all(&picture).map_err(|error| error.to_string()),
                None => Ok(()),
            }
        }
        Stage::Open { password } => {
            let password = Prefix::read(*password, &mut input);
            let password = password.map_err(|error| error.to_string())?;
            let bytes = whole(input)?;
            let mut out = io::BufWriter::new(out);
            let opened = pdf::open(&bytes, password.as_ref().map(Prefix::text), &mut out);
            opened
                .and_then(|()| Ok(out.flush()?))
                .map_err(|error| error.to_string())
        }
        Stage::SecondLook { pages } => {
            let looked = second::not_empty(whole(input)?, pages);
            let looked = serde_json::to_vec(&looked).map_err(|error| error.to_string())?;
            out.write_all(&looked).map_err(|error| error.to_string())
        }
        Stage::Picture => {
            let pixels = picture::take_apart(&mut input)?;
            out.write_all(&pixels).map_err(|error| error.to_string())
        }
        Stage::Mail => {
            let mut bytes = Vec::new();
            let read = input.take(mail::MAIL as u64 + 1).read_to_end(&mut bytes);
            read.map_err(|error| error.to_string())?;
            let mut out = io::BufWriter::new(out);
            mail::write(&mail::parts::read(&bytes), &mut out).map_err(|error| error.to_string())
        }
        Stage::Wrap { paper } => {
            let mut out = io::BufWriter::new(out);
            let wrapped = pdf::wrap(&mut input, *paper, &mut out);
            wrapped
                .map(drop)
                .map_err(|error| error.in_full().to_string())
        }
        Stage::Text { paper } => {
            let mut out = io::BufWriter::new(out);
            text::typeset(&mut input, *paper, &mut out).map_err(|error| error.in_full().to_string())
        }
        Stage::Arrange(arrangement) => {
            let bytes = whole(input)?;
            let mut out = io::BufWriter::new(out);
            let arranged = pdf::arrange(&bytes, arrangement, &mut out);
            arranged
                .and_then(|()| Ok(out.flush()?))
                .map_err(|error| error.to_string())
        }
        Stage::Press(press) => {
            let mut again = false;
            let open = || {
                if std::mem::replace(&mut again, true) {
                    input.seek(SeekFrom::Start(0))?;
                }
                input.try_clone()
            };
            let made = press.run(open, out).map_err(|error| error.to_string())?;
            let made = serde_json::to_string(&made).map_err(|error| error.to_string())?;
            writeln!(io::stderr(), "{made}").map_err(|error| error.to_string())
        }
        Stage::Ghostscript {
            program,
            arguments,
            repeated: (repeated, times),
        } => {
            drop((input, out));
            let repeated = std::iter::repeat_n(repeated, usize::from(*times)).flatten();
            let error = Command::new(program).args(arguments).args(repeated).exec();
            Err(format!("{} cannot be started: {error}", program.display()))
        }
    }
}

/// A document that must be read as a whole.
fn whole(input: File) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = input.take(limits::HELD + 1).read_to_end(&mut bytes);
    read.map_err(|error| error.to_string())?;
    Ok(bytes)
}

/// A standard stream without its buffer.
fn duplicate(stream: impl AsFd) -> io::Result<File> {
    Ok(stream.as_fd().try_clone_to_owned()?.into())
}
