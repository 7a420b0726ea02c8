//! The raw port: a printer that takes bytes over TCP and says nothing (AppSocket, also called
//! JetDirect).
//!
//! Lives here: connecting, pouring, closing in good order. Not here: how much of it is known to
//! have arrived (`unsent.rs`), and what is no document (`language.rs`).
//!
//! The most that can be said of a document sent here is that the device took every byte
//! ([`Outcome::Delivered`]). It is never *completed*: paper may still be missing when the
//! connection ends.
//!
//! Many such devices have one connection, and while it is open nobody else prints. So none is
//! opened but to print, and once when a person asks what is wrong.

mod language;
mod unsent;

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use papermesh_convert::device::{Device, Formats};
use papermesh_protocol::job::{ColorMode, Sides};
use tokio::io::{AsyncRead, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio_util::bytes::Bytes;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::description::{DeviceDescription, DeviceError, OutputOptions, Protection};
use super::event::{DeviceEvent, DeviceJob, DeviceJobRef, PrinterState};
use super::failure::{AbortCause, Doubt, Outcome, PrintFailure, Refusal, Stop};
use super::reporter::Reporter;
use super::source::{SOURCE_STALL, Source, SourceFault};
use super::text::{MAX_DEVICE_TEXT, printable};
use super::ticket::PrintTicket;
use super::uri::{OutputUri, authority, is_here};
use language::{BEGINNING, Disarm};
use unsent::Ends;

/// How long a connection may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(20);

/// How long a device that takes no connection is tried again: it may sleep, or have its one
/// connection in use.
const BUSY_LIMIT: Duration = Duration::from_secs(60);

/// How long the device may take no byte: as long as it may be out of paper, or print for others.
const STOPPED_LIMIT: Duration = Duration::from_secs(15 * 60);

/// How long the device may take to close its side when it has the last byte. There are devices that
/// never do.
const DRAIN_LIMIT: Duration = Duration::from_secs(60);

/// How long nothing may happen before that is told.
const QUIET_LIMIT: Duration = Duration::from_secs(10);

/// How often it is looked how much has arrived.
const TICK: Duration = Duration::from_millis(500);

/// A raw port.
#[derive(Debug)]
pub struct SocketDevice {
    host: String,
    port: u16,
    options: OutputOptions,
    patience: Patience,
}

/// The waits of one device. Tests shorten them; nothing else does.
#[derive(Debug, Clone, Copy)]
struct Patience {
    connect: Duration,
    busy: Duration,
    stopped: Duration,
    drain: Duration,
    quiet: Duration,
    tick: Duration,
    source: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: CONNECT_LIMIT,
            busy: BUSY_LIMIT,
            stopped: STOPPED_LIMIT,
            drain: DRAIN_LIMIT,
            quiet: QUIET_LIMIT,
            tick: TICK,
            source: SOURCE_STALL,
        }
    }
}

/// Why a print ended early.
enum Halt {
    Canceled,
    Source(SourceFault),
    Broke(String),
    Stood,
    /// The device has not closed, and it cannot be told what it has.
    NotDrained,
}

/// One document on its way.
struct Pouring<'a> {
    patience: Patience,
    reporter: &'a Reporter,
    ends: Option<Ends>,
    /// Bytes that the system has taken.
    sent: u64,
    /// Whether it is told that nothing happens.
    quiet: bool,
}

impl SocketDevice {
    pub(super) fn open(host: String, port: u16, options: OutputOptions) -> Self {
        Self {
            host,
            port,
            options,
            patience: Patience::default(),
        }
    }

    fn uri(&self) -> OutputUri {
        OutputUri::Socket {
            host: self.host.clone(),
            port: self.port,
        }
    }

    /// What is known of it, which is what the configuration says. Nothing is opened for it.
    pub(super) fn describe(&self) -> DeviceDescription {
        DeviceDescription {
            device: self.uri(),
            name: self.uri().to_string(),
            make_and_model: None,
            location: None,
            can: Device {
                as_image: self.options.as_image.unwrap_or(false),
                ..Device::taking(match &self.options.formats {
                    Some(formats) => Formats::Listed(formats.clone()),
                    None => Formats::NotAsked,
                })
            },
            state: PrinterState::Unknown,
            reasons: Vec::new(),
            message: None,
            accepting: true,
            protection: if is_here(&self.host) {
                Protection::Local
            } else {
                Protection::None
            },
        }
    }

