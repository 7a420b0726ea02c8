//! What a node keeps of its places at gateways: names of own domains, how often certificates were ordered, what members
//! saw from outside.

use std::collections::BTreeMap;

use papermesh_protocol::gateway::name::{HostName, Label};
use papermesh_protocol::gateway::sighting::Sighting;
use papermesh_protocol::id::NodeId;
use papermesh_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Exposures that are kept.
pub const EXPOSURES: usize = 32;
/// Names of which orders are kept.
pub const ORDERED_NAMES: usize = 256;

/// A name of an own domain that leads to a place here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnNameRow {
    /// The place; none for that of the site.
    pub place: Option<Label>,
    /// The name.
    pub name: HostName,
}

/// A place that shows another key than its door says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExposureRow {
    /// Who saw it.
    pub by: NodeId,
    /// The door.
    pub door: NodeId,
    /// What was seen.
    pub sighting: Sighting,
    /// When that was known here.
    pub at: Timestamp,
    /// Whether an admin knows of it.
    pub told: bool,
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
