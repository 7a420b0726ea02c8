//! Getting a printer to take a job, and understanding it where it does not.
//!
//! Lives here: Create-Job with its retries, the job that a reply names, options that a printer
//! leaves out, and what a refused operation means. Not here: what is checked before anything is
//! sent (`capabilities.rs`).

use std::time::Instant;

use ipp::attribute::IppAttribute;
use ipp::model::Operation;

use super::super::description::{DeviceDescription, DeviceError, Formats, IppStatus};
use super::super::event::{DeviceEvent, IppJob};
use super::super::failure::{PrintFailure, Refusal};
use super::super::reporter::Reporter;
use super::super::ticket::PrintTicket;
use super::look::{Proof, job_of};
use super::patience::{Pace, Patience};
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
    pub(super) job: NewJob<'a>,
}

impl Admission<'_> {
    /// Create-Job, asked again while the printer is busy with another job.
    pub(super) async fn create(&self, reporter: &Reporter) -> Result<IppJob, PrintFailure> {
        let request = Request::create_job(&self.job)
            .map_err(|error| PrintFailure::NotStarted(self.transport.unsendable(&error)))?;
        let started = Instant::now();
        let mut pace = Pace::new(self.patience);
        let reply = loop {
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
                break reply;
            }
            reporter.tell(DeviceEvent::Waiting {
                why: "the printer is busy with another job".to_owned(),
            });
            tokio::time::sleep(pace.delay()).await;
            pace.slow();
        };
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

    /// The job that a successful reply names.
    pub(super) fn named(&self, reply: &Reply) -> Result<IppJob, DeviceError> {
        job_of(reply, self.ticket.tag(), self.job.user)
            .ok_or_else(|| self.transport.bad("it names no job"))
    }

    /// The option that the printer left out although it took the job (RFC 8011 section 4.1.7).
    pub(super) fn ignored(&self, reply: &Reply) -> Option<Refusal> {
        let unsupported = reply.unsupported();
        let is_listed = |option: &&IppAttribute| {
            unsupported
                .iter()
                .any(|name| name == option.name().as_str())
        };
        let option = self.job.options.iter().find(is_listed)?;
        let printer = self.printer;
        let (attribute, supported) = match option.name().as_str() {
            "copies" => ("copies", vec![format!("1 to {}", printer.max_copies)]),
            "sides" => ("sides", printer.sides.clone()),
            "print-color-mode" => ("print-color-mode", printer.color_modes.clone()),
            "page-ranges" => ("page-ranges", vec!["all".to_owned()]),
            _ => ("media", printer.media.clone()),
        };
        Some(Refusal::Attribute {
            attribute,
            asked: option.value().to_string(),
            supported,
        })
    }

    /// What a refused operation means.
    pub(super) fn refusal(&self, operation: Operation, reply: &Reply) -> PrintFailure {
        let status = reply.status();
        match status.code {
            IppStatus::FORMAT_NOT_SUPPORTED => {
                let accepted = match &self.printer.formats {
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
