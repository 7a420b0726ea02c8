//! What a mail brings, as it is to be held.

use std::panic;

use papermesh_convert::mail::{Contents, LeftOut, Text, WhyLeftOut};
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
    /// What is to be held of what a user's mail brings: its documents, or else its text, which is called so. Where something
    /// was attached that did not come out, the text is not what was meant. Takes as long as it takes to hash them.
    pub(super) fn of(contents: Contents, (user, names): (&UserId, &Names), title: String) -> Self {
        let documents = contents.documents.into_iter();
        let mut papers: Vec<Paper> = documents
            .map(|document| Paper {
                title: document.name,
                is_text: false,
                bytes: document.bytes,
            })
            .collect();
        let is_lost = |left_out: &LeftOut| left_out.why != WhyLeftOut::Shown;
        let has_nothing = papers.is_empty() && !contents.left_out.iter().any(is_lost);
        let is_html = has_nothing && contents.text == Text::Html;
        if let (true, Text::Plain(text)) = (has_nothing, contents.text) {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use papermesh_convert::mail::Document;
    use papermesh_protocol::seal::StorageKey;

    use super::*;

    fn parcel(documents: &[&str], left_out: Option<WhyLeftOut>) -> Vec<String> {
        let document = |name: &&str| Document {
            name: (*name).to_owned(),
            bytes: name.as_bytes().to_vec(),
        };
        let left_out = left_out.map(|why| LeftOut {
            name: String::new(),
            why,
        });
        let contents = Contents {
            documents: documents.iter().map(document).collect(),
            left_out: left_out.into_iter().collect(),
            text: Text::Plain("hello".to_owned()),
        };
        let names = Names::new(&StorageKey::from_bytes([1; 32]));
        let user: UserId = "dana".parse().unwrap();
        let parcel = Parcel::of(contents, (&user, &names), "its text".to_owned());
        assert_eq!(parcel.keys.len(), parcel.papers.len());
        parcel.papers.into_iter().map(|paper| paper.title).collect()
    }

    #[test]
    fn the_text_is_held_where_nothing_else_was_sent() {
        assert_eq!(parcel(&["a.pdf"], None), ["a.pdf"]);
        assert_eq!(parcel(&[], None), ["its text"]);
        assert_eq!(parcel(&[], Some(WhyLeftOut::Shown)), ["its text"]);
        for lost in [WhyLeftOut::Damaged, WhyLeftOut::Mail] {
            assert_eq!(parcel(&[], Some(lost)), [""; 0]);
        }
    }
}
