//! Those outside the site, who come through a gateway: who asks there, and by what right.
//!
//! A print token says it. Neither a name nor an address means anything there, and a PIN, which could be guessed
//! from the Internet, is taken only where the node's configuration says so. A token is shown as the password of
//! HTTP Basic (RFC 7617) with the user id, or stands in the path, for programs that cannot show a password:
//! `/t/TOKEN/ipp/print`. Such a path is a capability: all URIs that are told to who has it begin with it, and it
//! stands in no log.
//!
//! What is no IPP is answered by pages for browsers, which whoever serves the printer brings.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use papermesh_ipp_message::http::{Credentials, is_ipp, refuse, text_of, unauthorized};
use papermesh_protocol::gateway::token::PrintToken;
use papermesh_protocol::gateway::token::rights::Right;
use papermesh_web::{Asked, Origin, Peer, Way};
use tokio::time::sleep;
use zeroize::Zeroizing;

use super::http;
use super::limits;
use super::message::{self, Failure};
use super::operations;
use super::owner::{self, Requester};
use super::queue::{Bearer, Queue, QueueErrorKind};
use super::server::IppServer;
use super::status::Status;

/// Where paths with a token begin.
const PREFIX: &str = "/t/";

/// A print token that stood in the path of a request.
#[derive(Clone, Debug)]
pub(super) struct Capability(PrintToken);

impl Capability {
    /// What the URIs begin with that are told to who has it, after their host.
    pub(super) fn prefix(&self) -> Zeroizing<String> {
        format!("{PREFIX}{}", *self.0.expose()).into()
    }

    /// The path without the token.
    pub(super) fn within(path: &str) -> &str {
        match path.strip_prefix(PREFIX) {
            Some(rest) => rest.find('/').map_or("/", |slash| &rest[slash..]),
            None => path,
        }
    }

    /// A token that stands in the path of an address, and the address without it; none if there is no
    /// place for one.
    fn split(uri: &Uri) -> Option<Result<(Self, Uri), NoCapability>> {
        let rest = uri.path().strip_prefix(PREFIX)?;
        let token = rest.split('/').next().unwrap_or_default();
        let within = Self::within(uri.path());
        let query = uri.query().map(|query| format!("?{query}"));
        let within = format!("{within}{}", query.unwrap_or_default());
        let token = token.parse().map_err(|_| NoCapability);
        Some(token.and_then(|token| {
            let within = within.parse().map_err(|_| NoCapability)?;
            Ok((Self(token), within))
        }))
    }
}

/// What stands in the path is no print token.
struct NoCapability;

