//! The raw port: a printer that takes bytes over TCP and says nothing (AppSocket, also called
//! JetDirect).
//!
//! Lives here: connecting, pouring, closing in good order. Not here: anything a raw port could be
//! asked, for there is nothing.
//!
//! The most that can be said of a document sent here is that the device took every byte and closed
//! its side ([`Outcome::Delivered`]). It is never *completed*: paper may still be missing when the
//! connection ends.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::description::{DeviceDescription, DeviceError, Formats};
use super::event::{DeviceEvent, DeviceJob, DeviceJobRef, PrinterState};
use super::failure::{AbortCause, Doubt, Outcome, PrintFailure, Refusal, Stop};
use super::reporter::Reporter;
use super::source::{SOURCE_STALL, Source, SourceFault};
use super::text::{MAX_DEVICE_TEXT, printable};
use super::ticket::PrintTicket;
use super::uri::{OutputUri, authority};
use crate::convert::device::RasterAbilities;

/// How long a connection may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// How long the device may take no byte: as long as it may be out of paper.
const STOPPED_LIMIT: Duration = Duration::from_secs(15 * 60);

/// How long the device may take to close its side after the last byte.
const DRAIN_LIMIT: Duration = Duration::from_secs(60);

/// Most bytes read back from the device, which nobody asked it for. Some send status lines.
const MAX_CHATTER: u64 = 1024 * 1024;

/// A raw port.
#[derive(Debug)]
pub struct SocketDevice {
    host: String,
    port: u16,
    patience: Patience,
}

/// The waits of one device. Tests shorten them; nothing else does.
#[derive(Debug, Clone, Copy)]
struct Patience {
    connect: Duration,
    stopped: Duration,
    drain: Duration,
    source: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: CONNECT_LIMIT,
            stopped: STOPPED_LIMIT,
            drain: DRAIN_LIMIT,
            source: SOURCE_STALL,
        }
    }
}

/// Why pouring ended early.
enum Halt {
    Canceled,
    Source(SourceFault),
    Broke(String),
    Stood,
}

impl SocketDevice {
    pub(super) fn open(host: String, port: u16) -> Self {
        Self {
            host,
            port,
            patience: Patience::default(),
        }
    }

    fn uri(&self) -> OutputUri {
        OutputUri::Socket {
            host: self.host.clone(),
            port: self.port,
        }
    }

    /// Connects once, to see whether something listens, and closes again without a byte.
    pub(super) async fn describe(&self) -> Result<DeviceDescription, DeviceError> {
        drop(self.connect().await?);
        Ok(DeviceDescription {
            device: self.uri(),
            name: self.uri().to_string(),
            make_and_model: None,
            location: None,
            formats: Formats::NotAsked,
            sides: Vec::new(),
            color_modes: Vec::new(),
            color: None,
            media_ready: Vec::new(),
            media: Vec::new(),
            max_copies: 1,
            page_ranges: false,
            media_default: None,
            scalings: Vec::new(),
            raster: RasterAbilities::default(),
            state: PrinterState::Unknown,
            reasons: Vec::new(),
            message: None,
            accepting: true,
        })
    }

