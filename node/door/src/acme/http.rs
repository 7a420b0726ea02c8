//! The requests to a certificate authority. They are `instant-acme`'s; here is heard until when an authority wants to be
//! left alone (`Retry-After`, RFC 9110 section 10.2.3), which that library drops with a refusal.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use http_body_util::{BodyExt, Limited};
use hyper::body::Bytes;
use hyper::header::{HeaderValue, RETRY_AFTER};
use hyper::{Request, StatusCode};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use papermesh_protocol::time::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// The longest that an authority is left alone at its word: limits of a week are the longest known.
const LONGEST: Duration = Duration::from_secs(8 * 24 * 60 * 60);

/// The most bytes of a directory.
const DIRECTORY: usize = 64 * 1024;

/// Until when an authority wants to be left alone, by its last refusal; cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard(Arc<Mutex<Option<Timestamp>>>);

impl Heard {
    /// Takes what was heard.
    pub(super) fn take(&self) -> Option<Timestamp> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn hear(&self, until: Option<Timestamp>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }
}

/// What sends requests.
pub(super) struct Requests {
    client: Client<HttpsConnector<HttpConnector>, BodyWrapper<Bytes>>,
    heard: Heard,
}

impl Requests {
    /// Believes the authority with this certificate alone, PEM, or those that this computer trusts.
    pub(super) fn new(root: Option<&Path>, heard: Heard) -> Result<Self, Error> {
        let other = |error: io::Error| Error::Other(Box::new(error));
        let builder = HttpsConnectorBuilder::new();
        let builder = match root {
            None => builder
                .try_with_platform_verifier()
                .map_err(|error| other(io::Error::other(error)))?,
            Some(path) => {
                let root = CertificateDer::from_pem_file(path).map_err(|error| {
                    other(io::Error::other(format!("{}: {error}", path.display())))
                })?;
                let mut roots = RootCertStore::empty();
                roots
                    .add(root)
                    .map_err(|error| other(io::Error::other(error)))?;
                let config = ClientConfig::builder()
                    .with_root_certificates(roots)
                    .with_no_client_auth();
                builder.with_tls_config(config)
            }
        };
        let connector = builder.https_only().enable_http1().build();
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            heard,
        })
    }
}

impl Requests {
    /// Reads a directory, as much of it as one has.
    pub(super) async fn directory(&self, url: &str) -> Result<Bytes, Error> {
        let request = Request::get(url).body(BodyWrapper::default())?;
        let response = self.client.request(request).await;
        let response = response.map_err(|error| Error::Other(Box::new(error)))?;
        let body = Limited::new(response.into_body(), DIRECTORY)
            .collect()
            .await;
        Ok(body.map_err(Error::Other)?.to_bytes())
    }
}

impl HttpClient for Requests {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let (sent, heard) = (self.client.request(request), self.heard.clone());
        Box::pin(async move {
            let response = sent.await.map_err(|error| Error::Other(Box::new(error)))?;
            let is_refusal = matches!(
                response.status(),
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
            );
            if is_refusal {
                let said = response.headers().get(RETRY_AFTER);
                heard.hear(said.and_then(|value| until(value, SystemTime::now())));
            }
            Ok(response.into())
        })
    }
}

/// The moment that the header says: seconds from now, or a date.
fn until(value: &HeaderValue, now: SystemTime) -> Option<Timestamp> {
    let text = value.to_str().ok()?.trim();
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(text)
            .ok()?
            .duration_since(now)
            .ok()?,
    };
    let now = now.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(Timestamp::from_secs(now.as_secs()) + wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_authority_says_seconds_or_a_date_and_not_for_ever() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let said = |text: &'static str| until(&HeaderValue::from_static(text), now);
        let after = |seconds| Some(Timestamp::from_secs(1_800_000_000 + seconds));
        assert_eq!(said("120"), after(120));
        assert_eq!(said("Fri, 15 Jan 2027 08:02:00 GMT"), after(120));
        assert_eq!(said("Fri, 15 Jan 2027 07:00:00 GMT"), None);
        assert_eq!(said("99999999999"), after(LONGEST.as_secs()));
        assert_eq!(said("soon"), None);
    }
}
