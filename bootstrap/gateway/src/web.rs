//! The gateway's own small web: pipes over requests, what it says of itself, and where that is switched on places that
//! are asked for by paths.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use data_encoding::HEXLOWER;
use http_body_util::Either;
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH,
    RETRY_AFTER,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use papermesh_protocol::gateway::carrier::{self, PipeName};
use papermesh_protocol::gateway::description::{self, Description};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_io_timeout::TimeoutStream;

use crate::body::Whole;
use crate::own::Visit;
use crate::requests::{Answer, Problem, Requests};
use crate::terminated::{self, Terminated};

/// How long a connection may be quiet before the next request, and a request's head take: longer than between two of
/// a door that asks now and then.
const HEAD: Duration = Duration::from_secs(60);
/// How long a connection has for its first request, and for the next one where the last was about no pipe that lives.
const IDLE: Duration = Duration::from_secs(10);
/// How long who reads an answer may take nothing of it.
const STALL: Duration = Duration::from_secs(30);
/// The longest head of a request, in bytes.
const HEAD_SIZE: usize = 16 * 1024;
/// Headers of a request.
const HEADERS: usize = 64;
/// What a person sees who looks at the gateway's name.
const PAGE: &str = "This is a Papermesh gateway. It passes on what it cannot read.\n";
/// What is never kept by anybody on the way, nor changed.
const PRIVATE: HeaderValue = HeaderValue::from_static("no-store, no-transform");

type Reply = Response<Whole>;

/// The web.
pub(crate) struct Web {
    requests: Requests,
    description: Published,
    /// Places that are asked for by paths; none where the provider does not switch that on.
    terminated: Option<Terminated>,
}

/// Until when a connection may go on without a pipe. None while it has a request, or carries one that lives.
type Until = Option<Instant>;

/// A description, ready to be sent.
struct Published {
    body: Bytes,
    signature: HeaderValue,
    tag: HeaderValue,
}

impl Web {
    /// The web of a gateway with this key.
    pub(crate) fn new(
        requests: Requests,
        description: &Description,
        seed: &[u8; 32],
    ) -> anyhow::Result<Self> {
        let body = serde_json::to_vec_pretty(description)?;
        let signature = HEXLOWER.encode(&description::sign(seed, &body));
        let description = Published {
            // The signature changes whenever the body does.
            tag: HeaderValue::from_str(&format!("\"{}\"", &signature[..32]))?,
            signature: HeaderValue::from_str(&signature)?,
            body: body.into(),
        };
        Ok(Self {
            requests,
            description,
            terminated: None,
        })
    }

    /// The same, where paths ask for places.
    pub(crate) fn with_terminated(self, terminated: Option<Terminated>) -> Self {
        Self { terminated, ..self }
    }

    /// Whether paths ask for places.
    pub(crate) const fn terminates(&self) -> bool {
        self.terminated.is_some()
    }

    /// Answers all requests of a connection.
    pub(crate) async fn serve<C>(&self, stream: C, visit: Visit)
    where
        C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let soon = || Some(Instant::now() + IDLE);
        let until = watch::Sender::new(soon());
        let told = &until;
        let service = service_fn(move |request| async move {
            told.send_replace(None);
            let (reply, keeps) = self.respond(request, visit).await;
            let reply = match keeps {
                Keeps::On => reply,
                Keeps::ForNow => {
                    told.send_replace(soon());
                    reply
                }
                Keeps::Not => {
                    told.send_replace(soon());
                    with(reply, [(CONNECTION, HeaderValue::from_static("close"))])
                }
            };
            Ok::<_, Infallible>(reply)
        });
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(STALL));
        let served = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_headers(HEADERS)
            .max_buf_size(HEAD_SIZE)
            .serve_connection(TokioIo::new(Box::pin(stream)), service);
        tokio::select! {
            served = served => if let Err(error) = served {
                tracing::trace!(%error, from = %visit.from, "a connection of requests broke off");
            },
            () = idle(until.subscribe()) => {}
        }
    }

    async fn respond(
        &self,
        request: Request<Incoming>,
        visit: Visit,
    ) -> (terminated::Reply, Keeps) {
        if let Some(terminated) = &self.terminated
            && let Some(found) = terminated.find(request.uri().path())
        {
            let reply = terminated.answer(found, request, visit).await;
            return (reply, Keeps::On);
        }
        let (reply, keeps) = self.answer(request, visit.from).await;
        (reply.map(Either::Left), keeps)
    }

    async fn answer(&self, request: Request<Incoming>, from: SocketAddr) -> (Reply, Keeps) {
        let path = request.uri().path();
        if path == carrier::PATH && request.method() == Method::POST {
            return match self.requests.open(from) {
                Ok((name, terms)) => (
                    with(
                        reply(StatusCode::CREATED, Bytes::new()),
                        [
                            (hyper::header::LOCATION, text(&name.path())),
                            (
                                HeaderName::from_static(carrier::PIPE_HEADER),
                                text(&terms.to_string()),
                            ),
                            (CACHE_CONTROL, PRIVATE),
                        ],
                    ),
                    Keeps::ForNow,
                ),
                Err(problem) => (refusal(&problem), Keeps::Not),
            };
        }
        if let Some(name) = PipeName::of_path(path) {
            return match *request.method() {
                Method::POST => match self.requests.carry(&name, request).await {
                    Ok(answer) => (carried(answer), Keeps::On),
                    Err(problem @ Problem::Busy { .. }) => (refusal(&problem), Keeps::ForNow),
                    Err(problem) => (refusal(&problem), Keeps::Not),
                },
                Method::DELETE => {
                    self.requests.leave(&name);
                    let left = reply(StatusCode::NO_CONTENT, Bytes::new());
                    (with(left, [(CACHE_CONTROL, PRIVATE)]), Keeps::Not)
                }
                _ => {
                    let none = reply(StatusCode::METHOD_NOT_ALLOWED, Bytes::new());
                    let methods = HeaderValue::from_static("POST, DELETE");
                    (with(none, [(ALLOW, methods)]), Keeps::Not)
                }
            };
        }
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        let reply = match path {
            description::PATH if is_read => self.description.reply(&request),
            "/" if is_read => page(StatusCode::OK, PAGE),
            _ => page(StatusCode::NOT_FOUND, "There is nothing here.\n"),
        };
        (reply, Keeps::Not)
    }
}

