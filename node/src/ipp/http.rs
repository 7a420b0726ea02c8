//! IPP over HTTP/1.1 (RFC 8010 section 4): who may speak, and from an HTTP request to an IPP
//! answer. Not here: connections (`listener.rs`), what operations do (`operations/`).

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};

use super::arriving::Arriving;
use super::desk::{Asking, Desk};
use super::identity;
use super::message;
use super::operations;
use super::owner::{self, Credentials, Peer, Who};
use super::queue::{Queue, QueueErrorKind, Station};
use super::station;
use crate::web::{Seat, is_this_computer};

/// `Content-Type` of IPP.
const IPP: &str = "application/ipp";

/// The paths of the printer, its page and its icon.
pub(super) fn router<Q: Queue>(desk: Arc<Desk<Q>>) -> Router {
    Router::new()
        .route("/", get(page::<Q>).post(print::<Q>))
        .route(super::PATH, get(page::<Q>).post(print::<Q>))
        .route(
            &format!("{}/{{station}}", super::PATH),
            get(page::<Q>).post(print::<Q>),
        )
        .route(&format!("{}{{number}}", super::JOB_PATH), post(print::<Q>))
        .route(super::ICON_PATH, get(icon))
        .fallback(nowhere::<Q>)
        .with_state(desk)
}

async fn page<Q: Queue>(State(desk): State<Arc<Desk<Q>>>) -> Html<String> {
    Html(identity::page(&desk.identity))
}

/// At a path that is nobody's: a program is told so in IPP, where its request does not say better.
async fn nowhere<Q: Queue>(
    desk: State<Arc<Desk<Q>>>,
    peer: Extension<Peer>,
    seat: Extension<Arc<Seat>>,
    request: Request,
) -> Response {
    match *request.method() {
        Method::POST => print(desk, peer, seat, request).await,
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn icon() -> Response {
    ([(header::CONTENT_TYPE, "image/png")], identity::icon()).into_response()
}

/// Answers one IPP request.
async fn print<Q: Queue>(
    State(desk): State<Arc<Desk<Q>>>,
    Extension(peer): Extension<Peer>,
    Extension(seat): Extension<Arc<Seat>>,
    request: Request,
) -> Response {
    let _at_work = seat.work();
    let (head, body) = request.into_parts();
    if let Some(refusal) = refusal(peer, &head.headers) {
        return refusal;
    }
    let mut body = Arriving::new(body, Arc::clone(&seat));
    let request = match body.request().await {
        Ok(request) => request,
        Err(malformed) => return ipp(malformed.answer()),
    };
    let who = match who(&desk, peer, &head.headers, &request).await {
        Ok(who) => who,
        Err(refusal) => {
            // Whoever is asked for a PIN sends the same again, and on the same connection.
            body.drain().await;
            return refusal;
        }
    };
    let performed = async {
        let station = desk.station(&request).await?;
        let asking = Asking {
            request: &request,
            who,
            peer,
            printer: printer_uri(peer, &head.headers, station.as_ref()),
            station,
        };
        operations::perform(&desk, &asking, &mut body).await
    };
    let answer = match performed.await {
        Ok(answer) => answer,
        Err(failure) => {
            tracing::debug!(operation = request.operation, status = ?failure.status, text = failure.text, "refused");
            body.drain().await;
            request.failed(failure)
        }
    };
    ipp(answer)
}

fn ipp(answer: message::Answer) -> Response {
    (
        [(header::CONTENT_TYPE, IPP)],
        Body::from(answer.into_bytes()),
    )
        .into_response()
}

fn refuse(status: StatusCode, why: &'static str) -> Response {
    (status, why).into_response()
}

/// Refuses what is no IPP, what comes unprotected from elsewhere, and what a web page made a
/// browser send: such a request carries the page's host, or a type that browsers send unasked.
fn refusal(peer: Peer, headers: &HeaderMap) -> Option<Response> {
    if !peer.is_local() && !peer.tls {
        let mut refusal = refuse(
            StatusCode::UPGRADE_REQUIRED,
            "from another computer this printer is reached over ipps only\n",
        );
        let headers = refusal.headers_mut();
        headers.insert(
            header::UPGRADE,
            HeaderValue::from_static("TLS/1.2, HTTP/1.1"),
        );
        headers.insert(
            header::CONNECTION,
            HeaderValue::from_static("Upgrade, close"),
        );
        return Some(refusal);
    }
    let kind = text_of(headers, header::CONTENT_TYPE).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case(IPP) {
        return Some(refuse(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "this printer speaks IPP\n",
        ));
    }
    let host = text_of(headers, header::HOST).unwrap_or_default();
    if peer.is_local() && !is_this_computer(host) {
        return Some(refuse(
            StatusCode::MISDIRECTED_REQUEST,
            "this computer's own programs reach this printer as localhost\n",
        ));
    }
    None
}

fn text_of(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// The printer's URI as the program knows it.
fn printer_uri(peer: Peer, headers: &HeaderMap, station: Option<&Station>) -> String {
    let scheme = if peer.tls { "ipps" } else { "ipp" };
    let host = text_of(headers, header::HOST).unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '[' | ']');
    let host = match host.len() {
        1..=255 if host.chars().all(plain) => host,
        _ => "localhost",
    };
    let path = station.map_or_else(
        || super::PATH.to_owned(),
        |station| station::path(&station.name),
    );
    format!("{scheme}://{host}{path}")
}

/// Who asks; or the demand to say so.
async fn who<Q: Queue>(
    desk: &Desk<Q>,
    peer: Peer,
    headers: &HeaderMap,
    request: &message::Request,
) -> Result<Who, Response> {
    if let Some(header) = text_of(headers, header::AUTHORIZATION) {
        let Some(credentials) = Credentials::read(header, &desk.proven.salt) else {
            return Err(unauthorized("user id and PIN are not in order\n"));
        };
        return match desk.proven.check(&desk.queue, &credentials).await {
            Ok(user) => Ok(Who::User(user)),
            Err(error) if error.kind == QueueErrorKind::NotProven => {
                Err(unauthorized("user id or PIN is wrong\n"))
            }
            Err(error) => Ok(Who::Stranger(owner::refused(error))),
        };
    }
    if peer.is_local() {
        let said = request.operation().text("requesting-user-name");
        let named = match desk.queue.users().await {
            Ok(here) => desk.owners.named(said, (&here, desk.queue.is_shared())),
            Err(error) => Err(error.into()),
        };
        return Ok(named.map_or_else(Who::Stranger, Who::User));
    }
    if operations::follows_create(request.operation)
        && let Some(user) = maker(desk, peer, request)
    {
        return Ok(Who::User(user));
    }
    if operations::is_open(request.operation) {
        let text = "say who you are";
        let failure = message::Failure::new(super::status::Status::NotAuthenticated, text);
        return Ok(Who::Stranger(failure));
    }
    Err(unauthorized("type your user id and PIN\n"))
}

/// The user who made the job that a document is for, from where the document comes.
fn maker<Q: Queue>(
    desk: &Desk<Q>,
    peer: Peer,
    request: &message::Request,
) -> Option<papermesh_protocol::text::UserId> {
    let number = request.operation().integer("job-id")?;
    let open = desk.open.get(u32::try_from(number).ok()?)?;
    (open.from == peer.address).then_some(open.user)
}

fn unauthorized(why: &'static str) -> Response {
    let mut refusal = refuse(StatusCode::UNAUTHORIZED, why);
    let basic = HeaderValue::from_static("Basic realm=\"Papermesh\", charset=\"UTF-8\"");
    refusal
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, basic);
    refusal
}
