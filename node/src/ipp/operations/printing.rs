//! Taking jobs: Print-Job, Validate-Job, Create-Job, Send-Document, Close-Job (RFC 8011 sections
//! 4.2.1 to 4.2.4 and 4.3.1; PWG 5100.11 section 5).

use std::sync::Arc;

use papermesh_protocol::text::UserId;
use tokio::io::AsyncReadExt;

use super::super::arriving::Arriving;
use super::super::compression;
use super::super::desk::{Asking, Desk};
use super::super::job_attributes;
use super::super::limits;
use super::super::message::{Answer, Failure};
use super::super::open_jobs::OpenJob;
use super::super::printer_attributes::ANY_FORMAT;
use super::super::queue::{Hold, JobNumber, JobState, NewDocument, Queue, QueuedJob, Terms, Wish};
use super::super::status::Status;
use super::super::subscriptions::Happened;
use super::super::template::Asked;
use super::super::values::{Values, attribute, mime};
use crate::client::format;
use crate::policy;

use ipp::model::DelimiterTag;

pub(super) async fn print_job<Q: Queue>(
    desk: &Arc<Desk<Q>>,
    asking: &Asking<'_>,
    body: &mut Arriving,
) -> Result<Answer, Failure> {
    let (user, asked) = wanted(desk, asking)?;
    let operation = asking.request.operation();
    let said = said_format(operation)?;
    compression::check(operation.text("compression"))?;
    admit(desk, user, said.clone(), &asked.terms).await?;
    let number = asking.new_number(desk).await?;
    let title = title(operation);
    let job = OpenJob::new(
        user.clone(),
        asking.peer.address,
        title,
        asked.terms,
        desk.queue.now(),
    )
    .straight_to(asking.station.as_ref());
    let taken = take(desk, asking, body, (number, &job), said).await?;
    if !taken {
        return Err(Failure::new(
            Status::BadRequest,
            "the request has no document",
        ));
    }
    desk.tell(number, Happened::Created).await;
    let mut answer = told(desk, asking, number).await?;
    answer.ignored(asked.unsupported);
    Ok(answer)
}

pub(super) async fn validate_job<Q: Queue>(
    desk: &Desk<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let (user, asked) = wanted(desk, asking)?;
    let operation = asking.request.operation();
    compression::check(operation.text("compression"))?;
    admit(desk, user, said_format(operation)?, &asked.terms).await?;
    let mut answer = super::done(asking);
    answer.ignored(asked.unsupported);
    Ok(answer)
}

/// Everything that can be refused is refused here, and not when the document comes: many programs
/// show what Create-Job answers, and few what Send-Document does.
pub(super) async fn create_job<Q: Queue>(
    desk: &Desk<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let (user, asked) = wanted(desk, asking)?;
    admit(desk, user, None, &asked.terms).await?;
    desk.open.check_room(user)?;
    let number = asking.new_number(desk).await?;
    let title = title(asking.request.operation());
    let job = OpenJob::new(
        user.clone(),
        asking.peer.address,
        title,
        asked.terms,
        desk.queue.now(),
    )
    .straight_to(asking.station.as_ref());
    desk.open.insert(number, job);
    desk.tell(number, Happened::Created).await;
    let mut answer = told(desk, asking, number).await?;
    answer.ignored(asked.unsupported);
    Ok(answer)
}

pub(super) async fn send_document<Q: Queue>(
    desk: &Arc<Desk<Q>>,
    asking: &Asking<'_>,
    body: &mut Arriving,
) -> Result<Answer, Failure> {
    let number = waiting_job(desk, asking).await?;
    let operation = asking.request.operation();
    let last = operation.flag("last-document").ok_or_else(|| {
        Failure::new(Status::BadRequest, "the request does not say last-document")
    })?;
    let said = said_format(operation)?;
    compression::check(operation.text("compression"))?;
    {
        let sending = desk.open.begin(number)?;
        let taken = take(desk, asking, body, (number, &sending.job), said).await?;
        if taken {
            sending.kept();
        } else if !last {
            return Err(Failure::new(
                Status::BadRequest,
                "the request has no document",
            ));
        }
    }
    if last {
        close(desk, number);
    }
    desk.tell(number, Happened::Changed).await;
    told(desk, asking, number).await
}

pub(super) async fn close_job<Q: Queue>(
    desk: &Desk<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let number = waiting_job(desk, asking).await?;
    close(desk, number);
    desk.tell(number, Happened::Changed).await;
    told(desk, asking, number).await
}

fn close<Q: Queue>(desk: &Desk<Q>, number: JobNumber) {
    let now = desk.queue.now();
    let empty = |_: &OpenJob| JobState::Aborted(now, "no document came".into());
    desk.open.close(number, empty);
}

/// The job of this user that waits for documents.
async fn waiting_job<Q: Queue>(desk: &Desk<Q>, asking: &Asking<'_>) -> Result<JobNumber, Failure> {
    let job = asking.own_job(desk).await?;
    match (&job.state, desk.open.get(job.number)) {
        (_, Some(_)) => Ok(job.number),
        (JobState::Canceled(_), None) => {
            Err(Failure::new(Status::JobCanceled, "the job was deleted"))
        }
        (JobState::Aborted(_, why), None) => Err(Failure::new(Status::NotPossible, why.clone())),
        (_, None) => Err(Failure::new(
            Status::NotPossible,
            "the job has all its documents",
        )),
    }
}

/// Who wants what, as far as it can be had.
fn wanted<'a, Q: Queue>(
    desk: &Desk<Q>,
    asking: &'a Asking<'_>,
) -> Result<(&'a UserId, Asked), Failure> {
    let user = asking.user()?;
    if !desk.is_accepting() {
        let text = "this printer takes no jobs at the moment; an operator has stopped it";
        return Err(Failure::new(Status::NotAcceptingJobs, text));
    }
    let mut asked = Asked::read(asking.request, &asking.offer(desk))?;
    if desk.is_holding() {
        asked.terms.hold = Hold::Indefinite;
    }
    Ok((user, asked))
}

