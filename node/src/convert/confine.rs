//! What a converter's process takes away from itself before it looks at a document.
//!
//! - Limits of the system: address space, processor time, open files, no core dump, and files of
//!   at most 0 bytes: whatever it is made to do, it cannot write one byte into any file. So there
//!   is no folder for temporary files, and nothing to wipe.
//! - System calls (seccomp): no network of any kind, no new process, no signal to another one, no
//!   file opened for writing, no change to any folder. Our own steps open no file at all.
//! - Files (Landlock, where the kernel has it): it reads what programs and fonts are made of, and
//!   not the home of the node.
//!
//! The first two hold everywhere on Linux; without them nothing is converted. The third is done as
//! far as the kernel can.

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

use super::limits;

/// How much a step needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// Its standard streams.
    Streams,
    /// To start a program once in its own place, which reads its files.
    Program,
}

/// Takes everything else away from this process, for ever.
pub(super) fn confine(needs: Needs) -> io::Result<()> {
    limit(Resource::As, limits::MEMORY)?;
    limit(Resource::Cpu, limits::PROCESSOR.as_secs())?;
    limit(Resource::Nofile, limits::FILES)?;
    limit(Resource::Fsize, 0)?;
    limit(Resource::Core, 0)?;
    system::restrict(needs)
}

fn limit(resource: Resource, most: u64) -> io::Result<()> {
    let most = Some(most);
    let limit = Rlimit {
        current: most,
        maximum: most,
    };
    Ok(setrlimit(resource, limit)?)
}

#[cfg(target_os = "linux")]
mod system {
    use std::collections::BTreeMap;
    use std::io;

