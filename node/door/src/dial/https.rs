//! Requests as a carrier, for networks that let out nothing else ([`papermesh_protocol::gateway::carrier`]).
//!
//! Two requests are under way at once: one waits for bytes from the gateway, the other brings bytes to it. Where a
//! network cuts those that wait, the door asks now and then instead. A request or an answer that is lost
//! costs time and no bytes, as long as the gateway keeps the pipe.

use std::borrow::Cow;
use std::convert::Infallible;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST, LOCATION, RETRY_AFTER};
use hyper::http::response::Parts;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use papermesh_carrier::{Exchange, Stream, carrier};
use papermesh_protocol::gateway::carrier::{
    CONTENT_TYPE as BYTES, OFFSET_HEADER, OffsetError, Offsets, PATH, PIPE_HEADER, PipeName,
    Prefer, Terms,
};
use papermesh_protocol::limits;
use papermesh_protocol::remedy::Remedy;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::choose::BELIEVED;
use super::{DialError, Ways, tls};
use crate::status::Carrier;

/// How long a request may take, beside the time that it waits.
const REQUEST: Duration = Duration::from_secs(30);
/// The longest head of an answer, in bytes.
const HEAD_SIZE: usize = 16 * 1024;
/// Headers in it.
const HEADERS: usize = 64;
/// A request that waited less was cut by somebody, and so was one that got no answer at all,
const SHORT: Duration = Duration::from_secs(20);
/// but not one that failed sooner: that says nothing of waiting.
const AT_ONCE: Duration = Duration::from_secs(2);
/// After so many cuts no further one waits for a while.
const CUTS: u32 = 2;
/// How long a connection may take to be ready for its next request.
const READY: Duration = Duration::from_secs(5);
/// The first wait after a request that failed or moved nothing, and the least; it doubles with each failure,
const RETRY: Duration = Duration::from_millis(250);
/// up to this.
const RETRY_LONGEST: Duration = Duration::from_secs(5);
/// The longest that a gateway has a door wait.
const BUSY_LONGEST: Duration = Duration::from_secs(60);
/// Where no request waits: how soon the next one comes while there is a conversation; it doubles while there is
/// nothing,
const SOON: Duration = Duration::from_millis(100);
/// up to this.
const OFTEN: Duration = Duration::from_secs(2);
/// How long a conversation may pause.
const CONVERSATION: Duration = Duration::from_secs(60);
/// Fewer bytes than a conversation has: both ends hear of each other.
const SIGN_OF_LIFE: usize = 256;
/// How long the gateway may take to hear the last words, and that the door leaves.
const FAREWELL: Duration = Duration::from_secs(5);

/// Why requests carry nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpsError {
    /// They do not get through.
    #[error("a request to {domain} failed: {source}")]
    Broken {
        domain: String,
        source: hyper::Error,
    },
    /// They are not answered in time.
    #[error("a request to {domain} was not answered in time")]
    Timeout { domain: String },
    /// They are answered, and move nothing.
    #[error("requests to {domain} are answered and carry nothing")]
    Idle { domain: String },
    /// The gateway has too much to do.
    #[error("the gateway {domain} has too much to do")]
    Busy { domain: String, wait: Duration },
    /// The gateway does not know the pipe any more.
    #[error("the gateway {domain} does not know the pipe any more")]
    Gone { domain: String },
    /// Somebody on the way answers, or no gateway does.
    #[error("somebody else answers requests to {domain} (status {status})")]
    SomebodyElse { domain: String, status: u16 },
    /// The two ends do not agree.
    #[error(transparent)]
    Offset(#[from] OffsetError),
}

impl Remedy for HttpsError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::SomebodyElse { domain, .. } => Some(
                format!(
                    "log in to the network if it wants that, and ask whoever runs it to let HTTPS to {domain} through"
                )
                .into(),
            ),
            Self::Broken { .. }
            | Self::Timeout { .. }
            | Self::Idle { .. }
            | Self::Gone { .. } => None,
            Self::Busy { .. } => Some("wait a minute".into()),
            Self::Offset(_) => None,
        }
    }
}

