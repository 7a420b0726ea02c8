//! What a browser outside may ask.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Extension, Path, RawQuery, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use papermesh_ipp::Browsing;
use papermesh_ipp::queue::{JobNumber, Queue, QueueError, QueueErrorKind, QueuedJob, Which};
use papermesh_protocol::gateway::name::HostName;
use papermesh_web::{Asked, Origin, Peer, Rates, Slot};
use serde::Serialize;

use super::upload;
use super::view::{self, View};
use super::{OutsideServer, limits};
use crate::pages::{self, Form, Language};
use crate::share::Share;

/// The path of the profile for Apple's systems.
const PROFILE: &str = "/printer.mobileconfig";

pub(super) fn router<Q: Queue>(server: Arc<OutsideServer<Q>>) -> Router {
    Router::new()
        .route("/", get(page::<Q>))
        .route("/print", post(print::<Q>))
        .route("/delete", post(delete::<Q>))
        .route("/printers.json", get(printers::<Q>))
        .route(PROFILE, get(profile::<Q>))
        .route("/assets/{version}/{name}", get(asset))
        // The queue says how large a document may be.
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(
            Arc::new(Rates::new(limits::REQUESTS_EACH, limits::REQUESTS)),
            guard,
        ))
        .with_state(server)
}

/// Hears only what this page's own forms send, and dresses all answers.
async fn guard(
    State(rates): State<Arc<Rates>>,
    Extension(peer): Extension<Peer>,
    Extension(slot): Extension<Arc<Slot>>,
    request: Request,
    next: Next,
) -> Response {
    let _at_work = slot.work();
    let host = request.headers().get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
    let is_own = pages::is_from_own_page(peer, request.method(), host, request.headers());
    let in_time = rates.take(Origin::from(peer), Instant::now());
    let mut answer = match (is_own, in_time) {
        (true, Ok(())) => next.run(request).await,
        (false, _) => {
            let why = "only this page may make this request\n";
            (StatusCode::FORBIDDEN, why).into_response()
        }
        (true, Err(_)) => {
            let why = "too many requests; try again in a minute\n";
            (StatusCode::TOO_MANY_REQUESTS, why).into_response()
        }
    };
    pages::dress(&mut answer);
    // With `no-referrer`, browsers say `Origin: null` of forms (Fetch, "append a request Origin header"), and
    // ours would be refused as others' are. Other sites hear nothing by this, either.
    let own = HeaderValue::from_static("same-origin");
    answer.headers_mut().insert(header::REFERRER_POLICY, own);
    answer
}

async fn asset(Path((version, name)): Path<(String, String)>) -> Response {
    let mut answer = pages::asset(&version, &name);
    // Its address may have a token in it: no cache of others has it, and no browser's for long.
    let kept = HeaderValue::from_static("private, max-age=3600");
    answer.headers_mut().insert(header::CACHE_CONTROL, kept);
    answer
}

/// What is searched for among the printers, as an address says it.
fn search(address: &Form) -> String {
    let said = address.get("q").unwrap_or_default();
    said[..said.floor_char_boundary(limits::SEARCH)].to_owned()
}

fn query(RawQuery(query): RawQuery) -> Form {
    let query = query.unwrap_or_default();
    Form::parse(query.as_bytes()).unwrap_or_default()
}

async fn page<Q: Queue>(
    State(server): State<Arc<OutsideServer<Q>>>,
    Extension(browsing): Extension<Browsing>,
    Extension(asked): Extension<Asked>,
    address: RawQuery,
    headers: HeaderMap,
) -> Response {
    let said = query(address);
    let held = said.get("held").and_then(|held| held.parse().ok());
    let remark = held.map(view::Remark::Held);
    let language = Language::of(&headers);
    shown(
        &server,
        (&browsing, &asked),
        language,
        (&search(&said), remark),
    )
    .await
}

/// Takes files into the hold. Whoever reloads the page that follows sends nothing again.
async fn print<Q: Queue>(
    State(server): State<Arc<OutsideServer<Q>>>,
    Extension(browsing): Extension<Browsing>,
    Extension(asked): Extension<Asked>,
    request: Request,
) -> Response {
    let headers = request.headers().clone();
    match upload::take(&server, &browsing, request).await {
        Ok(held) => see_other(&format!("{}/?held={held}", *browsing.base)),
        Err(failed) => {
            let status = failed.status();
            let remark = Some(view::Remark::Failed(failed));
            let language = Language::of(&headers);
            let mut answer = shown(&server, (&browsing, &asked), language, ("", remark)).await;
            *answer.status_mut() = status;
            answer
        }
    }
}

async fn delete<Q: Queue>(
    State(server): State<Arc<OutsideServer<Q>>>,
    Extension(browsing): Extension<Browsing>,
    body: Body,
) -> Response {
    let form = match Form::read(body).await {
        Ok(form) => form,
        Err(status) => return status.into_response(),
    };
    let Some(number) = form.get("number").and_then(|number| number.parse().ok()) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    match cancel(&server, &browsing, number).await {
        Ok(()) => see_other(&format!("{}/", *browsing.base)),
        Err(error) => refused(&error),
    }
}

