//! From an HTTP request to an IPP answer: who asks, at which path. Not here: connections (`listener.rs`),
//! what operations do (`operations/`).

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Extension, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::from_fn;
use axum::response::Response;
use axum::routing::post;
use papermesh_device::{MAX_ATTRIBUTES_BYTES, ProxyId};
use papermesh_ipp_guard::MAX_VALUES;
use papermesh_ipp_message::arriving::Arriving;
use papermesh_ipp_message::http::{self, Credentials, Peer, ipp, refuse, text_of, unauthorized};
use papermesh_ipp_message::limits::WRONG_TOKEN_WAIT;
use papermesh_ipp_message::message::{self, Failure};
use papermesh_ipp_message::status::Status;
use papermesh_protocol::gateway::token::DeviceToken;
use papermesh_web::{Origin, Slot};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::capability::{self, Capability};
use crate::limits;
use crate::operations::{self, DocumentFollows};
use crate::server::{Asking, InfraServer};
use crate::tokens::{Admitted, NotAdmitted, Tokens};

/// The paths of the printer and of the system.
pub(super) fn router<T: Tokens>(server: Arc<InfraServer<T>>) -> Router {
    let paths = Router::new()
        .route(&format!("{}{{name}}", crate::PATH), post(at_printer::<T>))
        .route(
            &format!("{}{{name}}/{{job}}", crate::PATH),
            post(at_job::<T>),
        )
        .route(crate::SYSTEM_PATH, post(at_system::<T>))
        .with_state(server);
    // Before anything looks at the path.
    Router::new()
        .fallback_service(paths)
        .layer(from_fn(capability::capable))
}

async fn at_printer<T: Tokens>(
    state: State<Arc<InfraServer<T>>>,
    Path(name): Path<String>,
    peer: Extension<Peer>,
    slot: Extension<Arc<Slot>>,
    request: Request,
) -> Response {
    let at = if name == state.device.name() {
        Place::Printer
    } else {
        Place::Nowhere
    };
    answer(&state, at, (*peer, &slot), request).await
}

/// The URI of a job is one of its printer.
async fn at_job<T: Tokens>(
    state: State<Arc<InfraServer<T>>>,
    Path((name, _)): Path<(String, String)>,
    peer: Extension<Peer>,
    slot: Extension<Arc<Slot>>,
    request: Request,
) -> Response {
    at_printer(state, Path(name), peer, slot, request).await
}

async fn at_system<T: Tokens>(
    state: State<Arc<InfraServer<T>>>,
    peer: Extension<Peer>,
    slot: Extension<Arc<Slot>>,
    request: Request,
) -> Response {
    answer(&state, Place::System, (*peer, &slot), request).await
}

/// At whom a request is directed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The infrastructure printer.
    Printer,
    /// The system that it is a part of.
    System,
    /// A printer that is not here.
    Nowhere,
}

/// Answers one IPP request. Its connection keeps its seat until there is an answer; one that a document follows, which a
/// proxy fetches as slowly as its printer prints, until that is sent.
async fn answer<T: Tokens>(
    server: &InfraServer<T>,
    place: Place,
    (peer, slot): (Peer, &Arc<Slot>),
    request: Request,
) -> Response {
    let at_work = slot.work();
    let answer = answered(server, place, (peer, slot), request).await;
    match answer.extensions().get::<DocumentFollows>() {
        Some(DocumentFollows) => at_work.until_sent(answer),
        None => answer,
    }
}

async fn answered<T: Tokens>(
    server: &InfraServer<T>,
    place: Place,
    (peer, slot): (Peer, &Arc<Slot>),
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    if let Some(refusal) = http::refusal(peer, &head.headers) {
        return refusal;
    }
    let capability: Option<&Capability> = head.extensions.get();
    let body = Arriving::new(body, Arc::clone(slot));
    let shown = match shown(server, (peer, slot, capability), &head.headers).await {
        Ok(shown) => shown,
        Err(refusal) => {
            drain(body).await;
            return refusal;
        }
    };
    let mut body = match &shown {
        // Strangers have no printer to describe.
        None => body.with_room(limits::STRANGER_BYTES, limits::STRANGER_VALUES),
        Some(shown) => {
            slot.vouch(&shown.withdrawn);
            body.with_room(MAX_ATTRIBUTES_BYTES + limits::OPERATION_BYTES, MAX_VALUES)
        }
    };
    let request = match body.request().await {
        Ok(request) => request,
        Err(malformed) => {
            drain(body).await;
            // What is too large of a stranger may be a proxy's that was not asked for its token yet.
            return match shown.is_none() && malformed.is_too_large() {
                true => no_token(),
                false => ipp(malformed.answer()),
            };
        }
    };
    let uri = |capability: Option<&Capability>| {
        let origin = http::origin(peer, &head.headers);
        let prefix = capability.map(Capability::prefix).unwrap_or_default();
        format!("{origin}{prefix}{}{}", crate::PATH, server.device.name())
    };
    let Some(shown) = shown else {
        if !operations::is_open(request.operation) {
            drain(body).await;
            return no_token();
        }
        let asking = Asking {
            request: &request,
            who: None,
            printer: uri(None),
            tls: peer.tls,
        };
        return performed(server, &asking, place).await;
    };
    let admitted = match proven(server, &request, &shown).await {
        Ok(admitted) => admitted,
        Err(refusal) => return refusal,
    };
    let (digest, proxy) = (admitted.token, admitted.proxy.clone());
    let asking = Asking {
        request: &request,
        who: Some(admitted),
        printer: uri(capability),
        tls: peer.tls,
    };
    let answer = tokio::select! {
        answer = performed(server, &asking, place) => answer,
        () = shown.withdrawn.cancelled() => wrong_token(),
    };
    if shown.withdrawn.is_cancelled() {
        // What was done a moment too late is undone.
        server.forget(digest, proxy.as_ref());
        return wrong_token();
    }
    answer
}

