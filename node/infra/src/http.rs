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
use papermesh_ipp_message::arriving::Arriving;
use papermesh_ipp_message::http::{self, Credentials, Peer, ipp, refuse, text_of, unauthorized};
use papermesh_ipp_message::limits::WRONG_TOKEN_WAIT;
use papermesh_ipp_message::message::{self, Failure};
use papermesh_ipp_message::status::Status;
use papermesh_protocol::gateway::token::DeviceToken;
use papermesh_web::{Origin, Slot};
use tokio::time::sleep;

use crate::capability::{self, Capability};
use crate::operations;
use crate::server::{Asking, InfraServer};
use crate::tokens::{Admitted, NotAdmitted, Tokens};

/// Bytes of a request beside the attributes of a proxy's printer.
const OPERATION_BYTES: usize = 16 * 1024;

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

/// Answers one IPP request.
async fn answer<T: Tokens>(
    server: &InfraServer<T>,
    place: Place,
    (peer, slot): (Peer, &Arc<Slot>),
    request: Request,
) -> Response {
    let _at_work = slot.work();
    let (head, body) = request.into_parts();
    if let Some(refusal) = http::refusal(peer, &head.headers) {
        return refusal;
    }
    let capability: Option<&Capability> = head.extensions.get();
    let mut body = Arriving::new(body, Arc::clone(slot));
    let shown = match shown(server, (peer, capability), &head.headers).await {
        Ok(shown) => shown,
        Err(refusal) => {
            // Whoever is asked for a token sends the same again, and on the same connection.
            body.drain().await;
            return refusal;
        }
    };
    // Strangers have no printer to describe.
    if shown.is_some() {
        body = body.with_room(MAX_ATTRIBUTES_BYTES + OPERATION_BYTES);
    }
    let request = match body.request().await {
        Ok(request) => request,
        Err(malformed) => return ipp(malformed.answer()),
    };
    let told = match shown {
        Some((token, admitted)) => proven(server, &request, (&token, admitted)).await.map(Some),
        None if operations::is_open(request.operation) => Ok(None),
        None => {
            body.drain().await;
            return unauthorized("enter a user name and a device token\n");
        }
    };
    let name = server.device.name();
    let performed = async {
        let asking = Asking {
            request: &request,
            who: told?,
            printer: format!(
                "{}{}{}{name}",
                http::origin(peer, &head.headers),
                capability.map(Capability::prefix).unwrap_or_default(),
                crate::PATH
            ),
            tls: peer.tls,
        };
        if place == Place::Nowhere {
            let text = format!(
                "there is no such printer here; this one is at {}{name}",
                crate::PATH
            );
            return Err(Failure::new(Status::NotFound, text));
        }
        operations::perform(server, &asking, place).await
    };
    match performed.await {
        Ok(answered) => answered,
        Err(failure) => {
            tracing::debug!(operation = request.operation, status = ?failure.status, text = failure.text, "refused");
            ipp(request.failed(failure))
        }
    }
}

/// The token that is shown, if it is good; none if none is shown. A wrong one takes its time.
async fn shown<T: Tokens>(
    server: &InfraServer<T>,
    (peer, capability): (Peer, Option<&Capability>),
    headers: &HeaderMap,
) -> Result<Option<(DeviceToken, Admitted)>, Response> {
    let token = match (capability, text_of(headers, header::AUTHORIZATION)) {
        (Some(Capability(token)), _) => Some(token.clone()),
        // Whatever name comes with it: the token says who it is.
        (None, Some(header)) => {
            Credentials::read(header).and_then(|shown| shown.secret.parse().ok())
        }
        (None, None) => return Ok(None),
    };
    let admitted = match &token {
        Some(token) => server.tokens.admit(token, None).await,
        None => Err(NotAdmitted::Unknown),
    };
    match (token, admitted) {
        (Some(token), Ok(admitted)) => Ok(Some((token, admitted))),
        (_, Err(NotAdmitted::Failed(why))) => {
            Err(refuse(StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")))
        }
        _ => {
            let origin = Origin::from(peer);
            if server.wrong_tokens.take(origin, Instant::now()).is_err() {
                let why = "too many wrong device tokens; try again later\n";
                return Err(refuse(StatusCode::FORBIDDEN, why));
            }
            sleep(WRONG_TOKEN_WAIT).await;
            Err(unauthorized("the device token is wrong\n"))
        }
    }
}

/// Who asks with a token that is good. A proxy says which it is in most requests, and is heard of with each.
async fn proven<T: Tokens>(
    server: &InfraServer<T>,
    request: &message::Request,
    (token, mut admitted): (&DeviceToken, Admitted),
) -> Result<Admitted, Failure> {
    if let Some(said) = request.operation().text("output-device-uuid") {
        let said = said
            .parse::<ProxyId>()
            .map_err(|error| Failure::new(Status::BadRequest, error.to_string()))?;
        if admitted.proxy.as_ref() != Some(&said) {
            let again = server.tokens.admit(token, Some(&said)).await;
            admitted = again.map_err(|error| {
                let status = match error {
                    NotAdmitted::Failed(_) => Status::InternalError,
                    NotAdmitted::Unknown | NotAdmitted::Another => Status::NotAuthorized,
                };
                Failure::new(status, error.to_string())
            })?;
        }
    }
    if let Some(proxy) = &admitted.proxy
        && request.operation != operations::DEREGISTER_OUTPUT_DEVICE
        && !server.device.hear(proxy)
    {
        let text = "there are too many output devices; remove the tokens of those that are gone";
        return Err(Failure::new(Status::NotPossible, text));
    }
    Ok(admitted)
}
