//! What the gateway answers itself, in place of a door.

use http_body_util::Either;
use hyper::body::Bytes;
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue, LOCATION, RETRY_AFTER};
use hyper::{Response, StatusCode};

use super::Reply;
use super::body::Header;
use crate::body::Whole;

/// When a program may ask again where no door came, in seconds.
const AGAIN: HeaderValue = HeaderValue::from_static("30");
/// When it may that asks too often, in seconds.
const LATER: HeaderValue = HeaderValue::from_static("5");
const IPP: HeaderValue = HeaderValue::from_static("application/ipp");
/// `server-error-service-unavailable` (RFC 8011 appendix B.1.5.3).
const UNAVAILABLE: u16 = 0x0502;
/// `client-error-bad-request` (RFC 8011 appendix B.1.4.1).
const BAD_REQUEST: u16 = 0x0400;

/// Why the gateway does not pass a request on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Its host is said in no way or in two, or the like: what follows on the connection is not read.
    Malformed,
    /// A method that means nothing here.
    Method,
    /// It is no IPP, or in a form of which nothing can be read.
    Kind,
    /// Too many requests of this network.
    Often,
}

impl Refusal {
    pub(super) fn reply(self) -> Reply {
        match self {
            Self::Malformed => {
                let close = HeaderValue::from_static("close");
                let reply = page(StatusCode::BAD_REQUEST, "This is no request.\n");
                with(reply, CONNECTION, close)
            }
            Self::Method => {
                let methods = HeaderValue::from_static("GET, HEAD, POST");
                let text = "This is a printer.\n";
                with(page(StatusCode::METHOD_NOT_ALLOWED, text), ALLOW, methods)
            }
            Self::Kind => page(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "This printer speaks IPP.\n",
            ),
            Self::Often => {
                let text = "Too many requests; try again later.\n";
                with(
                    page(StatusCode::TOO_MANY_REQUESTS, text),
                    RETRY_AFTER,
                    LATER,
                )
            }
        }
    }
}

/// No door answers: in the words of HTTP, and in those of IPP to who speaks it.
pub(super) fn unavailable(header: Option<&Header>) -> Reply {
    let text = "the printer cannot be reached now";
    let reply = match header {
        Some(header) => ipp(StatusCode::SERVICE_UNAVAILABLE, header, UNAVAILABLE, text),
        None => page(StatusCode::SERVICE_UNAVAILABLE, text),
    };
    with(reply, RETRY_AFTER, AGAIN)
}

/// What came is no IPP after all.
pub(super) fn unreadable(header: &Header, why: &str) -> Reply {
    let close = HeaderValue::from_static("close");
    let reply = ipp(StatusCode::BAD_REQUEST, header, BAD_REQUEST, why);
    with(reply, CONNECTION, close)
}

/// The pages of a place are at its own name, where the gateway reads nothing.
pub(super) fn elsewhere(uri: &str) -> Reply {
    let reply = page(StatusCode::TEMPORARY_REDIRECT, "");
    match HeaderValue::from_str(uri) {
        Ok(uri) => with(reply, LOCATION, uri),
        Err(_) => Refusal::Malformed.reply(),
    }
}

fn ipp(status: StatusCode, header: &Header, code: u16, text: &str) -> Reply {
    let mut message = header.version.to_vec();
    message.extend_from_slice(&code.to_be_bytes());
    message.extend_from_slice(&header.id);
    // Operation attributes, and their end.
    message.push(0x01);
    for (tag, name, value) in [
        (0x47, "attributes-charset", "utf-8"),
        (0x48, "attributes-natural-language", "en"),
        (0x41, "status-message", text),
    ] {
        message.push(tag);
        for part in [name, value] {
            // No text here is longer than IPP allows, which are 255 bytes.
            let length = u16::try_from(part.len()).unwrap_or_default();
            message.extend_from_slice(&length.to_be_bytes());
            message.extend_from_slice(&part.as_bytes()[..usize::from(length)]);
        }
    }
    message.push(0x03);
    let mut reply = page(status, "");
    *reply.body_mut() = Either::Left(Whole::from(Bytes::from(message)));
    with(reply, CONTENT_TYPE, IPP)
}

fn page(status: StatusCode, text: &'static str) -> Reply {
    let mut reply = Response::new(Either::Left(Whole::from(Bytes::from_static(
        text.as_bytes(),
    ))));
    *reply.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    with(reply, CONTENT_TYPE, kind)
}

fn with(mut reply: Reply, name: hyper::header::HeaderName, value: HeaderValue) -> Reply {
    reply.headers_mut().insert(name, value);
    reply
}