/// Does what is asked.
async fn performed<T: Tokens>(
    server: &InfraServer<T>,
    asking: &Asking<'_>,
    place: Place,
) -> Response {
    let performed = match place {
        Place::Nowhere => {
            let (path, name) = (crate::PATH, server.device.name());
            let text = format!("there is no such printer here; this one is at {path}{name}");
            Err(Failure::new(Status::NotFound, text))
        }
        place => operations::perform(server, asking, place).await,
    };
    match performed {
        Ok(answer) => answer,
        Err(failure) => {
            let operation = asking.request.operation;
            tracing::debug!(operation, status = ?failure.status, text = failure.text, "refused");
            ipp(asking.request.failed(failure))
        }
    }
}

async fn drain(mut body: Arriving) {
    body.drain_at_most(limits::DRAIN_BYTES, limits::DRAIN).await;
}

fn no_token() -> Response {
    unauthorized("enter a user name and a device token\n")
}

fn wrong_token() -> Response {
    unauthorized("the device token is wrong\n")
}

/// A token that was good when its request began. All that goes on from then ends when it is withdrawn.
struct Shown {
    token: DeviceToken,
    admitted: Admitted,
    withdrawn: CancellationToken,
}

/// Whose token this is, and what ends what goes on with it.
async fn admitted<T: Tokens>(
    server: &InfraServer<T>,
    token: DeviceToken,
) -> Result<Shown, NotAdmitted> {
    let news = server.tokens.withdrawn();
    let admitted = server.tokens.admit(&token, None).await?;
    let withdrawn = server.sessions.open(&admitted);
    // What withdraws it from here on finds the session. What was withdrawn meanwhile may have been this one.
    if news.has_changed().unwrap_or(true)
        && let Err(error) = server.tokens.admit(&token, None).await
    {
        if error == NotAdmitted::Unknown {
            server.end(&admitted);
        }
        return Err(error);
    }
    Ok(Shown {
        token,
        admitted,
        withdrawn,
    })
}

/// The token that is shown, if it is good; none if none is shown. A wrong one takes its time.
async fn shown<T: Tokens>(
    server: &InfraServer<T>,
    (peer, slot, capability): (Peer, &Slot, Option<&Capability>),
    headers: &HeaderMap,
) -> Result<Option<Shown>, Response> {
    let token = match (capability, text_of(headers, header::AUTHORIZATION)) {
        (Some(Capability(token)), _) => Some(token.clone()),
        // Whatever name comes with it: the token says who it is.
        (None, Some(header)) => {
            Credentials::read(header).and_then(|shown| shown.secret.parse().ok())
        }
        (None, None) => return Ok(None),
    };
    let admitted = match token {
        Some(token) => admitted(server, token).await,
        None => Err(NotAdmitted::Unknown),
    };
    match admitted {
        Ok(shown) => Ok(Some(shown)),
        Err(NotAdmitted::Failed(why)) => {
            Err(refuse(StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")))
        }
        Err(NotAdmitted::Unknown | NotAdmitted::Another) => {
            let origin = Origin::from(peer);
            if server.wrong_tokens.take(origin, Instant::now()).is_err() {
                let why = "too many wrong device tokens; try again later\n";
                return Err(refuse(StatusCode::FORBIDDEN, why));
            }
            // Meanwhile it keeps nobody out.
            slot.rest();
            sleep(WRONG_TOKEN_WAIT).await;
            slot.resume();
            Err(wrong_token())
        }
    }
}

/// Who asks with a token that was good when the request began, and is good still now that it has arrived. A proxy
/// says which it is in most requests, and is heard of with each.
async fn proven<T: Tokens>(
    server: &InfraServer<T>,
    request: &message::Request,
    shown: &Shown,
) -> Result<Admitted, Response> {
    let refused = |status, text: String| ipp(request.failed(Failure::new(status, text)));
    let said = request.operation().text("output-device-uuid");
    let said = said.map(str::parse::<ProxyId>).transpose();
    let said = said.map_err(|error| refused(Status::BadRequest, error.to_string()))?;
    let admitted = match server.tokens.admit(&shown.token, said.as_ref()).await {
        Ok(admitted) => admitted,
        Err(NotAdmitted::Unknown) => {
            server.end(&shown.admitted);
            return Err(wrong_token());
        }
        Err(error @ NotAdmitted::Another) => {
            return Err(refused(Status::NotAuthorized, error.to_string()));
        }
        Err(error @ NotAdmitted::Failed(_)) => {
            return Err(refused(Status::InternalError, error.to_string()));
        }
    };
    server.sessions.belongs_to(&admitted);
    if let Some(proxy) = &admitted.proxy
        && request.operation != operations::DEREGISTER_OUTPUT_DEVICE
        && !server.device.hear(proxy)
    {
        let text = "there are too many output devices; remove the tokens of those that are gone";
        return Err(refused(Status::NotPossible, text.to_owned()));
    }
    Ok(admitted)
}