    use landlock::{
        ABI, Access, AccessFs, Ruleset, RulesetAttr, RulesetCreatedAttr, path_beneath_rules,
    };
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule, sock_filter,
    };

    use super::Needs;

    /// What programs and fonts are made of.
    const READABLE: [&str; 9] = [
        "/usr",
        "/bin",
        "/lib",
        "/lib64",
        "/nix",
        "/etc/fonts",
        "/etc/ld.so.cache",
        "/var/lib/ghostscript",
        "/dev/null",
    ];

    pub(super) fn restrict(needs: Needs) -> io::Result<()> {
        files(needs)?;
        let filter: BpfProgram = filter(needs)
            .and_then(TryInto::try_into)
            .map_err(io::Error::other)?;
        seccompiler::apply_filter(&only_native()).map_err(io::Error::other)?;
        seccompiler::apply_filter(&filter).map_err(io::Error::other)
    }

    /// Refuses the calls of x32: where a kernel has them, they are numbered from this bit on, count
    /// as the same architecture, and would pass by every rule of [`filter`].
    fn only_native() -> BpfProgram {
        const X32: u32 = 0x4000_0000;
        let step = |code: u32, jt, jf, k| sock_filter {
            code: code as u16,
            jt,
            jf,
            k,
        };
        let refused = libc::SECCOMP_RET_ERRNO | libc::EPERM.unsigned_abs();
        vec![
            // The number of the call is what the kernel's description of it begins with.
            step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
            step(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K, 0, 1, X32),
            step(libc::BPF_RET | libc::BPF_K, 0, 0, refused),
            step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
        ]
    }

    fn files(needs: Needs) -> io::Result<()> {
        let abi = ABI::V3;
        let readable: &[&str] = match needs {
            Needs::Streams => &[],
            Needs::Program => &READABLE,
        };
        let restricted = Ruleset::default()
            .handle_access(AccessFs::from_all(abi))
            .and_then(Ruleset::create)
            .and_then(|rules| {
                rules.add_rules(path_beneath_rules(readable, AccessFs::from_read(abi)))
            })
            .and_then(landlock::RulesetCreated::restrict_self);
        restricted.map(drop).map_err(io::Error::other)
    }

    /// Everything is allowed that is not named here. What is named fails as not permitted.
    fn filter(needs: Needs) -> Result<SeccompFilter, seccompiler::BackendError> {
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> = FORBIDDEN
            .iter()
            .chain(OLD)
            .map(|call| (*call, Vec::new()))
            .collect();
        // Files: none is opened for writing, and by our own steps none at all.
        let writing = |flags: u8| -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
            let asks = |mask: i32, value: i32| {
                let mask = SeccompCmpOp::MaskedEq(u64::from(mask.unsigned_abs()));
                let value = u64::from(value.unsigned_abs());
                let condition = SeccompCondition::new(flags, SeccompCmpArgLen::Dword, mask, value)?;
                SeccompRule::new(vec![condition])
            };
            Ok(vec![
                asks(libc::O_ACCMODE, libc::O_WRONLY)?,
                asks(libc::O_ACCMODE, libc::O_RDWR)?,
                asks(libc::O_CREAT, libc::O_CREAT)?,
            ])
        };
        match needs {
            Needs::Program => {
                rules.insert(libc::SYS_openat, writing(2)?);
                #[cfg(target_arch = "x86_64")]
                rules.insert(libc::SYS_open, writing(1)?);
            }
            Needs::Streams => {
                rules.extend([
                    (libc::SYS_openat, Vec::new()),
                    (libc::SYS_execve, Vec::new()),
                ]);
                #[cfg(target_arch = "x86_64")]
                rules.insert(libc::SYS_open, Vec::new());
            }
        }
        // Limits are read and not set; signals go to this process.
        let unless = |argument: u8, length, value: u64| {
            let condition = SeccompCondition::new(argument, length, SeccompCmpOp::Ne, value)?;
            Ok::<_, seccompiler::BackendError>(vec![SeccompRule::new(vec![condition])?])
        };
        rules.insert(libc::SYS_prlimit64, unless(2, SeccompCmpArgLen::Qword, 0)?);
        let itself = u64::from(std::process::id());
        for call in [libc::SYS_kill, libc::SYS_tgkill] {
            rules.insert(call, unless(0, SeccompCmpArgLen::Dword, itself)?);
        }
        let denied = SeccompAction::Errno(libc::EPERM.unsigned_abs());
        SeccompFilter::new(
            rules,
            SeccompAction::Allow,
            denied,
            std::env::consts::ARCH.try_into()?,
        )
    }

    const FORBIDDEN: &[i64] = &[
        // Network, and other processes' ends of sockets.
        libc::SYS_socket,
        libc::SYS_socketpair,
        libc::SYS_connect,
        libc::SYS_bind,
        libc::SYS_listen,
        libc::SYS_accept,
        libc::SYS_accept4,
        libc::SYS_sendto,
        libc::SYS_sendmsg,
        libc::SYS_sendmmsg,
        // Processes and threads, and what may be done to those of others.
        libc::SYS_clone,
        libc::SYS_clone3,
        libc::SYS_execveat,
        libc::SYS_ptrace,
        libc::SYS_tkill,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_pidfd_open,
        libc::SYS_pidfd_getfd,
        libc::SYS_pidfd_send_signal,
        libc::SYS_rt_sigqueueinfo,
        libc::SYS_rt_tgsigqueueinfo,
        libc::SYS_setrlimit,
        libc::SYS_setpriority,
        // Folders and files by other ways.
        libc::SYS_openat2,
        libc::SYS_open_by_handle_at,
        libc::SYS_mkdirat,
        libc::SYS_mknodat,
        libc::SYS_unlinkat,
        libc::SYS_symlinkat,
        libc::SYS_linkat,
        libc::SYS_renameat,
        libc::SYS_renameat2,
        libc::SYS_fchmod,
        libc::SYS_fchmodat,
        libc::SYS_fchmodat2,
        libc::SYS_fchown,
        libc::SYS_fchownat,
        libc::SYS_truncate,
        libc::SYS_utimensat,
        libc::SYS_setxattr,
        libc::SYS_lsetxattr,
        libc::SYS_fsetxattr,
        libc::SYS_name_to_handle_at,
        libc::SYS_memfd_create,
        // The system itself.
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_fsopen,
        libc::SYS_fsconfig,
        libc::SYS_fsmount,
        libc::SYS_fspick,
        libc::SYS_move_mount,
        libc::SYS_open_tree,
        libc::SYS_mount_setattr,
        libc::SYS_pivot_root,
        libc::SYS_chroot,
        libc::SYS_unshare,
        libc::SYS_setns,
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_io_uring_setup,
        libc::SYS_userfaultfd,
        libc::SYS_keyctl,
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_kexec_load,
        libc::SYS_reboot,
        libc::SYS_swapon,
        libc::SYS_swapoff,
        libc::SYS_settimeofday,
        libc::SYS_clock_settime,
        libc::SYS_shmget,
        libc::SYS_msgget,
        libc::SYS_mq_open,
    ];

    /// Calls that only the older architecture has.
    #[cfg(target_arch = "x86_64")]
    const OLD: &[i64] = &[
        libc::SYS_fork,
        libc::SYS_vfork,
        libc::SYS_creat,
        libc::SYS_mkdir,
        libc::SYS_rmdir,
        libc::SYS_mknod,
        libc::SYS_unlink,
        libc::SYS_symlink,
        libc::SYS_link,
        libc::SYS_rename,
        libc::SYS_chmod,
        libc::SYS_chown,
        libc::SYS_lchown,
        libc::SYS_utime,
        libc::SYS_utimes,
        libc::SYS_futimesat,
    ];
    #[cfg(not(target_arch = "x86_64"))]
    const OLD: &[i64] = &[];
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::io;

    use super::Needs;

    pub(super) fn restrict(_: Needs) -> io::Result<()> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "documents are converted on Linux only",
        ))
    }
}
