//! From a form to held jobs: each file becomes one, as it comes, and none is kept on the way.

use std::borrow::Cow;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::{Body, BodyDataStream};
use axum::extract::multipart::Field;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::StatusCode;
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
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
    request: Request,
) -> Result<usize, UploadError> {
    let _room = server.room.try_acquire().map_err(|_| UploadError::Busy)?;
    let budget = Budget::default();
    let request = request.map(|body| budget.limit(body));
    let form = Multipart::from_request(request, &()).await;
    let mut form = form.map_err(|_| UploadError::Broken)?;
    let taken = read(server, browsing, (&mut form, &budget)).await;
    if let Err(UploadError::Refused { .. }) = &taken {
        budget.lift();
        let drained = async { while let Ok(Some(_)) = form.next_field().await {} };
        drop(timeout(limits::DRAIN, drained).await);
    }
    taken
}

/// Bytes of a form that may still come before the next file. The reader of forms keeps what it cannot place yet,
/// and a form can be made of nothing else.
#[derive(Clone, Default)]
struct Budget(Arc<AtomicU64>);

/// More came between two files than a form has there.
#[derive(Debug, thiserror::Error)]
#[error("too much of the form is no file")]
struct OverBudget;

impl Budget {
    /// As much as a form has between two files.
    fn renew(&self) {
        self.0.store(limits::BETWEEN, Ordering::Relaxed);
    }

    /// Any number: a file comes.
    fn lift(&self) {
        self.0.store(u64::MAX, Ordering::Relaxed);
    }

    fn take(&self, bytes: usize) -> Result<(), OverBudget> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let take = |left: u64| match left {
            u64::MAX => Some(left),
            left => left.checked_sub(bytes),
        };
        let taken = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        taken.map(drop).map_err(|_| OverBudget)
    }

    fn limit(&self, body: Body) -> Body {
        Body::from_stream(Limited {
            chunks: body.into_data_stream(),
            budget: self.clone(),
            pauses: false,
        })
    }
}

/// The bytes of a form, as many as its budget allows. After each piece it pauses: the reader of forms would take
/// all that has come before it looks at any of it.
struct Limited {
    chunks: BodyDataStream,
    budget: Budget,
    pauses: bool,
}

impl Stream for Limited {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.pauses) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let Some(chunk) = ready!(self.chunks.poll_next_unpin(context)) else {
            return Poll::Ready(None);
        };
        self.pauses = true;
        let chunk = chunk.map_err(io::Error::other);
        Poll::Ready(Some(chunk.and_then(|chunk| {
            let taken = self.budget.take(chunk.len());
            taken.map(|()| chunk).map_err(io::Error::other)
        })))
    }
}

async fn read<Q: Queue>(
    server: &OutsideServer<Q>,
    browsing: &Browsing,
    (form, budget): (&mut Multipart, &Budget),
) -> Result<usize, UploadError> {
    let (mut options, mut held) = (PrintOptions::default(), 0);
    let (mut files, mut choices) = (0, 0);
    loop {
        budget.renew();
        // What is chosen stands in the form before the files.
        let Some(field) = next(form).await? else {
            break;
        };
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            files += 1;
            if files > limits::FILES {
                return Err(UploadError::TooMany);
            }
            budget.lift();
            held += usize::from(hold(server, browsing, &options, field).await?);
            continue;
        }
        choices += 1;
        if choices > limits::CHOICES {
            return Err(UploadError::Options);
        }
        let chosen = choice(field).await?;
        match name.as_str() {
            "copies" => {
                let copies = chosen.parse().ok();
                let copies = copies.filter(|copies| (1..=COPIES).contains(copies));
                options.copies = copies.ok_or(UploadError::Options)?;
            }
            "sides" => {
                options.sides = match chosen.as_str() {
                    "one" => Some(Sides::OneSided),
                    "both" => Some(Sides::TwoSidedLongEdge),
                    _ => None,
                };
            }
            "color" => {
                options.color = match chosen.as_str() {
                    "mono" => Some(ColorMode::Monochrome),
                    _ => None,
                };
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
    beginning(head, &mut begun).await?;
    if begun.is_empty() && title.is_empty() {
        return Ok(false);
    }
    let queue = &server.queue;
    let format = format::sniff(&begun)
        .map_err(|foreign| refused(QueueError::new(QueueErrorKind::Format, foreign.in_full())))?;
    let job_request = IppJobRequest {
        user: browsing.bearer.user.clone(),
        token: Some(browsing.bearer.token),
        // Pages are at places' own names only.
        client: None,
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

async fn beginning(
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// What a form made of these chunks has, part by part.
    async fn parts(chunks: Vec<Bytes>, is_file: bool) -> Result<usize, UploadError> {
        let budget = Budget::default();
        let body = stream::iter(chunks.into_iter().map(Ok::<_, io::Error>));
        let request = Request::builder()
            .header("content-type", "multipart/form-data; boundary=x")
            .body(budget.limit(Body::from_stream(body)))
            .unwrap();
        budget.renew();
        let mut form = Multipart::from_request(request, &()).await.unwrap();
        let mut parts = 0;
        loop {
            budget.renew();
            let Some(mut field) = next(&mut form).await? else {
                return Ok(parts);
            };
            if is_file {
                budget.lift();
            }
            while field
                .chunk()
                .await
                .map_err(|_| UploadError::Broken)?
                .is_some()
            {}
            parts += 1;
        }
    }

    #[tokio::test]
    async fn a_form_that_is_no_file_has_an_end() {
        let head =
            Bytes::from("--x\r\ncontent-disposition: form-data; name=file; filename=a\r\n\r\n");
        let chunk = Bytes::from(vec![b'a'; 16 * 1024]);
        let end = Bytes::from("\r\n--x--\r\n");
        let many = vec![chunk; 64];
        let file = [vec![head.clone()], many.clone(), vec![end]].concat();
        assert!(matches!(parts(file, true).await, Ok(1)));
        // A preamble, and headers, without end.
        let never = parts(many.clone(), true).await;
        assert!(matches!(never, Err(UploadError::Broken)), "{never:?}");
        let begun = vec![head.slice(..20)];
        let never = parts([begun, many].concat(), true).await;
        assert!(matches!(never, Err(UploadError::Broken)), "{never:?}");
    }
}
