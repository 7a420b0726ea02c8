//! The disk: whether there is room for jobs.

use papermesh_protocol::text::counted;
use papermesh_store::offload::offload;
use papermesh_store::{RESERVE, Store, StoreError};

use super::{bad, doubtful, good};
use crate::control::message::Finding;
use crate::node::{Services, status};

/// With less free space than this, or than the spool may still take, the disk will be full first.
const ROOM: u64 = 1024 * 1024 * 1024;

impl Services {
    /// Whether the spool has room for further jobs.
    pub(super) async fn spool(&self) -> Result<Finding, StoreError> {
        let (jobs, bytes) = offload(&self.store, status::total).await?;
        Ok(if bytes > self.config.max_spool / 10 * 9 {
            doubtful(
                "spool",
                format!(
                    "nine tenths of the space for jobs is used, by {}",
                    counted(jobs, "job")
                ),
                "delete jobs with `papermesh jobs delete`, or raise max-spool in papermesh.toml",
            )
        } else {
            good("spool", format!("{} held", counted(jobs, "job")))
        })
    }
}

/// Whether the disk has room for jobs. Blocks.
pub(super) fn disk_of(store: &Store, max_spool: u64) -> Result<Finding, StoreError> {
    let (_, held) = status::total(store)?;
    Ok(room(store.free_space()?, max_spool.saturating_sub(held)))
}

/// What it means that so much is free on a disk where the spool may grow by so much.
fn room(free: u64, growth: u64) -> Finding {
    let mib = |bytes: u64| format!("{} MiB", bytes / (1024 * 1024));
    let free_shown = format!("{} are free on the spool's disk", mib(free));
    if free <= RESERVE {
        bad(
            "disk",
            format!("{free_shown}: jobs are no longer accepted"),
            "make room on that disk, or delete jobs with `papermesh jobs delete`",
        )
    } else if free < growth.min(ROOM) {
        doubtful(
            "disk",
            format!("{free_shown}, less than the spool may still take"),
            "make room on that disk, or lower max-spool in papermesh.toml",
        )
    } else {
        good("disk", free_shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::message::Verdict;

    #[test]
    fn a_disk_that_fills_before_the_spool_is_found() {
        assert_eq!(room(RESERVE, 10 * ROOM).verdict, Verdict::Bad);
        assert_eq!(room(ROOM / 2, 10 * ROOM).verdict, Verdict::Doubtful);
        assert_eq!(room(ROOM * 2, 10 * ROOM).verdict, Verdict::Good);
        // A small spool needs little.
        assert_eq!(room(ROOM / 2, ROOM / 4).verdict, Verdict::Good);
    }
}
