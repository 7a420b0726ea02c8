//! How a print ends: the outcome, and the failures with what each says about paper.
//!
//! Lives here: the closed list that the release of a job is decided by. A job is only deleted on
//! [`Outcome::Completed`] (or, where the site accepts that a raw port cannot say more, on
//! [`Outcome::Delivered`]); it is marked *may have printed* where
//! [`PrintFailure::may_have_printed`] says so.

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use papermesh_protocol::remedy::Remedy;
use papermesh_protocol::text::counted;

use super::description::{DeviceError, IppStatus};
use super::event::DeviceJobRef;
use super::reasons::{StateReason, in_words};

/// How a print ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The device itself says that the job is completed.
    Completed {
        /// Pages, where the device counts them.
        pages: Option<u32>,
        /// The job at the device.
        device_job: DeviceJobRef,
    },
    /// The device took every byte and cannot say more: a raw port that closed in good order, or a
    /// print server that has passed the job on to a printer that does not report back
    /// (`queued-in-device`).
    Delivered {
        /// The job at the device.
        device_job: DeviceJobRef,
    },
}

/// How a print failed.
#[derive(Debug, thiserror::Error)]
pub enum PrintFailure {
    /// The device does not take this kind of document. Nothing was printed.
    #[error("this printer cannot print {format}")]
    Unsupported {
        /// The document's MIME type.
        format: String,
        /// What the device takes.
        accepted: Vec<String>,
    },
    /// The device does not take this job, now or as it was asked for. Nothing was printed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Nothing of the document reached the device: safe to try again.
    #[error("nothing was printed: {0}")]
    NotStarted(#[source] DeviceError),
    /// The job ended early, and the device says (or it is certain) that nothing more will print.
    #[error("{}{}", cause, pages_told(*pages))]
    Aborted {
        /// Who ended it.
        cause: AbortCause,
        /// What the device says about it.
        reasons: Vec<StateReason>,
        /// Pages that did come out, where the device counts them.
        pages: Option<u32>,
    },
    /// Part or all of the document was sent, and it cannot be told what came out: it may have
    /// printed.
    #[error("it may have printed: {doubt}")]
    Unknown {
        /// Why nobody can tell.
        doubt: Doubt,
        /// What the device said last.
        reasons: Vec<StateReason>,
        /// The job at the device, where it is known.
        device_job: Option<Box<DeviceJobRef>>,
    },
    /// The document's own stream broke, so the job was taken back.
    #[error("the document was cut off on its way: {error} ({stop})")]
    Body {
        /// What happened to the stream.
        error: io::Error,
        /// What became of the part that the device already had.
        stop: Stop,
    },
    /// The document's own stream gave nothing for this long, so the job was taken back.
    #[error("the document stalled for {} seconds ({stop})", after.as_secs())]
    Stalled {
        /// How long was waited.
        after: Duration,
        /// What became of the part that the device already had.
        stop: Stop,
    },
}

impl Remedy for PrintFailure {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Unsupported { accepted, .. } => {
                format!("use what it accepts: {}", listed(accepted)).into()
            }
            Self::Refused(error) => return error.remedy(),
            Self::NotStarted(error) => return error.remedy(),
            Self::Aborted { cause, .. } => return cause.remedy(),
            _ => return None,
        })
    }
}

impl PrintFailure {
    /// Whether the whole document may be on paper without anybody knowing it, so that the user must
    /// be told before it is printed again.
    #[must_use]
    pub const fn may_have_printed(&self) -> bool {
        match self {
            Self::Unknown { .. } => true,
            Self::Body { stop, .. } | Self::Stalled { stop, .. } => {
                matches!(stop, Stop::Unconfirmed | Stop::TooLate)
            }
            Self::Unsupported { .. }
            | Self::Refused(_)
            | Self::NotStarted(_)
            | Self::Aborted { .. } => false,
        }
    }

    /// Whether it is certain that not one page came out.
    #[cfg(test)]
    pub(crate) const fn nothing_printed(&self) -> bool {
        match self {
            Self::Unsupported { .. } | Self::Refused(_) | Self::NotStarted(_) => true,
            Self::Aborted { pages, .. } => matches!(pages, Some(0)),
            Self::Body { stop, .. } | Self::Stalled { stop, .. } => {
                matches!(stop, Stop::NothingSent)
            }
            Self::Unknown { .. } => false,
        }
    }
}

