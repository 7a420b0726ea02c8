//! HTTP/1.1 towards an IPP printer (RFC 8010 section 4).
//!
//! Lives here: connections, time limits, the size of replies, and what went wrong in words. Not
//! here: what is asked and what the answers mean.

use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU16, Ordering};
use std::time::Duration;

use ipp::model::{IppVersion, Operation};
use reqwest::header::{ACCEPT_ENCODING, CONTENT_TYPE};
use reqwest::{Body, Client, Response, StatusCode, Url, redirect, retry};

use super::super::description::{DeviceError, IppStatus};
use super::super::pins::PinStore;
use super::super::text::{MAX_DEVICE_TEXT, printable};
use super::super::uri::IppAddress;
use super::reply::Reply;
use super::request::{Request, operation_name};
use super::trust;

/// How long a connection may take, TLS included.
pub(super) const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// How long a request without a document may take. Printers that sleep need some seconds to wake.
pub(super) const CALL_LIMIT: Duration = Duration::from_secs(30);

/// How long an idle connection is kept: less than printers do, so that none is used that they have
/// closed.
const IDLE_LIMIT: Duration = Duration::from_secs(4);

/// Largest reply read, in bytes; the attribute section within it has a limit of its own in
/// [`crate::ipp_guard`].
pub(super) const MAX_REPLY: usize = 256 * 1024;

const IPP_MEDIA_TYPE: &str = "application/ipp";

/// The way to one printer.
#[derive(Debug)]
pub(super) struct Transport {
    /// For short requests: keeps a connection between two polls.
    calls: Client,
    /// For documents: always a fresh connection, since a document's stream cannot be sent twice
    /// when a kept connection turns out to be dead.
    documents: Client,
    url: Url,
    printer_uri: String,
    device: String,
    call_limit: Duration,
    version: AtomicU16,
    number: AtomicI32,
}

impl Transport {
    pub(super) fn new(
        address: &IppAddress,
        pins: Arc<dyn PinStore>,
        call_limit: Duration,
    ) -> Result<Self, DeviceError> {
        let device = address.authority();
        let unusable = |why: String| DeviceError::Unsendable {
            device: device.clone(),
            why,
        };
        let scheme = if address.tls { "https" } else { "http" };
        let url = Url::parse(&format!("{scheme}://{device}{}", address.path))
            .map_err(|e| unusable(e.to_string()))?;
        let client = |idle: usize| {
            let tls = trust::client_config(device.clone(), Arc::clone(&pins))
                .map_err(|e| unusable(e.to_string()))?;
            Client::builder()
                .tls_backend_preconfigured(tls)
                .http1_only()
                .no_proxy()
                .redirect(redirect::Policy::none())
                .retry(retry::never())
                .connect_timeout(CONNECT_LIMIT.min(call_limit))
                .pool_idle_timeout(IDLE_LIMIT)
                .pool_max_idle_per_host(idle)
                .user_agent(concat!("papermesh/", env!("CARGO_PKG_VERSION")))
                .build()
                .map_err(|e| unusable(e.to_string()))
        };
        Ok(Self {
            calls: client(1)?,
            documents: client(0)?,
            url,
            printer_uri: address.to_string(),
            device: device.clone(),
            call_limit,
            version: AtomicU16::new(IppVersion::v2_0().0),
            number: AtomicI32::new(1),
        })
    }

    /// Falls back to IPP/1.1, which every printer speaks (RFC 8011 section 4.1.8). Tells whether
    /// that is news.
    fn step_down(&self) -> bool {
        self.version.swap(IppVersion::v1_1().0, Ordering::Relaxed) != IppVersion::v1_1().0
    }

    /// A request without a document. Any status is a reply; see [`Self::demand`] for those that
    /// need success.
    pub(super) async fn call(&self, request: Request) -> Result<Reply, DeviceError> {
        let reply = self.call_once(request.clone()).await?;
        if reply.status().code == IppStatus::VERSION_NOT_SUPPORTED && self.step_down() {
            return self.call_once(request).await;
        }
        Ok(reply)
    }

    async fn call_once(&self, request: Request) -> Result<Reply, DeviceError> {
        let (head, number) = self.encode(request)?;
        let exchange = self.exchange(&self.calls, Body::from(head), number);
        tokio::time::timeout(self.call_limit, exchange)
            .await
            .map_err(|_| self.silent())?
    }

    /// A request without a document that is of no use unless it succeeds.
    pub(super) async fn demand(&self, request: Request) -> Result<Reply, DeviceError> {
        let operation = request.operation;
        let reply = self.call(request).await?;
        let status = reply.status();
        if status.is_success() {
            Ok(reply)
        } else {
            Err(self.refused(operation, status))
        }
    }

    /// A request with a document. It takes as long as the device takes; the caller watches and may
    /// drop it.
    pub(super) async fn send(
        &self,
        request: Request,
        document: impl FnOnce(Vec<u8>) -> Body,
    ) -> Result<Reply, DeviceError> {
        let (head, number) = self.encode(request)?;
        self.exchange(&self.documents, document(head), number).await
    }

    pub(super) fn refused(&self, operation: Operation, status: IppStatus) -> DeviceError {
        DeviceError::Status {
            device: self.device.clone(),
            operation: operation_name(operation),
            status,
        }
    }

    fn encode(&self, request: Request) -> Result<(Vec<u8>, i32), DeviceError> {
        // Request ids are positive (RFC 8011 section 4.1.1).
        let number = (self.number.fetch_add(1, Ordering::Relaxed) & i32::MAX).max(1);
        let version = IppVersion(self.version.load(Ordering::Relaxed));
        let bytes = request
            .encode(version, number, &self.printer_uri)
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
        client: &Client,
        body: Body,
        number: i32,
    ) -> Result<Reply, DeviceError> {
        let request = client
            .post(self.url.clone())
            .header(CONTENT_TYPE, IPP_MEDIA_TYPE)
            .header(ACCEPT_ENCODING, "identity")
            .body(body);
        let response = request.send().await.map_err(|error| self.network(error))?;
        self.check_http(&response)?;
        let bytes = self.whole(response).await?;
        Reply::read(bytes, number).map_err(|error| self.bad(&error.to_string()))
    }

    fn check_http(&self, response: &Response) -> Result<(), DeviceError> {
        let device = || self.device.clone();
        match response.status() {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                return Err(DeviceError::PasswordDemanded { device: device() });
            }
            StatusCode::UPGRADE_REQUIRED => {
                return Err(self.bad("it demands encryption: use ipps:// in the output URI"));
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
        if essence.eq_ignore_ascii_case(IPP_MEDIA_TYPE) {
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
            .map_err(|error| self.network(error))?
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

    fn network(&self, error: reqwest::Error) -> DeviceError {
        if let Some(pin) = trust::pin_error(&error) {
            return DeviceError::Pin(pin);
        }
        let device = self.device.clone();
        let why = innermost(&error);
        if error.is_connect() {
            DeviceError::Unreachable { device, why }
        } else {
            DeviceError::Broken { device, why }
        }
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
