//! Getting a printer to take a job, and understanding it where it does not.
//!
//! Lives here: Create-Job with its retries, the job that a reply names, options that a printer
//! leaves out, and what a refused operation means. Not here: what is checked before anything is
//! sent (`capabilities.rs`).

use std::time::Instant;

use ipp::attribute::IppAttribute;
use ipp::model::Operation;
use ipp::parser::IppParseError;
use papermesh_convert::device::Formats;

use super::super::description::{DeviceDescription, DeviceError, IppStatus};
use super::super::event::{DeviceEvent, IppJob};
use super::super::failure::{PrintFailure, Refusal};
use super::super::reporter::Reporter;
use super::super::ticket::PrintTicket;
use super::capabilities::Capabilities;
use super::patience::{Pace, Patience};
use super::probe::{Proof, job_of};
use super::reply::Reply;
use super::request::{NewJob, Request};
use super::settle;
use super::transport::Transport;

/// What a job is asked for with, and whom.
pub(super) struct Admission<'a> {
    pub(super) transport: &'a Transport,
    pub(super) patience: &'a Patience,
    pub(super) ticket: &'a PrintTicket,
    pub(super) printer: &'a DeviceDescription,
    pub(super) capabilities: &'a Capabilities,
    pub(super) user: &'a str,
    pub(super) name: &'a str,
    pub(super) template: JobTemplate,
}

/// How a job is asked for.
#[derive(Debug, Clone)]
pub(super) struct JobTemplate {
    /// The job template attributes.
    pub(super) options: Vec<IppAttribute>,
    /// Whether the printer is to refuse the job rather than leave one of them out.
    pub(super) fidelity: bool,
}