/// Whether a connection goes on after an answer.
enum Keeps {
    /// It carries a pipe, or somebody prints on it.
    On,
    /// It may carry one soon.
    ForNow,
    /// It carries none.
    Not,
}

/// Waits until a connection has gone on for too long without a pipe.
async fn idle(mut until: watch::Receiver<Until>) {
    loop {
        let end = *until.borrow_and_update();
        let over = async {
            match end {
                Some(end) => sleep_until(end).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = over => return,
            changed = until.changed() => if changed.is_err() {
                return;
            },
        }
    }
}

impl Published {
    fn reply(&self, request: &Request<Incoming>) -> Reply {
        let (status, body) = match request.headers().get(IF_NONE_MATCH) == Some(&self.tag) {
            true => (StatusCode::NOT_MODIFIED, Bytes::new()),
            false => (StatusCode::OK, self.body.clone()),
        };
        with(
            reply(status, body),
            [
                (CONTENT_TYPE, HeaderValue::from_static("application/json")),
                (CACHE_CONTROL, HeaderValue::from_static("max-age=3600")),
                (ETAG, self.tag.clone()),
                (
                    HeaderName::from_static(description::SIGNATURE_HEADER),
                    self.signature.clone(),
                ),
            ],
        )
    }
}

fn carried(answer: Answer) -> Reply {
    let status = match answer.body.is_empty() {
        true => StatusCode::NO_CONTENT,
        false => StatusCode::OK,
    };
    let mut reply = with(
        reply(status, Whole::held(answer.body, answer.turn)),
        [
            (
                HeaderName::from_static(carrier::OFFSET_HEADER),
                text(&answer.offsets.to_string()),
            ),
            (CACHE_CONTROL, PRIVATE),
        ],
    );
    if status == StatusCode::OK {
        let kind = HeaderValue::from_static(carrier::CONTENT_TYPE);
        reply.headers_mut().insert(CONTENT_TYPE, kind);
    }
    reply
}

fn refusal(problem: &Problem) -> Reply {
    let mut reply = page(problem.status(), &format!("{problem}\n"));
    if let Problem::Busy { wait } = problem {
        let wait = HeaderValue::from(wait.as_secs());
        reply.headers_mut().insert(RETRY_AFTER, wait);
    }
    reply
}

fn page(status: StatusCode, text: &str) -> Reply {
    with(
        reply(status, Bytes::copy_from_slice(text.as_bytes())),
        [(
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        )],
    )
}

fn reply(status: StatusCode, body: impl Into<Whole>) -> Reply {
    let mut reply = Response::new(body.into());
    *reply.status_mut() = status;
    reply
}

fn with<B, const N: usize>(
    mut reply: Response<B>,
    headers: [(HeaderName, HeaderValue); N],
) -> Response<B> {
    reply.headers_mut().extend(headers);
    reply
}

/// A value of a form that headers have.
fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static(""))
}
