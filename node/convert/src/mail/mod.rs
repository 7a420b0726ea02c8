//! What a mail brings that can be printed, as anybody may have written it.
//!
//! A mail is a document like others: hostile until it is paper. So it is opened in a process of its own (`parts`), whose
//! memory and time have an end, and which gives the documents and the text and nothing else. The library that reads mails
//! does not count what it builds of one: mails within mails end its stack, and boundaries that never come take it years.
//! Nothing of what that process says is believed either: all limits are looked at again here.
//!
//! What a part says of itself (its type, its name) is not believed: what format a document has shows in its bytes, and is
//! looked at by whoever takes it.
//!
//! **What is a document:** each part that is a file. **What is none:** the text of the mail, the pictures that this text
//! shows (its HTML names their Content-ID, RFC 2392), such as the logo of a signature, and the signature of S/MIME or PGP.
//! A mail within the mail is none either, and is told.

pub(super) mod parts;
#[cfg(any(test, fuzzing))]
pub(super) mod rehearsal;

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::Arc;

use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::time::timeout;

use super::chain::Converter;
use super::child::{Trouble, Worker};
use super::limits;
use super::program::NoProgram;

/// The longest mail that is opened, in bytes as they come.
pub const MAIL: usize = 40 * 1024 * 1024;
/// Documents that one mail may bring,
pub const DOCUMENTS: usize = 10;
/// and the bytes that they have together. The text has no more either.
pub const BYTES: usize = 25 * 1024 * 1024;
/// Parts that a mail may have in all.
const PARTS: usize = 256;
/// Bytes of a name.
const NAME: usize = 255;

/// What a mail brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// Its documents, in their order: at most [`DOCUMENTS`], of [`BYTES`] together.
    pub documents: Vec<Document>,
    /// What looks like one and is none, in its order.
    pub left_out: Vec<LeftOut>,
    /// Its text, of at most [`BYTES`].
    pub text: Text,
}

/// A document, of whatever format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// What it is called, fit to be shown; empty if it says nothing.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A part that is no document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// What it is called, fit to be shown; empty if it says nothing.
    pub name: String,
    /// Why it is none.
    pub why: WhyLeftOut,
}

/// Why a part is no document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WhyLeftOut {
    /// It is a picture of the text.
    Shown,
    /// It is a mail of its own.
    Mail,
    /// Its bytes did not come as they were sent.
    Damaged,
}

/// The text of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// There is none.
    None,
    /// Plain text.
    Plain(String),
    /// It has the form of a page of the web only.
    Html,
}

/// Why a mail brings nothing. It would not the next time either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum ContentsError {
    /// It has too many documents.
    #[error("it has more than {DOCUMENTS} attachments")]
    TooMany,
    /// It is too long, or its documents are together.
    #[error("it, or all attachments together, are too large")]
    TooLarge,
    /// It has too many parts within parts, or cannot be read, or not in time.
    #[error("it cannot be read")]
    Unreadable,
}

/// Why no mail can be opened now. Nothing is known of the mail.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// There is no program that opens it.
    #[error("a mail cannot be opened: {0}")]
    NoProgram(#[source] NoProgram),
    /// It could not be started, or was ended from outside.
    #[error("a mail cannot be opened: {0}")]
    Program(String),
}

impl Remedy for OpenError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::NoProgram(error) => error.remedy(),
            Self::Program(_) => None,
        }
    }
}

/// What the process says in its one line. The bytes of the text come after it, then those of the documents, in their order.
type Answer = Result<Outline, ContentsError>;

/// What a mail brings, without the bytes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Outline {
    documents: Vec<Listed>,
    left_out: Vec<LeftOut>,
    text: TextKind,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    name: String,
    size: usize,
}

#[derive(Debug, Serialize, Deserialize)]
enum TextKind {
    None,
    Plain { size: usize },
    Html,
}

