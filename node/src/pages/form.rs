//! Forms as pages send them (`application/x-www-form-urlencoded`): bounded, and wiped when read,
//! since a PIN may be in one.

use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use futures::StreamExt;
use tokio::time::timeout;
use zeroize::Zeroizing;

/// Bytes of a form.
const SIZE: usize = 64 * 1024;
/// How long a form may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);
/// Fields of a form.
const FIELDS: usize = 4096;

/// The fields of a form, in their order.
#[derive(Default)]
pub(crate) struct Form(Vec<(String, Zeroizing<String>)>);

impl Form {
    /// Reads a request's body.
    pub(crate) async fn read(body: Body) -> Result<Self, StatusCode> {
        let reading = async {
            let mut bytes = Zeroizing::new(Vec::with_capacity(SIZE));
            let mut chunks = body.into_data_stream();
            while let Some(chunk) = chunks.next().await {
                let chunk = chunk.map_err(|_| StatusCode::BAD_REQUEST)?;
                if bytes.len() + chunk.len() > SIZE {
                    return Err(StatusCode::PAYLOAD_TOO_LARGE);
                }
                bytes.extend_from_slice(&chunk);
            }
            Ok(bytes)
        };
        let bytes = timeout(PATIENCE, reading)
            .await
            .map_err(|_| StatusCode::REQUEST_TIMEOUT)??;
        Self::parse(&bytes)
    }

    /// Reads what a body says.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, StatusCode> {
        let fields: Vec<_> = form_urlencoded::parse(bytes)
            .take(FIELDS + 1)
            .map(|(name, value)| (name.into_owned(), Zeroizing::new(value.into_owned())))
            .collect();
        if fields.len() > FIELDS {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        Ok(Self(fields))
    }

    /// The first value of a field that is not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(field, value)| field == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// Whether a field was sent at all.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Numbers of a field that may come several times; others are left out.
    pub(crate) fn numbers(&self, name: &str) -> Vec<u32> {
        self.0
            .iter()
            .filter(|(field, _)| field == name)
            .filter_map(|(_, value)| value.parse().ok())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn form(text: &str) -> Form {
        Form::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_form_has_an_end() {
        let many = "job=1&".repeat(FIELDS + 1);
        assert!(matches!(
            Form::parse(many.as_bytes()),
            Err(StatusCode::PAYLOAD_TOO_LARGE)
        ));
        assert_eq!(form("job=1&job=x&job=7").numbers("job"), [1, 7]);
    }
}
