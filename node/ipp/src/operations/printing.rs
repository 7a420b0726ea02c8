//! Taking jobs: Print-Job, Validate-Job, Create-Job, Send-Document, Close-Job (RFC 8011 sections
//! 4.2.1 to 4.2.4 and 4.3.1; PWG 5100.5 for what is asked of a document; PWG 5100.11 section 5).

use std::sync::Arc;

use papermesh_convert::format::{self, Named};
use papermesh_protocol::document_password::DocumentPassword;
use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text::UserId;
use tokio::io::AsyncReadExt;

use super::super::arriving::Arriving;
use super::super::compression;
use super::super::job_attributes;
use super::super::limits;
use super::super::message::{Answer, Failure, Request};
use super::super::news::Happened;
use super::super::open_jobs::OpenJob;
use super::super::owner::Requester;
use super::super::queue::{
    Hold, IppJobRequest, IppJobState, JobNumber, JobSettings, NewDocument, Queue, QueuedJob,
};
use super::super::server::{Asking, IppServer};
use super::super::status::Status;
use super::super::subscriptions;
use super::super::template::{self, Asked};
use super::super::values::{Values, attribute, mime};
use super::notifications;

use ipp::model::DelimiterTag;

pub(super) async fn print_job<Q: Queue>(
    server: &Arc<IppServer<Q>>,
    asking: &Asking<'_>,
    body: &mut Arriving,
) -> Result<Answer, Failure> {
    let user = may_print(server, asking)?;
    let asked = Asked::read(asking.request, &asking.capabilities(server))?;
    let said = Said::read(asking.request.operation())?;
    let request = job_request(asking, user, said.format.clone(), &asked.settings);
    server.queue.admit(&request).await?;
    let number = asking.new_number(server).await?;
    let job = new_job(server, asking, user, (number, &asked));
    let taken = take(server, body, (number, &job), said).await?;
    if !taken {
        return Err(Failure::new(
            Status::BadRequest,
            "the request has no document",
        ));
    }
    made(server, asking, number, asked).await
}

pub(super) async fn validate_job<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let user = asking.user()?;
    let asked = Asked::read(asking.request, &asking.capabilities(server))?;
    let said = Said::read(asking.request.operation())?;
    let request = job_request(asking, user, said.format, &asked.settings);
    server.queue.admit(&request).await?;
    let mut answer = super::done(asking);
    asked.append(&mut answer);
    Ok(answer)
}

/// Everything that can be refused is refused here, and not when the document comes: many programs
/// show what Create-Job answers, and few what Send-Document does.
pub(super) async fn create_job<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let user = may_print(server, asking)?;
    let asked = Asked::read(asking.request, &asking.capabilities(server))?;
    let request = job_request(asking, user, None, &asked.settings);
    server.queue.admit(&request).await?;
    server.open.check_room(user, asking.who.token())?;
    let number = asking.new_number(server).await?;
    let job = new_job(server, asking, user, (number, &asked));
    server.open.insert(number, job);
    made(server, asking, number, asked).await
}

/// The job that is made; it is held back if all new ones are.
fn new_job<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
    user: &UserId,
    (number, asked): (JobNumber, &Asked),
) -> OpenJob {
    let mut settings = asked.settings.clone();
    if server.switches().holding && settings.hold == Hold::No {
        settings.hold = Hold::Indefinite;
        server.held_back(number);
    }
    let job = OpenJob::new(
        (user.clone(), asking.who.token()),
        asking.peer.address,
        title(asking.request),
        (settings, asked.whole),
        server.queue.now(),
    );
    job.straight_to(asking.station.as_ref())
        .sent_by(asking.client)
}

/// The answer about a new job, with the subscriptions that were made with it.
async fn made<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
    number: JobNumber,
    asked: Asked,
) -> Result<Answer, Failure> {
    let subscribed = notifications::with_job(server, asking, number)?;
    server.tell(number, Happened::Created).await;
    let mut answer = told(server, asking, number).await?;
    asked.append(&mut answer);
    subscriptions::append(&mut answer, subscribed);
    Ok(answer)
}