/// What carries a pipe. It is as good at its end as it is used: a carrier may get worse.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Which it is now.
    pub(crate) carrier: watch::Receiver<Carrier>,
    /// When there was a conversation last; it is told of requests alone.
    busy: watch::Receiver<Instant>,
}

impl Line {
    /// One that stays as it is.
    pub(super) fn of(carrier: Carrier) -> Self {
        let (_, carrier) = watch::channel(carrier);
        let (_, busy) = watch::channel(Instant::now());
        Self { carrier, busy }
    }

    /// Whether nobody speaks on it now.
    pub(crate) fn is_quiet(&self) -> bool {
        self.busy.borrow().elapsed() >= CONVERSATION
    }

    /// Waits until it is another carrier; for ever if it stays.
    pub(crate) async fn changed(&mut self) -> Carrier {
        match self.carrier.changed().await {
            Ok(()) => *self.carrier.borrow_and_update(),
            Err(_) => std::future::pending().await,
        }
    }
}

/// Asks a gateway for a pipe over requests, which wait or do not.
pub(super) async fn open(
    ways: &Ways,
    domain: &str,
    mode: Carrier,
) -> Result<(Stream, Line), DialError> {
    let mut connection = Connection {
        ways: ways.clone(),
        domain: domain.to_owned(),
        sender: None,
        sent: Instant::now(),
        driving: JoinSet::new(),
    };
    let (parts, _) = connection
        .request(Method::POST, PATH, HeaderMap::new(), Vec::new(), REQUEST)
        .await
        .map_err(Fault::into_error)?;
    let answer = (parts.status == StatusCode::CREATED).then_some(&parts.headers);
    let made = answer.and_then(|headers| {
        let name = PipeName::of_path(headers.get(LOCATION)?.to_str().ok()?)?;
        let terms: Terms = headers.get(PIPE_HEADER)?.to_str().ok()?.parse().ok()?;
        Some((name, terms))
    });
    let (name, terms) = made.ok_or_else(|| connection.refused(&parts).into_error())?;
    let (stream, exchange) = carrier(limits::PIPE_WINDOW);
    let (told, line) = watch::channel(mode);
    let (busy, quiet) = watch::channel(Instant::now());
    let driver = Driver {
        path: name.path(),
        terms,
        exchange,
        carrier: told,
        busy,
    };
    tokio::spawn(driver.run(connection));
    let line = Line {
        carrier: line,
        busy: quiet,
    };
    Ok((stream, line))
}

/// How a request went wrong.
enum Fault {
    /// No connection.
    Unreached(DialError),
    /// A connection, and no answer, or one that says that the network has none.
    Cut(HttpsError),
    /// The gateway will answer later.
    Busy(HttpsError, Duration),
    /// There will be no other answer.
    Fatal(HttpsError),
}

impl Fault {
    /// Whether it says of a request that waited so long that somebody does not let requests wait.
    fn is_cut(&self, waited: Duration) -> bool {
        match self {
            Self::Cut(HttpsError::Timeout { .. }) => true,
            Self::Cut(_) => (AT_ONCE..SHORT).contains(&waited),
            Self::Unreached(_) | Self::Busy(..) | Self::Fatal(_) => false,
        }
    }

    fn into_error(self) -> DialError {
        match self {
            Self::Unreached(error) => error,
            Self::Cut(error) | Self::Busy(error, _) | Self::Fatal(error) => error.into(),
        }
    }
}

/// A connection for requests, one at a time. It is made when it is needed.
struct Connection {
    ways: Ways,
    domain: String,
    sender: Option<SendRequest<Full<Bytes>>>,
    /// When the last request began, without the time that its connection took.
    sent: Instant,
    driving: JoinSet<()>,
}

impl Connection {
    /// Another one to the same gateway.
    fn another(&self) -> Self {
        Self {
            ways: self.ways.clone(),
            domain: self.domain.clone(),
            sender: None,
            sent: Instant::now(),
            driving: JoinSet::new(),
        }
    }

