//! The walk of one print, from the printer's capabilities to the watch over its job.
//!
//! Lives here: the order of things. Not here: how each is done; the files are named after them.

use std::sync::Arc;

use tokio::io::AsyncRead;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::super::event::DeviceEvent;
use super::super::failure::{AbortCause, Outcome, PrintFailure, Refusal, Stop};
use super::super::reporter::Reporter;
use super::super::source::{HoldFault, Source, SourceFault};
use super::super::ticket::PrintTicket;
use super::admission::{Admission, JobTemplate};
use super::capabilities::Way;
use super::device::IppDevice;
use super::request::Request;
use super::transport::Length;
use super::upload::{Ledger, body};
use super::watch::Watch;

/// Prints one document; see [`OutputDevice::print`](super::super::OutputDevice::print).
pub(super) async fn print<R>(
    device: &IppDevice,
    ticket: &PrintTicket,
    document: R,
    progress: mpsc::Sender<DeviceEvent>,
    cancel: CancellationToken,
) -> Result<Outcome, PrintFailure>
where
    R: AsyncRead + Send + Unpin + 'static,
{
    ticket.check()?;
    let reporter = Reporter::new(progress);
    let waiting = |why: &str| {
        reporter.tell(DeviceEvent::Waiting {
            why: why.to_owned(),
        });
    };
    let capabilities = unless(&cancel, device.awake(&waiting))
        .await?
        .map_err(PrintFailure::NotStarted)?;
    let format = capabilities.format(ticket)?;
    let options = capabilities.options(ticket)?;
    let printer = &capabilities.description;
    if !printer.accepting {
        return Err(Refusal::NotAccepting {
            reasons: printer.reasons.clone(),
        }
        .into());
    }
    let mut source = Source::new(document, ticket.size, device.patience.source);
    if ticket.size.is_none() && unless(&cancel, device.needs_length(&capabilities)).await? {
        unless(&cancel, source.hold(MOST_HELD))
            .await?
            .map_err(not_held)?;
    }

    let (user, name) = (ticket.user_name(), ticket.job_name());
    let transport = &device.transport;
    let admission = Admission {
        transport,
        patience: &device.patience,
        ticket,
        printer,
        capabilities: &capabilities,
        user: &user,
        name: &name,
        template: JobTemplate {
            options,
            fidelity: true,
        },
    };
    let mut watch = Watch::new(device, &admission, reporter, &cancel);
    let request = match capabilities.way() {
        Way::CreateThenSend => {
            let job = unless(&cancel, watch.create()).await??;
            let request = Request::send_document(&job, &format);
            watch.accept(job).await;
            request
        }
        Way::PrintJob => {
            let template = unless(&cancel, watch.validate(&format)).await??;
            Request::print_job(&admission.job(&template), &format)
        }
    };
    let request =
        request.map_err(|error| PrintFailure::NotStarted(transport.unsendable(&error)))?;

    let length = source.length().map_or(Length::Unknown, Length::Known);
    let ledger = Arc::new(Ledger::default());
    let upload = {
        let (transport, ledger) = (Arc::clone(transport), Arc::clone(&ledger));
        async move {
            transport
                .send(request, length, |head| body(head, source, ledger))
                .await
        }
    };
    watch
        .run(AbortOnDropHandle::new(tokio::spawn(upload)), ledger)
        .await
}

/// Longest document that is kept in memory until its length is known, in bytes: as long as one that
/// is converted may be.
const MOST_HELD: u64 = papermesh_convert::MOST_HELD;

fn not_held(fault: HoldFault) -> PrintFailure {
    let stop = Stop::NothingSent;
    match fault {
        HoldFault::Source(SourceFault::Broke(error)) => PrintFailure::Body { error, stop },
        HoldFault::Source(SourceFault::Stalled(after)) => PrintFailure::Stalled { after, stop },
        HoldFault::TooLong(most) => Refusal::TooLong(most).into(),
    }
}

/// Waits for something before any of the document is sent, unless the print is canceled first.
async fn unless<T>(
    cancel: &CancellationToken,
    wait: impl Future<Output = T>,
) -> Result<T, PrintFailure> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => {
            let pages = Some(0);
            Err(PrintFailure::Aborted { cause: AbortCause::Asked, reasons: Vec::new(), pages })
        }
        done = wait => Ok(done),
    }
}