/// Deletes a job, if it came with this token.
async fn cancel<Q: Queue>(
    server: &OutsideServer<Q>,
    browsing: &Browsing,
    number: JobNumber,
) -> Result<(), QueueError> {
    let job = server.queue.job(number).await?;
    match job.filter(|job| job.token == Some(browsing.bearer.token)) {
        Some(_) => server.queue.cancel(number, None).await,
        None => Err(QueueError::new(
            QueueErrorKind::NotFound,
            "you have no such job here",
        )),
    }
}

/// A printer of the site, for programs.
#[derive(Serialize)]
struct Printer {
    name: String,
    location: Option<String>,
    model: Option<String>,
    color: Option<bool>,
    duplex: Option<bool>,
    media: Vec<String>,
    /// Whether it takes jobs now, as it said last.
    accepting: Option<bool>,
    /// What is the matter with it, as it said last: IPP keywords.
    reasons: Vec<String>,
}

async fn printers<Q: Queue>(
    State(server): State<Arc<OutsideServer<Q>>>,
    address: RawQuery,
) -> Response {
    let wanted = search(&query(address));
    let known = match server.queue.printers().await {
        Ok(known) => known,
        Err(error) => return refused(&error),
    };
    let found = known.into_iter().filter(|one| view::is_found(one, &wanted));
    let told = found.map(|one| {
        let is_known = one.abilities.is_some();
        let can = one.abilities.unwrap_or_default();
        Printer {
            name: one.name,
            location: can.location.clone(),
            model: can.model.clone(),
            color: can.color,
            duplex: is_known.then(|| can.prints_both_sides()),
            accepting: is_known.then_some(can.accepting),
            media: can.media,
            reasons: can.reasons,
        }
    });
    match serde_json::to_string(&told.collect::<Vec<_>>()) {
        Ok(json) => ([(header::CONTENT_TYPE, "application/json")], json).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// What the systems of whoever has this token need to print here.
fn share<'a, Q>(
    server: &'a OutsideServer<Q>,
    browsing: &'a Browsing,
    place: &'a HostName,
) -> Share<'a> {
    Share {
        place,
        site: &server.site,
        user: &browsing.bearer.user,
        token: &browsing.token,
    }
}

/// The profile with which Apple's systems add the printer.
async fn profile<Q: Queue>(
    State(server): State<Arc<OutsideServer<Q>>>,
    Extension(browsing): Extension<Browsing>,
    Extension(asked): Extension<Asked>,
) -> Response {
    let Ok(place) = asked.0.parse() else {
        return StatusCode::MISDIRECTED_REQUEST.into_response();
    };
    let profile = share(&server, &browsing, &place).mobileconfig();
    let kind = [(header::CONTENT_TYPE, "application/x-apple-aspen-config")];
    (kind, profile.to_string()).into_response()
}

/// Shows the page as it is now.
async fn shown<Q: Queue>(
    server: &OutsideServer<Q>,
    (browsing, asked): (&Browsing, &Asked),
    language: Language,
    (search, remark): (&str, Option<view::Remark>),
) -> Response {
    let asking = async {
        let jobs = jobs(server, browsing).await?;
        Ok::<_, QueueError>((jobs, server.queue.printers().await?))
    };
    let (jobs, printers) = match asking.await {
        Ok(found) => found,
        Err(error) => return refused(&error),
    };
    let Ok(place) = asked.0.parse() else {
        return StatusCode::MISDIRECTED_REQUEST.into_response();
    };
    // An address that somebody else made up says nothing of what was taken.
    let lately = |job: &&QueuedJob| server.queue.now().since(job.created_at) < limits::LATELY;
    let taken = jobs.iter().filter(lately).count();
    let remark = remark.and_then(|remark| match remark {
        view::Remark::Held(held) => Some(held.min(taken))
            .filter(|held| *held > 0)
            .map(view::Remark::Held),
        failed @ view::Remark::Failed(_) => Some(failed),
    });
    let view = View {
        language,
        share: &share(server, browsing, &place),
        profile: PROFILE,
        base: &browsing.base,
        search,
        remark: remark.as_ref(),
        jobs: &jobs,
        printers: &printers,
        now: server.queue.now(),
    };
    match view.render() {
        Ok(page) => Html(page).into_response(),
        Err(error) => {
            tracing::error!(%error, "could not render a page");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The jobs that came with this token: those that wait, then the last that are gone.
async fn jobs<Q: Queue>(
    server: &OutsideServer<Q>,
    browsing: &Browsing,
) -> Result<Vec<QueuedJob>, QueueError> {
    let (user, token) = (&browsing.bearer.user, Some(browsing.bearer.token));
    let mut jobs = Vec::new();
    for (which, most) in [
        (Which::Current, limits::JOBS),
        (Which::Ended, limits::ENDED),
    ] {
        let all = server.queue.jobs(user, which, 0, limits::SCANNED).await?;
        jobs.extend(all.into_iter().filter(|job| job.token == token).take(most));
    }
    Ok(jobs)
}

fn refused(error: &QueueError) -> Response {
    let status = match error.kind {
        QueueErrorKind::NotFound => StatusCode::NOT_FOUND,
        QueueErrorKind::NotAllowed => StatusCode::FORBIDDEN,
        QueueErrorKind::NotPossible => StatusCode::CONFLICT,
        QueueErrorKind::Busy => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, format!("{}\n", error.text)).into_response()
}

fn see_other(to: &str) -> Response {
    match HeaderValue::from_str(to) {
        Ok(to) => (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