impl Admission<'_> {
    /// Create-Job, asked again while the printer is busy with another job, and in easier words where
    /// nothing is lost by them.
    pub(super) async fn create(&self, reporter: &Reporter) -> Result<IppJob, PrintFailure> {
        let (reply, _) = self.agree(Request::create_job, reporter).await?;
        if !reply.status().is_success() {
            return Err(self.refusal(Operation::CreateJob, &reply));
        }
        let job = self.named(&reply).map_err(PrintFailure::NotStarted)?;
        if let Some(refusal) = self.ignored(&reply) {
            settle::stop(
                self.transport,
                self.patience,
                Some(&job),
                0,
                Proof::Number,
                || (),
            )
            .await;
            return Err(refusal.into());
        }
        Ok(job)
    }

    /// The template with which Print-Job will be taken, asked beforehand: with the document it would be
    /// too late. A printer that cannot be asked decides when it has the document.
    pub(super) async fn validate(
        &self,
        format: &str,
        reporter: &Reporter,
    ) -> Result<JobTemplate, PrintFailure> {
        if !self.capabilities.validates() || self.template.options.is_empty() {
            return Ok(self.template.clone());
        }
        let request = |job: &NewJob<'_>| Request::validate_job(job, format);
        let (reply, template) = self.agree(request, reporter).await?;
        let status = reply.status();
        match status.code {
            _ if status.is_success() => match self.ignored(&reply) {
                Some(refusal) => Err(refusal.into()),
                None => Ok(template),
            },
            IppStatus::OPERATION_NOT_SUPPORTED | IppStatus::BUSY | IppStatus::TEMPORARY_ERROR => {
                Ok(self.template.clone())
            }
            _ => Err(self.refusal(Operation::ValidateJob, &reply)),
        }
    }

    /// Asks for the job, and asks again with easier ones while there are any; gives the last answer
    /// and its template.
    async fn agree(
        &self,
        request: impl Fn(&NewJob<'_>) -> Result<Request, IppParseError>,
        reporter: &Reporter,
    ) -> Result<(Reply, JobTemplate), PrintFailure> {
        let mut template = self.template.clone();
        loop {
            let request = request(&self.job(&template))
                .map_err(|error| PrintFailure::NotStarted(self.transport.unsendable(&error)))?;
            let reply = self.ask(request, reporter).await?;
            if reply.status().is_success() || !self.ease(&reply, &mut template) {
                return Ok((reply, template));
            }
            tracing::debug!(status = %reply.status(), "retrying with fewer attributes");
        }
    }

    async fn ask(&self, request: Request, reporter: &Reporter) -> Result<Reply, PrintFailure> {
        let started = Instant::now();
        let mut pace = Pace::new(self.patience);
        loop {
            let reply = self
                .transport
                .call(request.clone())
                .await
                .map_err(PrintFailure::NotStarted)?;
            let busy = matches!(
                reply.status().code,
                IppStatus::BUSY | IppStatus::TEMPORARY_ERROR
            );
            if !busy || started.elapsed() > self.patience.busy {
                return Ok(reply);
            }
            reporter.tell(DeviceEvent::Waiting {
                why: "the printer is busy with another job".to_owned(),
            });
            tokio::time::sleep(pace.delay()).await;
            pace.slow();
        }
    }

    /// The job with this template.
    pub(super) fn job<'a>(&'a self, template: &'a JobTemplate) -> NewJob<'a> {
        NewJob {
            user: self.user,
            name: self.name,
            options: &template.options,
            fidelity: template.fidelity,
        }
    }

    /// Makes the template of a refused job easier where the paper comes out the same; tells whether
    /// they are. First the options go that the printer objects to and that change nothing there;
    /// then, once, the demand to refuse what it would leave out: what it leaves out is told in its
    /// answer all the same.
    fn ease(&self, reply: &Reply, template: &mut JobTemplate) -> bool {
        let objects = matches!(
            reply.status().code,
            IppStatus::BAD_REQUEST
                | IppStatus::ATTRIBUTES_NOT_SUPPORTED
                | IppStatus::CONFLICTING_ATTRIBUTES
        );
        if !objects || template.options.is_empty() {
            return false;
        }
        let named = reply.unsupported();
        let is_named =
            |option: &IppAttribute| named.iter().any(|name| name == option.name().as_str());
        let before = template.options.len();
        template
            .options
            .retain(|option| !is_named(option) || self.capabilities.needs(option));
        if template.options.len() < before {
            return true;
        }
        !template.options.iter().any(is_named) && std::mem::replace(&mut template.fidelity, false)
    }

    /// The job that a successful reply names.
    pub(super) fn named(&self, reply: &Reply) -> Result<IppJob, DeviceError> {
        job_of(reply, self.ticket.tag(), self.user)
            .ok_or_else(|| self.transport.bad("it names no job"))
    }

    /// The option that the printer left out although it took the job (RFC 8011 section 4.1.7), if
    /// the paper comes out another one without it.
    pub(super) fn ignored(&self, reply: &Reply) -> Option<Refusal> {
        let unsupported = reply.unsupported();
        let is_lost = |option: &&IppAttribute| {
            let mut names = unsupported.iter();
            names.any(|name| name == option.name().as_str()) && self.capabilities.needs(option)
        };
        let option = self.template.options.iter().find(is_lost)?;
        let (attribute, supported) = self.capabilities.able(option);
        Some(Refusal::Attribute {
            attribute,
            asked: Capabilities::in_words(option),
            supported,
        })
    }

    /// What a refused operation means.
    pub(super) fn refusal(&self, operation: Operation, reply: &Reply) -> PrintFailure {
        let status = reply.status();
        match status.code {
            IppStatus::FORMAT_NOT_SUPPORTED => {
                let accepted = match &self.printer.can.formats {
                    Formats::Listed(formats) => formats.clone(),
                    Formats::Any | Formats::NotAsked => Vec::new(),
                };
                PrintFailure::Unsupported {
                    format: self.ticket.format.clone(),
                    accepted,
                }
            }
            IppStatus::NOT_ACCEPTING_JOBS => Refusal::NotAccepting {
                reasons: self.printer.reasons.clone(),
            }
            .into(),
            IppStatus::ATTRIBUTES_NOT_SUPPORTED | IppStatus::CONFLICTING_ATTRIBUTES => self
                .ignored(reply)
                .unwrap_or(Refusal::Status(status))
                .into(),
            0x0400..=0x04FF => Refusal::Status(status).into(),
            _ => PrintFailure::NotStarted(self.transport.refused(operation, status)),
        }
    }
}
