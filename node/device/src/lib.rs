//! Output devices: what turns a released document into paper.
//!
//! This crate may know formats, and how printers are spoken to. It may not know the mesh, the store, a user's session
//! or a key.
//!
//! Lives here: IPP printers and CUPS queues (`ipp/`), raw ports (`socket/`), tray folders (`tray/`),
//! whoever fetches (`infra/`), and the types they share. Not here: sessions, leases, the journal, decryption: a device is given
//! a ticket and a stream of the document's bytes, and says what became of it.
//!
//! What every device keeps:
//!
//! - [`Outcome::Completed`] is the device's own word, never a guess.
//! - A document is printed as its ticket asks, or refused by name before anything is sent.
//! - A failure says what it means for paper: nothing came out, nothing more will, or nobody can
//!   tell.
//! - A document is streamed; memory does not grow with it. Every wait has a named limit, and a
//!   print can be canceled at any moment.
//! - What a device says is hostile until checked, and cleaned before it is shown.
#![forbid(unsafe_code)]

mod description;
mod durable;
mod event;
mod failure;
mod infra;
mod ipp;
mod pins;
mod quirks;
mod reasons;
mod reporter;
mod socket;
mod source;
#[cfg(any(test, feature = "testing"))]
mod still;
mod text;
mod ticket;
mod tray;
mod uri;

use std::sync::Arc;

use papermesh_convert::device::Device;
use tokio::io::AsyncRead;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use description::{DeviceDescription, DeviceError, IppStatus, OutputOptions, Protection};
pub use event::{
    DeviceEvent, DeviceJob, DeviceJobRef, DeviceJobState, DeviceProgress, DeviceVerdict, IppJob,
    PrinterState,
};
pub use failure::{AbortCause, Doubt, Outcome, PrintFailure, Refusal, Stop};
pub use infra::{
    AttributesError, Change, Document, DocumentWord, Fetched, InfraDevice, JobState, JobView,
    JobWord, MAX_ATTRIBUTE_VALUES, MAX_ATTRIBUTES_BYTES, NotFetchable, ProxyId, ProxyIdError,
    ProxyView,
};
pub use ipp::IppDevice;
pub use pins::{FilePins, Fingerprint, MAX_PIN_FILE, MAX_PINS, MemoryPins, PinError, PinStore};
pub use reasons::{Severity, StateReason};
pub use socket::SocketDevice;
#[cfg(any(test, feature = "testing"))]
pub use still::StillDevice;
pub use text::clean;
pub use ticket::{MAX_JOB_NAME, MAX_RELEASE_DIGITS, MAX_USER_NAME, PrintTicket, TAG_DIGITS};
pub use tray::TrayDevice;
pub use uri::{
    IPP_PATH, IPP_PORT, IppAddress, MAX_INFRA_NAME, MAX_URI, OutputUri, OutputUriError, SOCKET_PORT,
};

/// The output device of a printer node.
#[derive(Debug)]
pub enum OutputDevice {
    /// `ipp://`, `ipps://`
    Ipp(Box<IppDevice>),
    /// `socket://`
    Socket(SocketDevice),
    /// `tray:`
    Tray(TrayDevice),
    /// `infra:`
    Infra(InfraDevice),
    /// A device that tests are about, which stands still for a while.
    #[cfg(any(test, feature = "testing"))]
    Still(StillDevice),
}

impl OutputDevice {
    /// Opens the device at `uri`. A printer is not contacted yet; a tray's folder is made.
    ///
    /// `pins` keeps the certificates of `ipps` printers. A relative tray folder is taken from the
    /// working folder of the process. `options` say what the device does not say itself.
    pub async fn open(
        uri: OutputUri,
        pins: Arc<dyn PinStore>,
        options: OutputOptions,
    ) -> Result<Self, DeviceError> {
        Ok(match uri {
            OutputUri::Ipp(address) => {
                Self::Ipp(Box::new(IppDevice::open(&address, pins, options)?))
            }
            OutputUri::Socket { host, port } => {
                Self::Socket(SocketDevice::open(host, port, options))
            }
            OutputUri::Tray(folder) => Self::Tray(TrayDevice::open(folder).await?),
            OutputUri::Infra(name) => Self::Infra(InfraDevice::new(name, options)),
        })
    }