    /// Connects once, to see whether something listens, and closes again without a byte.
    pub(super) async fn try_out(&self) -> Result<(), DeviceError> {
        self.connect().await.map(drop)
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
        let mut source = Source::new(document, ticket.size, self.patience.source);
        let begin = async {
            if !ticket.converted {
                let beginning = source.beginning(BEGINNING).await.map_err(nothing_sent)?;
                if let Some(language) = language::program(&beginning) {
                    return Err(Refusal::Language(language).into());
                }
            }
            self.connect_patiently(&reporter)
                .await
                .map_err(PrintFailure::NotStarted)
        };
        let stream = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(canceled()),
            stream = begin => stream?,
        };
        let device_job = DeviceJobRef {
            device: self.uri(),
            job: DeviceJob::Socket,
        };
        reporter.accepted(&device_job).await;
        let mut pouring = Pouring {
            patience: self.patience,
            reporter: &reporter,
            ends: Ends::of(&stream),
            sent: 0,
            quiet: false,
        };
        let (reader, mut writer) = stream.into_split();
        // The device's chatter is read from the start: a device whose buffer is full takes no more
        // either.
        let closed = AbortOnDropHandle::new(tokio::spawn(closed(reader)));
        let disarm = (!ticket.converted).then(Disarm::default);
        let poured = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(Halt::Canceled),
            poured = pouring.pour(&mut source, disarm, &mut writer) => poured,
        };
        let settled = match poured {
            Ok(()) => tokio::select! {
                biased;
                () = cancel.cancelled() => Err(Halt::Canceled),
                settled = pouring.settle(closed, &writer) => settled,
            },
            Err(halt) => Err(halt),
        };
        let Err(halt) = settled else {
            return Ok(Outcome::Delivered { device_job });
        };
        let nothing = pouring.nothing_arrived().await;
        // Reset instead of a close in good order, so that the device does not take a part for
        // the whole, and what the system still has stays here. Where the system refuses, the
        // connection just ends.
        drop(writer.as_ref().set_zero_linger());
        writer.forget();
        Err(self.halted(halt, nothing, device_job))
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
        let device = authority(&self.host, self.port);
        Err(DeviceError::of_no_connection(&self.host, device, why))
    }

    /// Connects, again and again while the device may have its one connection in use.
    async fn connect_patiently(&self, reporter: &Reporter) -> Result<TcpStream, DeviceError> {
        let started = Instant::now();
        loop {
            match self.connect().await {
                Err(DeviceError::Unreachable { .. }) if started.elapsed() < self.patience.busy => {}
                connected => return connected,
            }
            reporter.tell(DeviceEvent::Waiting {
                why: "the printer does not accept a connection yet; it may be printing another job or waking up"
                    .to_owned(),
            });
            tokio::time::sleep(self.patience.tick).await;
        }
    }

    fn halted(&self, halt: Halt, nothing: bool, device_job: DeviceJobRef) -> PrintFailure {
        let stop = if nothing {
            Stop::NothingSent
        } else {
            Stop::Unconfirmed
        };
        let not_started = |why: &str| {
            PrintFailure::NotStarted(DeviceError::Broken {
                device: authority(&self.host, self.port),
                why: why.to_owned(),
            })
        };
        let stood = "it accepts no more of the document";
        match halt {
            Halt::Source(SourceFault::Broke(error)) => PrintFailure::Body { error, stop },
            Halt::Source(SourceFault::Stalled(after)) => PrintFailure::Stalled { after, stop },
            Halt::Canceled if nothing => canceled(),
            Halt::Canceled => unknown(Doubt::CancelUnconfirmed, device_job),
            Halt::Broke(why) if nothing => not_started(&why),
            Halt::Broke(why) => unknown(Doubt::ConnectionBroke(why), device_job),
            Halt::Stood if nothing => not_started("it accepted nothing of the document"),
            Halt::Stood => unknown(Doubt::Stopped(stood.to_owned()), device_job),
            Halt::NotDrained => unknown(Doubt::NotDrained(self.patience.drain), device_job),
        }
    }
}

