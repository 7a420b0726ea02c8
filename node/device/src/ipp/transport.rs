//! HTTP/1.1 towards an IPP printer (RFC 8010 section 4).
//!
//! Lives here: connections, time limits, the size of replies, and what went wrong in words. Not
//! here: what is asked and what the answers mean.

use std::error::Error as _;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ipp::model::{IppVersion, Operation};
use reqwest::header::{ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, LOCATION};
use reqwest::{Body, Client, Response, StatusCode, Url, Version, redirect, retry};
use tokio::sync::OnceCell;

use super::super::description::{DeviceError, IppStatus, Protection};
use super::super::pins::PinStore;
use super::super::text::{MAX_DEVICE_TEXT, printable};
use super::super::uri::{IppAddress, authority};
use super::reach::{CONNECT_LIMIT, Reach, Way, no_tls};
use super::reply::Reply;
use super::request::{Asking, Request, operation_name};
use super::trust::{self, Era, Trust, cause};

/// How long a request without a document may take. Printers that sleep need some seconds to wake.
pub(super) const CALL_LIMIT: Duration = Duration::from_secs(30);

/// How long a printer may take to answer a request of which it is not told the length.
const CHUNKS_LIMIT: Duration = Duration::from_secs(10);

/// How long an idle connection is kept: less than printers do, so that none is used that they have
/// closed.
const IDLE_LIMIT: Duration = Duration::from_secs(4);

/// Largest reply read, in bytes. There are queues that tell all that they know, 420 KB of it,
/// whatever they are asked; what is kept of that is little (`attributes.rs`).
pub(super) const MAX_REPLY: usize = 1024 * 1024;

const IPP_MEDIA_TYPE: &str = "application/ipp";

/// The way to one printer.
#[derive(Debug)]
pub(super) struct Transport {
    reach: Arc<Reach>,
    plain: Lane,
    encrypted: Lane,
    /// TLS for printers with short keys.
    old: Lane,
    device: String,
    /// `Host`, where it is not what the address says.
    host: Option<String>,
    call_limit: Duration,
    version: AtomicU16,
    number: AtomicI32,
    asking: Mutex<Asking>,
    takes_chunks: OnceCell<bool>,
    /// It has answered in HTTP/1.0, which has no chunks.
    is_old: AtomicBool,
}

/// One of the ways.
#[derive(Debug)]
struct Lane {
    /// For short requests: keeps a connection between two polls.
    calls: Client,
    /// For documents: always a fresh connection, since a document's stream cannot be sent twice
    /// when a kept connection turns out to be dead.
    documents: Client,
    url: Url,
    printer_uri: String,
}

impl Lane {
    fn new(
        address: &IppAddress,
        trust: &Arc<Trust>,
        era: Era,
        limit: Duration,
    ) -> Result<Self, String> {
        let device = address.authority();
        let scheme = if address.tls { "https" } else { "http" };
        let client = |idle: usize| {
            let tls = trust::client_config(Arc::clone(trust), era).map_err(|e| e.to_string())?;
            Client::builder()
                .tls_backend_preconfigured(tls)
                .http1_only()
                .no_proxy()
                .redirect(redirect::Policy::none())
                .retry(retry::never())
                .connect_timeout(CONNECT_LIMIT.min(limit))
                .pool_idle_timeout(IDLE_LIMIT)
                .pool_max_idle_per_host(idle)
                .user_agent(concat!("papermesh/", env!("CARGO_PKG_VERSION")))
                .build()
                .map_err(|e| e.to_string())
        };
        Ok(Self {
            calls: client(1)?,
            documents: client(0)?,
            url: Url::parse(&format!("{scheme}://{device}{}", address.path))
                .map_err(|e| e.to_string())?,
            printer_uri: address.to_string(),
        })
    }
}

/// What is known of a document's length before it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    /// It has so many bytes.
    Known(u64),
    /// It ends where it ends: it is sent in chunks.
    Unknown,
}

impl Transport {
    pub(super) fn new(
        address: &IppAddress,
        pins: Arc<dyn PinStore>,
        call_limit: Duration,
    ) -> Result<Self, DeviceError> {
        let device = address.authority();
        let trust = Arc::new(Trust::new(device.clone(), pins));
        let lane = |tls: bool, era: Era| {
            let address = IppAddress {
                tls,
                ..address.clone()
            };
            Lane::new(&address, &trust, era, call_limit).map_err(|why| DeviceError::Unsendable {
                device: device.clone(),
                why,
            })
        };
        let reach = Reach::new(address.clone(), Arc::clone(&trust), call_limit);
        Ok(Self {
            plain: lane(false, Era::Today)?,
            encrypted: lane(true, Era::Today)?,
            old: lane(true, Era::Old)?,
            // Printers behind ipp-usb take requests for this name and no other.
            host: reach
                .is_here()
                .then(|| authority("localhost", address.port)),
            reach: Arc::new(reach),
            device: device.clone(),
            call_limit,
            version: AtomicU16::new(IppVersion::v2_0().0),
            number: AtomicI32::new(1),
            asking: Mutex::new(Asking::Names),
            takes_chunks: OnceCell::new(),
            is_old: AtomicBool::new(false),
        })
    }

