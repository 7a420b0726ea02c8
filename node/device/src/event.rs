//! What is known of a print while it runs and after it: events, the device's reference, and its
//! verdict.
//!
//! Lives here: the types that the caller journals, shows and asks with. Not here: how a print ends
//! (`failure.rs`), what a device can do (`description.rs`).

use serde::{Deserialize, Serialize};

use super::reasons::StateReason;
use super::uri::OutputUri;

/// What happens while [`print`](super::OutputDevice::print) runs, in order.
///
/// `Accepted` and `Taken` are always delivered as long as the receiver lives and reads; the others are
/// news of the moment and are dropped where the receiver is behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceEvent {
    /// The device has a job for us: to be journaled. With IPP's Create-Job, with a tray and with a
    /// raw port it comes before the first byte of the document leaves; with IPP's Print-Job the
    /// device only names the job afterwards.
    Accepted {
        /// How to ask for this job later.
        device_job: DeviceJobRef,
    },
    /// The device cannot take the job yet and is asked again.
    Waiting {
        /// Why, in a few words.
        why: String,
    },
    /// This many bytes of the document have been handed to the device, in total.
    Sent {
        /// Bytes since the start.
        bytes: u64,
    },
    /// The device has the whole document, by its own word: to be journaled, since a device completes
    /// what it has, and only from here on that is everything.
    Taken,
    /// The device said something new.
    State(DeviceProgress),
}

/// What the device says of a job and of itself at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceProgress {
    /// The job's state.
    pub job: DeviceJobState,
    /// Why the job is in that state.
    pub job_reasons: Vec<StateReason>,
    /// The printer's own state.
    pub printer: PrinterState,
    /// What is the matter with the printer: jam, no paper, no toner.
    pub printer_reasons: Vec<StateReason>,
    /// The printer's own words, where it has any.
    pub message: Option<String>,
    /// Pages printed so far: impressions, or sheets where the device counts only those. `None`
    /// before the first page, and where the device does not count.
    pub pages: Option<u32>,
}

/// `job-state` (RFC 8011 section 5.3.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceJobState {
    /// Waiting for its turn (3).
    Pending,
    /// Held at the device (4).
    PendingHeld,
    /// Being printed (5).
    Processing,
    /// Begun, and stopped until somebody helps (6).
    ProcessingStopped,
    /// Canceled by somebody; no more will print (7).
    Canceled,
    /// Given up by the device; no more will print (8).
    Aborted,
    /// Printed (9).
    Completed,
    /// The device did not say, or said a number that the standard does not know.
    Unknown,
}

impl DeviceJobState {
    /// Reads the `enum` value.
    #[must_use]
    pub const fn read(value: Option<i32>) -> Self {
        match value {
            Some(3) => Self::Pending,
            Some(4) => Self::PendingHeld,
            Some(5) => Self::Processing,
            Some(6) => Self::ProcessingStopped,
            Some(7) => Self::Canceled,
            Some(8) => Self::Aborted,
            Some(9) => Self::Completed,
            _ => Self::Unknown,
        }
    }

    /// Whether the job has ended, so that nothing more will print.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Canceled | Self::Aborted | Self::Completed)
    }
}

/// `printer-state` (RFC 8011 section 5.4.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PrinterState {
    /// Ready and doing nothing (3).
    Idle,
    /// Working (4).
    Processing,
    /// Stopped until somebody helps (5).
    Stopped,
    /// The device did not say, or cannot be asked.
    Unknown,
}

impl PrinterState {
    /// Reads the `enum` value.
    pub(super) const fn read(value: Option<i32>) -> Self {
        match value {
            Some(3) => Self::Idle,
            Some(4) => Self::Processing,
            Some(5) => Self::Stopped,
            _ => Self::Unknown,
        }
    }
}

/// A job at a device, for the journal: enough to ask for it after a restart, and no word of the
/// document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceJobRef {
    /// The device that has the job.
    pub device: OutputUri,
    /// The job there.
    pub job: DeviceJob,
}

/// A job as its kind of device knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceJob {
    /// A job of an IPP printer.
    Ipp(IppJob),
    /// The file of a release in a tray.
    Tray {
        /// The whole release id.
        release: String,
    },
    /// What was poured into a raw port: nobody can say what became of it.
    Socket,
    /// A job that a proxy may fetch, or has fetched.
    Infra {
        /// Its number.
        number: i32,
        /// The proxy that took it, once one did.
        proxy: Option<String>,
    },
}

/// A job of an IPP printer.
///
/// The number alone does not name a job for long: printers count from 1 again after a restart, so
/// an unrelated job may be found under it. [`uuid`](Self::uuid) or the release tag in the job's
/// name must agree as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IppJob {
    /// `job-id`.
    pub id: i32,
    /// `job-uuid` (PWG 5100.13 section 5.1.5), where the printer gives one.
    pub uuid: Option<String>,
    /// The digits of the release that end the job's name.
    pub tag: String,
    /// Who the job belongs to: CUPS shows a job's name to nobody else.
    pub user: String,
}

/// What a device says of a job after the fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceVerdict {
    /// It was printed.
    Completed {
        /// Pages, where the device counts them.
        pages: Option<u32>,
    },
    /// It was not, or not wholly, and nothing more will print.
    Aborted {
        /// What the device says about it.
        reasons: Vec<StateReason>,
        /// Pages that did come out, where the device counts them.
        pages: Option<u32>,
    },
    /// It is still at it.
    StillPrinting(DeviceProgress),
    /// It gave no answer, or none that says anything of the job; perhaps it is still starting. It
    /// may tell later.
    Silent {
        /// Why, in a few words.
        why: String,
    },
    /// The device cannot tell, and never will: the job may have printed.
    Unknown {
        /// Why, in a few words.
        why: String,
    },
}