    pub(super) async fn print<R>(
        &self,
        ticket: &PrintTicket,
        document: R,
        progress: mpsc::Sender<DeviceEvent>,
        cancel: CancellationToken,
    ) -> Result<Outcome, PrintFailure>
    where
        R: AsyncRead + Send + Unpin + 'static,
    {
        ticket.check()?;
        refuse_options(ticket)?;
        let reporter = Arc::new(Reporter::new(progress));
        let stream = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(canceled()),
            stream = self.connect() => stream.map_err(PrintFailure::NotStarted)?,
        };
        let device_job = DeviceJobRef {
            device: self.uri(),
            job: DeviceJob::Socket,
        };
        reporter.accepted(&device_job).await;
        let (reader, mut writer) = stream.into_split();
        // The device's chatter is read from the start: a device whose buffer is full takes no more
        // either.
        let drained = tokio_util::task::AbortOnDropHandle::new(tokio::spawn(drain(reader)));
        let mut source = Source::new(document, ticket.size, self.patience.source);
        let mut sent = 0u64;
        let poured = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(Halt::Canceled),
            poured = self.pour(&mut source, &mut writer, &mut sent, &reporter) => poured,
        };
        if let Err(halt) = poured {
            // Reset instead of a close in good order, so that the device does not take a part for
            // the whole. Where the system refuses, the connection just ends.
            drop(writer.as_ref().set_zero_linger());
            writer.forget();
            return Err(self.halted(halt, sent, device_job));
        }
        match tokio::time::timeout(self.patience.drain, drained).await {
            Ok(Ok(Ok(true))) => Ok(Outcome::Delivered { device_job }),
            Ok(Ok(Ok(false)) | Err(_)) | Err(_) => {
                Err(unknown(Doubt::NotDrained(self.patience.drain), device_job))
            }
            Ok(Ok(Err(error))) => Err(unknown(Doubt::ConnectionBroke(shown(&error)), device_job)),
        }
    }

    async fn connect(&self) -> Result<TcpStream, DeviceError> {
        let connecting = TcpStream::connect((self.host.as_str(), self.port));
        let why = match tokio::time::timeout(self.patience.connect, connecting).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => shown(&error),
            Err(_) => format!(
                "no connection within {} seconds",
                self.patience.connect.as_secs()
            ),
        };
        Err(DeviceError::Unreachable {
            device: authority(&self.host, self.port),
            why,
        })
    }

    async fn pour<R: AsyncRead + Unpin>(
        &self,
        source: &mut Source<R>,
        writer: &mut OwnedWriteHalf,
        sent: &mut u64,
        reporter: &Reporter,
    ) -> Result<(), Halt> {
        while let Some(piece) = source.next().await.map_err(Halt::Source)? {
            let mut rest = &piece[..];
            while !rest.is_empty() {
                // Counted before it is written: a write that is given up half-way may have sent
                // some of it.
                let before = *sent;
                *sent += rest.len() as u64;
                let written = tokio::time::timeout(self.patience.stopped, writer.write(rest)).await;
                let written = written
                    .map_err(|_| Halt::Stood)?
                    .map_err(|error| Halt::Broke(shown(&error)))?;
                if written == 0 {
                    return Err(Halt::Broke("the device takes no more".to_owned()));
                }
                *sent = before + written as u64;
                rest = &rest[written..];
            }
            reporter.tell(DeviceEvent::Sent { bytes: *sent });
        }
        writer
            .shutdown()
            .await
            .map_err(|error| Halt::Broke(shown(&error)))
    }

    fn halted(&self, halt: Halt, sent: u64, device_job: DeviceJobRef) -> PrintFailure {
        let stop = if sent == 0 {
            Stop::NothingSent
        } else {
            Stop::Unconfirmed
        };
        match halt {
            Halt::Source(SourceFault::Broke(error)) => PrintFailure::Body { error, stop },
            Halt::Source(SourceFault::Stalled(after)) => PrintFailure::Stalled { after, stop },
            Halt::Canceled if sent == 0 => canceled(),
            Halt::Canceled => unknown(Doubt::CancelUnconfirmed, device_job),
            Halt::Broke(why) if sent == 0 => PrintFailure::NotStarted(DeviceError::Broken {
                device: authority(&self.host, self.port),
                why,
            }),
            Halt::Broke(why) => unknown(Doubt::ConnectionBroke(why), device_job),
            Halt::Stood => unknown(
                Doubt::Stopped("it takes no more of the document".to_owned()),
                device_job,
            ),
        }
    }
}

/// Reads until the device closes its side; `false` where it talks without end.
async fn drain(mut reader: OwnedReadHalf) -> io::Result<bool> {
    let read =
        tokio::io::copy(&mut (&mut reader).take(MAX_CHATTER), &mut tokio::io::sink()).await?;
    Ok(read < MAX_CHATTER)
}

/// A raw port prints what is in the document and cannot be told more: what was asked for and would
/// be ignored is refused.
fn refuse_options(ticket: &PrintTicket) -> Result<(), Refusal> {
    let fixed = || vec!["what the document itself says".to_owned()];
    let refuse = |attribute, asked: &str| {
        Err(Refusal::Attribute {
            attribute,
            asked: asked.to_owned(),
            supported: fixed(),
        })
    };
    if ticket.copies != 1 {
        return Err(Refusal::Attribute {
            attribute: "copies",
            asked: ticket.copies.to_string(),
            supported: vec!["1".to_owned()],
        });
    }
    if !ticket.page_ranges.is_empty() {
        return refuse("page-ranges", "some");
    }
    match (ticket.sides, ticket.color, &ticket.media) {
        (Some(sides), _, _) => refuse("sides", sides.keyword()),
        (_, Some(mode), _) if mode != super::ticket::ColorMode::Auto => {
            refuse("print-color-mode", mode.keyword())
        }
        (_, _, Some(media)) => refuse("media", media),
        _ => Ok(()),
    }
}

fn canceled() -> PrintFailure {
    PrintFailure::Aborted {
        cause: AbortCause::Asked,
        reasons: Vec::new(),
        pages: Some(0),
    }
}

fn unknown(doubt: Doubt, device_job: DeviceJobRef) -> PrintFailure {
    PrintFailure::Unknown {
        doubt,
        reasons: Vec::new(),
        device_job: Some(Box::new(device_job)),
    }
}

fn shown(error: &io::Error) -> String {
    printable(&error.to_string(), MAX_DEVICE_TEXT)
}

#[cfg(test)]
mod tests;
