//! What every request passes before anything is looked at: whether its sender meant this computer, may
//! speak to it, and does not ask too often; and what every answer carries.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use papermesh_web::{Origin, Peer, Rates, Slot, is_fixed, is_own_name, is_this_computer, name_of};

/// Nothing but ourselves: no inline script or style, nothing from elsewhere, no frame around us.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Headers that all answers have.
const ALWAYS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), usb=()",
    ),
];

/// Where requests pass.
pub(crate) struct Gate {
    /// What stands behind it, for whoever is turned away: "the panel".
    pub(crate) name: &'static str,
    /// How many requests it lets through.
    pub(crate) requests: Rates,
}

/// Lets a request through, or not, and dresses the answer.
pub(crate) async fn guard(
    State(gate): State<Arc<Gate>>,
    Extension(peer): Extension<Peer>,
    Extension(slot): Extension<Arc<Slot>>,
    request: Request,
    next: Next,
) -> Response {
    let _at_work = slot.work();
    let mut response = match refusal(&gate, peer, request.method(), request.headers()) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    };
    dress(&mut response);
    response
}

/// Gives an answer what all answers have.
pub(crate) fn dress(response: &mut Response) {
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    // No Strict-Transport-Security (RFC 6797): it would be for all of this host, whose other ports may
    // speak plain HTTP, and would outlive the membership that the certificate is for.
}

fn refusal(gate: &Gate, peer: Peer, method: &Method, headers: &HeaderMap) -> Option<Response> {
    let name = gate.name;
    let refuse = |status: StatusCode, why: String| Some((status, why).into_response());
    if !peer.is_local() && !peer.tls {
        return refuse(
            StatusCode::UPGRADE_REQUIRED,
            format!("other computers can reach {name} only over https\n"),
        );
    }
    let host = text(headers, &header::HOST).unwrap_or_default();
    if !is_meant(peer, host) {
        return refuse(
            StatusCode::MISDIRECTED_REQUEST,
            format!(
                "this is {name} of Papermesh; open it by the name or address of its computer\n"
            ),
        );
    }
    if !is_from_own_page(peer, method, host, headers) {
        return refuse(
            StatusCode::FORBIDDEN,
            format!("only pages of {name} may make this request\n"),
        );
    }
    if let Err(wait) = gate.requests.take(Origin::from(peer), Instant::now()) {
        let mut refusal = (StatusCode::TOO_MANY_REQUESTS, "too many requests\n").into_response();
        let seconds = HeaderValue::from(wait.as_secs() + 1);
        refusal.headers_mut().insert(header::RETRY_AFTER, seconds);
        return Some(refusal);
    }
    None
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// Whether the sender meant this computer. An address cannot be made to point elsewhere, so it may be
/// the one that the request came to; a name must be this computer's own.
fn is_meant(peer: Peer, host: &str) -> bool {
    if peer.is_local() && !peer.tls {
        // The network says who has this computer's name, and may say something else a moment later.
        return is_this_computer(host) && is_fixed(host);
    }
    if peer.is_local() {
        return is_this_computer(host);
    }
    let name = name_of(host);
    let address = name.trim_start_matches('[').trim_end_matches(']').parse();
    address.is_ok_and(|address: std::net::IpAddr| address.to_canonical() == peer.own.to_canonical())
        || is_own_name(host)
}

/// Whether a request may be one of own pages. What changes something must say where it
/// comes from (`Origin`); what a browser says of where a request comes from must not be elsewhere.
pub(crate) fn is_from_own_page(
    peer: Peer,
    method: &Method,
    host: &str,
    headers: &HeaderMap,
) -> bool {
    let origin = text(headers, &header::ORIGIN);
    let scheme = if peer.tls { "https" } else { "http" };
    let own = |origin: &str| {
        origin
            .strip_prefix(scheme)
            .and_then(|rest| rest.strip_prefix("://"))
            .is_some_and(|from| from.eq_ignore_ascii_case(host))
    };
    let site = text(headers, &HeaderName::from_static("sec-fetch-site"));
    // Whoever types the address comes from nowhere.
    let near = matches!(site, None | Some("same-origin" | "none"));
    // A link on another page may lead here: it shows what anybody sees, or what the user may see anyhow, and
    // the other page sees nothing of it.
    let led = method == Method::GET
        && text(headers, &HeaderName::from_static("sec-fetch-mode")) == Some("navigate");
    match *method {
        Method::GET | Method::HEAD => origin.is_none_or(own) && (near || led),
        Method::POST => origin.is_some_and(own) && near,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn peer(address: &str, tls: bool) -> Peer {
        Peer {
            address: address.parse().unwrap(),
            own: "192.0.2.7".parse().unwrap(),
            tls,
            way: papermesh_web::Way::Socket,
        }
    }

    #[test]
    fn a_name_that_was_made_to_point_here_is_not_ours() {
        let local = peer("127.0.0.1", false);
        assert!(is_meant(local, "127.0.0.1:8310") && is_meant(local, "localhost:8310"));
        assert!(!is_meant(local, "evil.example:8310") && !is_meant(local, ""));
        let remote = peer("192.0.2.9", true);
        assert!(is_meant(remote, "192.0.2.7:8310"));
        for other in ["127.0.0.1:8310", "192.0.2.8", "evil.example", "localhost"] {
            assert!(!is_meant(remote, other), "{other}");
        }
    }

    #[test]
    fn only_own_pages_change_anything() {
        let local = peer("127.0.0.1", false);
        let asks = |method: &Method, headers: &[(&'static str, &'static str)]| {
            let headers = headers
                .iter()
                .map(|(name, value)| {
                    (
                        HeaderName::from_static(name),
                        HeaderValue::from_static(value),
                    )
                })
                .collect();
            is_from_own_page(local, method, "localhost:8310", &headers)
        };
        let own = ("origin", "http://localhost:8310");
        assert!(asks(&Method::POST, &[own]));
        assert!(asks(
            &Method::POST,
            &[own, ("sec-fetch-site", "same-origin")]
        ));
        assert!(asks(&Method::GET, &[]));
        assert!(asks(
            &Method::GET,
            &[
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-mode", "navigate")
            ]
        ));
        for refused in [
            &[][..],
            &[("origin", "http://evil.example")],
            &[("origin", "null")],
            &[("origin", "https://localhost:8310")],
            &[("origin", "http://localhost:83100")],
            &[own, ("sec-fetch-site", "cross-site")],
        ] {
            assert!(!asks(&Method::POST, refused), "{refused:?}");
        }
        assert!(!asks(
            &Method::GET,
            &[
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-mode", "no-cors")
            ]
        ));
        assert!(!asks(&Method::PUT, &[own]));
    }
}
