//! Pictures of first pages: kept when the converter has made them, and given to sessions.
//!
//! Success is told before a picture is there, and does not depend on it: what is not made in time,
//! or before this node ends, is not there, and nobody misses it. The picture is sealed before it
//! is stored, under a key that is made of the job's; who may have it, the protocol's
//! [`Sessions`](papermesh_protocol::release::holder::Sessions) says.

use std::sync::Arc;

use papermesh_convert::ComingPreview;
use papermesh_frame::{FrameError, read_message, write_message};
use papermesh_mesh::{Member, Protocol};
use papermesh_protocol::id::JobId;
use papermesh_protocol::limits;
use papermesh_protocol::preview::{Answer, Request};
use papermesh_protocol::release::holder::Pictured;
use papermesh_protocol::release::message::Refusal;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::seal::{PreviewKey, StorageKey, WrappedJobKey, seal_preview};
use papermesh_protocol::time::Moment;
use papermesh_store::offload::offload;
use papermesh_store::{HeldJob, Store, StoreError};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Holder, conversation, sessions};
use crate::audit::{Event, Kind};
use crate::network::Network;
use crate::network::serving::{Admission, Serve};
use crate::shares::Shares;

/// Pictures that are being made at once, beyond the submissions that they belong to. The next ones
/// are not made.
pub(super) const MAKING: usize = 16;
/// Streams at once.
const STREAMS: usize = 128;
/// Streams of one printer at once.
const STREAMS_PER_PRINTER: usize = 16;

/// A holder as it gives pictures, `/papermesh/preview/1`.
#[derive(Clone)]
pub(crate) struct PreviewService<N: Network>(pub Holder<N>);

impl<N: Network> Serve for PreviewService<N> {
    fn protocol(&self) -> Protocol {
        Protocol::Preview
    }

    fn admission(&self) -> Admission {
        Admission::of(Shares::new(STREAMS, STREAMS_PER_PRINTER))
    }

    async fn serve<S>(&self, from: Member, stream: S) -> Result<(), FrameError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        self.0.give_previews(&from, stream).await
    }
}

impl<N: Network> Holder<N> {
    /// Waits for the picture of a job that is held by now, and keeps it.
    pub(super) fn keep_preview(&self, job: JobId, coming: ComingPreview) {
        let Ok(place) = Arc::clone(&self.0.making).try_acquire_owned() else {
            tracing::debug!(%job, "no preview made: the queue is full");
            return;
        };
        let inner = Arc::clone(&self.0);
        tokio::spawn(async move {
            let picture = coming.picture().await;
            drop(place);
            let Some(picture) = picture else {
                return;
            };
            let store = inner.store.clone();
            let kept = offload(&store, move |store| {
                keep(store, &inner.storage, job, picture)
            });
            if let Err(error) = kept.await {
                tracing::warn!(%job, error = %error.in_full(), "could not store a preview");
            }
        });
    }

    async fn give_previews<S>(&self, from: &Member, mut stream: S) -> Result<(), FrameError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        while let Some(request) =
            read_message::<Request>(&mut stream, limits::PREVIEW_MESSAGE, limits::SESSION_IDLE)
                .await?
        {
            let answer = match self.preview(from, request).await {
                Ok(answer) => answer,
                Err(refusal) => {
                    let event = Event::new(Kind::Refused)
                        .job(request.job)
                        .because(refusal.in_full());
                    self.record_refusal(from.node, event).await;
                    Answer::Refused(refusal)
                }
            };
            write_message(&mut stream, &answer, limits::PREVIEW_MESSAGE).await?;
        }
        Ok(())
    }

    async fn preview(&self, from: &Member, request: Request) -> Result<Answer, Refusal> {
        let Request { session, job } = request;
        let (inner, printer) = (Arc::clone(&self.0), from.node);
        let Moment { now, steady } = inner.membership.moment();
        // Before the disk is asked: no session, no look at anything.
        let user = sessions(&inner.sessions).authorize(printer, session, steady)?;
        let found = offload(&self.0.store, move |store| -> Result<_, StoreError> {
            let held = store.jobs().get(job)?;
            Ok((held, store.previews().get(job)?))
        });
        let (held, sealed) = found.await.map_err(|error| {
            tracing::error!(%job, error = %error.in_full(), "could not read a preview");
            Refusal::Trouble
        })?;
        let shown = |held: &HeldJob| held.row.user == user && conversation::is_offered(held, now);
        let held = held.filter(shown).ok_or(Refusal::NoJob)?;
        let Some(sealed) = sealed else {
            return Ok(Answer::None);
        };
        let key = preview_key(&inner.storage, &held).ok_or(Refusal::Damaged)?;
        let pictured = Pictured {
            job,
            owner: &held.row.user,
            has_pin: held.row.sealed_pin.is_some(),
            key: &key,
        };
        let mut open = sessions(&inner.sessions);
        let key = open.preview(printer, session, &pictured, steady, &mut rand::rng())?;
        Ok(Answer::Preview {
            key,
            sealed: sealed.into(),
        })
    }
}

/// Seals a picture and stores it; a job that has gone meanwhile gets none.
fn keep(
    store: &Store,
    storage: &StorageKey,
    job: JobId,
    picture: Vec<u8>,
) -> Result<(), StoreError> {
    let Some(held) = store.jobs().get(job)? else {
        return Ok(());
    };
    let Some(key) = preview_key(storage, &held) else {
        return Ok(());
    };
    match seal_preview(&key, *job.as_bytes(), picture, &mut rand::rng()) {
        Ok(sealed) => store.previews().keep(job, sealed).map(drop),
        Err(error) => {
            tracing::debug!(%job, error = %error.in_full(), "the preview is not a valid picture");
            Ok(())
        }
    }
}

/// The key of a job's picture; none if the job's own is damaged.
fn preview_key(storage: &StorageKey, held: &HeldJob) -> Option<PreviewKey> {
    let wrapped = WrappedJobKey::from_bytes(&held.row.wrapped_key).ok()?;
    let key = wrapped.unwrap(storage, *held.job.as_bytes()).ok()?;
    Some(PreviewKey::derive(&key))
}
