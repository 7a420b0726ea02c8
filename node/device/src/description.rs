//! What an output device is and can do, and why it cannot be asked.
//!
//! Lives here: the description for `status` and `doctor`, and the errors of talking to a device.
//! Not here: the errors of a print (`failure.rs`).

use std::borrow::Cow;
use std::io;

use papermesh_convert::device::Device;
use papermesh_protocol::remedy::Remedy;
use serde::Serialize;

use super::event::PrinterState;
use super::pins::PinError;
use super::reasons::StateReason;
use super::uri::OutputUri;

/// An output device as it describes itself at one moment.
///
/// Everything in it that is text came from the device, cleaned and shortened; lists may be empty
/// where the device does not say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceDescription {
    /// Its address.
    pub device: OutputUri,
    /// Its name, `printer-name` or `printer-info`.
    pub name: String,
    /// Maker and model, `printer-make-and-model`.
    pub make_and_model: Option<String>,
    /// Where it stands, `printer-location`.
    pub location: Option<String>,
    /// What it can do.
    pub can: Device,
    /// Its state.
    pub state: PrinterState,
    /// What is the matter with it.
    pub reasons: Vec<StateReason>,
    /// Its own words about its state.
    pub message: Option<String>,
    /// Whether it takes jobs now, `printer-is-accepting-jobs`.
    pub accepting: bool,
    /// How well what travels to it is protected.
    pub protection: Protection,
}

/// What the configuration says of a device, because it does not say it itself or says it wrongly.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutputOptions {
    /// The formats that it takes, MIME media types in lower case; none for what it says itself.
    pub formats: Option<Vec<String>>,
    /// Whether it gets pictures of pages rather than documents; none for what is known of its
    /// model.
    pub as_image: Option<bool>,
}

/// How well what travels to a device is protected from others on the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protection {
    /// It does not leave this computer.
    Local,
    /// By TLS, with a certificate that is pinned.
    Encrypted {
        /// What is weak about it, in words.
        weak: Vec<String>,
    },
    /// Not at all.
    None,
}

/// Why a device could not be asked, or did not give a usable answer.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// No connection, or none in time.
    #[error("cannot reach {device}: {why}")]
    Unreachable {
        /// Host and port.
        device: String,
        /// What the network said.
        why: String,
    },
    /// Nobody knows the host by this name.
    #[error("cannot find {host} ({why})")]
    NameUnknown {
        /// The host.
        host: String,
        /// What the system said.
        why: String,
    },
    /// The printer speaks no encryption, or none that protects anything.
    #[error("{device} and this node have no encryption in common: {why}")]
    NoEncryption {
        /// Host and port.
        device: String,
        /// What is missing, in words.
        why: String,
    },
    /// The printer does not say what it prints, and nobody else does.
    #[error("{device} does not report which formats it accepts")]
    FormatsUnknown {
        /// Host and port.
        device: String,
    },
    /// The printer says that it is somewhere else.
    #[error("{device} reports that the printer has moved")]
    Moved {
        /// Host and port.
        device: String,
        /// Where it points.
        to: String,
    },
    /// The connection broke, or no whole answer came in time.
    #[error("{device} did not answer properly: {why}")]
    Broken {
        /// Host and port.
        device: String,
        /// What the network said.
        why: String,
    },
    /// The printer's certificate was refused, or the pins could not be read or written.
    #[error(transparent)]
    Pin(#[from] PinError),
    /// The printer wants a user name and a password, which this node does not have.
    #[error("{device} requires a password")]
    PasswordDemanded {
        /// Host and port.
        device: String,
    },
    /// HTTP, but not IPP.
    #[error("{device} answered HTTP {status}, not IPP")]
    NotIpp {
        /// Host and port.
        device: String,
        /// The HTTP status, and the content type where that is what is wrong.
        status: String,
    },
    /// An answer that is too large, too deep or no IPP: it was thrown away.
    #[error("{device} sent an invalid answer: {why}")]
    BadReply {
        /// Host and port.
        device: String,
        /// What is wrong with it.
        why: String,
    },
    /// The device refused an operation.
    #[error("{device} refused {operation}: {status}")]
    Status {
        /// Host and port.
        device: String,
        /// The operation's name in the standard.
        operation: &'static str,
        /// The status, with the device's own message.
        status: IppStatus,
    },
    /// A value that cannot be written as IPP.
    #[error("cannot ask {device}: {why}")]
    Unsendable {
        /// Host and port.
        device: String,
        /// What is wrong with it.
        why: String,
    },
    /// Nobody is there who fetches.
    #[error("{0}")]
    NoProxy(String),
    /// The tray's folder cannot be used.
    #[error("cannot use the tray {folder}: {source}")]
    Folder {
        /// The folder.
        folder: String,
        /// What the file system said.
        source: io::Error,
    },
}

impl Remedy for DeviceError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Unreachable { .. } => {
                "check that it is switched on and that the address is right".into()
            }
            Self::NameUnknown { host, .. } => name_advice(host).into(),
            Self::NoEncryption { .. } => {
                "update the printer's firmware, or write ipp:// in place of ipps:// in the output URI: that prints \
                 without encryption, so do it only where nobody else is on the network"
                    .into()
            }
            Self::FormatsUnknown { .. } => {
                "if you know them, add formats = [\"application/pdf\"] (or what it accepts) to papermesh.toml, or \
                 print to its raw port with socket://HOST"
                    .into()
            }
            Self::Moved { to, .. } => format!("use {to} as the output URI, if that is right").into(),
            Self::Pin(error) => return error.remedy(),
            Self::PasswordDemanded { .. } => "allow this computer at the printer".into(),
            Self::NoProxy(_) => {
                "check that the proxy beside the printer is running, and that its address, user name and device token are \
                 right (`papermesh infra add` makes a token)"
                    .into()
            }
            Self::NotIpp { .. } => "check the path of the output URI (most printers use /ipp/print)".into(),
            _ => return None,
        })
    }
}

