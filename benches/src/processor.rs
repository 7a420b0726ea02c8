//! What processor time a process took.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// The time that the threads of a process took of all cores since they began; see `/proc/PID/schedstat` in Linux'
/// Documentation/scheduler/sched-stats.rst.
pub(crate) fn time(process: u32) -> Result<Duration> {
    let mut sum = Duration::ZERO;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        let path = thread?.path().join("schedstat");
        // A thread may have ended meanwhile.
        let Ok(said) = fs::read_to_string(&path) else {
            continue;
        };
        let nanos = said
            .split_whitespace()
            .next()
            .and_then(|first| first.parse().ok());
        sum += Duration::from_nanos(nanos.with_context(|| path.display().to_string())?);
    }
    Ok(sum)
}
