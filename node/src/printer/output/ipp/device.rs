//! One IPP printer: describing it, printing to it, asking it about a job.
//!
//! Lives here: the device that `OutputDevice` holds, and its remembered description. Not here: the
//! print itself (`walk.rs`).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::io::AsyncRead;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::super::description::{DeviceDescription, DeviceError};
use super::super::event::{DeviceEvent, DeviceVerdict, IppJob, JobState};
use super::super::failure::{Outcome, PrintFailure};
use super::super::pins::PinStore;
use super::super::ticket::PrintTicket;
use super::super::uri::{IppAddress, OutputUri};
use super::capabilities::Capabilities;
use super::look::{Look, Proof, look};
use super::patience::Patience;
use super::request::Request;
use super::settle::Completion;
use super::transport::Transport;
use super::walk;

/// An IPP printer or a CUPS queue.
#[derive(Debug)]
pub struct IppDevice {
    uri: OutputUri,
    pub(super) transport: Arc<Transport>,
    pub(super) patience: Patience,
    known: Mutex<Option<(Instant, Capabilities)>>,
}

impl IppDevice {
    /// A printer at this address. Nothing is sent yet.
    pub(crate) fn open(address: &IppAddress, pins: Arc<dyn PinStore>) -> Result<Self, DeviceError> {
        Self::with_patience(address, pins, Patience::default())
    }

    pub(super) fn with_patience(
        address: &IppAddress,
        pins: Arc<dyn PinStore>,
        patience: Patience,
    ) -> Result<Self, DeviceError> {
        Ok(Self {
            uri: OutputUri::Ipp(address.clone()),
            transport: Arc::new(Transport::new(address, pins, patience.call)?),
            patience,
            known: Mutex::new(None),
        })
    }

    /// Its address.
    pub(crate) fn uri(&self) -> &OutputUri {
        &self.uri
    }

    /// Asks the printer what it is, now.
    pub(crate) async fn describe(&self) -> Result<DeviceDescription, DeviceError> {
        self.fetch()
            .await
            .map(|capabilities| capabilities.description)
    }

    /// What the printer is and can do, from a moment ago if it was asked then.
    pub(crate) async fn known(&self) -> Result<DeviceDescription, DeviceError> {
        self.capabilities()
            .await
            .map(|capabilities| capabilities.description)
    }

    /// Prints a document; see [`OutputDevice::print`](super::super::OutputDevice::print).
    pub(crate) async fn print<R>(
        &self,
        ticket: &PrintTicket,
        body: R,
        progress: mpsc::Sender<DeviceEvent>,
        cancel: CancellationToken,
    ) -> Result<Outcome, PrintFailure>
    where
        R: AsyncRead + Send + Unpin + 'static,
    {
        walk::print(self, ticket, body, progress, cancel).await
    }

    /// Asks the printer about a job of an earlier life of this node.
    pub(crate) async fn ask(&self, job: &IppJob) -> DeviceVerdict {
        let progress = match look(&self.transport, Some(job), Proof::Identity).await {
            Look::Seen(progress, _) => progress,
            Look::Gone => return unknown("the printer no longer knows the job"),
            Look::Failed(error) => {
                return DeviceVerdict::Silent {
                    why: error.to_string(),
                };
            }
        };
        match progress.job {
            JobState::Completed => match Completion::read(&progress) {
                Completion::Printed => DeviceVerdict::Completed {
                    pages: progress.pages,
                },
                Completion::PassedOn => {
                    unknown("it was passed on to a printer that does not report back")
                }
                Completion::WithErrors => {
                    unknown("the printer says that it was completed with errors")
                }
            },
            JobState::Canceled | JobState::Aborted => DeviceVerdict::Aborted {
                reasons: progress.job_reasons,
                pages: progress.pages,
            },
            _ => DeviceVerdict::StillPrinting(progress),
        }
    }

    /// The printer's capabilities, from a moment ago if it was taking jobs then.
    pub(super) async fn capabilities(&self) -> Result<Capabilities, DeviceError> {
        let known = self
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        match known {
            Some((when, capabilities))
                if when.elapsed() < self.patience.fresh && capabilities.description.accepting =>
            {
                Ok(capabilities)
            }
            _ => self.fetch().await,
        }
    }

    async fn fetch(&self) -> Result<Capabilities, DeviceError> {
        let request =
            Request::describe_printer().map_err(|error| self.transport.unsendable(&error))?;
        let reply = self.transport.demand(request).await?;
        let capabilities = Capabilities::read(self.uri.clone(), &reply).ok_or_else(|| {
            self.transport
                .bad("it does not say which documents it takes")
        })?;
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((Instant::now(), capabilities.clone()));
        Ok(capabilities)
    }
}

fn unknown(why: &str) -> DeviceVerdict {
    DeviceVerdict::Unknown {
        why: why.to_owned(),
    }
}
