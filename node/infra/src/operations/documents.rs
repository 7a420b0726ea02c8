//! The document of a job: fetched, acknowledged, and what became of it (PWG 5100.18 section 5).

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures::{StreamExt, stream};
use ipp::model::DelimiterTag;
use papermesh_device::{DocumentWord, NotFetchable};
use papermesh_ipp_message::http::ipp_and;
use papermesh_ipp_message::message::{Answer, Failure};
use papermesh_ipp_message::requested::Requested;
use papermesh_ipp_message::status::Status;
use papermesh_ipp_message::values::{keyword, mime};

use super::{DocumentFollows, done, not_fetchable};
use crate::server::{Asking, InfraServer};
use crate::told;

/// Fetch-Document: an answer, and the document after it, as it comes from its holder. It is given once.
pub(super) fn fetch<T>(server: &InfraServer<T>, asking: &Asking<'_>) -> Result<Response, Failure> {
    let (proxy, number) = (asking.proxy()?, asking.number()?);
    asking.check_document()?;
    let job = server.device.job_of(number, proxy);
    let job = job.ok_or_else(|| not_fetchable(NotFetchable))?;
    let accepted = asking.request.operation().texts("document-format-accepted");
    if !accepted.is_empty()
        && !accepted
            .iter()
            .any(|format| job.format.eq_ignore_ascii_case(format))
    {
        let text = format!(
            "the document is {}; set formats in papermesh.toml to what the output device accepts: {}",
            job.format,
            accepted.join(", ")
        );
        return Err(Failure::new(Status::DocumentFormat, text));
    }
    let fetched = server.device.fetch_document(job.number, proxy);
    let fetched = fetched.map_err(not_fetchable)?;
    let mut answer = done(asking);
    answer.put("document-format", mime(&fetched.format));
    answer.put("compression", keyword("none"));
    let head = stream::once(async move { Ok::<Bytes, std::io::Error>(answer.into_bytes()) });
    let mut answer = ipp_and(Body::from_stream(head.chain(fetched.document)));
    answer.extensions_mut().insert(DocumentFollows);
    Ok(answer)
}

/// Acknowledge-Document: the proxy has it whole.
pub(super) fn acknowledge<T>(
    server: &InfraServer<T>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let (proxy, number) = (asking.proxy()?, asking.number()?);
    asking.check_document()?;
    server
        .device
        .acknowledge(number, proxy)
        .map_err(not_fetchable)?;
    Ok(done(asking))
}

/// Update-Document-Status.
pub(super) fn update_status<T>(
    server: &InfraServer<T>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    let (proxy, number) = (asking.proxy()?, asking.number()?);
    asking.check_document()?;
    // PAPPL says it among the attributes of the job.
    let groups = [
        DelimiterTag::DocumentAttributes,
        DelimiterTag::JobAttributes,
    ];
    let said = groups.map(|group| asking.request.group(group));
    let state = said
        .into_iter()
        .find_map(|said| said.numbers("output-device-document-state").next());
    if let Some(word) = state.and_then(DocumentWord::read) {
        server
            .device
            .hear_of_document(number, proxy, word)
            .map_err(not_fetchable)?;
    }
    Ok(done(asking))
}

/// Get-Documents: every job has one.
pub(super) fn get_documents<T>(
    server: &InfraServer<T>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    described(server, asking, &["document-number"])
}

/// Get-Document-Attributes.
pub(super) fn get_attributes<T>(
    server: &InfraServer<T>,
    asking: &Asking<'_>,
) -> Result<Answer, Failure> {
    asking.check_document()?;
    described(server, asking, &["all"])
}

fn described<T>(
    server: &InfraServer<T>,
    asking: &Asking<'_>,
    default: &[&str],
) -> Result<Answer, Failure> {
    let job = asking.job(&server.device)?;
    let requested = Requested::read(asking.request, default);
    let mut answer = done(asking);
    let told = told::document(asking, (&job, &requested));
    answer.group(DelimiterTag::DocumentAttributes, told);
    Ok(answer)
}
