//! What a program is told of a document (PWG 5100.5 section 10).

use ipp::value::IppValue;
use papermesh_protocol::time::Timestamp;

use super::job_attributes::{KILO, job_uri, said};
use super::options;
use super::queue::{Document, IppJobState, QueuedJob};
use super::requested::Kind;
use super::values::{
    date_time, enumeration, flag, integer, keywords, mime, moment, name, no_value, text, uri,
};

/// What is told of the document that stands at `place` in its job, counted from 1.
pub(super) fn told(
    job: &QueuedJob,
    (place, document): (usize, &Document),
    printer: &str,
    now: Timestamp,
) -> Vec<(&'static str, Kind, IppValue)> {
    let alone = QueuedJob {
        state: document.state.clone(),
        documents: vec![document.clone()],
        ..job.clone()
    };
    let said = said(&alone);
    // A document has no `pending-held`: while its job is held it is pending.
    let number = if said.number == 4 { 3 } else { said.number };
    let processing = job
        .processing_at
        .filter(|_| document.state != IppJobState::Held);
    let ended = document.state.ended_at();
    let time = |at: Option<Timestamp>| at.map_or_else(no_value, moment);
    let date = |at: Option<Timestamp>| at.map_or_else(no_value, date_time);
    let last = place == job.documents.len() && job.state != IppJobState::Incoming;
    let described = [
        ("document-number", integer(place)),
        ("document-job-id", integer(job.number)),
        ("document-job-uri", uri(&job_uri(printer, job.number))),
        ("document-printer-uri", uri(printer)),
        ("document-name", name(&document.title)),
        ("document-format", mime(&document.format)),
        ("document-state", enumeration(number)),
        ("document-state-reasons", keywords(said.reasons)),
        ("document-state-message", text(&said.message)),
        ("k-octets", integer(document.size.div_ceil(KILO))),
        ("impressions", document.pages.map_or_else(no_value, integer)),
        ("last-document", flag(last)),
        ("printer-up-time", moment(now)),
        ("time-at-creation", moment(document.created_at)),
        ("time-at-processing", time(processing)),
        ("time-at-completed", time(ended)),
        ("date-time-at-creation", date_time(document.created_at)),
        ("date-time-at-processing", date(processing)),
        ("date-time-at-completed", date(ended)),
    ];
    let kinded = |kind: Kind| move |(name, value)| (name, kind, value);
    let described = described.into_iter().map(kinded(Kind::Description));
    let asked = options::shown(&document.options).into_iter();
    described.chain(asked.map(kinded(Kind::Template))).collect()
}
