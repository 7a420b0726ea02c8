//! IPP over HTTP/1.1 (RFC 8010 section 4), as far as it is the same for every printer: what a request
//! must look like before its body is read, and who it says it is from.

use std::net::Ipv6Addr;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;
use papermesh_web::{is_fixed, is_this_computer, name_of};
use zeroize::Zeroizing;

pub use papermesh_web::Peer;

use crate::message::Answer;

/// `Content-Type` of IPP.
const IPP: &str = "application/ipp";
/// What begins the names of headers that browsers add and programs that print do not (Fetch
/// Metadata); beside them stands `Origin` (RFC 6454).
const OF_BROWSERS: &str = "sec-fetch-";

/// Refuses what is no IPP, what comes unprotected from elsewhere, and what a web page made a
/// browser send: such a request says that it is a browser's, carries the page's host, or a type that
/// browsers send unasked. A name can be made to point to this computer, also its own by a stranger on
/// its network; so unprotected requests carry an address, or `localhost`.
#[must_use]
pub fn refusal(peer: Peer, headers: &HeaderMap) -> Option<Response> {
    if !peer.is_local() && !peer.tls {
        return Some(upgrade_required());
    }
    let of_browsers = |name: &header::HeaderName| name.as_str().starts_with(OF_BROWSERS);
    if headers.contains_key(header::ORIGIN) || headers.keys().any(of_browsers) {
        let why = "web pages cannot print here\n";
        return Some(refuse(StatusCode::FORBIDDEN, why));
    }
    if !is_ipp(headers) {
        let why = "this printer speaks IPP\n";
        return Some(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
    }
    let host = text_of(headers, header::HOST).unwrap_or_default();
    let is_meant = is_fixed(host) || peer.tls && is_this_computer(host);
    (peer.is_local() && !is_meant).then(|| {
        let why = "programs on this computer must reach this printer as localhost\n";
        refuse(StatusCode::MISDIRECTED_REQUEST, why)
    })
}

fn upgrade_required() -> Response {
    let why = "other computers can reach this printer only over ipps\n";
    let mut refusal = refuse(StatusCode::UPGRADE_REQUIRED, why);
    let headers = refusal.headers_mut();
    let tls = HeaderValue::from_static("TLS/1.2, HTTP/1.1");
    headers.insert(header::UPGRADE, tls);
    let close = HeaderValue::from_static("Upgrade, close");
    headers.insert(header::CONNECTION, close);
    refusal
}

/// An answer with a status of HTTP and a word for people.
#[must_use]
pub fn refuse(status: StatusCode, why: impl Into<String>) -> Response {
    (status, why.into()).into_response()
}

/// The demand for a name and a secret (RFC 7617).
#[must_use]
pub fn unauthorized(why: &'static str) -> Response {
    let mut refusal = refuse(StatusCode::UNAUTHORIZED, why);
    let basic = HeaderValue::from_static("Basic realm=\"Papermesh\", charset=\"UTF-8\"");
    refusal
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, basic);
    refusal
}

/// An answer in IPP.
#[must_use]
pub fn ipp(answer: Answer) -> Response {
    ipp_and(Body::from(answer.into_bytes()))
}

/// An answer in IPP with a document after it.
#[must_use]
pub fn ipp_and(body: Body) -> Response {
    ([(header::CONTENT_TYPE, IPP)], body).into_response()
}

/// Whether a request says that it is IPP.
#[must_use]
pub fn is_ipp(headers: &HeaderMap) -> bool {
    let kind = text_of(headers, header::CONTENT_TYPE).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case(IPP)
}

/// A header's text.
#[must_use]
pub fn text_of(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// The beginning of a printer's URI as the program knows it: scheme, host and port.
#[must_use]
pub fn origin(peer: Peer, headers: &HeaderMap) -> String {
    let scheme = if peer.tls { "ipps" } else { "ipp" };
    let host = authority(text_of(headers, header::HOST).unwrap_or_default());
    format!("{scheme}://{host}")
}

/// A `Host` as it stands in a URI that leads back: an IPv6 address has brackets there.
fn authority(host: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~%:[]".contains(c);
    if !matches!(host.len(), 1..=255) || !host.chars().all(plain) {
        return "localhost".to_owned();
    }
    let bare = |name: &str| {
        let address = name.split('%').next().unwrap_or_default();
        address
            .parse::<Ipv6Addr>()
            .is_ok_and(|ip| !ip.is_unspecified())
    };
    let name = name_of(host);
    if name.len() < host.len() && bare(name) {
        return format!("[{name}]{}", &host[name.len()..]);
    }
    match bare(host) {
        true => format!("[{host}]"),
        false => host.to_owned(),
    }
}

/// A user's name and a secret as they came with a request.
pub struct Credentials {
    /// The name.
    pub name: String,
    /// The secret.
    pub secret: Zeroizing<String>,
}

impl Credentials {
    /// Reads the value of an `Authorization` header (RFC 7617); none if it is no such thing.
    #[must_use]
    pub fn read(header: &str) -> Option<Self> {
        let (scheme, encoded) = header.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = Zeroizing::new(BASE64.decode(encoded.trim().as_bytes()).ok()?);
        let (name, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
        Some(Self {
            name: name.to_owned(),
            secret: Zeroizing::new(secret.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_printers_uri_leads_back_to_where_it_was_reached() {
        for (host, expected) in [
            ("localhost:6310", "localhost:6310"),
            ("[::1]:6310", "[::1]:6310"),
            ("::1", "[::1]"),
            ("::1:6310", "[::1]:6310"),
            ("[fe80::1%25eth0]:6310", "[fe80::1%25eth0]:6310"),
            ("fe80::1%eth0", "[fe80::1%eth0]"),
            ("laptop.local", "laptop.local"),
            ("", "localhost"),
            ("a/b", "localhost"),
            ("a\u{e9}", "localhost"),
        ] {
            assert_eq!(authority(host), expected, "{host}");
        }
    }

    #[test]
    fn credentials_are_read_from_the_header_only_as_they_should_be() {
        for header in [
            format!("Basic {}", BASE64.encode(b"charlie:24:68")),
            format!("basic  {} ", BASE64.encode(b"charlie:24:68")),
        ] {
            let credentials = Credentials::read(&header).unwrap();
            assert_eq!(credentials.name, "charlie");
            assert_eq!(*credentials.secret, "24:68");
        }
        for wrong in ["", "Basic", "Basic !", "Bearer YTpi", "Basic YWJj"] {
            assert!(Credentials::read(wrong).is_none(), "{wrong}");
        }
    }
}
