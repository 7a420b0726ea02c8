//! The document to print: a file or standard input, and what can be told of it beforehand.

use std::borrow::Cow;
use std::fmt::Display;
use std::fs::File;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use papermesh_convert::format::{self, Foreign};
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::{limits, text};
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

use super::failure::CliError;
use super::secrets;
use crate::control::{CommandError, ErrorCode};

/// The title of a document that has no name.
const UNTITLED: &str = "Untitled";

/// A document that is being read.
pub(super) struct Document {
    name: Option<String>,
    /// Its size in bytes, if it is an ordinary file.
    pub(super) size: Option<u64>,
    head: Vec<u8>,
    at: usize,
    rest: tokio::fs::File,
}

impl Document {
    /// Opens a file, or standard input for `-`.
    pub(super) async fn open(path: &Path) -> Result<Self, CliError> {
        let unreadable = |source| CliError::File {
            action: "read",
            path: path.display().to_string(),
            source,
        };
        let from_stdin = path.as_os_str() == "-";
        let file = if from_stdin {
            secrets::stdin()?
        } else {
            File::open(path).map_err(unreadable)?
        };
        let found = file.metadata().map_err(unreadable)?;
        if found.is_dir() {
            return Err(unreadable(io::ErrorKind::IsADirectory.into()));
        }
        let name = path.file_name().filter(|_| !from_stdin);
        let mut document = Self {
            name: name.map(|name| name.to_string_lossy().into_owned()),
            // Standard input may have been read from already.
            size: (found.is_file() && !from_stdin).then_some(found.len()),
            head: Vec::with_capacity(format::HEAD),
            at: 0,
            rest: tokio::fs::File::from_std(file),
        };
        let (rest, head) = (&mut document.rest, &mut document.head);
        rest.take(format::HEAD as u64)
            .read_to_end(head)
            .await
            .map_err(unreadable)?;
        Ok(document)
    }

    /// What it is, as it says itself.
    pub(super) fn format(&self) -> Result<&'static str, CliError> {
        let name = self.name.as_deref().unwrap_or("standard input");
        let failed = |code, why: &dyn Display| CommandError::new(code, format!("{name}: {why}"));
        if self.is_empty() {
            let empty = failed(ErrorCode::BadData, &"the document is empty");
            return Err(empty.with_remedy("choose one with content").into());
        }
        format::sniff(&self.head).map_err(|foreign| {
            let failed = match foreign {
                Foreign::Unknown => failed(ErrorCode::Usage, &"cannot tell what this document is")
                    .with_remedy("give its format, such as --format application/pdf"),
                foreign => CommandError {
                    remedy: foreign.remedy().map(Cow::into_owned),
                    ..failed(ErrorCode::BadData, &foreign)
                },
            };
            failed.into()
        })
    }

    /// Whether there is anything in it.
    pub(super) fn is_empty(&self) -> bool {
        self.head.is_empty()
    }

    /// Its title: what is asked for, else its name, fit to be shown.
    pub(super) fn title(&self, asked: Option<&str>) -> String {
        let wanted = asked.or(self.name.as_deref()).unwrap_or_default();
        match text::clean(wanted, limits::TITLE) {
            empty if empty.is_empty() => UNTITLED.to_owned(),
            title => title,
        }
    }
}

impl AsyncRead for Document {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let document = self.get_mut();
        let head = &document.head[document.at..];
        if head.is_empty() {
            return Pin::new(&mut document.rest).poll_read(context, buffer);
        }
        let taken = head.len().min(buffer.remaining());
        buffer.put_slice(&head[..taken]);
        document.at += taken;
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn looking_at_a_document_takes_nothing_from_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.pdf");
        let bytes = [b"%PDF-1.7\n".as_slice(), &[7; 5000]].concat();
        std::fs::write(&path, &bytes).unwrap();

        let mut document = Document::open(&path).await.unwrap();
        assert_eq!(document.format().unwrap(), "application/pdf");
        assert_eq!(document.size, Some(bytes.len() as u64));
        assert_eq!(document.title(None), "report.pdf");
        assert_eq!(document.title(Some("Budget\n\u{202e}2026 ")), "Budget 2026");
        assert_eq!(document.title(Some("\u{1}")), UNTITLED);
        let mut read = Vec::new();
        document.read_to_end(&mut read).await.unwrap();
        assert_eq!(read, bytes);
    }

    #[tokio::test]
    async fn what_cannot_be_printed_is_said_before_a_node_is_asked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("empty");
        std::fs::write(&path, "").unwrap();
        let empty = Document::open(&path).await.unwrap();
        assert!(empty.is_empty());
        assert!(empty.format().unwrap_err().to_string().contains("empty"));
        assert!(Document::open(folder.path()).await.is_err());
        assert!(Document::open(&folder.path().join("none")).await.is_err());
    }
}
