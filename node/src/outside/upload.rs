//! From a form to held jobs: each file becomes one, as it comes, and none is kept on the way.

use std::borrow::Cow;
use std::io;

use axum::extract::Multipart;
use axum::extract::multipart::Field;
use axum::http::StatusCode;
use bytes::Bytes;
use futures::{Stream, stream};
use papermesh_convert::format;
use papermesh_ipp::Browsing;
use papermesh_ipp::queue::{
    IppJobRequest, JobSettings, NewDocument, Queue, QueueError, QueueErrorKind,
};
use papermesh_protocol::job::{ColorMode, PrintOptions, Sides};
use papermesh_protocol::limits::COPIES;
use papermesh_protocol::remedy::Remedy;
use tokio::io::AsyncReadExt;
use tokio::time::timeout;
use tokio_util::io::StreamReader;

use super::{OutsideServer, limits};

/// Why a file was not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum UploadError {
    /// The form cannot be read, or broke off.
    #[error("the upload was interrupted")]
    Broken,
    /// No file was chosen.
    #[error("no file was chosen")]
    Nothing,
    /// Too many files in one form.
    #[error("at most {} files can be sent at once", limits::FILES)]
    TooMany,
    /// Others send files.
    #[error("too many files are arriving at once")]
    Busy,
    /// Something in the form is not what it offers.
    #[error("the chosen options cannot be read")]
    Options,
    /// The file is nothing that can be printed, or may not be.
    #[error("{}: {}", .title, .error.text)]
    Refused {
        /// What the file is called.
        title: String,
        /// Why.
        error: QueueError,
    },
}

impl Remedy for UploadError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Broken => Some("send it again".into()),
            Self::Nothing => Some("choose one first".into()),
            Self::Busy => Some("try again in a minute".into()),
            // The queue says what to do in its text.
            Self::TooMany | Self::Options | Self::Refused { .. } => None,
        }
    }
}

impl UploadError {
    /// As HTTP says it.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Refused { error, .. } => match error.kind {
                QueueErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
                QueueErrorKind::Spent => StatusCode::TOO_MANY_REQUESTS,
                QueueErrorKind::Busy => StatusCode::SERVICE_UNAVAILABLE,
                QueueErrorKind::Failed => StatusCode::INTERNAL_SERVER_ERROR,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            },
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

/// Takes the files of a form; says how many. Those before one that is refused are held.
pub(super) async fn take<Q: Queue>(
    server: &OutsideServer<Q>,
    browsing: &Browsing,
    mut form: Multipart,
) -> Result<usize, UploadError> {
    let _room = server.room.take().ok_or(UploadError::Busy)?;
    let (mut options, mut held) = (PrintOptions::default(), 0);
    // What is chosen stands in the form before the files.
    while let Some(field) = next(&mut form).await? {
        match field.name().unwrap_or_default() {
            "copies" => {
                let copies = choice(field).await?.parse().ok();
                let copies = copies.filter(|copies| (1..=COPIES).contains(copies));
                options.copies = copies.ok_or(UploadError::Options)?;
            }
            "sides" => {
                options.sides = match choice(field).await?.as_str() {
                    "one" => Some(Sides::OneSided),
                    "both" => Some(Sides::TwoSidedLongEdge),
                    _ => None,
                };
            }
            "color" => {
                options.color = match choice(field).await?.as_str() {
                    "mono" => Some(ColorMode::Monochrome),
                    _ => None,
                };
            }
            "file" => {
                if held >= limits::FILES {
                    return Err(UploadError::TooMany);
                }
                held += usize::from(hold(server, browsing, &options, field).await?);
            }
            _ => return Err(UploadError::Options),
        }
    }
    match held {
        0 => Err(UploadError::Nothing),
        held => Ok(held),
    }
}

async fn next(form: &mut Multipart) -> Result<Option<Field<'_>>, UploadError> {
    match timeout(limits::STALL, form.next_field()).await {
        Ok(Ok(field)) => Ok(field),
        Ok(Err(_)) | Err(_) => Err(UploadError::Broken),
    }
}

/// A short text of a form.
async fn choice(mut field: Field<'_>) -> Result<String, UploadError> {
    let mut text = Vec::new();
    loop {
        match timeout(limits::STALL, field.chunk()).await {
            Ok(Ok(Some(chunk))) if text.len() + chunk.len() <= limits::CHOICE => {
                text.extend_from_slice(&chunk);
            }
            Ok(Ok(Some(_))) => return Err(UploadError::Options),
            Ok(Ok(None)) => break,
            Ok(Err(_)) | Err(_) => return Err(UploadError::Broken),
        }
    }
    String::from_utf8(text).map_err(|_| UploadError::Options)
}

/// Holds one file; says whether there was one. A form without a chosen file has an empty one.
async fn hold<Q: Queue>(
    server: &OutsideServer<Q>,
    browsing: &Browsing,
    options: &PrintOptions,
    field: Field<'_>,
) -> Result<bool, UploadError> {
    let title = field.file_name().unwrap_or_default().to_owned();
    let refused = |error| UploadError::Refused {
        title: title.clone(),
        error,
    };
    let mut document = StreamReader::new(Box::pin(chunks(field)));
    let mut begun = Vec::with_capacity(format::HEAD);
    let head = (&mut document).take(format::HEAD as u64);
    read(head, &mut begun).await?;
    if begun.is_empty() && title.is_empty() {
        return Ok(false);
    }
    let queue = &server.queue;
    let format = format::sniff(&begun)
        .map_err(|foreign| refused(QueueError::new(QueueErrorKind::Format, foreign.in_full())))?;
    let job_request = IppJobRequest {
        user: browsing.bearer.user.clone(),
        token: Some(browsing.bearer.token),
        format: Some(format.to_owned()),
        settings: JobSettings {
            options: options.clone(),
            ..JobSettings::default()
        },
    };
    queue.admit(&job_request).await.map_err(&refused)?;
    let new = NewDocument {
        number: queue.draw_number().await.map_err(&refused)?,
        place: 1,
        title: title.clone(),
        format: format.to_owned(),
        size: None,
        station: None,
        password: None,
        job_request,
    };
    let whole = io::Cursor::new(begun).chain(document);
    queue.hold(new, whole).await.map_err(&refused)?;
    Ok(true)
}

async fn read(
    mut head: impl tokio::io::AsyncRead + Unpin,
    into: &mut Vec<u8>,
) -> Result<(), UploadError> {
    match head.read_to_end(into).await {
        Ok(_) => Ok(()),
        Err(_) => Err(UploadError::Broken),
    }
}

/// The bytes of a file, which may not stand still for long.
fn chunks(field: Field<'_>) -> impl Stream<Item = io::Result<Bytes>> {
    stream::unfold(Some(field), |field| async {
        let mut field = field?;
        match timeout(limits::STALL, field.chunk()).await {
            Ok(Ok(chunk)) => chunk.map(|chunk| (Ok(chunk), Some(field))),
            Ok(Err(error)) => Some((Err(io::Error::other(error)), None)),
            Err(_) => Some((Err(io::ErrorKind::TimedOut.into()), None)),
        }
    })
}
