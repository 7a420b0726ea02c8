//! The requests that a print needs, as IPP messages (RFC 8011 section 4).
//!
//! Lives here: which attributes each operation carries and in which order. Not here: sending them
//! (`transport.rs`), choosing the job's options (`capabilities.rs`).

use ipp::attribute::IppAttribute;
use ipp::model::{DelimiterTag, IppVersion, Operation};
use ipp::parser::IppParseError;
use ipp::request::IppRequestResponse;
use ipp::value::IppValue;

use super::super::event::IppJob;
use super::capabilities::{ONE_BY_ONE, PRINTER_ATTRIBUTES};

/// What a printer is asked while it prints.
static STATE_ATTRIBUTES: [&str; 3] = [
    "printer-state",
    "printer-state-reasons",
    "printer-state-message",
];

/// What a printer is asked about a job: its state, and who it is.
static JOB_ATTRIBUTES: [&str; 8] = [
    "job-id",
    "job-uuid",
    "job-name",
    "job-state",
    "job-state-reasons",
    "job-state-message",
    "job-impressions-completed",
    "job-media-sheets-completed",
];

/// Whether an attribute of an answer is one that this node makes use of.
pub(super) fn is_asked_for(name: &str) -> bool {
    name == "status-message" || PRINTER_ATTRIBUTES.contains(&name) || JOB_ATTRIBUTES.contains(&name)
}

/// How a printer is asked for attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asking {
    /// By their names.
    Names,
    /// For all that it has: some answer only the last of several names, or refuse names that they
    /// do not know.
    All,
    /// Name by name, where even that is too much; other questions are asked for all.
    OneByOne,
}

/// A request without its target, version and number, which the transport adds.
#[derive(Clone)]
pub(super) struct Request {
    /// The operation.
    pub(super) operation: Operation,
    /// `job-id`, where the target is a job.
    pub(super) job: Option<i32>,
    /// Further attributes, with the group they belong to.
    attributes: Vec<(DelimiterTag, IppAttribute)>,
    /// The attributes that are asked for.
    asked: &'static [&'static str],
}

/// Who asks and for what: the part that Create-Job and Print-Job share.
pub(super) struct NewJob<'a> {
    /// `requesting-user-name`.
    pub(super) user: &'a str,
    /// `job-name`.
    pub(super) name: &'a str,
    /// The job template attributes.
    pub(super) options: &'a [IppAttribute],
    /// Whether the printer is to refuse the job rather than leave one of them out.
    pub(super) fidelity: bool,
}

impl Request {
    fn new(operation: Operation) -> Self {
        Self {
            operation,
            job: None,
            attributes: Vec::new(),
            asked: &[],
        }
    }

    fn with(mut self, name: &str, value: IppValue) -> Result<Self, IppParseError> {
        let attribute = IppAttribute::with_name(name, value)?;
        self.attributes
            .push((DelimiterTag::OperationAttributes, attribute));
        Ok(self)
    }

    fn user(self, user: &str) -> Result<Self, IppParseError> {
        self.with(
            "requesting-user-name",
            IppValue::new_name_without_language(user)?,
        )
    }

