//! Prints against a scripted printer: everything a printer may do, and what may be said of paper
//! then.
#![allow(clippy::unwrap_used)]

mod asking;
mod hostile;
mod prints;
mod quirks;
mod refusals;
mod stops;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use ipp::model::{DelimiterTag, IppVersion, Operation};
use ipp::value::IppValue;
use papermesh_protocol::job::PrintOptions;
use tokio::io::AsyncRead;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::super::description::DeviceError;
use super::super::event::{DeviceEvent, DeviceJobRef, DeviceJobState, DeviceVerdict, IppJob};
use super::super::failure::{AbortCause, Doubt, Outcome, PrintFailure, Refusal, Stop};
use super::super::pins::MemoryPins;
use super::super::ticket::PrintTicket;
use super::super::uri::IppAddress;
use super::device::IppDevice;
use super::fake_printer::{
    Answer, Asked, Chunks, FakePrinter, Manners, job, job_named, keywords, ordinary, printer,
    printer_with, status,
};
use super::patience::Patience;

/// Looks at once, waits as long as in life: a limit that a test is about is shortened there.
fn patience() -> Patience {
    Patience {
        poll_first: Duration::from_millis(1),
        poll_most: Duration::from_millis(4),
        ..Patience::default()
    }
}

/// A limit that is over at once.
const NO_TIME: Duration = Duration::from_millis(1);

fn device(address: &IppAddress, patience: Patience) -> IppDevice {
    IppDevice::with_patience(address, Arc::new(MemoryPins::default()), patience).unwrap()
}

fn ticket() -> PrintTicket {
    PrintTicket {
        release: "1f2e3d4c5b6a7988".into(),
        title: "Plan".into(),
        user: "ada".into(),
        format: "application/pdf".into(),
        size: None,
        converted: false,
        options: PrintOptions::default(),
    }
}

fn document() -> Vec<u8> {
    (0..1_000_003u32)
        .map(|n| n.to_le_bytes()[usize::from(n % 3 == 0)])
        .collect()
}

type Printed = (Result<Outcome, PrintFailure>, Vec<DeviceEvent>);

async fn print_as<R>(
    fake: &FakePrinter,
    patience: Patience,
    ticket: &PrintTicket,
    body: R,
) -> Printed
where
    R: AsyncRead + Send + Unpin + 'static,
{
    let (sender, mut receiver) = mpsc::channel(10_000);
    let result = device(&fake.address, patience)
        .print(ticket, body, sender, CancellationToken::new())
        .await;
    let mut events = Vec::new();
    while let Ok(event) = receiver.try_recv() {
        events.push(event);
    }
    (result, events)
}

async fn print(fake: &FakePrinter) -> Printed {
    print_as(fake, patience(), &ticket(), io::Cursor::new(document())).await
}

/// An ordinary printer, but for what `change` answers.
async fn printer_that(
    mut change: impl FnMut(&Asked) -> Option<Answer> + Send + 'static,
) -> FakePrinter {
    FakePrinter::start(move |asked| change(asked).unwrap_or_else(|| ordinary(asked))).await
}

/// An ordinary printer that speaks in this manner.
async fn printer_of(manners: Manners) -> FakePrinter {
    FakePrinter::start_with(manners, ordinary).await
}

/// An ordinary printer's description, changed.
fn described(change: impl FnOnce(&mut Vec<(DelimiterTag, &'static str, IppValue)>)) -> Answer {
    let Answer::Ipp(code, mut attributes) = printer(3, &["none"]) else {
        panic!("a description is IPP")
    };
    change(&mut attributes);
    Answer::Ipp(code, attributes)
}

/// An ordinary printer that looks at its jobs as `look` says.
async fn printer_whose_job(mut look: impl FnMut(&Asked) -> Answer + Send + 'static) -> FakePrinter {
    printer_that(move |asked| (asked.operation == Operation::GetJobAttributes).then(|| look(asked)))
        .await
}
