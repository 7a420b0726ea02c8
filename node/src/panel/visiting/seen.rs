//! What is seen of a visit: its jobs, its prints, and what became of both.

use std::sync::Arc;

use papermesh_device::StateReason;
use papermesh_protocol::bind::Denial;
use papermesh_protocol::text::Name;
use papermesh_protocol::time::Timestamp;
use papermesh_services::printer::{BindFailure, Ending, HolderTrouble, ListedJob, ReleaseStep};

use super::super::previews::Pictures;

/// What is seen of a visit.
#[derive(Clone, Default)]
pub(in crate::panel) struct Seen {
    /// The jobs of all holders that answered, in their order.
    pub(in crate::panel) jobs: Arc<[SeenJob]>,
    /// Holders whose jobs are not in the list.
    pub(in crate::panel) missing: Arc<[Missing]>,
    /// Whether everybody has answered who will.
    pub(in crate::panel) complete: bool,
    /// What was chosen to be printed, in its order.
    pub(in crate::panel) prints: Vec<Print>,
    /// Deletions and protections that came to nothing.
    pub(in crate::panel) failures: Vec<String>,
    /// What is known of a badge that the user may register.
    pub(in crate::panel) badge: SeenBadge,
    /// Pictures of the jobs' first pages.
    pub(in crate::panel) pictures: Pictures,
}

/// What is known of a badge that the user may register.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::panel) struct SeenBadge {
    /// A computer of the user's own checked the PIN, so that there is somebody to vouch.
    pub(in crate::panel) vouched: bool,
    /// How far it is.
    pub(in crate::panel) binding: Option<Binding>,
}

/// How far a badge is that the user wants to register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::panel) enum Binding {
    /// It is being registered.
    Asked,
    /// It is the user's now.
    Bound,
    /// It is somebody else's.
    Taken,
    /// The user has as many as one may have.
    TooMany,
    /// No admin can be reached.
    NoAdmin,
    /// It cannot be registered, for another reason.
    Not,
}

impl From<Result<(), BindFailure>> for Binding {
    fn from(bound: Result<(), BindFailure>) -> Self {
        match bound {
            Ok(()) => Self::Bound,
            Err(BindFailure::Denied(Denial::Taken)) => Self::Taken,
            Err(BindFailure::Denied(Denial::TooMany)) => Self::TooMany,
            Err(BindFailure::NoAdmin) => Self::NoAdmin,
            Err(BindFailure::Denied(_) | BindFailure::Unvouched | BindFailure::Badge(_)) => {
                Self::Not
            }
        }
    }
}

impl Seen {
    /// Jobs that are being printed or wait for it, by their numbers.
    pub(in crate::panel) fn at_work(&self) -> impl Iterator<Item = u32> {
        let prints = self.prints.iter();
        prints
            .filter(|print| !matches!(print.at, At::Ended { .. }))
            .map(|print| print.job)
    }
}

/// A job, and the number by which this visit's pages name it.
#[derive(Clone)]
pub(in crate::panel) struct SeenJob {
    pub(in crate::panel) number: u32,
    pub(in crate::panel) job: ListedJob,
}

/// A holder whose jobs are not in the list.
#[derive(Clone)]
pub(in crate::panel) struct Missing {
    pub(in crate::panel) name: Option<Name>,
    pub(in crate::panel) trouble: HolderTrouble,
    /// It is still being asked.
    pub(in crate::panel) trying: bool,
    /// When it was last heard of.
    pub(in crate::panel) last_seen: Timestamp,
}

/// A job that was chosen to be printed.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::panel) struct Print {
    /// Of this visit.
    pub(in crate::panel) number: u32,
    /// The job's.
    pub(in crate::panel) job: u32,
    pub(in crate::panel) title: String,
    /// Its pages times copies, where they are known.
    pub(in crate::panel) pages: Option<u32>,
    pub(in crate::panel) at: At,
    pub(in crate::panel) canceling: bool,
}

/// How far a print is.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::panel) enum At {
    /// Others of this visit come first.
    InLine,
    /// It is being printed.
    Device {
        step: ReleaseStep,
        /// Of the document's bytes, in hundredths.
        percent: u8,
        pages: Option<u32>,
        note: Option<String>,
        reasons: Vec<StateReason>,
    },
    /// It ended.
    Ended {
        ending: Ending,
        pages: Option<u32>,
        reason: Option<String>,
    },
}