impl Pouring<'_> {
    async fn pour<R: AsyncRead + Unpin>(
        &mut self,
        source: &mut Source<R>,
        mut disarm: Option<Disarm>,
        writer: &mut OwnedWriteHalf,
    ) -> Result<(), Halt> {
        while let Some(piece) = source.next().await.map_err(Halt::Source)? {
            let piece = match &mut disarm {
                Some(disarm) => disarm.pass(piece),
                None => piece,
            };
            self.write(piece, writer).await?;
        }
        if let Some(mut disarm) = disarm {
            self.write(disarm.finish(), writer).await?;
        }
        writer
            .shutdown()
            .await
            .map_err(|error| Halt::Broke(shown(&error)))
    }

    async fn write(&mut self, piece: Bytes, writer: &mut OwnedWriteHalf) -> Result<(), Halt> {
        let mut rest = &piece[..];
        let mut begun = Instant::now();
        while !rest.is_empty() {
            // A write that waits has written nothing, so giving it up loses no count.
            let write = tokio::time::timeout(self.patience.tick, writer.write(rest)).await;
            match write {
                Ok(Ok(0)) => return Err(Halt::Broke("the device accepts no more data".to_owned())),
                Ok(Ok(written)) => {
                    self.sent += written as u64;
                    rest = &rest[written..];
                    begun = Instant::now();
                    self.moves();
                }
                Ok(Err(error)) => return Err(Halt::Broke(shown(&error))),
                Err(_) if begun.elapsed() > self.patience.stopped => return Err(Halt::Stood),
                Err(_) => self.waits(begun),
            }
        }
        Ok(())
    }

    /// Waits until the device has everything. It says so by closing its side; one that does not has
    /// it when the system knows that every byte was confirmed.
    async fn settle(
        &mut self,
        mut closed: AbortOnDropHandle<io::Result<()>>,
        writer: &OwnedWriteHalf,
    ) -> Result<(), Halt> {
        let (mut left, mut changed) = (u64::MAX, Instant::now());
        let mut closing = None;
        loop {
            let unsent = match self.ends {
                Some(ends) => ends.unsent().await,
                None => None,
            };
            if let Some(unsent) = unsent
                && unsent < left
            {
                (left, changed) = (unsent, Instant::now());
                self.moves();
            }
            if let Some(by) = closing {
                // It closed: then it takes no more, unless it does so at once.
                match unsent {
                    Some(0) => return Ok(()),
                    // The connection is over, in order or not: it closed after a part, perhaps, and
                    // then refused the rest.
                    None => match writer.as_ref().take_error() {
                        Ok(None) => return Ok(()),
                        Ok(Some(error)) | Err(error) => return Err(Halt::Broke(shown(&error))),
                    },
                    Some(_) if Instant::now() < by => {}
                    Some(_) => {
                        return Err(Halt::Broke("it closed before it had everything".to_owned()));
                    }
                }
            }
            let waited = changed.elapsed();
            match unsent {
                Some(0) if waited > self.patience.drain => return Ok(()),
                Some(1..) if waited > self.patience.stopped => return Err(Halt::Stood),
                Some(1..) => self.waits(changed),
                None if waited > self.patience.drain => return Err(Halt::NotDrained),
                _ => {}
            }
            if closing.is_some() {
                tokio::time::sleep(self.patience.tick).await;
                continue;
            }
            tokio::select! {
                ended = &mut closed => match ended {
                    Ok(Ok(())) => closing = Some(Instant::now() + self.patience.quiet),
                    Ok(Err(error)) => return Err(Halt::Broke(shown(&error))),
                    Err(error) => return Err(Halt::Broke(error.to_string())),
                },
                () = tokio::time::sleep(self.patience.tick) => {}
            }
        }
    }

    /// Whether it is certain that the device has nothing of the document.
    async fn nothing_arrived(&self) -> bool {
        if self.sent == 0 {
            return true;
        }
        match self.ends {
            Some(ends) => ends
                .unsent()
                .await
                .is_some_and(|unsent| unsent >= self.sent),
            None => false,
        }
    }

    fn moves(&mut self) {
        self.quiet = false;
        self.reporter.tell(DeviceEvent::Sent { bytes: self.sent });
    }

    /// Tells once that nothing happens.
    fn waits(&mut self, since: Instant) {
        if !self.quiet && since.elapsed() > self.patience.quiet {
            self.quiet = true;
            self.reporter.tell(DeviceEvent::Waiting {
                why: "the printer is not accepting more of the document at the moment; it may be printing another job or need attention"
                    .to_owned(),
            });
        }
    }
}

/// Reads until the device closes its side. What it says nobody asked it for.
async fn closed(mut reader: OwnedReadHalf) -> io::Result<()> {
    tokio::io::copy(&mut reader, &mut tokio::io::sink())
        .await
        .map(drop)
}

fn nothing_sent(fault: SourceFault) -> PrintFailure {
    let stop = Stop::NothingSent;
    match fault {
        SourceFault::Broke(error) => PrintFailure::Body { error, stop },
        SourceFault::Stalled(after) => PrintFailure::Stalled { after, stop },
    }
}

/// A raw port prints what is in the document and cannot be told more: what was asked for and would
/// be ignored is refused. Paper is not: every print system asks for the one that its document was made
/// for.
fn refuse_options(ticket: &PrintTicket) -> Result<(), Refusal> {
    let fixed = || vec!["what the document itself says".to_owned()];
    let refuse = |attribute, asked: &str| {
        Err(Refusal::Attribute {
            attribute,
            asked: asked.to_owned(),
            supported: fixed(),
        })
    };
    if ticket.options.copies != 1 {
        return Err(Refusal::Attribute {
            attribute: "copies",
            asked: ticket.options.copies.to_string(),
            supported: vec!["1".to_owned()],
        });
    }
    if !ticket.options.page_ranges.is_all() {
        return refuse("page-ranges", "some");
    }
    match (ticket.options.sides, ticket.options.color) {
        (Some(sides), _) if sides != Sides::OneSided => refuse("sides", sides.keyword()),
        (_, Some(mode @ ColorMode::Monochrome)) => refuse("print-color-mode", mode.keyword()),
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