pub(super) async fn send_document<Q: Queue>(
    server: &Arc<IppServer<Q>>,
    asking: &Asking<'_>,
    body: &mut Arriving,
) -> Result<Answer, Failure> {
    let number = waiting_job(server, asking).await?;
    let operation = asking.request.operation();
    let last = operation
        .flag("last-document")
        .ok_or_else(|| Failure::new(Status::BadRequest, "the request has no last-document"))?;
    let said = Said::read(operation)?;
    let asked = {
        let mut sending = server.open.begin(number)?;
        let job = &mut sending.job;
        let capabilities = asking.capabilities(server);
        let asked = Asked::of_document(asking.request, &capabilities, (&job.settings, job.whole))?;
        job.settings = asked.settings.clone();
        let taken = take(server, body, (number, job), said).await?;
        if taken {
            sending.kept();
        } else if !last {
            return Err(Failure::new(
                Status::BadRequest,
                "the request has no document",
            ));
        }
        asked
    };
    if last {
        close(server, number);
    }
    server.tell(number, Happened::Changed).await;
    let mut answer = told(server, asking, number).await?;
    asked.append(&mut answer);
    Ok(answer)
}

pub(super) async fn close_job<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let number = waiting_job(server, asking).await?;
    close(server, number);
    server.tell(number, Happened::Changed).await;
    told(server, asking, number).await
}

fn close<Q: Queue>(server: &IppServer<Q>, number: JobNumber) {
    let now = server.queue.now();
    let empty = |_: &OpenJob| IppJobState::Aborted(now, "no document arrived".into());
    server.open.close(number, empty);
}

/// The job of this user that waits for documents.
async fn waiting_job<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
) -> Result<JobNumber, Failure> {
    let job = asking.own_job(server).await?;
    // What a token may see it may not go on with: the rest goes where the job was said to go, at the cost
    // of whoever made it.
    if matches!(asking.who, Requester::Bearer(_)) && job.token != asking.who.token() {
        let text = "the job was made otherwise than with this print token";
        return Err(Failure::new(Status::NotAuthorized, text));
    }
    match (&job.state, server.open.get(job.number)) {
        (_, Some(_)) => Ok(job.number),
        (IppJobState::Canceled(_), None) => {
            Err(Failure::new(Status::JobCanceled, "the job was deleted"))
        }
        (IppJobState::Aborted(_, why), None) => Err(Failure::new(Status::NotPossible, why.clone())),
        (_, None) => Err(Failure::new(
            Status::NotPossible,
            "the job has all its documents",
        )),
    }
}

/// The user who prints, if the printer takes jobs at all.
fn may_print<'a, Q: Queue>(
    server: &IppServer<Q>,
    asking: &'a Asking<'_>,
) -> Result<&'a UserId, Failure> {
    let user = asking.user()?;
    if !server.switches().accepting {
        let text =
            "this printer is not accepting jobs at the moment; ask the operator who stopped it";
        return Err(Failure::new(Status::NotAcceptingJobs, text));
    }
    Ok(user)
}

fn job_request(
    asking: &Asking<'_>,
    user: &UserId,
    format: Option<String>,
    settings: &JobSettings,
) -> IppJobRequest {
    IppJobRequest {
        user: user.clone(),
        token: asking.who.token(),
        client: asking.client,
        format,
        settings: settings.clone(),
    }
}

/// What a request says of its document.
struct Said<'a> {
    /// Its format; none if it is to be told by the first bytes.
    format: Option<String>,
    /// How it is compressed.
    compression: Option<&'a str>,
    /// What opens it.
    password: Option<DocumentPassword>,
}

impl<'a> Said<'a> {
    fn read(operation: Values<'a>) -> Result<Self, Failure> {
        Ok(Self {
            format: said_format(operation)?,
            compression: compression::said(operation)?,
            password: template::document_password(operation)?,
        })
    }
}

/// The format that the program says the document has, by its own name; none if it is to be told by
/// the first bytes.
fn said_format(operation: Values<'_>) -> Result<Option<String>, Failure> {
    let Some(said) = operation.text("document-format") else {
        return Ok(None);
    };
    match format::named(said) {
        Some(Named::Format(format)) => return Ok(Some(format.to_owned())),
        Some(Named::Untold) => return Ok(None),
        None => {}
    }
    Err(Failure {
        unsupported: attribute("document-format", mime(said))
            .into_iter()
            .collect(),
        ..Failure::new(
            Status::DocumentFormat,
            format!(
                "{said} cannot be held; print PDF, PWG or Apple raster, JPEG, PNG or plain text"
            ),
        )
    })
}