    /// One whose next request may be sent.
    async fn sender(&mut self) -> Result<SendRequest<Full<Bytes>>, Fault> {
        if let Some(mut sender) = self.sender.take()
            && matches!(timeout(READY, sender.ready()).await, Ok(Ok(())))
        {
            return Ok(sender);
        }
        self.driving.shutdown().await;
        let stream = tls::connect(&self.ways, &self.domain, tls::HTTP)
            .await
            .map_err(Fault::Unreached)?;
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(HEAD_SIZE)
            .max_headers(HEADERS)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|source| Fault::Cut(self.broken(source)))?;
        self.driving.spawn(async move { drop(connection.await) });
        Ok(sender)
    }

    /// What it is that an answer came, and nothing with it.
    fn idle(&self) -> Fault {
        let domain = self.domain.clone();
        Fault::Cut(HttpsError::Idle { domain })
    }

    fn broken(&self, source: hyper::Error) -> HttpsError {
        let domain = self.domain.clone();
        HttpsError::Broken { domain, source }
    }

    /// Sends a request and reads its answer. Whatever fails, the next request is on a new connection.
    async fn request(
        &mut self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Vec<u8>,
        within: Duration,
    ) -> Result<(Parts, Bytes), Fault> {
        let mut sender = self.sender().await?;
        self.sent = Instant::now();
        let domain = self.domain.clone();
        let mut request = Request::new(Full::new(body.into()));
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().unwrap_or_default();
        *request.headers_mut() = headers;
        if let Ok(host) = domain.parse() {
            request.headers_mut().insert(HOST, host);
        }
        let answered = async {
            let answer: Response<Incoming> = sender.send_request(request).await?;
            let (parts, body) = answer.into_parts();
            // What is longer comes from somebody else, and is not read.
            let body = Limited::new(body, limits::PIPE_WINDOW).collect().await;
            Ok((parts, body.map(http_body_util::Collected::to_bytes)))
        };
        match timeout(within, answered).await {
            Ok(Ok((parts, Ok(body)))) => {
                self.sender = Some(sender);
                Ok((parts, body))
            }
            Ok(Ok((parts, Err(error)))) => match error.downcast::<hyper::Error>() {
                Ok(source) => Err(Fault::Cut(HttpsError::Broken {
                    domain,
                    source: *source,
                })),
                Err(_) => Err(self.refused(&parts)),
            },
            Ok(Err(source)) => Err(Fault::Cut(HttpsError::Broken { domain, source })),
            Err(_) => Err(Fault::Cut(HttpsError::Timeout { domain })),
        }
    }

    /// What an answer means that is not the one to a request of ours.
    fn refused(&self, parts: &Parts) -> Fault {
        let domain = self.domain.clone();
        let status = parts.status.as_u16();
        match parts.status {
            StatusCode::TOO_MANY_REQUESTS => {
                let wait = parts.headers.get(RETRY_AFTER);
                let wait = wait.and_then(|wait| wait.to_str().ok()?.parse().ok());
                let wait = Duration::from_secs(wait.unwrap_or(1)).min(BUSY_LONGEST);
                Fault::Busy(HttpsError::Busy { domain, wait }, wait)
            }
            // Who stands between says that it got no answer, or did not wait for it.
            StatusCode::REQUEST_TIMEOUT
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => {
                Fault::Cut(HttpsError::SomebodyElse { domain, status })
            }
            _ => Fault::Fatal(HttpsError::SomebodyElse { domain, status }),
        }
    }
}

/// Waits longer after each failure, and gives up when the gateway has forgotten the pipe.
#[derive(Default)]
struct Patience {
    since: Option<Instant>,
    failures: u32,
}

impl Patience {
    /// It failed: waits, or gives up.
    async fn after(&mut self, fault: Fault, silence: Duration) -> Result<(), DialError> {
        let since = *self.since.get_or_insert_with(Instant::now);
        let wait = match fault {
            Fault::Fatal(error) => return Err(error.into()),
            Fault::Busy(_, wait) => wait.max(RETRY),
            fault if since.elapsed() >= silence => return Err(fault.into_error()),
            Fault::Cut(_) | Fault::Unreached(_) => {
                let doubled = RETRY.saturating_mul(1 << self.failures.min(16));
                doubled.min(RETRY_LONGEST)
            }
        };
        self.failures = self.failures.saturating_add(1);
        sleep(wait).await;
        Ok(())
    }
}

/// Makes the requests of one pipe.
struct Driver {
    path: String,
    terms: Terms,
    exchange: Exchange,
    carrier: watch::Sender<Carrier>,
    busy: watch::Sender<Instant>,
}

