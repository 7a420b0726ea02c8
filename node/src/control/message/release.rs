//! A user's visit at this printer: log in, see, print, delete, leave; all in one command.

use papermesh_protocol::document_password::DocumentPassword;
use papermesh_protocol::id::{JobId, NodeId};
use papermesh_protocol::text::{Name, UserId};
use papermesh_services::printer::{Ending, ListedJob, Released, Visitor};
use serde::{Deserialize, Serialize};

use super::job::JobPrefix;
use crate::control::TypedPin;

/// Which of the user's jobs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Selection {
    /// None.
    None,
    /// All that no other printer has, oldest first.
    All,
    /// These, in this order.
    Jobs(Vec<JobPrefix>),
}

/// One visit. The jobs to print and to delete are looked up before anything is printed or
/// deleted; if one of them is not there, nothing is done.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Visit {
    /// Who it is.
    pub who: Visitor,
    /// The PIN; may be missing where the site's policy takes a badge alone.
    pub pin: Option<TypedPin>,
    /// The PIN of the chosen jobs that have one of their own.
    pub job_pin: Option<TypedPin>,
    /// What opens documents that are locked and came without their passwords.
    pub document_password: Option<DocumentPassword>,
    /// What to print.
    pub print: Selection,
    /// Whether printed jobs stay held.
    pub keep: bool,
    /// Whether to print also what may have printed before.
    pub reprint: bool,
    /// What to delete, after printing.
    pub delete: Vec<JobPrefix>,
}

/// What a visit saw and did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VisitReport {
    /// The user.
    pub user: UserId,
    /// The user's jobs as they were on arrival, from all holders, oldest first.
    pub jobs: Vec<ListedJob>,
    /// Everyone who is said to hold jobs of the user.
    pub holders: Vec<HolderReport>,
    /// How each chosen job ended, in the order in which they were done.
    pub results: Vec<JobResult>,
}

/// How a holder took the visit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HolderReport {
    /// The holder.
    pub holder: NodeId,
    /// Its name, where it is known.
    pub holder_name: Option<Name>,
    /// What became of the login.
    pub state: HolderState,
    /// Milliseconds after which another PIN is looked at, if this one was denied.
    pub retry_after: Option<u64>,
    /// What went wrong, if anything did.
    pub reason: Option<String>,
}

/// What became of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HolderState {
    /// The user was let in.
    Open,
    /// The PIN was not taken: it is wrong, or another one there.
    Denied,
    /// Nobody answered.
    Unreachable,
    /// It went wrong otherwise.
    Failed,
}

/// How one chosen job ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobResult {
    /// The job.
    pub job: JobId,
    /// Its title.
    pub title: String,
    /// How it ended.
    pub ending: JobEnding,
    /// Pages, where the device counts them.
    pub pages: Option<u32>,
    /// What went wrong, if anything did: in the device's own words where it has some.
    pub reason: Option<String>,
}

/// What became of a chosen job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum JobEnding {
    /// It was to be printed.
    Released(Ending),
    /// It was to be deleted.
    Deletion(Deletion),
}

/// What became of a job that was to be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deletion {
    /// It is deleted.
    Deleted,
    /// It could not be deleted.
    NotDeleted,
}

impl From<Released> for JobResult {
    fn from(released: Released) -> Self {
        Self {
            job: released.job,
            title: released.title,
            ending: JobEnding::Released(released.ending),
            pages: released.pages,
            reason: released.reason,
        }
    }
}

impl JobEnding {
    /// Whether what was asked for was done.
    #[must_use]
    pub const fn is_success(self) -> bool {
        match self {
            Self::Released(ending) => ending.is_printed(),
            Self::Deletion(deletion) => matches!(deletion, Deletion::Deleted),
        }
    }
}

/// How far a document has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The job; none while it is being submitted.
    pub job: Option<JobId>,
    /// Its title.
    pub title: String,
    /// What is being done.
    pub phase: Phase,
    /// Bytes done,
    pub done: u64,
    /// of these, where they are known.
    pub total: Option<u64>,
    /// What the device says, such as the reason why it stands still.
    pub note: Option<String>,
}

/// What is being done with a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// It is being sealed and stored.
    Sealing,
    /// It comes from its holder.
    Fetching,
    /// The device has it and makes paper.
    Printing,
    /// The device stands still and needs a hand.
    Stopped,
}
