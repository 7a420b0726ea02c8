//! IPP over HTTP/1.1 (RFC 8010 section 4): who may speak, and from an HTTP request to an IPP
//! answer. Not here: connections (`listener.rs`), what operations do (`operations/`).

use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use papermesh_ipp_message::http::{self, Credentials, ipp, refuse, text_of, unauthorized};
use papermesh_protocol::text::UserId;
use papermesh_web::{Account, Asked, Behind, Slot, name_of};

use super::arriving::Arriving;
use super::identity;
use super::limits;
use super::message::{self, Failure};
use super::operations;
use super::outside::{self, Capability, Pages};
use super::owner::{self, Peer, Requester};
use super::queue::{Queue, QueueErrorKind, Station};
use super::server::{Asking, IppServer};
use super::station;
use super::status::Status;
use super::terminated;

/// How long a program is to wait that asks too much at once, in seconds.
const LATER: HeaderValue = HeaderValue::from_static("10");

/// The paths of the printer, its page and its icon.
pub(super) fn router<Q: Queue>(server: Arc<IppServer<Q>>, pages: Pages) -> Router {
    let paths = Router::new()
        .route("/", get(page::<Q>).post(print::<Q>))
        .route(super::PATH, get(page::<Q>).post(print::<Q>))
        .route(
            &format!("{}/{{station}}", super::PATH),
            get(page::<Q>).post(print::<Q>),
        )
        .route(&format!("{}{{number}}", super::JOB_PATH), post(print::<Q>))
        .route(super::ICON_PATH, get(icon))
        .fallback(nowhere::<Q>)
        .layer(from_fn_with_state(
            (Arc::clone(&server), pages),
            outside::browsers::<Q>,
        ))
        .with_state(server);
    // Before anything looks at the path.
    Router::new()
        .fallback_service(paths)
        .layer(from_fn(outside::capable))
}

async fn page<Q: Queue>(State(server): State<Arc<IppServer<Q>>>) -> Html<String> {
    Html(identity::page(&server.identity))
}

