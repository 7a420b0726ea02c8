//! Pictures of first pages, fetched from holders and looked at before anybody sees them.

use std::borrow::Cow;

use papermesh_convert::{Picture, PictureError};
use papermesh_mesh::Protocol;
use papermesh_protocol::id::{JobId, NodeId};
use papermesh_protocol::limits;
use papermesh_protocol::preview::Answer;
use papermesh_protocol::remedy::Remedy;

use super::link::ANSWER;
use super::session::{AskError, HolderSession};
use super::visit::Visit;
use super::{Printer, no_job};
use crate::network::{Network, Opening};

/// Why there is no picture to show.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// The holder did not give one.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// What it gave is none.
    #[error(transparent)]
    Picture(#[from] PictureError),
}

impl Remedy for PreviewError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Ask(error) => error.remedy(),
            Self::Picture(_) => None,
        }
    }
}

impl<N: Network> Printer<N> {
    /// The picture of a job of a visit; none if its holder has none, or not yet. Waits neither for
    /// what else is asked of the holder nor lets that wait.
    pub fn preview(
        &self,
        visit: &Visit<N>,
        holder: NodeId,
        job: JobId,
    ) -> impl Future<Output = Result<Option<Picture>, PreviewError>> + Send + use<N> {
        let listed = visit.listed(holder, job).map(|(session, _)| session);
        let converter = self.0.converter.clone();
        async move {
            let session = listed.ok_or_else(no_job)?;
            match session.preview(job).await? {
                Some(sent) => Ok(Some(converter.picture(sent).await?)),
                None => Ok(None),
            }
        }
    }
}

impl<N: Network> HolderSession<N> {
    /// The picture of a job's first page as the holder sends it: anything, of at most
    /// [`limits::PREVIEW`] bytes.
    async fn preview(&self, job: JobId) -> Result<Option<Vec<u8>>, AskError> {
        let opening = Opening {
            protocol: |_| Protocol::Preview,
            question: &|_| Some(self.session().preview(job)),
            max: limits::PREVIEW_MESSAGE,
            reach: ANSWER,
            wait: ANSWER,
        };
        let (_, answer): (_, Answer) = self.route().begin(opening).await?;
        Ok(self.session().previewed(job, answer)?)
    }
}