async fn admit<Q: Queue>(
    desk: &Desk<Q>,
    user: &UserId,
    format: Option<String>,
    terms: &Terms,
) -> Result<(), Failure> {
    let wish = Wish {
        user: user.clone(),
        format,
        terms: terms.clone(),
    };
    Ok(desk.queue.admit(&wish).await?)
}

/// The format that the program says the document has, in lower case and without parameters; none
/// if it is to be told by the first bytes.
fn said_format(operation: Values<'_>) -> Result<Option<String>, Failure> {
    let Some(said) = operation.text("document-format") else {
        return Ok(None);
    };
    let format = said
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if format == ANY_FORMAT {
        return Ok(None);
    }
    if policy::FORMATS.iter().any(|(known, _)| *known == format) {
        return Ok(Some(format));
    }
    Err(Failure {
        unsupported: attribute("document-format", mime(said))
            .into_iter()
            .collect(),
        ..Failure::new(
            Status::DocumentFormat,
            format!(
                "{format} cannot be held; print PDF, PWG or Apple raster, JPEG, PNG or plain text"
            ),
        )
    })
}

fn title(operation: Values<'_>) -> String {
    let named = ["job-name", "document-name"]
        .into_iter()
        .find_map(|name| operation.text(name).filter(|title| !title.is_empty()));
    named.unwrap_or_default().to_owned()
}

/// Takes the document that is left of the body; says whether there was one.
async fn take<Q: Queue>(
    desk: &Arc<Desk<Q>>,
    asking: &Asking<'_>,
    body: &mut Arriving,
    (number, job): (JobNumber, &OpenJob),
    said: Option<String>,
) -> Result<bool, Failure> {
    let busy = || {
        let text = "too many documents are coming at once; try again in a minute";
        Failure::new(Status::Busy, text)
    };
    let seat = Arc::new(desk.room.take().ok_or_else(busy)?);
    body.occupy(Arc::clone(&seat));
    tokio::select! {
        taken = seated(desk, asking, body, (number, job), said) => taken,
        // It stood still while there was no room for others.
        () = seat.lost.cancelled() => Err(busy()),
    }
}

async fn seated<Q: Queue>(
    desk: &Arc<Desk<Q>>,
    asking: &Asking<'_>,
    body: &mut Arriving,
    (number, job): (JobNumber, &OpenJob),
    said: Option<String>,
) -> Result<bool, Failure> {
    let operation = asking.request.operation();
    let mut begun = Vec::with_capacity(format::HEAD);
    let size = body.rest();
    let first = body.read_u8().await;
    let Ok(first) = first else {
        // Nothing came, which may be what was meant; a body that broke off says so itself.
        return match body.has_ended() {
            true => Ok(false),
            false => Err(Failure::new(
                Status::DocumentFormatError,
                "the document broke off; print it again",
            )),
        };
    };
    let whole = std::io::Cursor::new([first]).chain(&mut *body);
    let mut unpacked = compression::unpack(operation.text("compression"), whole)?;
    let head = (&mut unpacked)
        .take(format::HEAD as u64)
        .read_to_end(&mut begun)
        .await;
    head.map_err(|error| unreadable(operation, &error))?;
    let format = match said {
        Some(format) => format,
        None => format::sniff(&begun)
            .filter(|format| policy::FORMATS.iter().any(|(known, _)| known == format))
            .ok_or_else(|| Failure::new(
                Status::DocumentFormat,
                "this document is of no format that can be held; print PDF, PWG or Apple raster, JPEG, PNG or plain text",
            ))?
            .to_owned(),
    };
    let document = NewDocument {
        number,
        place: job.documents + 1,
        title: job.title.clone(),
        format: format.clone(),
        size: match operation.text("compression") {
            None | Some("none") => size,
            Some(_) => None,
        },
        station: job.station.clone(),
        wish: Wish {
            user: job.user.clone(),
            format: Some(format),
            terms: job.terms.clone(),
        },
    };
    let bytes = std::io::Cursor::new(begun).chain(unpacked);
    if let Some(underway) = desk.queue.hold(document, bytes).await? {
        // Goes on when the program has long had its answer.
        let desk = Arc::clone(desk);
        tokio::spawn(async move {
            if let Some(why) = underway.await {
                desk.notes.put(number, why);
                desk.tell(number, Happened::Changed).await;
            }
        });
    }
    Ok(true)
}

fn unreadable(operation: Values<'_>, error: &std::io::Error) -> Failure {
    match operation.text("compression") {
        None | Some("none") => Failure::new(
            Status::DocumentFormatError,
            format!("the document broke off: {error}; print it again"),
        ),
        Some(compression) => Failure::new(
            Status::CompressionError,
            format!("the document cannot be unpacked with {compression}: {error}"),
        ),
    }
}

/// The answer about a job that was made or got a document.
async fn told<Q: Queue>(
    desk: &Desk<Q>,
    asking: &Asking<'_>,
    number: JobNumber,
) -> Result<Answer, Failure> {
    let job: Option<QueuedJob> = desk.job(number).await?;
    let job = job.ok_or_else(|| Failure::new(Status::JobCanceled, "the job is gone already"))?;
    let mut answer = super::done(asking);
    answer.group(
        DelimiterTag::JobAttributes,
        job_attributes::brief(&job, &asking.printer),
    );
    debug_assert!(job.documents.len() <= usize::from(limits::DOCUMENTS_PER_JOB));
    Ok(answer)
}