/// Why a device does not take a job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It takes no jobs at all now.
    #[error("the printer is not accepting jobs{}", told(reasons))]
    NotAccepting {
        /// What is the matter with it.
        reasons: Vec<StateReason>,
    },
    /// It cannot print the job the way it was asked for. Nothing else is printed instead.
    #[error("this printer cannot do {attribute} {asked}")]
    Attribute {
        /// The IPP attribute: `copies`, `sides`, `print-color-mode`, `page-ranges` or `media`.
        attribute: &'static str,
        /// What was asked for.
        asked: String,
        /// What the device can do; empty where it does not say.
        supported: Vec<String>,
    },
    /// The document is not what it is said to be, but commands for the device.
    #[error("it begins with {0}, which is not a document but a program for the printer")]
    Language(&'static str),
    /// It must be known beforehand how long the document is, and it is too long to be kept until then.
    #[error(
        "this printer must know the length of a document in advance, and this one is longer than {} MiB once converted",
        .0 >> 20
    )]
    TooLong(u64),
    /// The ticket itself makes no sense.
    #[error("{0}")]
    Ticket(String),
    /// The device says no for a reason of its own.
    #[error("the printer refused the job: {0}")]
    Status(IppStatus),
}

impl Remedy for Refusal {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Attribute { supported, .. } => format!("it can do {}", listed(supported)).into(),
            Self::Language(_) => "print the document itself".into(),
            _ => return None,
        })
    }
}

/// Who or what ended a job early.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AbortCause {
    /// It was canceled from here, and the device confirms it or had nothing yet.
    #[error("the print was canceled")]
    Asked,
    /// The device, or somebody at it, ended the job.
    #[error("the printer ended the job: {0}")]
    Device(String),
    /// The device stood still for too long, so the job was taken back from it: a document must not
    /// come out hours later, when its owner has left.
    #[error("the printer stopped ({0}), so the job was canceled there")]
    DeviceStopped(String),
    /// The device kept the job in its own store instead of printing it.
    #[error("the printer stored the job ({0}), so it was canceled there")]
    HeldThere(String),
    /// The connection broke while the document was being sent, and the device has given the job up.
    #[error("the connection to the printer was lost ({0}), and the job was canceled there")]
    ConnectionBroke(String),
    /// Whoever fetches did not, or had nothing of the document when it ended.
    #[error("{0}")]
    Proxy(String),
    /// The tray could not keep the file.
    #[error("the tray could not keep the document: {0}")]
    Tray(String),
}

impl Remedy for AbortCause {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::HeldThere(_) => Some(
                "switch off job storage at the printer, or release the job there at once next time"
                    .into(),
            ),
            _ => None,
        }
    }
}

/// Why nobody can tell whether a document was printed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// The device could not be reached any more.
    #[error("the printer can no longer be reached ({0})")]
    Unreachable(String),
    /// The device no longer knows the job, or another job has its number.
    #[error("the printer no longer knows the job")]
    Forgotten,
    /// The device stood still, and did not confirm that the job was taken back.
    #[error("the printer stopped ({0}) and did not confirm that the job is canceled")]
    Stopped(String),
    /// A cancel was asked for and not confirmed.
    #[error("the printer did not confirm that the job is canceled")]
    CancelUnconfirmed,
    /// The connection broke while the document was being sent.
    #[error("the connection to the printer was lost while the document was sent ({0})")]
    ConnectionBroke(String),
    /// The device says *completed*, but it was not given the whole document, or says that there
    /// were errors.
    #[error("the printer says that the job is completed, but {0}")]
    IncompleteCompletion(&'static str),
    /// The device calls the job completed, or says nothing more of it, while it cannot print.
    #[error("the printer reports the job as done, but it has stopped: {0}")]
    Standstill(String),
    /// The tray has the file, but cannot promise to keep it.
    #[error("the tray has the file but may lose it if the computer crashes now: {0}")]
    NotSynced(String),
    /// The proxy that fetched the document does not say what became of it, or is not believed.
    #[error("{0}")]
    Proxy(String),
    /// A raw port took the bytes and did not close in time.
    #[error("the raw port did not close its side within {} seconds", .0.as_secs())]
    NotDrained(Duration),
}

/// What became of the part of a document that a device already had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// The device had none of it.
    #[error("the printer had received nothing")]
    NothingSent,
    /// The device confirms that the job is canceled; pages it had begun may have come out.
    #[error("the printer confirms that the job is canceled")]
    Confirmed,
    /// The device printed what it had before it could be told.
    #[error("the printer had already printed what it had")]
    TooLate,
    /// The device did not confirm.
    #[error("the printer did not confirm that the job is canceled")]
    Unconfirmed,
}

fn listed(values: &[String]) -> String {
    match values {
        [] => "nothing that it names".to_owned(),
        _ => values.join(", "),
    }
}

fn told(reasons: &[StateReason]) -> String {
    match reasons {
        [] => String::new(),
        _ => format!(": {}", in_words(reasons)),
    }
}

fn pages_told(pages: Option<u32>) -> String {
    match pages {
        None => String::new(),
        Some(1) => "; 1 page came out".to_owned(),
        Some(pages) => format!("; {} came out", counted(pages.into(), "page")),
    }
}