    const fn asking(mut self, names: &'static [&'static str]) -> Self {
        self.asked = names;
        self
    }

    fn format(self, format: &str) -> Result<Self, IppParseError> {
        self.with("document-format", IppValue::new_mime_media_type(format)?)
    }

    /// Get-Printer-Attributes: what it is and can do (RFC 8011 section 4.2.5).
    pub(super) fn describe_printer(asking: Asking) -> Vec<Self> {
        let asked = |names| Self::new(Operation::GetPrinterAttributes).asking(names);
        match asking {
            Asking::Names | Asking::All => vec![asked(&PRINTER_ATTRIBUTES[..])],
            Asking::OneByOne => ONE_BY_ONE.chunks(1).map(asked).collect(),
        }
    }

    /// Get-Printer-Attributes: how it is now.
    pub(super) fn printer_state() -> Self {
        Self::new(Operation::GetPrinterAttributes).asking(&STATE_ATTRIBUTES)
    }

    fn new_job(operation: Operation, job: &NewJob<'_>) -> Result<Self, IppParseError> {
        let mut request = Self::new(operation)
            .user(job.user)?
            .with("job-name", IppValue::new_name_without_language(job.name)?)?;
        if job.fidelity && !job.options.is_empty() {
            // Print it as asked or not at all (RFC 8011 section 4.2.1.1). Not sent without options:
            // some printers then object to attributes that clients never sent.
            request = request.with("ipp-attribute-fidelity", IppValue::Boolean(true))?;
        }
        let options = job
            .options
            .iter()
            .cloned()
            .map(|option| (DelimiterTag::JobAttributes, option));
        request.attributes.extend(options);
        Ok(request)
    }

    /// Create-Job (RFC 8011 section 4.2.4): an empty job, which cannot print yet.
    pub(super) fn create_job(job: &NewJob<'_>) -> Result<Self, IppParseError> {
        Self::new_job(Operation::CreateJob, job)
    }

    /// Print-Job (RFC 8011 section 4.2.1): job and document in one, for printers without
    /// Create-Job.
    pub(super) fn print_job(job: &NewJob<'_>, format: &str) -> Result<Self, IppParseError> {
        Self::new_job(Operation::PrintJob, job)?.format(format)
    }

    /// Validate-Job (RFC 8011 section 4.2.3): whether Print-Job would be refused.
    pub(super) fn validate_job(job: &NewJob<'_>, format: &str) -> Result<Self, IppParseError> {
        Self::new_job(Operation::ValidateJob, job)?.format(format)
    }

    fn on_job(operation: Operation, job: &IppJob) -> Result<Self, IppParseError> {
        let mut request = Self::new(operation).user(&job.user)?;
        request.job = Some(job.id);
        Ok(request)
    }

    /// Send-Document (RFC 8011 section 4.3.1): the one and last document of a job.
    pub(super) fn send_document(job: &IppJob, format: &str) -> Result<Self, IppParseError> {
        Self::on_job(Operation::SendDocument, job)?
            .format(format)?
            .with("last-document", IppValue::Boolean(true))
    }

    /// Get-Job-Attributes (RFC 8011 section 4.3.4).
    pub(super) fn job_state(job: &IppJob) -> Result<Self, IppParseError> {
        Self::on_job(Operation::GetJobAttributes, job).map(|asked| asked.asking(&JOB_ATTRIBUTES))
    }

    /// Cancel-Job (RFC 8011 section 4.3.3).
    pub(super) fn cancel_job(job: &IppJob) -> Result<Self, IppParseError> {
        Self::on_job(Operation::CancelJob, job)
    }

    /// Get-Jobs (RFC 8011 section 4.2.6): the user's jobs that have not ended.
    pub(super) fn my_jobs(user: &str, limit: i32) -> Result<Self, IppParseError> {
        let request = Self::new(Operation::GetJobs)
            .user(user)?
            .with("which-jobs", IppValue::new_keyword("not-completed")?)?
            .with("my-jobs", IppValue::Boolean(true))?
            .with("limit", IppValue::Integer(limit))?;
        Ok(request.asking(&["job-id", "job-uuid", "job-name"]))
    }

    /// The bytes that go before the document: header and attributes, the end tag included.
    ///
    /// `attributes-charset`, `attributes-natural-language`, `printer-uri` and `job-id` come first,
    /// as RFC 8011 sections 4.1.4 and 4.1.5 demand.
    pub(super) fn encode(
        self,
        version: IppVersion,
        number: i32,
        printer_uri: &str,
        asking: Asking,
    ) -> Result<Vec<u8>, IppParseError> {
        let mut message = IppRequestResponse::new(version, self.operation, None)?;
        message.header_mut().request_id = number;
        let target = IppAttribute::with_name("printer-uri", IppValue::new_uri(printer_uri)?)?;
        message
            .attributes_mut()
            .add(DelimiterTag::OperationAttributes, target);
        if let Some(job) = self.job {
            let id = IppAttribute::with_name("job-id", IppValue::Integer(job))?;
            message
                .attributes_mut()
                .add(DelimiterTag::OperationAttributes, id);
        }
        for (group, attribute) in self.attributes {
            message.attributes_mut().add(group, attribute);
        }
        if !self.asked.is_empty() {
            let names: &[&str] = match asking {
                Asking::Names => self.asked,
                Asking::OneByOne if self.asked.len() == 1 => self.asked,
                Asking::All | Asking::OneByOne => &["all"],
            };
            let names: Result<Vec<IppValue>, _> = names
                .iter()
                .map(|name| IppValue::new_keyword(*name))
                .collect();
            let names = IppAttribute::with_name("requested-attributes", IppValue::Array(names?))?;
            message
                .attributes_mut()
                .add(DelimiterTag::OperationAttributes, names);
        }
        Ok(message.to_bytes().to_vec())
    }
}

/// The operation's name in the standard, for messages.
pub(super) const fn operation_name(operation: Operation) -> &'static str {
    match operation {
        Operation::GetPrinterAttributes => "Get-Printer-Attributes",
        Operation::CreateJob => "Create-Job",
        Operation::SendDocument => "Send-Document",
        Operation::PrintJob => "Print-Job",
        Operation::ValidateJob => "Validate-Job",
        Operation::GetJobAttributes => "Get-Job-Attributes",
        Operation::GetJobs => "Get-Jobs",
        Operation::CancelJob => "Cancel-Job",
        _ => "an operation",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Cursor;

    use ipp::model::{DelimiterTag, IppVersion};
    use ipp::parser::IppParser;
    use ipp::reader::IppReader;

    use super::super::super::event::IppJob;
    use super::{Asking, Request};

    #[test]
    fn a_job_request_begins_as_the_standard_demands() {
        let job = IppJob {
            id: 7,
            uuid: None,
            tag: "1f2e3d4c".into(),
            user: "ada".into(),
        };
        let bytes = Request::send_document(&job, "application/pdf")
            .unwrap()
            .encode(
                IppVersion::v2_0(),
                5,
                "ipp://printer/ipp/print",
                Asking::Names,
            )
            .unwrap();
        papermesh_ipp_guard::inspect(&bytes).unwrap();
        let message = IppParser::new(IppReader::new(Cursor::new(bytes)))
            .parse()
            .unwrap();
        let group = message
            .attributes()
            .first_of(DelimiterTag::OperationAttributes)
            .unwrap();
        let names: Vec<&str> = group
            .attributes()
            .iter()
            .map(|a| a.name().as_str())
            .collect();
        assert_eq!(
            names,
            [
                "attributes-charset",
                "attributes-natural-language",
                "printer-uri",
                "job-id",
                "requesting-user-name",
                "document-format",
                "last-document"
            ]
        );
        assert_eq!(message.header().request_id, 5);
    }
}
