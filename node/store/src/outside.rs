//! What a node keeps of its places at gateways: which they are, the wakes that it took, how often certificates were
//! ordered, what members saw from outside.

use std::collections::BTreeMap;

use papermesh_protocol::gateway::name::{Alias, HostName, Label};
use papermesh_protocol::gateway::sighting::{Mismatch, Sighting};
use papermesh_protocol::gateway::wake::{Row, WakeId};
use papermesh_protocol::id::NodeId;
use papermesh_protocol::limits;
use papermesh_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::Inner;
use super::columns::WAKES;
use super::error::StoreError;
use super::table::{Bound, Table};

/// Names of which orders are kept.
pub const ORDERED_NAMES: usize = 256;
/// More than are remembered at once: old ones go after new ones came.
const BOUND: Bound = Bound {
    max: 2 * limits::WAKES_REMEMBERED,
    what: "wakes",
};

/// A place that this node opens at the site's gateways.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceRow {
    /// Its label; none for the place that is the site's own.
    pub label: Option<Label>,
    /// Who wakes its door; with nobody it is always there.
    pub woken_by: Option<WokenBy>,
    /// Names of own domains that lead to it, too.
    pub own_names: Vec<HostName>,
    /// Texts that ask for it at gateways that may end TLS.
    #[serde(default)]
    pub aliases: Vec<Alias>,
}

/// Who wakes a door that keeps no pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WokenBy {
    /// The gateway, because somebody knocks.
    Gateway,
    /// A client, because it is about to.
    Client,
}

/// What is kept of places that were seen and were not as their doors say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SightingsRow {
    /// What is not as it should be, the oldest first.
    pub mismatches: Vec<MismatchRow>,
    /// What somebody here looked into and dismissed.
    pub dismissed: Vec<DismissedRow>,
}

/// A place that is not as its door says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MismatchRow {
    /// Who saw it.
    pub by: NodeId,
    /// What was seen, and who says what.
    pub mismatch: Mismatch,
    /// When that was known here first,
    pub first: Timestamp,
    /// and last,
    pub last: Timestamp,
    /// and how often, at times that are well apart.
    pub times: u32,
    /// Whether it counts: it is shown, and admins are told.
    pub counts: bool,
    /// Whether an admin knows of it.
    pub told: bool,
}

/// What somebody here looked into and dismissed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DismissedRow {
    /// What was seen.
    pub sighting: Sighting,
    /// The doors that claimed the name then.
    pub doors: Vec<NodeId>,
    /// When it was dismissed, or seen after that.
    pub last: Timestamp,
}

/// How certificates were ordered at one authority.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrdersRow {
    /// By name: when the last orders began.
    pub begun: BTreeMap<String, Vec<Timestamp>>,
    /// By name, or for all that this node orders where there is none: until when the authority takes none.
    pub refused: BTreeMap<Option<String>, RefusedRow>,
}

/// That an authority takes no order for now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefusedRow {
    /// Until then,
    pub until: Timestamp,
    /// and why, in its words.
    pub why: String,
}

/// The wakes that a node took lately.
pub struct Wakes<'a>(pub(super) &'a Inner);

impl Wakes<'_> {
    /// All of them.
    pub fn all(&self) -> Result<Vec<Row>, StoreError> {
        let rows = self.table().scan(None, BOUND.max)?;
        Ok(rows.into_iter().map(|(_, row)| row).collect())
    }

    /// Keeps one, durably, in place of what was kept of it.
    pub fn put(&self, row: &Row) -> Result<(), StoreError> {
        self.table().put(&key(&row.wake), row)
    }

    /// Keeps one no longer.
    pub fn delete(&self, wake: &WakeId) -> Result<(), StoreError> {
        self.table().delete(&key(wake))
    }

    fn table(&self) -> Table<'_, Vec<u8>, Row> {
        Table::new(self.0, WAKES, BOUND)
    }
}

fn key(wake: &WakeId) -> Vec<u8> {
    [&wake.signer[..], &wake.nonce.as_bytes()[..]].concat()
}