impl Driver {
    /// Carries bytes until the pipe is gone, or no request gets through any more.
    async fn run(self, mut connection: Connection) {
        let mut another = connection.another();
        let left = async {
            self.exchange.closed().await;
            drop(timeout(FAREWELL, self.exchange.over()).await);
        };
        tokio::select! {
            Err(error) = self.carry(&mut connection, &mut another) => {
                tracing::debug!(%error, "requests carry nothing any more");
                self.exchange.fail(error.to_string());
                if matches!(error, DialError::Https(HttpsError::Gone { .. })) {
                    return;
                }
            }
            () = left => {}
        }
        // The gateway would notice by itself, but late.
        let mut leaving = another.another();
        let left = leaving.request(
            Method::DELETE,
            &self.path,
            HeaderMap::new(),
            Vec::new(),
            FAREWELL,
        );
        drop(timeout(FAREWELL, left).await);
    }

    async fn carry(
        &self,
        waiting: &mut Connection,
        bringing: &mut Connection,
    ) -> Result<Infallible, DialError> {
        let can_wait = self.terms.wait >= SHORT;
        let mut waits = can_wait && *self.carrier.borrow() == Carrier::Https;
        loop {
            if waits {
                tokio::select! {
                    cut = self.wait(waiting) => cut?,
                    failed = self.bring(bringing) => failed.map(|never| match never {})?,
                }
                tracing::info!(
                    "this network cuts requests that wait: the gateway is asked now and then"
                );
            }
            self.is_by(Carrier::HttpsPolling);
            // It may have been a bad hour.
            self.poll(waiting, Instant::now() + BELIEVED).await?;
            waits = can_wait;
        }
    }

    /// Tells by which carrier it is now, if that is another one.
    fn is_by(&self, carrier: Carrier) {
        self.carrier
            .send_if_modified(|now| std::mem::replace(now, carrier) != carrier);
    }

    /// Waits for bytes, until requests that wait were cut too often.
    async fn wait(&self, connection: &mut Connection) -> Result<(), DialError> {
        let (mut cuts, mut patience) = (0, Patience::default());
        loop {
            self.exchange.room(self.terms.chunk).await;
            let asked = self.ask(
                connection,
                Prefer::Bytes(self.terms.wait),
                self.exchange.body(0),
            );
            let asked = asked.await;
            let waited = connection.sent.elapsed();
            let fault = match asked {
                Ok(_) if waited >= SHORT => {
                    (cuts, patience) = (0, Patience::default());
                    self.is_by(Carrier::Https);
                    continue;
                }
                Ok(1..) => {
                    patience = Patience::default();
                    continue;
                }
                // Somebody between does not let it wait.
                Ok(0) => {
                    cuts += 1;
                    connection.idle()
                }
                Err(fault) => {
                    cuts += u32::from(fault.is_cut(waited));
                    fault
                }
            };
            if cuts >= CUTS {
                return Ok(());
            }
            patience.after(fault, self.terms.silence()).await?;
        }
    }

    /// Brings what is written, as soon as it is.
    async fn bring(&self, connection: &mut Connection) -> Result<Infallible, DialError> {
        let mut patience = Patience::default();
        loop {
            self.exchange.news().await;
            let body = self.exchange.body(self.terms.chunk);
            if body.1.is_empty() {
                // The stream was closed, and all is said.
                std::future::pending::<()>().await;
            }
            let begins = body.0;
            let fault = match self.ask(connection, Prefer::Nothing, body).await {
                Ok(_) if self.exchange.confirmed() > begins => {
                    patience = Patience::default();
                    continue;
                }
                Ok(_) => connection.idle(),
                Err(fault) => fault,
            };
            patience.after(fault, self.terms.silence()).await?;
        }
    }

