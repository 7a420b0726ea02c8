//! What a mail brings, as it is to be held.

use std::panic;

use papermesh_convert::mail::{Contents, LeftOut, Text};
use papermesh_protocol::text::UserId;
use papermesh_services::mailed::once::Names;
use papermesh_store::MailedKey;
use tokio::task::spawn_blocking;

/// A document of a mail.
pub(super) struct Paper {
    /// What it is called.
    pub(super) title: String,
    /// Whether it is the text of the mail.
    pub(super) is_text: bool,
    pub(super) bytes: Vec<u8>,
}

/// What a mail brings.
pub(super) struct Parcel {
    pub(super) papers: Vec<Paper>,
    /// Name them.
    pub(super) keys: Vec<MailedKey>,
    pub(super) left_out: Vec<LeftOut>,
    /// There is nothing but text in the form of a page of the web.
    pub(super) is_html: bool,
}

impl Parcel {
    /// What is to be held of what a user's mail brings: its documents, or else its text, which is called so. Takes as long
    /// as it takes to hash them.
    pub(super) fn of(contents: Contents, (user, names): (&UserId, &Names), title: String) -> Self {
        let documents = contents.documents.into_iter();
        let mut papers: Vec<Paper> = documents
            .map(|document| Paper {
                title: document.name,
                is_text: false,
                bytes: document.bytes,
            })
            .collect();
        let is_html = papers.is_empty() && contents.text == Text::Html;
        if let (true, Text::Plain(text)) = (papers.is_empty(), contents.text) {
            papers.push(Paper {
                title,
                is_text: true,
                bytes: text.into_bytes(),
            });
        }
        let keys = papers
            .iter()
            .map(|paper| names.document(user, &paper.bytes));
        Self {
            keys: keys.collect(),
            papers,
            left_out: contents.left_out,
            is_html,
        }
    }
}

/// Reads something of a mail on a thread where that holds nobody up. None if the library that does it breaks down over what
/// it reads: that is the mail's end, and not that of whoever takes mails.
pub(super) async fn apart<T: Send + 'static>(
    read: impl FnOnce() -> T + Send + panic::UnwindSafe + 'static,
) -> Option<T> {
    spawn_blocking(read).await.ok()
}