    /// Asks the device what it is, what it can do and how it is, now. Nobody is kept from printing
    /// by that: a raw port is not opened for it, and says nothing.
    pub async fn describe(&self) -> Result<DeviceDescription, DeviceError> {
        match self {
            Self::Ipp(device) => device.describe().await,
            Self::Socket(device) => Ok(device.describe()),
            Self::Tray(device) => device.describe().await,
            Self::Infra(device) => device.describe(),
            #[cfg(any(test, feature = "testing"))]
            Self::Still(device) => Err(device.describe()),
        }
    }

    /// The same for a person who looks for what is wrong: a raw port is opened once, and closed.
    pub async fn try_out(&self) -> Result<DeviceDescription, DeviceError> {
        if let Self::Socket(device) = self {
            device.try_out().await?;
        }
        self.describe().await
    }

    /// What the device can do, asked now or a moment ago, to print on it next. A device that sleeps is
    /// woken up, and `waiting` hears of that.
    pub async fn abilities(
        &self,
        waiting: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Device, DeviceError> {
        Ok(match self {
            Self::Ipp(device) => device.known(waiting).await?.can,
            Self::Socket(device) => device.describe().can,
            Self::Infra(device) => device.known(waiting).await?,
            #[cfg(any(test, feature = "testing"))]
            Self::Still(_) => Device::default(),
            Self::Tray(device) => device.describe().await?.can,
        })
    }

    /// Prints a document and stays until the device says how that ended.
    ///
    /// `document` is read once, piece by piece, and not beyond its end; it is dropped on return at
    /// the latest. `progress` receives what happens meanwhile, see [`DeviceEvent`]. Canceling takes
    /// the job back from the device and waits until it confirms; if the job was printed by then,
    /// that is the result.
    ///
    /// Cancel with `cancel`, not by dropping the future: a dropped print leaves its job at the
    /// device.
    pub async fn print<R>(
        &self,
        ticket: &PrintTicket,
        document: R,
        progress: mpsc::Sender<DeviceEvent>,
        cancel: CancellationToken,
    ) -> Result<Outcome, PrintFailure>
    where
        R: AsyncRead + Send + Unpin + 'static,
    {
        match self {
            Self::Ipp(device) => device.print(ticket, document, progress, cancel).await,
            Self::Socket(device) => device.print(ticket, document, progress, cancel).await,
            Self::Tray(device) => device.print(ticket, document, progress, cancel).await,
            Self::Infra(device) => device.print(ticket, document, progress, cancel).await,
            #[cfg(any(test, feature = "testing"))]
            Self::Still(device) => device.print(document).await,
        }
    }

    /// Asks what became of a job of an earlier life of this node. While the verdict is
    /// [`DeviceVerdict::StillPrinting`] or [`DeviceVerdict::Silent`], ask again later.
    ///
    /// A raw port can never tell; neither can a device other than the one that had the job.
    pub async fn ask(&self, job: &DeviceJobRef) -> DeviceVerdict {
        match (self, &job.job) {
            #[cfg(any(test, feature = "testing"))]
            (Self::Still(device), _) => device.ask(),
            (Self::Ipp(device), DeviceJob::Ipp(ipp_job)) if device.uri() == &job.device => {
                device.ask(ipp_job).await
            }
            (Self::Tray(device), DeviceJob::Tray { release })
                if OutputUri::tray(device.folder()) == job.device =>
            {
                device.ask(release).await
            }
            (Self::Infra(device), DeviceJob::Infra { number, proxy })
                if OutputUri::Infra(device.name().to_owned()) == job.device =>
            {
                device.ask(*number, proxy.as_deref())
            }
            (_, DeviceJob::Socket) => DeviceVerdict::Unknown {
                why: "a raw port cannot be asked".to_owned(),
            },
            _ => DeviceVerdict::Unknown {
                why: format!(
                    "it was sent to {}, which is no longer the output device",
                    job.device
                ),
            },
        }
    }
}