    /// Asks now and then, and brings what is written with that; until then, and then until nobody speaks.
    async fn poll(&self, connection: &mut Connection, until: Instant) -> Result<(), DialError> {
        let (mut pause, mut patience) = (SOON, Patience::default());
        let mut spoke = Instant::now();
        while Instant::now() < until || spoke.elapsed() < CONVERSATION {
            self.exchange.room(self.terms.chunk).await;
            let body = self.exchange.body(self.terms.chunk);
            let (begins, brought) = (body.0, body.1.len());
            let asked = self.ask(connection, Prefer::Bytes(Duration::ZERO), body);
            let got = match asked.await {
                Ok(got) => got,
                Err(fault) => {
                    patience.after(fault, self.terms.silence()).await?;
                    continue;
                }
            };
            if brought > 0 && got == 0 && self.exchange.confirmed() == begins {
                patience
                    .after(connection.idle(), self.terms.silence())
                    .await?;
                continue;
            }
            patience = Patience::default();
            if brought.max(got) > SIGN_OF_LIFE {
                (spoke, pause) = (Instant::now(), SOON);
            }
            if got == self.terms.chunk {
                continue;
            }
            let wait = match spoke.elapsed() < CONVERSATION {
                true => pause,
                false => self.terms.poll,
            };
            pause = (pause * 2).min(OFTEN);
            let written = async {
                self.exchange.news().await;
                if self.exchange.body(1).1.is_empty() {
                    std::future::pending::<()>().await;
                }
            };
            drop(timeout(wait, written).await);
        }
        Ok(())
    }

