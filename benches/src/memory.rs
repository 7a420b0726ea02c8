//! What a node's memory grows by while it works.

use std::fs;

use anyhow::{Context, Result};
use papermesh_tests::Machine;

/// The memory of one side, above what it has when it is idle.
pub(crate) struct Growth {
    idle: u64,
    most: u64,
}

impl Growth {
    /// Counts from what the node has now.
    pub(crate) fn from(node: &mut Machine) -> Self {
        Self {
            idle: node.node().memory_now(),
            most: 0,
        }
    }

    /// Lets the node's peak begin again at what is resident now; see `clear_refs` in proc(5).
    pub(crate) fn begin(node: &mut Machine) -> Result<()> {
        let path = format!("/proc/{}/clear_refs", node.node().id());
        fs::write(&path, "5").context(path)
    }

    /// Takes the peak since [`Growth::begin`] into account.
    pub(crate) fn end(&mut self, node: &mut Machine) {
        let above = node.node().peak_memory().saturating_sub(self.idle);
        self.most = self.most.max(above);
    }

    /// The most that any of the rounds took, in bytes above idle.
    pub(crate) fn most(&self) -> u64 {
        self.most
    }
}
