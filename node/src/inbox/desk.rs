//! Holding what a mail brings, in the steps that [`papermesh_services::mailed::once`] knows.

use std::sync::LazyLock;

use papermesh_convert::format;
use papermesh_protocol::job::PrintOptions;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text::UserId;
use papermesh_services::holder::{Holder, Submission, SubmitError};
use papermesh_services::mailed::once::{self, Fate};
use papermesh_services::network::Network;
use papermesh_store::offload::offload;
use papermesh_store::{MailedKey, MailedRow, Store};

use super::InboxError;
use super::answer::{Became, DocumentTold};
use super::parcel::Paper;

/// The documents of one mail, and where they are held.
pub(super) struct Desk<'a, N> {
    pub(super) store: &'a Store,
    pub(super) holder: &'a Holder<N>,
    pub(super) user: &'a UserId,
    pub(super) papers: &'a [Paper],
    pub(super) options: &'a PrintOptions,
}

/// How to print where nothing is said.
pub(super) fn usual() -> &'static PrintOptions {
    static USUAL: LazyLock<PrintOptions> = LazyLock::new(PrintOptions::default);
    &USUAL
}

impl<N: Network> once::Desk for Desk<'_, N> {
    type Error = InboxError;
    type Refusal = String;

    async fn row(&self, key: MailedKey) -> Result<Option<MailedRow>, InboxError> {
        let row = offload(self.store, move |store| once::row(store, &key));
        Ok(row.await?)
    }

    async fn write(&self, key: MailedKey, row: Option<MailedRow>) -> Result<(), InboxError> {
        let writing = offload(self.store, move |store| match row {
            Some(row) => once::put(store, &key, &row),
            None => store.mailed().delete(&key),
        });
        Ok(writing.await?)
    }

    async fn number(&self) -> Result<u32, InboxError> {
        Ok(self.holder.draw_number().await?)
    }

    async fn was_held(&self, number: u32) -> Result<bool, InboxError> {
        let known = offload(self.store, move |store| store.history().numbered(number));
        Ok(known.await?.is_some())
    }

    async fn hold(&self, document: usize, number: u32) -> Result<Result<(), String>, InboxError> {
        let Some(paper) = self.papers.get(document) else {
            return Ok(Err(SubmitError::Empty.in_full().to_string()));
        };
        let format = match paper.is_text {
            true => Ok(format::TEXT),
            false => format::sniff(&paper.bytes),
        };
        let format = match format {
            Ok(format) => format,
            Err(foreign) => return Ok(Err(foreign.in_full().to_string())),
        };
        let submission = Submission {
            number: Some(number),
            size: Some(paper.bytes.len() as u64),
            options: self.options.clone(),
            ..Submission::new(self.user.clone(), paper.title.clone(), format)
        };
        match self.holder.submit(submission, paper.bytes.as_slice()).await {
            Ok(_) => Ok(Ok(())),
            Err(error) => {
                let refused = error.in_full().to_string();
                let error = match error {
                    SubmitError::Store(error) => InboxError::Store(error),
                    other => InboxError::Hold(other),
                };
                // That the disk is full or broken passes, and the mail waits for that; all else is said.
                match error.passes() {
                    true => Err(error),
                    false => Ok(Err(refused)),
                }
            }
        }
    }
}

impl<N: Network> Desk<'_, N> {
    /// What is to be told of a document; and what was told of the first copy of it, if the mail has it twice.
    pub(super) async fn told(
        &self,
        paper: &Paper,
        fate: Fate<String>,
        first: Option<&DocumentTold>,
    ) -> Result<DocumentTold, InboxError> {
        let became = match fate {
            Fate::Held(number) => {
                let documents = self.holder.bundle(number).await?;
                Became::Held(
                    documents
                        .into_iter()
                        .next()
                        .map(|view| Box::new(view.summary)),
                )
            }
            Fate::Before(_) => Became::Before,
            // What is held is held once.
            Fate::Twice => match first.map(|first| &first.became) {
                Some(Became::Refused(why)) => Became::Refused(why.clone()),
                _ => Became::Before,
            },
            Fate::Refused(why) => Became::Refused(why),
        };
        Ok(DocumentTold {
            title: paper.title.clone(),
            became,
        })
    }
}
