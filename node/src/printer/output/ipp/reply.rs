//! A device's reply, read with suspicion.
//!
//! Lives here: from bytes to values, each cleaned and bounded. Not here: what the values mean
//! (`capabilities.rs`, `look.rs`).

use std::io::Cursor;

use ipp::attribute::IppAttributeGroup;
use ipp::model::DelimiterTag;
use ipp::parser::IppParser;
use ipp::reader::IppReader;
use ipp::request::IppRequestResponse;
use ipp::value::IppValue;

use super::super::description::IppStatus;
use super::super::reasons::StateReason;
use super::super::text::{MAX_DEVICE_TEXT, printable};
use crate::ipp_guard::{self as guard, GuardError};

/// Most values kept of one attribute.
const MAX_VALUES: usize = 512;

/// A whole reply.
pub(super) struct Reply {
    message: IppRequestResponse,
}

/// Why bytes are no reply.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReplyError {
    /// The guard stopped it.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// The parser did not understand it.
    #[error("it is not IPP ({0})")]
    Parse(String),
    /// It answers another request.
    #[error("it answers request {found}, not {expected}")]
    Number {
        /// The request that was sent.
        expected: i32,
        /// The one that was answered.
        found: i32,
    },
}

impl Reply {
    /// Reads the reply to request `number`.
    pub(super) fn read(bytes: Vec<u8>, number: i32) -> Result<Self, ReplyError> {
        guard::inspect(&bytes)?;
        let message = IppParser::new(IppReader::new(Cursor::new(bytes)))
            .parse()
            .map_err(|error| ReplyError::Parse(printable(&error.to_string(), MAX_DEVICE_TEXT)))?;
        let found = message.header().request_id;
        if found != number {
            return Err(ReplyError::Number {
                expected: number,
                found,
            });
        }
        Ok(Self { message })
    }

    /// The status, with the device's message.
    pub(super) fn status(&self) -> IppStatus {
        let code = u16::from_be_bytes(self.message.header().operation_or_status.to_be_bytes());
        let message = self
            .group(DelimiterTag::OperationAttributes)
            .and_then(|group| group.text("status-message"))
            .filter(|message| !message.is_empty());
        IppStatus { code, message }
    }

    /// The first group of a kind.
    pub(super) fn group(&self, tag: DelimiterTag) -> Option<Values<'_>> {
        self.message.attributes().first_of(tag).map(Values)
    }

    /// All groups of a kind: Get-Jobs has one for each job.
    pub(super) fn groups(&self, tag: DelimiterTag) -> impl Iterator<Item = Values<'_>> {
        self.message.attributes().groups_of(tag).map(Values)
    }

    /// The attributes that the device did not take as they were sent (RFC 8011 section 4.1.7).
    pub(super) fn unsupported(&self) -> Vec<String> {
        self.groups(DelimiterTag::UnsupportedAttributes)
            .flat_map(|group| group.0.attributes().iter())
            .take(MAX_VALUES)
            .map(|attribute| printable(attribute.name().as_str(), MAX_DEVICE_TEXT))
            .collect()
    }
}

/// One group of attributes.
#[derive(Clone, Copy)]
pub(super) struct Values<'a>(&'a IppAttributeGroup);