impl DeviceError {
    /// The error of a host that takes no connection, by what the system says.
    pub(super) fn of_no_connection(host: &str, device: String, why: String) -> Self {
        // The one sign that a name was looked up in vain, in the words of the standard library.
        if why.contains("lookup address") {
            return Self::NameUnknown {
                host: host.to_owned(),
                why,
            };
        }
        Self::Unreachable { device, why }
    }

    /// Whether the device was there, understood, and did not give what it was asked for.
    pub(super) const fn is_refusal(&self) -> bool {
        matches!(self, Self::Status { .. } | Self::BadReply { .. })
    }

    /// Whether a printer that says this may be asleep, and answer when it has woken up.
    pub(super) fn may_be_asleep(&self) -> bool {
        match self {
            // Where a connection is refused, somebody is awake.
            Self::Unreachable { why, .. } => !why.to_ascii_lowercase().contains("refused"),
            Self::Broken { .. } => true,
            _ => false,
        }
    }
}

/// What to do about a name that is not found.
fn name_advice(host: &str) -> &'static str {
    if host.ends_with(".local") {
        "names in .local are looked up by mDNS: install libnss-mdns (or your system's equivalent) on this computer, or \
         write the printer's address"
    } else {
        "check the name, or write the printer's address"
    }
}

/// The status of an IPP reply (RFC 8011 appendix B).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IppStatus {
    /// The `status-code`.
    pub code: u16,
    /// `status-message`, cleaned and shortened.
    pub message: Option<String>,
}

impl IppStatus {
    pub(super) const BAD_REQUEST: u16 = 0x0400;
    pub(super) const FORBIDDEN: u16 = 0x0401;
    pub(super) const NOT_AUTHORIZED: u16 = 0x0403;
    pub(super) const NOT_POSSIBLE: u16 = 0x0404;
    pub(super) const NOT_FOUND: u16 = 0x0406;
    pub(super) const GONE: u16 = 0x0407;
    pub(super) const FORMAT_NOT_SUPPORTED: u16 = 0x040A;
    pub(super) const ATTRIBUTES_NOT_SUPPORTED: u16 = 0x040B;
    pub(super) const CONFLICTING_ATTRIBUTES: u16 = 0x040E;
    pub(super) const INTERNAL_ERROR: u16 = 0x0500;
    pub(super) const OPERATION_NOT_SUPPORTED: u16 = 0x0501;
    pub(super) const VERSION_NOT_SUPPORTED: u16 = 0x0503;
    pub(super) const TEMPORARY_ERROR: u16 = 0x0505;
    pub(super) const NOT_ACCEPTING_JOBS: u16 = 0x0506;
    pub(super) const BUSY: u16 = 0x0507;

    /// Whether the operation was carried out (RFC 8011 appendix B.1.2: 0x0000 to 0x00FF).
    #[must_use]
    pub const fn is_success(&self) -> bool {
        self.code <= 0x00FF
    }
}

impl std::fmt::Display for IppStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = match self.code {
            0x0000 => "successful-ok",
            0x0001 => "successful-ok-ignored-or-substituted-attributes",
            0x0002 => "successful-ok-conflicting-attributes",
            Self::BAD_REQUEST => "client-error-bad-request",
            Self::FORBIDDEN => "client-error-forbidden",
            0x0402 => "client-error-not-authenticated",
            Self::NOT_AUTHORIZED => "client-error-not-authorized",
            Self::NOT_POSSIBLE => "client-error-not-possible",
            0x0405 => "client-error-timeout",
            Self::NOT_FOUND => "client-error-not-found",
            Self::GONE => "client-error-gone",
            0x0408 => "client-error-request-entity-too-large",
            0x0409 => "client-error-request-value-too-long",
            Self::FORMAT_NOT_SUPPORTED => "client-error-document-format-not-supported",
            Self::ATTRIBUTES_NOT_SUPPORTED => "client-error-attributes-or-values-not-supported",
            Self::CONFLICTING_ATTRIBUTES => "client-error-conflicting-attributes",
            0x0411 => "client-error-document-format-error",
            Self::INTERNAL_ERROR => "server-error-internal-error",
            Self::OPERATION_NOT_SUPPORTED => "server-error-operation-not-supported",
            0x0502 => "server-error-service-unavailable",
            Self::VERSION_NOT_SUPPORTED => "server-error-version-not-supported",
            0x0504 => "server-error-device-error",
            Self::TEMPORARY_ERROR => "server-error-temporary-error",
            Self::NOT_ACCEPTING_JOBS => "server-error-not-accepting-jobs",
            Self::BUSY => "server-error-busy",
            0x0508 => "server-error-job-canceled",
            _ => "status",
        };
        match &self.message {
            Some(message) => write!(f, "{name} (0x{:04x}): {message}", self.code),
            None => write!(f, "{name} (0x{:04x})", self.code),
        }
    }
}
