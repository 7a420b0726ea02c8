//! The printers of the site, as a computer that prints knows them.

use papermesh_protocol::direct::Abilities;
use papermesh_protocol::id::NodeId;
use papermesh_protocol::text::Name;
use papermesh_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Asks which printers this computer has met, and asks them what they can do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListPrinters {}

/// A printer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Printer {
    /// The name.
    pub name: Name,
    /// Its node.
    pub node: NodeId,
    /// When it was last connected with this computer.
    pub last_seen: Timestamp,
    /// What it says that it can do; none if it does not answer now.
    pub abilities: Option<Abilities>,
    /// The queue of this computer's hold printer that leads straight to it.
    pub queue: Option<String>,
}
