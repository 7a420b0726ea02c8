//! One request to a door, on a stream of its own, and the answer.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http_body_util::Either;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{
    AUTHORIZATION, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HOST, HeaderMap, HeaderName,
    HeaderValue, LOCATION, ORIGIN, REFERRER_POLICY, RETRY_AFTER, USER_AGENT, WWW_AUTHENTICATE,
};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use papermesh_frame::write_message;
use papermesh_pipe::Opener;
use papermesh_protocol::gateway::message::Head;
use papermesh_protocol::gateway::terminated::client::{Client, FORWARDED, HEADER};
use papermesh_protocol::gateway::terminated::rewrite::Rewriter;
use papermesh_protocol::gateway::terminated::uris::Uris;
use papermesh_protocol::limits;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::body::{Begun, BodyError, Header, Passing};
use super::counted::Counted;
use super::{Expp, Reply, is_ipp};
use crate::knocked::{Noted, Seated};
use crate::splice::{IDLE, Moved};
use crate::turns::Seat;

/// How long a door may take to open a stream.
const OPEN: Duration = Duration::from_secs(5);
/// Bytes that are read ahead of an answer, which has a head of at most so many.
const BUFFER: usize = 16 * 1024;
/// Headers of a request that a door hears; all others are the gateway's business or nobody's.
const INWARD: [HeaderName; 4] = [CONTENT_TYPE, AUTHORIZATION, USER_AGENT, ORIGIN];
/// What browsers add (Fetch Metadata), by which a printer knows them.
const OF_BROWSERS: &str = "sec-fetch-";
/// Headers of an answer that an outsider hears.
const OUTWARD: [HeaderName; 5] = [
    CONTENT_TYPE,
    WWW_AUTHENTICATE,
    RETRY_AFTER,
    CACHE_CONTROL,
    REFERRER_POLICY,
];

/// A request that is to be passed on.
pub(super) struct Asking {
    pub(super) uris: Uris,
    /// `Host`, as the program said it.
    pub(super) host: String,
    pub(super) method: Method,
    /// The path at the place, with its query.
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Begun,
    /// What it is, if it is IPP.
    pub(super) header: Option<Header>,
    pub(super) client: Client,
    pub(super) expp: Expp,
}

/// What goes on for as long as a request and its answer.
pub(super) struct Kept {
    pub(super) noted: Noted,
    pub(super) _seated: Seated,
    pub(super) _turn: Seat,
}

/// What lives until an answer is through.
pub(crate) struct Living {
    _kept: Kept,
    _speaking: AbortOnDropHandle<()>,
}

/// Why there is no answer of a door.
pub(super) enum Failed {
    /// No stream of the door, or nothing on it.
    Away,
    /// What is said is no IPP.
    Unreadable(BodyError),
}

/// Asks a door.
pub(super) async fn ask(
    asking: Asking,
    (opener, head): (Opener, Head),
    kept: Kept,
) -> Result<Reply, Failed> {
    let opened = async {
        let mut stream = opener.open().await?;
        let said = write_message(&mut stream, &head, limits::PIPE_HEAD).await;
        said.ok().map(|()| stream)
    };
    let stream = timeout(OPEN, opened).await.ok().flatten();
    let moved = Arc::clone(&kept.noted.moved);
    let stream = Counted {
        stream: stream.ok_or(Failed::Away)?,
        moved: Arc::clone(&moved),
    };
    let (mut sender, speaking) = http1::Builder::new()
        .max_buf_size(BUFFER)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|_| Failed::Away)?;
    let speaking = AbortOnDropHandle::new(tokio::spawn(async move {
        if let Err(error) = speaking.await {
            tracing::trace!(%error, "a request to a door broke off");
        }
    }));
    let living = Living {
        _kept: kept,
        _speaking: speaking,
    };
    let (uris, operation) = (asking.uris.clone(), asking.header.map(|it| it.operation));
    let wrong = Arc::new(OnceLock::new());
    let request = asking.request(&wrong).map_err(|_| Failed::Away)?;
    let answer = still(&moved, sender.send_request(request)).await;
    match answer {
        Ok(Ok(answer)) => Ok(reply(answer, (uris, operation), living)),
        Ok(Err(_)) | Err(_) => Err(match wrong.get() {
            Some(error) => Failed::Unreadable(error.clone()),
            None => Failed::Away,
        }),
    }
}

impl Asking {
    fn request(
        self,
        wrong: &Arc<OnceLock<BodyError>>,
    ) -> Result<Request<Passing<()>>, hyper::http::Error> {
        let told = self.expp.place().map(|place| (self.client, place));
        let rewriter = self
            .header
            .is_some()
            .then(|| Rewriter::request(self.uris.clone(), told));
        let body = Passing::new(
            self.body,
            rewriter,
            super::body::STALL,
            Arc::clone(wrong),
            (),
        );
        let mut request = Request::builder()
            .method(self.method)
            .uri(self.path)
            .header(HOST, self.uris.place().as_str())
            .header(CONNECTION, "close")
            .header(FORWARDED, self.client.forwarded(&self.host));
        if self.expp == Expp::Header {
            request = request.header(HEADER, self.client.to_string());
        }
        for (name, value) in &self.headers {
            if INWARD.contains(name) || name.as_str().starts_with(OF_BROWSERS) {
                request = request.header(name, value);
            }
        }
        request.body(body)
    }
}

fn reply(
    answer: Response<Incoming>,
    (uris, operation): (Uris, Option<u16>),
    living: Living,
) -> Reply {
    let (head, body) = answer.into_parts();
    let rewriter = operation
        .filter(|_| is_ipp(&head.headers))
        .map(|operation| Rewriter::answer(uris.clone(), operation));
    let body = Passing::new(Begun::whole(body), rewriter, IDLE, Arc::default(), living);
    let mut reply = Response::new(Either::Right(body));
    *reply.status_mut() = head.status;
    for name in OUTWARD {
        for value in head.headers.get_all(&name) {
            reply.headers_mut().append(&name, value.clone());
        }
    }
    let location = head.headers.get(LOCATION).and_then(|it| it.to_str().ok());
    if let Some(location) = location.and_then(|location| outward(&uris, location)) {
        reply.headers_mut().insert(LOCATION, location);
    }
    reply
}

/// Where an answer leads, as the outsider has to ask for it. What leads elsewhere stays.
fn outward(uris: &Uris, location: &str) -> Option<HeaderValue> {
    let other = match location.starts_with('/') && !location.starts_with("//") {
        true => Some(uris.path_outward(location)),
        false => uris.outward(location),
    };
    HeaderValue::from_str(other.as_deref().unwrap_or(location)).ok()
}

/// Waits for something for as long as bytes move.
async fn still<T>(moved: &Moved, future: impl Future<Output = T>) -> io::Result<T> {
    let mut future = std::pin::pin!(future);
    let mut seen = (moved.inward(), moved.outward());
    loop {
        match timeout(IDLE, &mut future).await {
            Ok(done) => return Ok(done),
            Err(_) if (moved.inward(), moved.outward()) != seen => {
                seen = (moved.inward(), moved.outward());
            }
            Err(_) => return Err(io::ErrorKind::TimedOut.into()),
        }
    }
}