    /// Makes one request, and takes what its answer brings; says how many bytes of that are new.
    async fn ask(
        &self,
        connection: &mut Connection,
        prefer: Prefer,
        (up, body): (u64, Vec<u8>),
    ) -> Result<usize, Fault> {
        let brought = body.len();
        let down = self.exchange.has();
        let offsets = Offsets { up, down };
        let mut headers = HeaderMap::new();
        let values = [
            (OFFSET_HEADER, offsets.to_string()),
            ("prefer", prefer.to_string()),
            ("cache-control", "no-store, no-transform".to_owned()),
            ("content-type", BYTES.to_owned()),
        ];
        for (name, value) in values {
            if let Ok(value) = value.parse() {
                headers.insert(name, value);
            }
        }
        let within = match prefer {
            Prefer::Nothing => REQUEST,
            Prefer::Bytes(wait) => wait + REQUEST,
        };
        let (parts, bytes) = connection
            .request(Method::POST, &self.path, headers, body, within)
            .await?;
        let domain = || connection.domain.clone();
        match parts.status {
            StatusCode::OK | StatusCode::NO_CONTENT => {}
            StatusCode::NOT_FOUND | StatusCode::CONFLICT => {
                return Err(Fault::Fatal(HttpsError::Gone { domain: domain() }));
            }
            _ => return Err(connection.refused(&parts)),
        }
        let is_ours = parts.status == StatusCode::NO_CONTENT
            || parts
                .headers
                .get(CONTENT_TYPE)
                .is_some_and(|of| of == BYTES);
        let said = parts.headers.get(OFFSET_HEADER);
        let said = said.and_then(|said| said.to_str().ok()?.parse::<Offsets>().ok());
        let Some(said) = said.filter(|_| is_ours) else {
            // A page to log in, perhaps.
            return Err(Fault::Fatal(HttpsError::SomebodyElse {
                domain: domain(),
                status: parts.status.as_u16(),
            }));
        };
        if brought.max(bytes.len()) > SIGN_OF_LIFE {
            self.busy.send_replace(Instant::now());
        }
        self.exchange
            .take(said.up, said.down, &bytes)
            .map_err(|error| Fault::Fatal(error.into()))?;
        let new = self.exchange.has().saturating_sub(down);
        Ok(usize::try_from(new).unwrap_or(bytes.len()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::mpsc;

    use super::*;

    fn domain() -> String {
        "gw.example".to_owned()
    }

    fn bad_gateway() -> Fault {
        let (domain, status) = (domain(), 502);
        Fault::Cut(HttpsError::SomebodyElse { domain, status })
    }

    #[test]
    fn a_request_is_cut_that_had_waited_or_was_never_answered() {
        assert!(!bad_gateway().is_cut(Duration::ZERO));
        assert!(!bad_gateway().is_cut(AT_ONCE / 2));
        assert!(bad_gateway().is_cut(AT_ONCE));
        assert!(bad_gateway().is_cut(SHORT / 2));
        assert!(!bad_gateway().is_cut(SHORT));
        let timeout = Fault::Cut(HttpsError::Timeout { domain: domain() });
        assert!(timeout.is_cut(4 * SHORT));
    }

    #[tokio::test(start_paused = true)]
    async fn no_failure_is_followed_by_a_request_at_once() {
        let silence = Duration::from_secs(90);
        for fault in [
            Fault::Busy(
                HttpsError::Busy {
                    domain: domain(),
                    wait: Duration::ZERO,
                },
                Duration::ZERO,
            ),
            Fault::Cut(HttpsError::Idle { domain: domain() }),
            bad_gateway(),
        ] {
            let began = Instant::now();
            let after = Patience::default().after(fault, silence).await;
            assert!(after.is_ok() && began.elapsed() >= RETRY);
        }
        // Answers that carry nothing are no answers after a while.
        let (mut patience, began) = (Patience::default(), Instant::now());
        let idle = || Fault::Cut(HttpsError::Idle { domain: domain() });
        while patience.after(idle(), silence).await.is_ok() {}
        assert!((silence..2 * silence).contains(&began.elapsed()));
    }

    /// A pipe whose requests somebody answers at once, and with nothing. Each is told: what it prefers, and when it came.
    async fn answered(mode: Carrier) -> (Stream, mpsc::UnboundedReceiver<(String, Instant)>) {
        let (near, mut far) = tokio::io::duplex(64 * 1024);
        let (told, requests) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            loop {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(far.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap();
                let header = |name: &str| {
                    let mut lines = head.lines();
                    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
                };
                let length = header("content-length").map_or(0, |of| of.parse().unwrap());
                far.read_exact(&mut vec![0; length]).await.unwrap();
                let prefers = header("prefer").unwrap().to_owned();
                drop(told.send((prefers, Instant::now())));
                let empty = b"HTTP/1.1 204 No Content\r\npapermesh-offset: up=0, down=0\r\n\r\n";
                far.write_all(empty).await.unwrap();
            }
        });
        let (sender, driving) = http1::handshake(TokioIo::new(near)).await.unwrap();
        let connection = Connection {
            ways: Ways::default(),
            domain: domain(),
            sender: Some(sender),
            sent: Instant::now(),
            driving: JoinSet::new(),
        };
        let (stream, exchange) = carrier(limits::PIPE_WINDOW);
        let driver = Driver {
            path: PATH.to_owned(),
            terms: "wait=55, poll=30, chunk=4096".parse().unwrap(),
            exchange,
            carrier: watch::channel(mode).0,
            busy: watch::channel(Instant::now()).0,
        };
        tokio::spawn(async move { drop(driving.await) });
        tokio::spawn(driver.run(connection));
        (stream, requests)
    }

    #[tokio::test(start_paused = true)]
    async fn where_requests_may_not_wait_it_is_asked_now_and_then_and_they_wait_again_later() {
        let (_stream, mut requests) = answered(Carrier::Https).await;
        let (first, began) = requests.recv().await.unwrap();
        let (second, then) = requests.recv().await.unwrap();
        assert_eq!((first.as_str(), second.as_str()), ("wait=55", "wait=55"));
        assert!(then - began >= RETRY);
        let (third, _) = requests.recv().await.unwrap();
        assert_eq!(third, "wait=0");
        let mut asked = 0;
        let again = loop {
            let (prefers, at) = requests.recv().await.unwrap();
            if prefers != "wait=0" {
                break at;
            }
            asked += 1;
        };
        assert!((BELIEVED..BELIEVED + CONVERSATION).contains(&(again - then)));
        assert!(asked < 200, "{asked}");
    }

    /// What is written and not taken is not brought again and again at once, nor for ever.
    #[tokio::test(start_paused = true)]
    async fn a_gateway_that_takes_nothing_is_left() {
        let (mut stream, mut requests) = answered(Carrier::HttpsPolling).await;
        stream.write_all(b"hello").await.unwrap();
        let error = stream.read(&mut [0]).await.unwrap_err();
        assert!(error.to_string().contains("carry nothing"), "{error}");
        let mut asked = 0;
        while requests.try_recv().is_ok() {
            asked += 1;
        }
        assert!((10..40).contains(&asked), "{asked}");
    }
}
