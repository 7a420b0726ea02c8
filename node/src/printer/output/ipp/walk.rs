//! The walk of one print, from the printer's capabilities to the watch over its job.
//!
//! Lives here: the order of things. Not here: how each is done; the files are named after them.

use std::sync::Arc;

use tokio::io::AsyncRead;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::super::event::DeviceEvent;
use super::super::failure::{AbortCause, Outcome, PrintFailure, Refusal};
use super::super::reporter::Reporter;
use super::super::source::Source;
use super::super::ticket::PrintTicket;
use super::admission::Admission;
use super::capabilities::Way;
use super::device::IppDevice;
use super::request::{NewJob, Request};
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
    let capabilities = unless(&cancel, device.capabilities())
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

    let (user, name) = (ticket.user_name(), ticket.job_name());
    let transport = &device.transport;
    let admission = Admission {
        transport,
        patience: &device.patience,
        ticket,
        printer,
        job: NewJob {
            user: &user,
            name: &name,
            options: &options,
        },
    };
    let reporter = Reporter::new(progress);
    let mut watch = Watch::new(device, &admission, reporter, &cancel);
    let request = match capabilities.way() {
        Way::CreateThenSend => {
            let job = unless(&cancel, watch.create()).await??;
            let request = Request::send_document(&job, &format);
            watch.accept(job).await;
            request
        }
        Way::PrintJob => Request::print_job(&admission.job, &format),
    };
    let request =
        request.map_err(|error| PrintFailure::NotStarted(transport.unsendable(&error)))?;

    let source = Source::new(document, ticket.size, device.patience.source);
    let ledger = Arc::new(Ledger::default());
    let upload = {
        let (transport, ledger) = (Arc::clone(transport), Arc::clone(&ledger));
        async move {
            transport
                .send(request, |head| body(head, source, ledger))
                .await
        }
    };
    watch
        .run(AbortOnDropHandle::new(tokio::spawn(upload)), ledger)
        .await
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
