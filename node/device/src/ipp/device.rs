//! One IPP printer: describing it, printing to it, asking it about a job.
//!
//! Lives here: the device that `OutputDevice` holds, and its remembered description. Not here: the
//! print itself (`print.rs`).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use ipp::model::DelimiterTag;
use papermesh_protocol::remedy::Remedy;
use tokio::io::AsyncRead;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::super::description::{DeviceDescription, DeviceError, OutputOptions, Protection};
use super::super::event::{DeviceEvent, DeviceJobState, DeviceVerdict, IppJob};
use super::super::failure::{Outcome, PrintFailure};
use super::super::pins::PinStore;
use super::super::quirks::{self, Quirk};
use super::super::ticket::PrintTicket;
use super::super::uri::{IppAddress, OutputUri};
use super::capabilities::{Capabilities, ESSENTIAL};
use super::patience::{Pace, Patience};
use super::print;
use super::probe::{DeviceProbe, Heard, Proof, probe};
use super::reply::Reply;
use super::request::{Asking, Request};
use super::settle::{Completion, standstill};
use super::transport::Transport;

/// An IPP printer or a CUPS queue.
#[derive(Debug)]
pub struct IppDevice {
    uri: OutputUri,
    pub(super) transport: Arc<Transport>,
    pub(super) patience: Patience,
    options: OutputOptions,
    known: Mutex<Option<(Instant, Capabilities)>>,
    /// Every way of asking it about itself was tried, and the best is known.
    tried: AtomicBool,
}

impl IppDevice {
    /// A printer at this address. Nothing is sent yet.
    pub(crate) fn open(
        address: &IppAddress,
        pins: Arc<dyn PinStore>,
        options: OutputOptions,
    ) -> Result<Self, DeviceError> {
        let device = Self::with_patience(address, pins, Patience::default())?;
        Ok(Self { options, ..device })
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
            options: OutputOptions::default(),
            known: Mutex::new(None),
            tried: AtomicBool::new(false),
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

    /// What the printer is and can do, from a moment ago if it was asked then. A printer that does
    /// not answer may be asleep, and is asked again until it has had time to wake up; `waiting`
    /// hears of that.
    pub(crate) async fn known(
        &self,
        waiting: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<DeviceDescription, DeviceError> {
        let capabilities = self.awake(waiting).await?;
        if capabilities.is_silent_about_formats() {
            let device = self.transport.device().to_owned();
            return Err(DeviceError::FormatsUnknown { device });
        }
        Ok(capabilities.description)
    }

    /// The printer's capabilities, when it has woken up.
    pub(super) async fn awake(
        &self,
        waiting: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Capabilities, DeviceError> {
        let started = Instant::now();
        let mut pace = Pace::new(&self.patience);
        loop {
            match self.capabilities().await {
                Err(error) if error.may_be_asleep() && started.elapsed() < self.patience.wake => {
                    tracing::debug!(error = %error.in_full(), "printer did not answer; it may be waking up");
                    waiting("the printer does not answer yet; it may be waking up");
                }
                known => return known,
            }
            tokio::time::sleep(pace.delay()).await;
            pace.slow();
        }
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
        print::print(self, ticket, body, progress, cancel).await
    }

    /// Asks the printer about a job of an earlier life of this node.
    pub(crate) async fn ask(&self, job: &IppJob) -> DeviceVerdict {
        let progress = match probe(&self.transport, Some(job), Proof::Identity).await {
            DeviceProbe::Seen(progress, _, Heard::No)
                if progress.job == DeviceJobState::Completed =>
            {
                return DeviceVerdict::Silent {
                    why: "the printer does not report its state".to_owned(),
                };
            }
            DeviceProbe::Seen(progress, ..) => progress,
            DeviceProbe::Gone(_) | DeviceProbe::Other => {
                return unknown("the printer no longer knows the job");
            }
            DeviceProbe::Mute(_) => {
                return DeviceVerdict::Silent {
                    why: "the printer does not report on its jobs".to_owned(),
                };
            }
            DeviceProbe::Failed(error) => {
                return DeviceVerdict::Silent {
                    why: error.in_full().to_string(),
                };
            }
        };
        match progress.job {
            // It may go on once somebody has helped it, and is asked again until then.
            DeviceJobState::Completed if standstill(&progress, &[]).is_some() => {
                DeviceVerdict::StillPrinting(progress)
            }
            DeviceJobState::Completed => match Completion::read(&progress.job_reasons) {
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
            DeviceJobState::Canceled | DeviceJobState::Aborted => DeviceVerdict::Aborted {
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

    /// Whether the printer has to know a document's length before it comes.
    pub(super) async fn needs_length(&self, capabilities: &Capabilities) -> bool {
        let model = capabilities.description.make_and_model.as_deref();
        quirks::has(model, Quirk::NeedsLength) || !self.transport.takes_chunks().await
    }

    async fn fetch(&self) -> Result<Capabilities, DeviceError> {
        let reply = self.described().await?;
        let protection = self.transport.protection().unwrap_or(Protection::None);
        let capabilities = Capabilities::read(self.uri.clone(), &reply, &self.options, protection)
            .ok_or_else(|| self.transport.bad("it does not describe a printer"))?;
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((Instant::now(), capabilities.clone()));
        Ok(capabilities)
    }

    /// What the printer says of itself, asked as it is best asked. If it leaves out what matters, or
    /// objects, the other ways are tried, once.
    async fn described(&self) -> Result<Reply, DeviceError> {
        let mut best = self.described_by(self.transport.asking()).await;
        match &best {
            Ok(reply) if lacking(reply) == 0 => return best,
            Err(error) if !error.is_refusal() => return best,
            _ if self.tried.load(Ordering::Relaxed) => return best,
            _ => {}
        }
        for asking in [Asking::All, Asking::OneByOne] {
            let other = match self.described_by(asking).await {
                Err(error) if !error.is_refusal() => return Err(error),
                other => other,
            };
            let missing =
                |reply: &Result<Reply, DeviceError>| reply.as_ref().map_or(usize::MAX, lacking);
            if missing(&other) < missing(&best) {
                tracing::info!(printer = %self.uri, ?asking, "printer answers more fully to another request form");
                self.transport.ask(asking);
                best = other;
            }
            if missing(&best) == 0 {
                break;
            }
        }
        self.tried.store(true, Ordering::Relaxed);
        best
    }

    async fn described_by(&self, asking: Asking) -> Result<Reply, DeviceError> {
        let mut requests = Request::describe_printer(asking).into_iter();
        let first = requests.next().unwrap_or_else(Request::printer_state);
        let mut reply = self.transport.demand_by(first, asking).await;
        for request in requests {
            match (&mut reply, self.transport.demand_by(request, asking).await) {
                (Ok(reply), Ok(more)) => reply.add(more),
                (reply @ Err(_), Ok(more)) => *reply = Ok(more),
                (_, Err(error)) if error.is_refusal() => {}
                (_, Err(error)) => return Err(error),
            }
        }
        reply
    }
}

/// How much is missing of what a printer must say to be printed to.
fn lacking(reply: &Reply) -> usize {
    let printer = reply.group(DelimiterTag::PrinterAttributes);
    let lacks = |name: &&str| !printer.is_some_and(|printer| printer.has(name));
    ESSENTIAL.iter().copied().filter(lacks).count()
}

fn unknown(why: &str) -> DeviceVerdict {
    DeviceVerdict::Unknown {
        why: why.to_owned(),
    }
}
