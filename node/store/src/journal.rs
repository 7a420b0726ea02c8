//! The printer's journal: what it was about to do with each job it was granted, so that after a
//! crash it can find out from the device what became of the paper and tell the holder.

use papermesh_protocol::id::{JobId, NodeId, ReleaseId};
use papermesh_protocol::release::printer::Phase;
use papermesh_protocol::release::receipt::Receipt;
use papermesh_protocol::signed::Envelope;
use papermesh_protocol::text::UserId;
use papermesh_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::Inner;
use super::columns::JOURNAL;
use super::table::{Bound, Table};

/// Releases of which a holder has not heard the end. With so many, no more are begun.
const BOUND: Bound = Bound {
    max: 4096,
    what: "releases not yet reported to their holder",
};

/// A release as the printer knows it. Nothing in it tells what is printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JournalRow {
    /// Who holds the job.
    pub holder: NodeId,
    /// The job.
    pub job: JobId,
    /// Whose it is.
    pub user: UserId,
    /// The most that can have happened.
    pub phase: Phase,
    /// Whether the user wants to keep the job after it is printed.
    pub keep: bool,
    /// What the device calls the job, as the output wrote it down; none before it was told.
    pub device: Option<String>,
    /// The signed end of it, to be told to the holder.
    pub receipt: Option<Envelope<Receipt>>,
    /// When it was granted.
    pub started_at: Timestamp,
    /// When the phase changed last.
    pub changed_at: Timestamp,
}

pub(super) fn table(inner: &Inner) -> Table<'_, ReleaseId, JournalRow> {
    Table::new(inner, JOURNAL, BOUND)
}
