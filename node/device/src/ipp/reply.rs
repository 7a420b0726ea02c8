//! A device's answer: its status, and values each cleaned and bounded.
//!
//! Lives here: asking an answer for values. Not here: reading its bytes (`attributes.rs`), what the
//! values mean (`capabilities.rs`, `probe.rs`).

use ipp::model::DelimiterTag;

use super::super::description::IppStatus;
use super::super::reasons::StateReason;
use super::super::text::{MAX_DEVICE_TEXT, printable};
use super::attributes::{BadMessage, Group, Message, UNSUPPORTED, Value};
use super::request::is_asked_for;

/// A whole reply.
#[derive(Debug)]
pub(super) struct Reply {
    message: Message,
}

/// Why bytes are no reply.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReplyError {
    /// They are no IPP.
    #[error(transparent)]
    Message(#[from] BadMessage),
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
    ///
    /// There are printers that write 0 or 1 into every reply. Requests and replies follow each
    /// other on a connection, so that it is certain all the same what such a one answers.
    pub(super) fn read(bytes: &[u8], number: i32) -> Result<Self, ReplyError> {
        let message = Message::read(bytes, is_asked_for)?;
        let found = message.number;
        if found != number && !matches!(found, 0 | 1) {
            return Err(ReplyError::Number {
                expected: number,
                found,
            });
        }
        Ok(Self { message })
    }

    /// The status, with the device's message.
    pub(super) fn status(&self) -> IppStatus {
        let message = self
            .group(DelimiterTag::OperationAttributes)
            .and_then(|group| group.text("status-message"))
            .filter(|message| !message.is_empty());
        IppStatus {
            code: self.message.code,
            message,
        }
    }

    /// Adds what another reply says of the printer besides.
    pub(super) fn add(&mut self, other: Self) {
        let printer = |group: &Group| group.tag == DelimiterTag::PrinterAttributes as u8;
        for group in other.message.groups.into_iter().filter(printer) {
            match self.message.groups.iter_mut().find(|known| printer(known)) {
                Some(known) => known.add(group),
                None => self.message.groups.push(group),
            }
        }
    }

    /// The first group of a kind.
    pub(super) fn group(&self, tag: DelimiterTag) -> Option<Values<'_>> {
        self.groups(tag).next()
    }

    /// All groups of a kind: Get-Jobs has one for each job.
    pub(super) fn groups(&self, tag: DelimiterTag) -> impl Iterator<Item = Values<'_>> {
        let of_kind = move |group: &&Group| group.tag == tag as u8;
        self.message.groups.iter().filter(of_kind).map(Values)
    }

    /// The attributes that the device did not take as they were sent (RFC 8011 section 4.1.7).
    pub(super) fn unsupported(&self) -> Vec<String> {
        let groups = self.message.groups.iter();
        groups
            .filter(|group| group.tag == UNSUPPORTED)
            .flat_map(Group::names)
            .map(|name| printable(name, MAX_DEVICE_TEXT))
            .collect()
    }
}

/// One group of attributes.
#[derive(Clone, Copy)]
pub(super) struct Values<'a>(&'a Group);

impl<'a> Values<'a> {
    /// Whether the printer says anything of an attribute.
    pub(super) fn has(self, name: &str) -> bool {
        !self.0.values(name).is_empty()
    }

    /// The first whole number or `enum`.
    pub(super) fn number(self, name: &str) -> Option<i32> {
        self.numbers(name).next()
    }

    /// All whole numbers and `enum`s.
    pub(super) fn numbers(self, name: &str) -> impl Iterator<Item = i32> + use<'a> {
        self.0.values(name).iter().filter_map(|value| match value {
            Value::Number(number) => Some(*number),
            _ => None,
        })
    }

    /// The first number that is not negative; devices say -1 or -2 for *unknown*.
    pub(super) fn count(self, name: &str) -> Option<u32> {
        self.number(name)
            .and_then(|number| u32::try_from(number).ok())
    }

    /// The upper end of a range, or a number standing for one.
    pub(super) fn upper_bound(self, name: &str) -> Option<u32> {
        let ends = self.0.values(name).iter().filter_map(|value| match value {
            Value::UpTo(number) | Value::Number(number) => Some(*number),
            _ => None,
        });
        ends.max().and_then(|number| u32::try_from(number).ok())
    }

    /// Resolutions in dots per inch, where both directions agree (RFC 8011 section 5.1.16).
    pub(super) fn resolutions(self, name: &str) -> Vec<u32> {
        /// The unit *dots per inch*.
        const PER_INCH: u8 = 3;
        let values = self.0.values(name).iter();
        values
            .filter_map(|value| match value {
                Value::Resolution {
                    cross_feed,
                    feed,
                    units: PER_INCH,
                } if cross_feed == feed => u32::try_from(*feed).ok(),
                _ => None,
            })
            .collect()
    }

    /// The first truth value.
    pub(super) fn flag(self, name: &str) -> Option<bool> {
        self.0.values(name).iter().find_map(|value| match value {
            Value::Flag(flag) => Some(*flag),
            _ => None,
        })
    }

    /// The first text, cleaned; `None` where there is none or nothing of it is left.
    pub(super) fn text(self, name: &str) -> Option<String> {
        self.texts(name).into_iter().next()
    }

    /// All texts, keywords, names, URIs and MIME types, cleaned; empty ones are left out.
    pub(super) fn texts(self, name: &str) -> Vec<String> {
        let values = self.0.values(name).iter();
        values
            .filter_map(|value| match value {
                Value::Text(text) => Some(printable(text, MAX_DEVICE_TEXT)),
                _ => None,
            })
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
        let reply = Reply::read(&bytes, 3).unwrap();
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
            Reply::read(&reply(&[]), 4),
            Err(ReplyError::Number { .. })
        ));
    }

    #[test]
    fn a_printer_that_numbers_all_its_answers_alike_is_understood() {
        for number in [0u8, 1] {
            let mut bytes = reply(&[]);
            bytes[4..8].copy_from_slice(&[0, 0, 0, number]);
            assert!(Reply::read(&bytes, 77).is_ok(), "{number}");
        }
    }

    #[test]
    fn what_is_said_in_two_answers_is_one_description() {
        let said =
            |name, number| Reply::read(&reply(&[(name, IppValue::Integer(number))]), 3).unwrap();
        let mut whole = said("printer-state", 3);
        whole.add(said("printer-state", 5));
        whole.add(said("queued-job-count", 2));
        let printer = whole.group(DelimiterTag::PrinterAttributes).unwrap();
        assert_eq!(printer.number("printer-state"), Some(3));
        assert_eq!(printer.number("queued-job-count"), Some(2));
    }
}