/// Takes the token out of the path of a request, which carries it from then on. Inside the site there are no
/// such paths.
pub(super) async fn capable(mut request: Request, next: Next) -> Response {
    let Some(within) = Capability::split(request.uri()) else {
        return next.run(request).await;
    };
    let is_outside = request
        .extensions()
        .get()
        .is_some_and(|peer: &Peer| peer.is_outside());
    match within {
        Ok((capability, within)) if is_outside => {
            *request.uri_mut() = within;
            request.extensions_mut().insert(capability);
            let mut answer = next.run(request).await;
            // The address is a secret: no other site hears of it.
            let own = HeaderValue::from_static("same-origin");
            answer.headers_mut().insert(header::REFERRER_POLICY, own);
            answer
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A browser outside, as the pages see it that are for it: requests that reach them carry this.
#[derive(Clone)]
pub struct Browsing {
    /// Who shows a token.
    pub bearer: Bearer,
    /// The token.
    pub token: PrintToken,
    /// What the page's addresses begin with, after their host: nothing, or what says the token.
    pub base: Zeroizing<String>,
}

/// The pages for browsers outside.
#[derive(Clone)]
pub(super) struct Pages(pub(super) Router);

/// Answers what is asked from outside and is no IPP, by the pages for browsers.
pub(super) async fn browsers<Q: Queue>(
    State((server, Pages(pages))): State<(Arc<IppServer<Q>>, Pages)>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(peer) = request.extensions().get::<Peer>().copied() else {
        return next.run(request).await;
    };
    let is_ipp = is_ipp(request.headers());
    // The icon is everybody's, also without a token.
    let is_icon = request.uri().path() == super::ICON_PATH;
    if !peer.is_outside() || is_icon || is_ipp && *request.method() == Method::POST {
        return next.run(request).await;
    }
    // The pages of all places there would be of one origin, and could read each other.
    if peer.way == Way::Terminated {
        return StatusCode::NOT_FOUND.into_response();
    }
    let asked: Option<&Asked> = request.extensions().get();
    if let Some(refusal) = http::misdirected((peer, asked), request.headers()) {
        return refusal;
    }
    let capability: Option<Capability> = request.extensions().get().cloned();
    let found = bearer(&server, (peer, capability.as_ref()), request.headers()).await;
    let (token, bearer) = match found {
        Ok(Some(found)) => found,
        Ok(None) => return unauthorized("enter your user id and a print token\n"),
        Err(Unknown::Refused(refusal)) => return refusal,
        Err(Unknown::Failed(failure)) => {
            return refuse(StatusCode::SERVICE_UNAVAILABLE, failure.text);
        }
    };
    if server.queue.is_disabled(&bearer.user).await {
        let why = format!("{} is disabled; ask your admin\n", bearer.user);
        return refuse(StatusCode::FORBIDDEN, why);
    }
    let base = capability.as_ref().map(Capability::prefix);
    request.extensions_mut().insert(Browsing {
        bearer,
        token,
        base: base.unwrap_or_default(),
    });
    match TowerToHyperService::new(pages).call(request).await {
        Ok(answer) => answer,
        Err(never) => match never {},
    }
}

/// Who asks from outside; or the demand to say so.
pub(super) async fn who<Q: Queue>(
    server: &IppServer<Q>,
    (peer, capability): (Peer, Option<&Capability>),
    headers: &HeaderMap,
    request: &message::Request,
) -> Result<Requester, Response> {
    let stranger = |status, text| Requester::Stranger(Failure::new(status, text));
    // At a shared computer the PIN of a job is that of the visit: it must be neither chosen nor tried from
    // the Internet.
    if request.operation().get("job-password").is_some() {
        let text = "a job from outside has no PIN of its own";
        return Ok(stranger(Status::NotAuthorized, text));
    }
    if let Some(header) = text_of(headers, header::AUTHORIZATION)
        && capability.is_none()
        && server.owners.internet_pins
        && Credentials::read(header).is_some_and(|shown| owner::token(&shown).is_none())
    {
        return pin(server, peer, header).await;
    }
    let bearer = match bearer(server, (peer, capability), headers).await {
        Ok(Some((_, bearer))) => bearer,
        Ok(None) if operations::is_open(request.operation) => {
            let asked = server.strangers.take(Origin::from(peer), Instant::now());
            if asked.is_err() {
                let why = "too many requests; try again in a minute\n";
                return Err(refuse(StatusCode::TOO_MANY_REQUESTS, why));
            }
            return Ok(stranger(Status::NotAuthenticated, "say who you are"));
        }
        Ok(None) => return Err(unauthorized("enter your user id and a print token\n")),
        Err(Unknown::Refused(refusal)) => return Err(refusal),
        Err(Unknown::Failed(failure)) => return Ok(Requester::Stranger(failure)),
    };
    if !may(&bearer, request.operation) {
        let text = "a print token does not allow that";
        return Ok(stranger(Status::NotAuthorized, text));
    }
    Ok(server.unless_disabled(Requester::Bearer(bearer)).await)
}

/// Who shows a PIN from outside. All outsiders are one place where PINs are typed, whatever a gateway says of
/// their addresses: wrong ones make outsiders wait, and nobody at a printer or on the network of the site.
async fn pin<Q: Queue>(
    server: &IppServer<Q>,
    peer: Peer,
    header: &str,
) -> Result<Requester, Response> {
    let somewhere = Peer {
        address: Ipv4Addr::UNSPECIFIED.into(),
        ..peer
    };
    match http::proven(server, somewhere, header).await {
        Ok(who) => Ok(server.unless_disabled(who).await),
        Err(refusal) => {
            if server.wrong_pins.take(Instant::now()).is_err() {
                let why = "too many wrong PINs; try again later\n";
                return Err(refuse(StatusCode::FORBIDDEN, why));
            }
            // Longer than it takes to look for a user: nobody measures who is one.
            sleep(limits::WRONG_TOKEN_WAIT).await;
            Err(refusal)
        }
    }
}

/// Whether a token allows an operation at all; on which jobs, is asked with each.
fn may(bearer: &Bearer, operation: u16) -> bool {
    operations::needs_no_proof(operation)
        || bearer.rights.allow(&Right::Own)
        || bearer.rights.allow(&Right::Operate) && operations::is_operators(operation)
}

/// Why it is not known who shows a token.
enum Unknown {
    /// It is demanded again, or nobody is heard any more.
    Refused(Response),
    /// This computer cannot find out.
    Failed(Failure),
}

/// The token that is shown, and who shows it; none if nobody shows one.
async fn bearer<Q: Queue>(
    server: &IppServer<Q>,
    (peer, capability): (Peer, Option<&Capability>),
    headers: &HeaderMap,
) -> Result<Option<(PrintToken, Bearer)>, Unknown> {
    let (token, name) = match capability {
        Some(Capability(token)) => (token.clone(), None),
        None => {
            let Some(header) = text_of(headers, header::AUTHORIZATION) else {
                return Ok(None);
            };
            let shown = Credentials::read(header);
            let Some((token, name)) =
                shown.and_then(|shown| Some((owner::token(&shown)?, shown.name)))
            else {
                let why = "the print token is malformed\n";
                return Err(Unknown::Refused(unauthorized(why)));
            };
            (token, Some(name))
        }
    };
    match server.queue.bearer(&token, name.as_deref()).await {
        Ok(bearer) => Ok(Some((token, bearer))),
        Err(error) if error.kind == QueueErrorKind::NotProven => {
            // Nobody guesses a token. Whoever tries costs little, and nobody else anything.
            let origin = Origin::from(peer);
            if server.wrong_tokens.take(origin, Instant::now()).is_err() {
                let why = "too many wrong print tokens; try again later\n";
                return Err(Unknown::Refused(refuse(StatusCode::FORBIDDEN, why)));
            }
            sleep(limits::WRONG_TOKEN_WAIT).await;
            Err(Unknown::Refused(match capability {
                // Nothing that could be entered would help.
                Some(_) => refuse(
                    StatusCode::NOT_FOUND,
                    "this address is not valid any more\n",
                ),
                None => unauthorized("the user id or the print token is wrong\n"),
            }))
        }
        Err(error) => Err(Unknown::Failed(owner::refused(error))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_token_in_a_path_is_taken_out_and_put_back() {
        let token = "pm-0123456789abcdefghjkmnpq";
        let capability = Capability(token.parse().unwrap());
        assert_eq!(*capability.prefix(), format!("/t/{token}"));
        for (path, within) in [
            (format!("/t/{token}/ipp/print"), "/ipp/print"),
            (format!("/t/{token}/"), "/"),
            (format!("/t/{token}"), "/"),
            ("/ipp/print".to_owned(), "/ipp/print"),
        ] {
            assert_eq!(Capability::within(&path), within, "{path}");
        }
        assert!(!format!("{capability:?}").contains(token));
    }
}