/// At a path that is nobody's: a program is told so in IPP, where its request does not say better.
async fn nowhere<Q: Queue>(
    server: State<Arc<IppServer<Q>>>,
    peer: Extension<Peer>,
    behind: Extension<Behind>,
    slot: Extension<Arc<Slot>>,
    request: Request,
) -> Response {
    match *request.method() {
        Method::POST => print(server, peer, behind, slot, request).await,
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn icon() -> Response {
    ([(header::CONTENT_TYPE, "image/png")], identity::icon()).into_response()
}

/// Answers one IPP request.
async fn print<Q: Queue>(
    State(server): State<Arc<IppServer<Q>>>,
    Extension(peer): Extension<Peer>,
    Extension(behind): Extension<Behind>,
    Extension(slot): Extension<Arc<Slot>>,
    request: Request,
) -> Response {
    let _at_work = slot.work();
    let account = behind.account();
    let (head, body) = request.into_parts();
    let asked: Option<&Asked> = head.extensions.get();
    let capability: Option<&Capability> = head.extensions.get();
    let refusal = http::refusal(peer, &head.headers);
    if let Some(refusal) = refusal.or_else(|| misdirected((peer, asked), &head.headers)) {
        return refusal;
    }
    let mut body = Arriving::new(body, Arc::clone(&slot));
    let section = match body.section().await {
        Ok(section) => section,
        Err(malformed) => return ipp(malformed.answer()),
    };
    let (section, client) = terminated::told(peer, &head.headers, section);
    let request = match message::Request::read(&section) {
        Ok(request) => request,
        Err(malformed) => return ipp(malformed.answer()),
    };
    let told = match peer.is_outside() {
        true => outside::who(&server, (peer, capability), &head.headers, &request).await,
        false => who(&server, (peer, account), &head.headers, &request).await,
    };
    let who = match told {
        Ok(told) => told,
        // Whoever is asked for a PIN sends the same again, and on the same connection.
        Err(refusal) => return refused(body, peer.is_outside(), refusal).await,
    };
    let is_stranger = peer.is_outside() && matches!(who, Requester::Stranger(_));
    let performed = async {
        let station = server.station(&request, (peer, &who), capability).await?;
        if station.is_some()
            && matches!(who, Requester::Visitor(_))
            && !operations::is_open(request.operation)
        {
            let text =
                "printing straight to a printer from a shared computer needs a user id and a PIN";
            return Err(Failure::new(Status::NotAuthenticated, text));
        }
        let asking = Asking {
            request: &request,
            who,
            peer,
            account,
            client,
            is_capable: capability.is_some(),
            printer: printer_uri((peer, capability), &head.headers, station.as_ref()),
            station,
        };
        operations::perform(&server, &asking, &mut body).await
    };
    match performed.await {
        Ok(answer) => ipp(answer),
        Err(failure) => {
            tracing::debug!(operation = request.operation, status = ?failure.status, text = failure.text, "refused");
            refused(body, is_stranger, ipp(request.failed(failure))).await
        }
    }
}

/// Reads on what comes after a request that is refused, so that whoever sends it gets to read why. Of a stranger outside
/// it is little, and what is left ends the connection.
async fn refused(mut body: Arriving, is_stranger: bool, mut answer: Response) -> Response {
    if !is_stranger {
        body.drain().await;
        return answer;
    }
    let (most, time) = (limits::STRANGERS_DRAIN_BYTES, limits::STRANGERS_DRAIN);
    body.drain_at_most(most, time).await;
    if !body.has_ended() {
        let close = HeaderValue::from_static("close");
        answer.headers_mut().insert(header::CONNECTION, close);
    }
    answer
}

/// Refuses what comes from outside to another place than the one whose name TLS asked for.
pub(super) fn misdirected(
    (peer, asked): (Peer, Option<&Asked>),
    headers: &HeaderMap,
) -> Option<Response> {
    let host = text_of(headers, header::HOST).unwrap_or_default();
    let host = name_of(host).to_ascii_lowercase();
    let is_other = peer.is_outside() && asked.is_none_or(|Asked(asked)| **asked != *host);
    is_other.then(|| {
        let why = "this is another place than the one that the connection is to\n";
        refuse(StatusCode::MISDIRECTED_REQUEST, why)
    })
}

/// The printer's URI as the program knows it.
fn printer_uri(
    (peer, capability): (Peer, Option<&Capability>),
    headers: &HeaderMap,
    station: Option<&Station>,
) -> String {
    let prefix = capability.map(Capability::prefix);
    let prefix = prefix.as_ref().map_or("", |prefix| prefix.as_str());
    let origin = http::origin(peer, headers);
    let path = station.map_or_else(
        || super::PATH.to_owned(),
        |station| station::path(&station.name),
    );
    format!("{origin}{prefix}{path}")
}

/// Who asks; or the demand to say so.
async fn who<Q: Queue>(
    server: &IppServer<Q>,
    (peer, account): (Peer, Option<Account>),
    headers: &HeaderMap,
    request: &message::Request,
) -> Result<Requester, Response> {
    if let Some(header) = text_of(headers, header::AUTHORIZATION) {
        return proven(server, peer, header).await;
    }
    if let Some(standing) = server.accounts.standing(account) {
        let said = request.operation().text("requesting-user-name");
        let said = server.accounts.name(standing, said.unwrap_or_default());
        let is_own = server.accounts.is_own(standing, said);
        let who = match server.owners.named(said, is_own, &server.queue).await {
            Ok(meant) => Requester::says(standing, meant),
            Err(failure) => Requester::Stranger(failure),
        };
        return match who {
            who if who.is_unproven() && !operations::needs_no_proof(request.operation) => {
                Err(unauthorized("enter your user id and PIN\n"))
            }
            who => Ok(server.unless_disabled(who).await),
        };
    }
    if operations::follows_create(request.operation)
        && let Some(user) = maker(server, (peer, account), request)
    {
        return Ok(Requester::User(user));
    }
    if operations::is_open(request.operation) {
        let text = "say who you are";
        return Ok(Requester::Stranger(Failure::new(
            Status::NotAuthenticated,
            text,
        )));
    }
    Err(unauthorized("enter your user id and PIN\n"))
}

/// The user who shows a PIN.
pub(super) async fn proven<Q: Queue>(
    server: &IppServer<Q>,
    peer: Peer,
    header: &str,
) -> Result<Requester, Response> {
    let shown = Credentials::read(header).and_then(|shown| Some((owner::pin(&shown)?, shown.name)));
    let Some((pin, name)) = shown else {
        return Err(unauthorized("the user id or PIN is malformed\n"));
    };
    let user = match server.owners.proving(&name, &server.queue).await {
        Ok(Some(user)) => user,
        Ok(None) => return Err(unauthorized("the user id or PIN is wrong\n")),
        Err(error) => return Ok(Requester::Stranger(error.into())),
    };
    match server.queue.prove(&user, &pin, peer.address).await {
        Ok(()) => Ok(Requester::User(user)),
        Err(error) if error.kind == QueueErrorKind::NotProven => {
            Err(unauthorized("the user id or PIN is wrong\n"))
        }
        Err(error) if error.kind == QueueErrorKind::Crowded => {
            let why = "too many PINs at once; try again in a few seconds\n";
            let mut refusal = refuse(StatusCode::SERVICE_UNAVAILABLE, why);
            refusal.headers_mut().insert(header::RETRY_AFTER, LATER);
            Err(refusal)
        }
        Err(error) => Ok(Requester::Stranger(owner::refused(error))),
    }
}

/// The user who made the job that a document is for, where nothing but the document comes from there
/// that made the job: from the same account of this computer, or from the same other one. There
/// somebody else may share the address, but nobody else was told the job's number, which is drawn.
fn maker<Q: Queue>(
    server: &IppServer<Q>,
    (peer, account): (Peer, Option<Account>),
    request: &message::Request,
) -> Option<UserId> {
    let number = message::job_number(request)?;
    let open = server.open.get(number)?;
    let is_maker = match peer.is_local() {
        true => server.made.is_by(number, account),
        // What a gateway says of an address is no address.
        false => open.token.is_none() && open.from == peer.address && Q::is_drawn(number),
    };
    is_maker.then_some(open.user)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::body::{Body, Bytes};
    use futures::{StreamExt, stream};
    use papermesh_web::Slots;

    use super::*;

    const PIECE: usize = 16 * 1024;

    /// A body of so many pieces, and how many of them were read.
    fn sent(pieces: usize) -> (Arriving, Arc<AtomicUsize>) {
        let read = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&read);
        let pieces = stream::iter(0..pieces).map(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok::<_, io::Error>(Bytes::from_static(&[b'x'; PIECE]))
        });
        let slot = Arc::new(Slots::new(1).take().unwrap());
        (Arriving::new(Body::from_stream(pieces), slot), read)
    }

    #[tokio::test]
    async fn a_stranger_outside_sends_little_after_a_refusal() {
        let refuse = || unauthorized("who are you\n");
        let (body, read) = sent(1000);
        let answer = refused(body, true, refuse()).await;
        assert_eq!(answer.headers()[header::CONNECTION], "close");
        assert!(read.load(Ordering::Relaxed) <= 8);
        // What was read to its end leaves the connection to what comes next.
        let (body, _) = sent(2);
        let answer = refused(body, true, refuse()).await;
        assert!(!answer.headers().contains_key(header::CONNECTION));
        let (body, read) = sent(1000);
        let answer = refused(body, false, refuse()).await;
        assert!(!answer.headers().contains_key(header::CONNECTION));
        assert_eq!(read.load(Ordering::Relaxed), 1000);
    }
}