/// The title: what the program calls the job, or its document.
fn title(request: &Request) -> String {
    let document = request.group(DelimiterTag::DocumentAttributes);
    let named = [
        (request.operation(), "job-name"),
        (request.job(), "job-name"),
        (request.operation(), "document-name"),
        (document, "document-name"),
        (request.job(), "document-name"),
    ];
    let titles = named
        .into_iter()
        .filter_map(|(group, name)| group.text(name));
    let mut titles = titles.filter(|title| !title.trim().is_empty());
    titles.next().unwrap_or_default().to_owned()
}

/// Takes the document that is left of the body; says whether there was one.
async fn take<Q: Queue>(
    server: &Arc<IppServer<Q>>,
    body: &mut Arriving,
    (number, job): (JobNumber, &OpenJob),
    said: Said<'_>,
) -> Result<bool, Failure> {
    let busy = || {
        let text = "too many documents are arriving at once; try again in a minute";
        Failure::new(Status::Busy, text)
    };
    let room = match job.token {
        Some(_) => &server.room_outside,
        None => &server.room,
    };
    let slot = Arc::new(room.take().ok_or_else(busy)?);
    body.occupy(Arc::clone(&slot));
    tokio::select! {
        taken = seated(server, body, (number, job), said) => taken,
        // It stood still while there was no room for others.
        () = slot.lost.cancelled() => Err(busy()),
    }
}

async fn seated<Q: Queue>(
    server: &Arc<IppServer<Q>>,
    body: &mut Arriving,
    (number, job): (JobNumber, &OpenJob),
    said: Said<'_>,
) -> Result<bool, Failure> {
    let compression = said.compression;
    let mut begun = Vec::with_capacity(format::HEAD);
    let size = body.rest();
    let first = body.read_u8().await;
    let Ok(first) = first else {
        // Nothing came, which may be what was meant; a body that broke off says so itself.
        return match body.has_ended() {
            true => Ok(false),
            false => Err(Failure::new(
                Status::DocumentFormatError,
                "the document was cut off; print it again",
            )),
        };
    };
    let whole = std::io::Cursor::new([first]).chain(&mut *body);
    let mut unpacked = compression::unpack(compression, whole)?;
    let head = (&mut unpacked)
        .take(format::HEAD as u64)
        .read_to_end(&mut begun)
        .await;
    head.map_err(|error| unreadable(compression, &error))?;
    let format = match said.format {
        Some(format) => format,
        None => format::sniff(&begun)
            .map_err(|foreign| Failure::new(Status::DocumentFormat, foreign.in_full().to_string()))?
            .to_owned(),
    };
    let document = NewDocument {
        number,
        place: job.documents + 1,
        title: job.title.clone(),
        format: format.clone(),
        size: size.filter(|_| compression.is_none()),
        station: job.station.clone(),
        password: said.password,
        job_request: IppJobRequest {
            user: job.user.clone(),
            token: job.token,
            client: job.client,
            format: Some(format),
            settings: job.settings.clone(),
        },
    };
    let bytes = std::io::Cursor::new(begun).chain(unpacked);
    if let Some(underway) = server.queue.hold(document, bytes).await? {
        // Goes on when the program has long had its answer.
        let server = Arc::clone(server);
        tokio::spawn(async move {
            if let Some(why) = underway.await {
                server.notes.put(number, why);
                server.tell(number, Happened::Changed).await;
            }
        });
    }
    Ok(true)
}

fn unreadable(compression: Option<&str>, error: &std::io::Error) -> Failure {
    match compression {
        None => Failure::new(
            Status::DocumentFormatError,
            format!("the document was cut off: {error}; print it again"),
        ),
        Some(compression) => Failure::new(
            Status::CompressionError,
            format!("the document cannot be decompressed with {compression}: {error}"),
        ),
    }
}

/// The answer about a job that was made or got a document.
async fn told<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
    number: JobNumber,
) -> Result<Answer, Failure> {
    let job: Option<QueuedJob> = server.job(number).await?;
    let job = job.ok_or_else(|| Failure::new(Status::JobCanceled, "the job is already gone"))?;
    let mut answer = super::done(asking);
    answer.group(
        DelimiterTag::JobAttributes,
        job_attributes::brief(&job, &asking.printer),
    );
    debug_assert!(job.documents.len() <= usize::from(limits::DOCUMENTS_PER_JOB));
    Ok(answer)
}
