//! Kernels that lack something, as far as a program can be made to believe it.

use std::collections::BTreeMap;
use std::env::consts::ARCH;

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};

/// `landlock_create_ruleset`, which has the same number everywhere.
const LANDLOCK: i64 = 444;
/// ENOSYS, which is the same on all Linux but MIPS, Sparc and Alpha.
const NO_SUCH_CALL: u32 = 38;

/// Does something for which the kernel has no Landlock, and neither has it for the programs that are
/// started by it.
///
/// # Panics
/// If the call cannot be taken away.
pub fn without_landlock<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    // A filter is the thread's that asked for it, and that of all that it starts.
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            take_landlock().unwrap_or_else(|error| panic!("Landlock is not taken away: {error}"));
            work()
        });
        let ended = thread.join();
        ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn take_landlock() -> seccompiler::Result<()> {
    let filter = SeccompFilter::new(
        BTreeMap::from([(LANDLOCK, Vec::new())]),
        SeccompAction::Allow,
        SeccompAction::Errno(NO_SUCH_CALL),
        ARCH.try_into()?,
    )?;
    let filter: BpfProgram = filter.try_into()?;
    apply_filter(&filter)
}
