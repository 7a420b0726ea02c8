//! Forms as pages send them (`application/x-www-form-urlencoded`): bounded, and wiped when read,
//! since a PIN may be in one.

use std::fmt::Display;
use std::str::FromStr;

use axum::body::Body;
use axum::http::StatusCode;
use futures::StreamExt;
use papermesh_protocol::job::{PageRange, PrintOptions};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::limits;
use super::visiting::Change;

/// The fields of a form, in their order.
#[derive(Default)]
pub(super) struct Form(Vec<(String, Zeroizing<String>)>);

impl Form {
    /// Reads a request's body.
    pub(super) async fn read(body: Body) -> Result<Self, StatusCode> {
        let reading = async {
            let mut bytes = Zeroizing::new(Vec::with_capacity(limits::FORM));
            let mut chunks = body.into_data_stream();
            while let Some(chunk) = chunks.next().await {
                let chunk = chunk.map_err(|_| StatusCode::BAD_REQUEST)?;
                if bytes.len() + chunk.len() > limits::FORM {
                    return Err(StatusCode::PAYLOAD_TOO_LARGE);
                }
                bytes.extend_from_slice(&chunk);
            }
            Ok(bytes)
        };
        let bytes = timeout(limits::FORM_PATIENCE, reading)
            .await
            .map_err(|_| StatusCode::REQUEST_TIMEOUT)??;
        Self::parse(&bytes)
    }

    fn parse(bytes: &[u8]) -> Result<Self, StatusCode> {
        let fields: Vec<_> = form_urlencoded::parse(bytes)
            .take(limits::FIELDS + 1)
            .map(|(name, value)| (name.into_owned(), Zeroizing::new(value.into_owned())))
            .collect();
        if fields.len() > limits::FIELDS {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        Ok(Self(fields))
    }

    /// The first value of a field that is not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(field, value)| field == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// Whether a field was sent at all.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Numbers of a field that may come several times; others are left out.
    pub(super) fn numbers(&self, name: &str) -> Vec<u32> {
        self.0
            .iter()
            .filter(|(field, _)| field == name)
            .filter_map(|(_, value)| value.parse().ok())
            .collect()
    }

    /// How jobs are to be printed otherwise than submitted. What makes no sense is named.
    pub(super) fn change(&self) -> Result<Change, BadOption> {
        let change = Change {
            copies: self.option("copies", BadOption::Copies)?,
            sides: self.option("sides", BadOption::Other)?,
            color: self.option("color", BadOption::Other)?,
            page_ranges: self.get("pages").map(ranges).transpose()?,
        };
        let options = change.of(&PrintOptions::default()).unwrap_or_default();
        match options.check() {
            Ok(()) => Ok(change),
            Err(papermesh_protocol::job::JobError::Copies) => Err(BadOption::Copies),
            Err(_) => Err(BadOption::Pages),
        }
    }

    fn option<T>(&self, name: &str, bad: BadOption) -> Result<Option<T>, BadOption>
    where
        T: FromStr<Err: Display>,
    {
        self.get(name)
            .map(|text| text.trim().parse().map_err(|_| bad))
            .transpose()
    }
}

/// What makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadOption {
    Copies,
    Pages,
    Other,
}

/// Reads `1-3, 7`; spaces and every usual dash will do.
fn ranges(text: &str) -> Result<Vec<PageRange>, BadOption> {
    let plain = text
        .replace(['–', '—', '−'], "-")
        .replace(['，', ';', '،'], ",");
    plain
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| part.parse().map_err(|_| BadOption::Pages))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn form(text: &str) -> Form {
        Form::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn options_are_read_and_nonsense_is_named() {
        let change = form("copies=2&sides=two-sided-long-edge&color=&pages=1%E2%80%933%2C+7")
            .change()
            .unwrap();
        assert_eq!(change.copies, Some(2));
        assert_eq!(change.color, None);
        assert_eq!(change.page_ranges.unwrap().len(), 2);
        assert_eq!(form("").change(), Ok(Change::default()));
        assert_eq!(form("copies=0").change(), Err(BadOption::Copies));
        assert_eq!(form("copies=many").change(), Err(BadOption::Copies));
        assert_eq!(form("pages=3-1").change(), Err(BadOption::Pages));
        assert_eq!(form("sides=three").change(), Err(BadOption::Other));
    }

    #[test]
    fn a_form_has_an_end() {
        let many = "job=1&".repeat(limits::FIELDS + 1);
        assert!(matches!(
            Form::parse(many.as_bytes()),
            Err(StatusCode::PAYLOAD_TOO_LARGE)
        ));
        assert_eq!(form("job=1&job=x&job=7").numbers("job"), [1, 7]);
    }
}
