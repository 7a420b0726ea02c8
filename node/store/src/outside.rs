//! The places that this node opens at gateways, and the wakes that it took.

use papermesh_protocol::gateway::name::Label;
use papermesh_protocol::gateway::wake::{Row, WakeId};
use papermesh_protocol::limits;
use serde::{Deserialize, Serialize};

use super::Inner;
use super::columns::WAKES;
use super::error::StoreError;
use super::table::{Bound, Table};

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