impl Converter {
    /// Opens a mail, in a process of its own.
    ///
    /// # Errors
    /// [`OpenError`] if that cannot be done now, for whatever mail; what is wrong with this one is the inner error. A mail on
    /// which the process crashes, or takes too long, or says nonsense, is [`ContentsError::Unreadable`].
    pub async fn open_mail(
        &self,
        mail: Arc<Vec<u8>>,
    ) -> Result<Result<Contents, ContentsError>, OpenError> {
        if mail.len() > MAIL {
            return Ok(Err(ContentsError::TooLarge));
        }
        let unreadable = |trouble: &dyn std::fmt::Display| {
            tracing::debug!(%trouble, "a mail cannot be read");
            Ok(Err(ContentsError::Unreadable))
        };
        let (worker, patience) = self.mail_worker()?;
        match timeout(patience, opened(worker, mail)).await {
            Ok(Ok(Some(contents))) => Ok(contents),
            Ok(Ok(None)) => unreadable(&"what was made of it makes no sense"),
            Ok(Err(trouble @ (Trouble::NoProgram(_) | Trouble::Start(..) | Trouble::Ended(_)))) => {
                Err(trouble.into())
            }
            Ok(Err(trouble)) => unreadable(&trouble.in_full()),
            Err(_) => unreadable(&"it takes too long"),
        }
    }
}

impl From<Trouble> for OpenError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::NoProgram(error) => Self::NoProgram(error),
            other => Self::Program(other.in_full().to_string()),
        }
    }
}

/// Gives the process the mail, and takes what it makes of it. None if that makes no sense.
async fn opened(
    mut worker: Worker,
    mail: Arc<Vec<u8>>,
) -> Result<Option<Result<Contents, ContentsError>>, Trouble> {
    let mut contents = None;
    if let (Some(mut input), Some(output)) = (worker.take_input(), worker.take_output()) {
        // If it takes no more, it says why when it ends.
        let feeding = async move { drop(input.write_all(&mail).await) };
        let mut output = BufReader::new(output);
        let taking = async {
            let taken = taken(&mut output).await;
            // Where it has more to say than makes sense, it must not wait for a listener.
            drop(output);
            taken
        };
        (contents, ()) = tokio::join!(taking, feeding);
    }
    worker.end().await?;
    Ok(contents)
}

/// What a process made of a mail, as far as it keeps to the limits.
async fn taken(
    output: &mut (impl AsyncBufReadExt + Unpin),
) -> Option<Result<Contents, ContentsError>> {
    let mut line = Vec::new();
    let mut said = (&mut *output).take(limits::MAIL_OUTLINE);
    said.read_until(b'\n', &mut line).await.ok()?;
    let answer: Answer = serde_json::from_slice(line.strip_suffix(b"\n")?).ok()?;
    let contents = match answer {
        Ok(outline) if outline.fits() => Ok(fill(outline, output).await?),
        Ok(_) => return None,
        Err(error) => Err(error),
    };
    // All of it was said.
    matches!(output.read(&mut [0]).await, Ok(0)).then_some(contents)
}

impl Outline {
    /// Whether it is within all limits.
    fn fits(&self) -> bool {
        let sizes = self.documents.iter().map(|document| document.size);
        let all = sizes.fold(0_usize, usize::saturating_add);
        let text = match self.text {
            TextKind::Plain { size } => size,
            TextKind::None | TextKind::Html => 0,
        };
        self.documents.len() <= DOCUMENTS
            && self.left_out.len() <= PARTS
            && all <= BYTES
            && text <= BYTES
    }
}

/// Reads the bytes.
async fn fill(outline: Outline, output: &mut (impl AsyncRead + Unpin)) -> Option<Contents> {
    let text = match outline.text {
        TextKind::None => Text::None,
        TextKind::Html => Text::Html,
        TextKind::Plain { size } => {
            Text::Plain(String::from_utf8(exactly(output, size).await?).ok()?)
        }
    };
    let mut documents = Vec::with_capacity(outline.documents.len());
    for Listed { name, size } in outline.documents {
        documents.push(Document {
            name: text::clean(&name, NAME),
            bytes: exactly(output, size).await?,
        });
    }
    let mut left_out = outline.left_out;
    for LeftOut { name, .. } in &mut left_out {
        *name = text::clean(name, NAME);
    }
    Some(Contents {
        documents,
        left_out,
        text,
    })
}

async fn exactly(output: &mut (impl AsyncRead + Unpin), size: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; size];
    output.read_exact(&mut bytes).await.ok()?;
    Some(bytes)
}

