//! What a converter's process takes away from itself before it looks at a document.
//!
//! - Limits of the system: address space, processor time, open files, no core dump, and files of
//!   at most 0 bytes: whatever it is made to do, it cannot write one byte into any file. So there
//!   is no folder for temporary files, and nothing to wipe.
//! - System calls (seccomp): what is not listed here is not done. Our own steps read and write their
//!   streams, and end at once when they ask for anything else. Ghostscript may also be started
//!   once and read files; what else it asks for is answered as by a system that does not have it,
//!   because other versions of it and of its libraries ask for other things and go on without.
//! - Files, signals and sockets (Landlock): Ghostscript reads what programs and fonts are made of, and
//!   not the home of the node. Where the kernel has no Landlock, it is not started unless the
//!   configuration says so; our own steps open nothing in any case.

#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
mod files;

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

use super::limits;

/// How much a step needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// Its standard streams.
    Streams,
    /// To start a program once in its own place, which reads its files; and whether it is started
    /// where the kernel has no Landlock, too.
    Program { without_landlock: bool },
}

/// Takes everything else away from this process, for ever.
pub(super) fn confine(needs: Needs) -> io::Result<()> {
    limit(Resource::As, limits::MEMORY)?;
    limit(Resource::Cpu, limits::PROCESSOR.as_secs())?;
    limit(Resource::Nofile, limits::FILES)?;
    limit(Resource::Fsize, 0)?;
    limit(Resource::Core, 0)?;
    restrict(needs)
}

#[cfg(target_os = "linux")]
fn restrict(needs: Needs) -> io::Result<()> {
    let readable = match needs {
        Needs::Streams => &[],
        Needs::Program { .. } => files::OF_PROGRAMS,
    };
    let is_enforced = files::only(readable).map_err(io::Error::other)?;
    let demanded = needs
        == (Needs::Program {
            without_landlock: false,
        });
    if demanded && !is_enforced {
        return Err(io::Error::other("this kernel has no Landlock"));
    }
    for filter in calls::filters(needs).map_err(io::Error::other)? {
        seccompiler::apply_filter(&filter).map_err(io::Error::other)?;
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn restrict(_: Needs) -> io::Result<()> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "documents are converted on Linux only",
    ))
}

/// Whether this kernel has Landlock, and it is switched on.
#[cfg(target_os = "linux")]
pub(super) fn has_landlock() -> bool {
    files::are_guarded()
}

/// There is none.
#[cfg(not(target_os = "linux"))]
pub(super) fn has_landlock() -> bool {
    false
}

fn limit(resource: Resource, most: u64) -> io::Result<()> {
    let most = Some(most);
    let limit = Rlimit {
        current: most,
        maximum: most,
    };
    Ok(setrlimit(resource, limit)?)
}