impl<'a> Values<'a> {
    fn all(self, name: &'a str) -> impl Iterator<Item = &'a IppValue> {
        self.0
            .attributes()
            .iter()
            .filter(move |attribute| attribute.name().as_str() == name)
            .flat_map(|attribute| attribute.value().into_iter())
            .take(MAX_VALUES)
    }

    /// The first whole number or `enum`.
    pub(super) fn number(self, name: &'a str) -> Option<i32> {
        self.numbers(name).next()
    }

    /// All whole numbers and `enum`s.
    pub(super) fn numbers(self, name: &'a str) -> impl Iterator<Item = i32> {
        self.all(name).filter_map(|value| match value {
            IppValue::Integer(number) | IppValue::Enum(number) => Some(*number),
            _ => None,
        })
    }

    /// The first number that is not negative; devices say -1 or -2 for *unknown*.
    pub(super) fn count(self, name: &'a str) -> Option<u32> {
        self.number(name)
            .and_then(|number| u32::try_from(number).ok())
    }

    /// The upper end of a range, or a number standing for one.
    pub(super) fn upper_bound(self, name: &'a str) -> Option<u32> {
        self.all(name)
            .filter_map(|value| match value {
                IppValue::RangeOfInteger { max, .. } => Some(*max),
                IppValue::Integer(number) => Some(*number),
                _ => None,
            })
            .max()
            .and_then(|number| u32::try_from(number).ok())
    }

    /// Resolutions in dots per inch, where both directions agree (RFC 8011 section 5.1.16).
    pub(super) fn resolutions(self, name: &'a str) -> Vec<u32> {
        /// The unit *dots per inch*.
        const PER_INCH: i8 = 3;
        self.all(name)
            .filter_map(|value| match value {
                IppValue::Resolution {
                    cross_feed,
                    feed,
                    units: PER_INCH,
                } if cross_feed == feed => u32::try_from(*feed).ok(),
                _ => None,
            })
            .collect()
    }

    /// The first truth value.
    pub(super) fn flag(self, name: &'a str) -> Option<bool> {
        self.all(name).find_map(|value| match value {
            IppValue::Boolean(flag) => Some(*flag),
            _ => None,
        })
    }

    /// The first text, cleaned; `None` where there is none or nothing of it is left.
    pub(super) fn text(self, name: &'a str) -> Option<String> {
        self.texts(name).into_iter().next()
    }

    /// All texts, keywords, names, URIs and MIME types, cleaned; empty ones are left out.
    pub(super) fn texts(self, name: &'a str) -> Vec<String> {
        self.all(name)
            .filter_map(text_of)
            .map(|text| printable(&text, MAX_DEVICE_TEXT))
            .filter(|text| !text.is_empty())
            .collect()
    }

    /// `printer-state-reasons` with their words.
    pub(super) fn printer_reasons(self) -> Vec<StateReason> {
        let keywords = self.texts("printer-state-reasons");
        keywords
            .iter()
            .filter_map(|keyword| StateReason::of_printer(keyword))
            .collect()
    }

    /// `job-state-reasons` with their words.
    pub(super) fn job_reasons(self) -> Vec<StateReason> {
        let keywords = self.texts("job-state-reasons");
        keywords
            .iter()
            .filter_map(|keyword| StateReason::of_job(keyword))
            .collect()
    }
}

fn text_of(value: &IppValue) -> Option<String> {
    Some(match value {
        IppValue::Keyword(text) => text.to_string(),
        IppValue::NameWithoutLanguage(text) => text.to_string(),
        IppValue::NameWithLanguage { name, .. } => name.to_string(),
        IppValue::TextWithoutLanguage(text) | IppValue::TextWithLanguage { text, .. } => {
            text.to_string()
        }
        IppValue::Uri(text) | IppValue::UriScheme(text) => text.to_string(),
        IppValue::MimeMediaType(text) => text.to_string(),
        // Older printers write Latin-1 where UTF-8 was agreed on: better a wrong letter than no
        // model name.
        IppValue::NonUtf8 { data, .. } => String::from_utf8_lossy(data).into_owned(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use ipp::attribute::IppAttribute;
    use ipp::model::{DelimiterTag, IppVersion, StatusCode};
    use ipp::request::IppRequestResponse;
    use ipp::value::IppValue;

    use super::{Reply, ReplyError};

    fn reply(attributes: &[(&str, IppValue)]) -> Vec<u8> {
        let mut message =
            IppRequestResponse::new_response(IppVersion::v2_0(), StatusCode::SuccessfulOk, 3)
                .unwrap();
        for (name, value) in attributes {
            let attribute = IppAttribute::with_name(name, value.clone()).unwrap();
            message
                .attributes_mut()
                .add(DelimiterTag::PrinterAttributes, attribute);
        }
        message.to_bytes().to_vec()
    }

    #[test]
    fn values_are_cleaned_and_counted() {
        let bytes = reply(&[
            (
                "printer-name",
                IppValue::new_name_without_language("\u{1b}[2JOffice").unwrap(),
            ),
            (
                "copies-supported",
                IppValue::RangeOfInteger { min: 1, max: 99 },
            ),
            ("job-impressions-completed", IppValue::Integer(-2)),
            (
                "printer-state-reasons",
                IppValue::Array(vec![
                    IppValue::new_keyword("none").unwrap(),
                    IppValue::new_keyword("media-empty-error").unwrap(),
                ]),
            ),
        ]);
        let reply = Reply::read(bytes, 3).unwrap();
        let printer = reply.group(DelimiterTag::PrinterAttributes).unwrap();
        assert_eq!(printer.text("printer-name").unwrap(), "[2JOffice");
        assert_eq!(printer.upper_bound("copies-supported"), Some(99));
        assert_eq!(printer.count("job-impressions-completed"), None);
        assert_eq!(printer.printer_reasons()[0].words, "out of paper");
        assert!(reply.status().is_success());
    }

    #[test]
    fn the_answer_to_another_request_is_no_answer() {
        assert!(matches!(
            Reply::read(reply(&[]), 4),
            Err(ReplyError::Number { .. })
        ));
    }
}
