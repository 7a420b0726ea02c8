//! The documents of a job (PWG 5100.5).

use ipp::model::DelimiterTag;

use super::super::document_attributes;
use super::super::limits;
use super::super::message::{Answer, Failure};
use super::super::news::Happened;
use super::super::queue::{Document, JobChange, Queue, QueuedJob};
use super::super::requested::Requested;
use super::super::server::{Asking, IppServer};
use super::super::status::Status;
use super::super::template::{self, Asked};

/// What of a document can be changed.
pub(in super::super) fn settable() -> Vec<&'static str> {
    template::settable(["document-name"])
}

pub(super) async fn get_documents<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let job = asking.own_job(server).await?;
    let limit = asking.request.operation().integer("limit");
    let limit = limit
        .and_then(|limit| usize::try_from(limit).ok())
        .filter(|limit| *limit > 0);
    let limit = limit.unwrap_or(usize::from(limits::DOCUMENTS_PER_JOB));
    let (requested, now) = (
        Requested::read(asking.request, &["document-number", "last-document"]),
        server.queue.now(),
    );
    let mut answer = super::done(asking);
    for (place, document) in (1..).zip(&job.documents).take(limit) {
        let told = document_attributes::told(&job, (place, document), &asking.printer, now);
        let told = requested.choose(told);
        answer.group(DelimiterTag::DocumentAttributes, told);
    }
    Ok(answer)
}

pub(super) async fn get_document_attributes<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let job = asking.own_job(server).await?;
    let (place, document) = named(asking, &job)?;
    let requested = Requested::read(asking.request, &["all"]);
    let named = (usize::from(place), document);
    let told = document_attributes::told(&job, named, &asking.printer, server.queue.now());
    let told = requested.choose(told);
    let mut answer = super::done(asking);
    answer.group(DelimiterTag::DocumentAttributes, told);
    Ok(answer)
}

pub(super) async fn cancel_document<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let job = asking.own_job(server).await?;
    let (place, document) = named(asking, &job)?;
    if document.state.has_ended() {
        return Err(Failure::new(
            Status::NotPossible,
            "the document has already ended",
        ));
    }
    server.queue.cancel(job.number, Some(place)).await?;
    server.tell(job.number, Happened::Changed).await;
    Ok(super::done(asking))
}

/// Changes how one document of a job is printed.
pub(super) async fn set_document_attributes<Q: Queue>(
    server: &IppServer<Q>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let wanted = asking.request.group(DelimiterTag::DocumentAttributes);
    super::check_settable(wanted, &settable())?;
    let job = asking.own_job(server).await?;
    let (place, document) = named(asking, &job)?;
    super::check_held(&document.state)?;
    let asked = Asked::of_change(wanted, &asking.capabilities(server), &document.options)?;
    let change = JobChange {
        title: wanted.text("document-name").map(str::to_owned),
        options: Some(asked.options).filter(|options| *options != document.options),
        ..JobChange::default()
    };
    server.queue.change(job.number, Some(place), change).await?;
    server.tell(job.number, Happened::Changed).await;
    Ok(super::done(asking))
}

/// The document that a request names, and its place in the job.
fn named<'a>(asking: &Asking<'_>, job: &'a QueuedJob) -> Result<(u16, &'a Document), Failure> {
    let number = asking.request.operation().integer("document-number");
    let number =
        number.ok_or_else(|| Failure::new(Status::BadRequest, "the request names no document"))?;
    let place = u16::try_from(number).ok().filter(|place| *place > 0);
    let found = place.and_then(|place| Some((place, job.documents.get(usize::from(place) - 1)?)));
    found.ok_or_else(|| {
        Failure::new(
            Status::NotFound,
            format!("the job has no document {number}"),
        )
    })
}