/// Writes what a mail brings, as [`Converter::open_mail`] takes it. Runs in the process of its own.
pub(super) fn write(
    contents: &Result<Contents, ContentsError>,
    out: &mut impl Write,
) -> io::Result<()> {
    let answer: Answer = match contents {
        Ok(contents) => Ok(contents.outline()),
        Err(error) => Err(*error),
    };
    serde_json::to_writer(&mut *out, &answer)?;
    out.write_all(b"\n")?;
    if let Ok(contents) = contents {
        if let Text::Plain(text) = &contents.text {
            out.write_all(text.as_bytes())?;
        }
        for document in &contents.documents {
            out.write_all(&document.bytes)?;
        }
    }
    out.flush()
}

impl Contents {
    fn outline(&self) -> Outline {
        let listed = self.documents.iter().map(|document| Listed {
            name: document.name.clone(),
            size: document.bytes.len(),
        });
        Outline {
            documents: listed.collect(),
            left_out: self.left_out.clone(),
            text: match &self.text {
                Text::None => TextKind::None,
                Text::Plain(text) => TextKind::Plain { size: text.len() },
                Text::Html => TextKind::Html,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    async fn said(words: &[u8]) -> Option<Result<Contents, ContentsError>> {
        taken(&mut BufReader::new(words)).await
    }

    fn some() -> Contents {
        Contents {
            documents: vec![Document {
                name: "a.pdf".to_owned(),
                bytes: b"%PDF".to_vec(),
            }],
            left_out: vec![LeftOut {
                name: "logo.png".to_owned(),
                why: WhyLeftOut::Shown,
            }],
            text: Text::Plain("hello".to_owned()),
        }
    }

    #[tokio::test]
    async fn what_the_process_says_is_taken_as_it_was_meant() {
        for contents in [
            Ok(some()),
            Ok(Contents {
                text: Text::Html,
                ..some()
            }),
            Err(ContentsError::TooMany),
        ] {
            let mut words = Vec::new();
            write(&contents, &mut words).unwrap();
            assert_eq!(said(&words).await, Some(contents));
            // Half of it is nothing, and so is more than all.
            assert_eq!(said(&words[..words.len() - 1]).await, None);
            assert_eq!(said(&[&words[..], b"x"].concat()).await, None);
        }
        // What is longest is let through.
        let left_out = vec![
            LeftOut {
                name: "\"".repeat(NAME),
                why: WhyLeftOut::Damaged,
            };
            PARTS
        ];
        let longest = Ok(Contents { left_out, ..some() });
        let mut words = Vec::new();
        write(&longest, &mut words).unwrap();
        assert_eq!(said(&words).await, Some(longest));
    }

    #[tokio::test]
    async fn a_process_that_lies_is_not_believed() {
        let line = |documents: &str, left_out: &str, text: &str| {
            format!(
                "{{\"Ok\":{{\"documents\":[{documents}],\"left_out\":[{left_out}],\"text\":{text}}}}}\n"
            )
        };
        let none = "\"None\"";
        assert!(said(line("", "", none).as_bytes()).await.is_some());
        let empty = ["{\"name\":\"\",\"size\":0}"; DOCUMENTS + 1].join(",");
        let many = ["{\"name\":\"\",\"why\":\"Mail\"}"; PARTS + 1].join(",");
        let half = format!("{{\"name\":\"\",\"size\":{}}}", BYTES / 2 + 1);
        for lie in [
            line(&empty, "", none),
            line("", &many, none),
            line(&format!("{half},{half}"), "", none),
            line(
                "{\"name\":\"\",\"size\":18446744073709551615},{\"name\":\"\",\"size\":2}",
                "",
                none,
            ),
            line("", "", &format!("{{\"Plain\":{{\"size\":{}}}}}", BYTES + 1)),
            line("", "", "\"Pdf\""),
            "x".repeat(4 << 20),
            String::new(),
        ] {
            let words = [lie.as_bytes(), &[0; 64]].concat();
            assert_eq!(said(&words).await, None, "{lie:.100}");
        }
        // Text is text, and names are clean.
        let text = line("", "", "{\"Plain\":{\"size\":2}}");
        assert_eq!(said(&[text.as_bytes(), b"\xff\xfe"].concat()).await, None);
        let name = line("{\"name\":\"a\\nb\\u202e\",\"size\":0}", "", none);
        let contents = said(name.as_bytes()).await.unwrap().unwrap();
        assert_eq!(
            contents.documents[0].name,
            text::clean("a\nb\u{202e}", NAME)
        );
        assert!(!contents.documents[0].name.contains('\n'));
    }
}
