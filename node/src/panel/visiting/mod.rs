//! A user at the panel, from login to the last sheet: one task owns the [`Visit`], prints what was
//! chosen one after the other, and tells what it sees.
//!
//! When the user leaves, nothing new is begun or shown; what was already chosen to be printed is
//! printed, and then the sessions with the holders are closed. What is seen of it is in `seen`, the task
//! in `task`; here is how pages begin a visit and have something done.

mod seen;
mod task;

use papermesh_protocol::badge::BadgeNumber;
use papermesh_protocol::document_password::DocumentPassword;
use papermesh_protocol::pin::Pin;
use papermesh_protocol::text::UserId;
use papermesh_services::network::Network;
use papermesh_services::printer::{Printer, Visit};
use papermesh_store::Choice;
use tokio::sync::{mpsc, watch};

pub(super) use seen::{At, Binding, Print, Seen, SeenBadge, SeenJob};
use task::Task;

use super::change::Change;
use super::limits;

/// The panel's end of a visit. Dropping it is leaving.
pub(super) struct Visiting {
    /// Whose visit it is.
    pub(super) user: UserId,
    /// How the user wanted things printed last.
    pub(super) choice: Choice,
    /// What is seen.
    pub(super) seen: watch::Receiver<Seen>,
    commands: mpsc::Sender<VisitCommand>,
}

/// What a page asks for. Jobs are named by their numbers.
pub(super) enum VisitCommand {
    Print {
        jobs: Vec<u32>,
        change: Box<Change>,
        keep: bool,
        again: bool,
        pin: Option<Pin>,
        /// Of the documents that are locked.
        password: Option<DocumentPassword>,
    },
    Cancel(u32),
    /// An ended print is not to be shown any more.
    Dismiss(u32),
    Delete(Vec<u32>),
    Protect {
        jobs: Vec<u32>,
        on: bool,
    },
    /// Registers a badge as the user's.
    Bind(BadgeNumber),
}

impl Visiting {
    /// Takes over a visit that was admitted.
    pub(super) fn begin<N: Network>(printer: Printer<N>, visit: Visit<N>, choice: Choice) -> Self {
        let user = visit.user().clone();
        let (commands, received) = mpsc::channel(limits::COMMANDS);
        let (shown, seen) = watch::channel(Seen::default());
        let task = Task::new(printer, visit, choice, received, shown);
        tokio::spawn(task.run());
        Self {
            user,
            choice,
            seen,
            commands,
        }
    }

    /// A visit that sees this, and in which nothing is carried out.
    #[cfg(test)]
    pub(super) fn showing(user: UserId, seen: Seen) -> Self {
        Self {
            user,
            choice: Choice::default(),
            seen: watch::channel(seen).1,
            commands: mpsc::channel(1).0,
        }
    }

    /// Asks for something; says whether it was taken.
    pub(super) fn command(&self, command: VisitCommand) -> bool {
        self.commands.try_send(command).is_ok()
    }
}