    /// How well what travels is protected; none if nothing has traveled yet.
    pub(super) fn protection(&self) -> Option<Protection> {
        self.reach.protection()
    }

    /// Host and port.
    pub(super) fn device(&self) -> &str {
        &self.device
    }

    /// From now on asks the printer for attributes like this.
    pub(super) fn ask(&self, asking: Asking) {
        *self.asking.lock().unwrap_or_else(PoisonError::into_inner) = asking;
    }

    /// How the printer is asked for attributes.
    pub(super) fn asking(&self) -> Asking {
        *self.asking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the printer takes what comes in chunks, of which it is not told the length (RFC 9112
    /// section 7.1). Found out once, with a question: with a document it would be too late.
    pub(super) async fn takes_chunks(&self) -> bool {
        if self.is_old.load(Ordering::Relaxed) {
            return false;
        }
        let asked = self.takes_chunks.get_or_init(async || {
            let question = self.send(Request::printer_state(), Length::Unknown, |head| {
                Body::wrap_stream(futures::stream::iter([Ok::<_, std::io::Error>(head)]))
            });
            let limit = CHUNKS_LIMIT.min(self.call_limit);
            matches!(tokio::time::timeout(limit, question).await, Ok(Ok(reply)) if reply.status().is_success())
        });
        *asked.await
    }

    fn lane(&self, way: Way) -> &Lane {
        match way {
            Way::Plain => &self.plain,
            Way::Encrypted(Era::Today) => &self.encrypted,
            Way::Encrypted(Era::Old) => &self.old,
        }
    }

    /// Falls back to IPP/1.1, which every printer speaks (RFC 8011 section 4.1.8). Tells whether
    /// that is news.
    fn step_down(&self) -> bool {
        self.version.swap(IppVersion::v1_1().0, Ordering::Relaxed) != IppVersion::v1_1().0
    }

    /// A request without a document. Any status is a reply; see [`Self::demand`] for those that
    /// need success.
    pub(super) async fn call(&self, request: Request) -> Result<Reply, DeviceError> {
        self.call_by(request, self.asking()).await
    }

    async fn call_by(&self, request: Request, asking: Asking) -> Result<Reply, DeviceError> {
        let reply = self.call_once(request.clone(), asking).await?;
        if reply.status().code == IppStatus::VERSION_NOT_SUPPORTED && self.step_down() {
            return self.call_once(request, asking).await;
        }
        Ok(reply)
    }

    async fn call_once(&self, request: Request, asking: Asking) -> Result<Reply, DeviceError> {
        let exchange = async {
            let lane = self.lane(self.reach.way().await?);
            let (head, number) = self.encode(request, lane, asking)?;
            let request = lane.calls.post(lane.url.clone()).body(head);
            self.exchange(request, number).await
        };
        tokio::time::timeout(self.call_limit, exchange)
            .await
            .map_err(|_| self.silent())?
    }

    /// A request without a document that is of no use unless it succeeds.
    pub(super) async fn demand(&self, request: Request) -> Result<Reply, DeviceError> {
        self.demand_by(request, self.asking()).await
    }

    /// The same, with attributes asked for in this way.
    pub(super) async fn demand_by(
        &self,
        request: Request,
        asking: Asking,
    ) -> Result<Reply, DeviceError> {
        let operation = request.operation;
        let reply = self.call_by(request, asking).await?;
        let status = reply.status();
        if status.is_success() {
            Ok(reply)
        } else {
            Err(self.refused(operation, status))
        }
    }

    /// A request with a document. It takes as long as the device takes; the caller watches and may
    /// drop it. The length is told wherever it is known: there are printers that refuse documents
    /// without one, or wait for ever.
    pub(super) async fn send(
        &self,
        request: Request,
        length: Length,
        document: impl FnOnce(Vec<u8>) -> Body,
    ) -> Result<Reply, DeviceError> {
        let lane = self.lane(self.reach.way().await?);
        let (head, number) = self.encode(request, lane, self.asking())?;
        let mut request = lane.documents.post(lane.url.clone());
        if let Length::Known(bytes) = length {
            request = request.header(CONTENT_LENGTH, bytes.saturating_add(head.len() as u64));
        }
        self.exchange(request.body(document(head)), number).await
    }

    pub(super) fn refused(&self, operation: Operation, status: IppStatus) -> DeviceError {
        DeviceError::Status {
            device: self.device.clone(),
            operation: operation_name(operation),
            status,
        }
    }

    fn encode(
        &self,
        request: Request,
        lane: &Lane,
        asking: Asking,
    ) -> Result<(Vec<u8>, i32), DeviceError> {
        // Request ids are positive (RFC 8011 section 4.1.1).
        let number = (self.number.fetch_add(1, Ordering::Relaxed) & i32::MAX).max(1);
        let version = IppVersion(self.version.load(Ordering::Relaxed));
        let bytes = request
            .encode(version, number, &lane.printer_uri, asking)
            .map_err(|error| self.unsendable(&error))?;
        Ok((bytes, number))
    }

    pub(super) fn unsendable(&self, error: &ipp::parser::IppParseError) -> DeviceError {
        DeviceError::Unsendable {
            device: self.device.clone(),
            why: error.to_string(),
        }
    }

    fn silent(&self) -> DeviceError {
        self.broken(&format!(
            "no answer within {} seconds",
            self.call_limit.as_secs()
        ))
    }

    /// The error of a connection that broke.
    pub(super) fn broken(&self, why: &str) -> DeviceError {
        DeviceError::Broken {
            device: self.device.clone(),
            why: why.to_owned(),
        }
    }

    async fn exchange(
        &self,
        request: reqwest::RequestBuilder,
        number: i32,
    ) -> Result<Reply, DeviceError> {
        let mut request = request
            .header(CONTENT_TYPE, IPP_MEDIA_TYPE)
            .header(ACCEPT_ENCODING, "identity");
        if let Some(host) = &self.host {
            request = request.header(HOST, host);
        }
        let response = request.send().await.map_err(|error| self.network(&error))?;
        if response.version() <= Version::HTTP_10 {
            self.is_old.store(true, Ordering::Relaxed);
        }
        self.check_http(&response)?;
        let bytes = self.whole(response).await?;
        Reply::read(&bytes, number).map_err(|error| self.bad(&error.to_string()))
    }

    fn check_http(&self, response: &Response) -> Result<(), DeviceError> {
        let device = || self.device.clone();
        match response.status() {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                return Err(DeviceError::PasswordDemanded { device: device() });
            }
            StatusCode::UPGRADE_REQUIRED => {
                return Err(self.bad("it requires encryption: use ipps:// in the output URI"));
            }
            status if status.is_redirection() => {
                return Err(DeviceError::Moved {
                    device: device(),
                    to: elsewhere(response.headers()),
                });
            }
            status => {
                return Err(DeviceError::NotIpp {
                    device: device(),
                    status: status.as_u16().to_string(),
                });
            }
        }
        let media_type = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("");
        let essence = media_type.split(';').next().unwrap_or("").trim();
        // There are printers that do not name their answers; whether they are IPP, the answer shows.
        let unnamed = ["", "application/octet-stream"].contains(&essence);
        if unnamed || essence.eq_ignore_ascii_case(IPP_MEDIA_TYPE) {
            Ok(())
        } else {
            let shown = printable(essence, MAX_DEVICE_TEXT);
            Err(DeviceError::NotIpp {
                device: device(),
                status: format!("200 with content type {shown:?}"),
            })
        }
    }

    async fn whole(&self, mut response: Response) -> Result<Vec<u8>, DeviceError> {
        let mut bytes = Vec::new();
        while let Some(piece) = response
            .chunk()
            .await
            .map_err(|error| self.network(&error))?
        {
            if bytes.len() + piece.len() > MAX_REPLY {
                return Err(self.bad(&format!("it is larger than {MAX_REPLY} bytes")));
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }

    /// The error of a reply that is of no use.
    pub(super) fn bad(&self, why: &str) -> DeviceError {
        DeviceError::BadReply {
            device: self.device.clone(),
            why: why.to_owned(),
        }
    }

    fn network(&self, error: &reqwest::Error) -> DeviceError {
        if error.is_connect() {
            // The printer may have changed: encryption switched on or off, another key.
            self.reach.forget();
        }
        if let Some(tls) = cause::<rustls::Error>(error) {
            return match self.reach.verdict(tls) {
                Some(verdict) => verdict,
                None if error.is_connect() => self.reach.no_encryption(no_tls(tls)),
                None => self.broken(&innermost(error)),
            };
        }
        if error.is_connect() {
            self.reach.unreachable(&innermost(error))
        } else if cause::<hyper::Error>(error).is_some_and(hyper::Error::is_parse) {
            self.bad("it does not speak HTTP")
        } else {
            self.broken(&innermost(error))
        }
    }
}

/// Where a redirect points, as an output URI where it can be one. It is told and not followed: a
/// document goes where its printer's operator said.
fn elsewhere(headers: &HeaderMap) -> String {
    let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let location = printable(location.unwrap_or(""), MAX_DEVICE_TEXT);
    let Ok(url) = Url::parse(&location) else {
        return location;
    };
    let (scheme, usual) = match url.scheme() {
        "http" => ("ipp", 80),
        "https" => ("ipps", 443),
        _ => return location,
    };
    match url.host_str() {
        Some(host) => {
            let port = url.port().unwrap_or(usual);
            format!("{scheme}://{host}:{port}{}", url.path())
        }
        None => location,
    }
}

/// The last error of a chain: what the system or the TLS library said, without the layers around
/// it.
fn innermost(error: &reqwest::Error) -> String {
    let mut deepest = error.source();
    while let Some(source) = deepest.and_then(std::error::Error::source) {
        deepest = Some(source);
    }
    let text = deepest.map_or_else(|| error.to_string(), ToString::to_string);
    printable(&text, MAX_DEVICE_TEXT)
}
