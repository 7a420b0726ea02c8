//! Which system calls a converter's process may make (seccomp): those that are listed here.

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule,
};

use super::Needs;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// The filters, to be applied in this order. Every one of them counts; the strictest wins.
pub(super) fn filters(needs: Needs) -> Result<Vec<BpfProgram>, BackendError> {
    let mut allowed: Rules = STREAMS.iter().map(|call| (*call, Vec::new())).collect();
    conditions(needs, &mut allowed)?;
    let missing = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    if let Needs::Program { .. } = needs {
        let program = PROGRAM.iter().chain(OLD);
        allowed.extend(program.map(|call| (*call, Vec::new())));
        return Ok(vec![filter(allowed, SeccompAction::Allow, missing)?]);
    }
    let answered: Rules = ANSWERED.iter().map(|call| (*call, Vec::new())).collect();
    allowed.extend(answered.clone());
    Ok(vec![
        filter(allowed, SeccompAction::Allow, SeccompAction::KillProcess)?,
        // Last, because to apply a filter is one of the calls that are missing from then on.
        filter(answered, missing, SeccompAction::Allow)?,
    ])
}

/// Calls of another architecture are numbered otherwise; a process that makes one is killed.
fn filter(
    rules: Rules,
    listed: SeccompAction,
    others: SeccompAction,
) -> Result<BpfProgram, BackendError> {
    SeccompFilter::new(rules, others, listed, std::env::consts::ARCH.try_into()?)?.try_into()
}

/// Calls that are allowed with some arguments only.
fn conditions(needs: Needs, allowed: &mut Rules) -> Result<(), BackendError> {
    let is_program = needs != Needs::Streams;
    // A duplicate of a stream, and whether it closes by itself. Nobody is sent signals by this.
    let commands = [
        libc::F_DUPFD,
        libc::F_DUPFD_CLOEXEC,
        libc::F_GETFD,
        libc::F_SETFD,
        libc::F_GETFL,
    ];
    let duplicate = commands.into_iter().map(|command| rule(&[is(1, command)?]));
    allowed.insert(libc::SYS_fcntl, duplicate.collect::<Result<_, _>>()?);
    // Memory is written to or run, never both; by our own steps it is not run at all.
    let (write, run) = (libc::PROT_WRITE, libc::PROT_EXEC);
    let mut memory = vec![rule(&[bits(2, run, 0)?])?];
    if is_program {
        memory.push(rule(&[bits(2, write | run, run)?])?);
    }
    allowed.insert(libc::SYS_mmap, memory.clone());
    allowed.insert(libc::SYS_mprotect, memory);
    // Signals to this process: that is how it aborts.
    let itself = i32::try_from(std::process::id()).unwrap_or(i32::MAX);
    for call in [libc::SYS_kill, libc::SYS_tgkill] {
        allowed.insert(call, vec![rule(&[is(0, itself)?])?]);
    }
    // Its own limits are read, and not set.
    let unset = SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0)?;
    allowed.insert(libc::SYS_prlimit64, vec![rule(&[is(0, 0)?, unset])?]);
    if is_program {
        // Files are opened to be read, and nothing happens to them by that.
        let others = !(libc::O_CLOEXEC
            | libc::O_DIRECTORY
            | libc::O_LARGEFILE
            | LARGE
            | libc::O_NOATIME
            | libc::O_NOCTTY
            | libc::O_NOFOLLOW
            | libc::O_NONBLOCK
            | libc::O_PATH);
        allowed.insert(libc::SYS_openat, vec![rule(&[bits(2, others, 0)?])?]);
        #[cfg(target_arch = "x86_64")]
        allowed.insert(libc::SYS_open, vec![rule(&[bits(1, others, 0)?])?]);
        // Whether a stream is a terminal.
        let terminal = i32::try_from(libc::TCGETS).unwrap_or(i32::MAX);
        allowed.insert(libc::SYS_ioctl, vec![rule(&[is(1, terminal)?])?]);
    }
    Ok(())
}

fn rule(conditions: &[SeccompCondition]) -> Result<SeccompRule, BackendError> {
    SeccompRule::new(conditions.to_vec())
}

/// The argument of this number is this one.
fn is(argument: u8, value: i32) -> Result<SeccompCondition, BackendError> {
    let value = u64::from(value.cast_unsigned());
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)
}

/// Of the argument of this number, the bits of the mask are these.
fn bits(argument: u8, mask: i32, value: i32) -> Result<SeccompCondition, BackendError> {
    let mask = SeccompCmpOp::MaskedEq(u64::from(mask.cast_unsigned()));
    let value = u64::from(value.cast_unsigned());
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, mask, value)
}

/// `O_LARGEFILE` as the kernel has it; on 64 bits the library's is 0.
const LARGE: i32 = match cfg!(target_arch = "aarch64") {
    true => 0o400_000,
    false => 0o100_000,
};

/// What every step needs: streams, memory, the time, an end.
const STREAMS: &[i64] = &[
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_lseek,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_sched_yield,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_restart_syscall,
    libc::SYS_sigaltstack,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// What a program needs besides, to be started and to read its files.
const PROGRAM: &[i64] = &[
    libc::SYS_execve,
    libc::SYS_set_tid_address,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_pread64,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_statfs,
    libc::SYS_fstatfs,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_readlinkat,
    libc::SYS_getdents64,
    libc::SYS_getcwd,
    libc::SYS_chdir,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    libc::SYS_getppid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getrusage,
    libc::SYS_times,
    libc::SYS_gettimeofday,
    libc::SYS_clock_getres,
    libc::SYS_sched_getaffinity,
    libc::SYS_dup,
    libc::SYS_dup3,
];

/// The same on the older architecture, by other names.
#[cfg(target_arch = "x86_64")]
const OLD: &[i64] = &[
    libc::SYS_arch_prctl,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_access,
    libc::SYS_readlink,
    libc::SYS_getdents,
    libc::SYS_time,
    libc::SYS_dup2,
];
#[cfg(not(target_arch = "x86_64"))]
const OLD: &[i64] = &[];

/// What our own steps ask for by way of their libraries, and do as well without.
const ANSWERED: &[i64] = &[
    libc::SYS_openat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_ioctl,
    libc::SYS_prctl,
    libc::SYS_seccomp,
    libc::SYS_copy_file_range,
    libc::SYS_sendfile,
    libc::SYS_splice,
    libc::SYS_sched_getaffinity,
    libc::SYS_membarrier,
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const GHOSTSCRIPT: Needs = Needs::Program {
        without_landlock: false,
    };
    const ALLOWED: u32 = libc::SECCOMP_RET_ALLOW;
    const KILLED: u32 = libc::SECCOMP_RET_KILL_PROCESS;
    const MISSING: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS.unsigned_abs();
    /// More than any system has calls.
    const CALLS: i64 = 1024;

    /// What the kernel would do: it runs each filter on a description of the call (seccomp(2)), and
    /// the strictest verdict is that with the least number, compared as a signed one.
    fn verdict(needs: Needs, call: i64, arguments: &[(usize, u64)]) -> u32 {
        let mut data = [0_u32; 16];
        data[0] = u32::try_from(call).unwrap();
        data[1] = match std::env::consts::ARCH {
            "aarch64" => 0xc000_00b7,
            _ => 0xc000_003e,
        };
        for (number, value) in arguments {
            data[4 + number * 2] = *value as u32;
            data[5 + number * 2] = (*value >> 32) as u32;
        }
        let verdicts = filters(needs)
            .unwrap()
            .into_iter()
            .map(|filter| run(&filter, &data));
        verdicts
            .min_by_key(|verdict| (verdict & 0xffff_0000).cast_signed())
            .unwrap()
    }

    /// The few instructions that such filters have.
    fn run(filter: &BpfProgram, data: &[u32; 16]) -> u32 {
        let (mut at, mut value) = (0, 0_u32);
        loop {
            let step = &filter[at];
            at += 1;
            let jump = |is: bool| usize::from(if is { step.jt } else { step.jf });
            match u32::from(step.code) {
                0x20 => value = data[step.k as usize / 4],
                0x54 => value &= step.k,
                0x05 => at += step.k as usize,
                0x15 => at += jump(value == step.k),
                0x25 => at += jump(value > step.k),
                0x35 => at += jump(value >= step.k),
                0x06 => return step.k,
                code => panic!("an instruction of code {code:#x}"),
            }
        }
    }

    fn number(value: i32) -> u64 {
        u64::from(value.cast_unsigned())
    }

    #[test]
    fn what_is_not_listed_ends_our_own_steps_and_is_missing_for_ghostscript() {
        let with_conditions = [
            libc::SYS_fcntl,
            libc::SYS_mmap,
            libc::SYS_mprotect,
            libc::SYS_kill,
            libc::SYS_tgkill,
            libc::SYS_prlimit64,
        ];
        // The second range is where x32 has the same calls.
        for call in (0..CALLS).chain(0x4000_0000..0x4000_0000 + CALLS) {
            let own = verdict(Needs::Streams, call, &[]);
            let expected = match call {
                call if ANSWERED.contains(&call) => MISSING,
                call if STREAMS.contains(&call) => ALLOWED,
                call if with_conditions.contains(&call) => continue,
                _ => KILLED,
            };
            assert_eq!(own, expected, "call {call}");
            let program = STREAMS.contains(&call) || PROGRAM.contains(&call) || OLD.contains(&call);
            if !program && ![libc::SYS_openat, libc::SYS_ioctl].contains(&call) && !is_open(call) {
                assert_eq!(verdict(GHOSTSCRIPT, call, &[]), MISSING, "call {call}");
            }
        }
    }

    #[cfg(target_arch = "x86_64")]
    fn is_open(call: i64) -> bool {
        call == libc::SYS_open
    }
    #[cfg(not(target_arch = "x86_64"))]
    fn is_open(_: i64) -> bool {
        false
    }

    /// Each of these did something to files, processes or memory of others where only what is
    /// dangerous was listed.
    #[test]
    fn what_reaches_beyond_the_process_is_not_listed() {
        let calls = [
            libc::SYS_shmat,
            libc::SYS_shmctl,
            libc::SYS_shmget,
            libc::SYS_semop,
            libc::SYS_semctl,
            libc::SYS_msgrcv,
            libc::SYS_mq_unlink,
            libc::SYS_removexattr,
            libc::SYS_fremovexattr,
            libc::SYS_setxattr,
            libc::SYS_inotify_init1,
            libc::SYS_fanotify_init,
            libc::SYS_process_madvise,
            libc::SYS_move_pages,
            libc::SYS_socket,
            libc::SYS_clone,
            libc::SYS_clone3,
            libc::SYS_openat2,
            libc::SYS_unlinkat,
            libc::SYS_truncate,
            libc::SYS_ftruncate,
            libc::SYS_ptrace,
            libc::SYS_memfd_create,
            libc::SYS_io_uring_setup,
        ];
        for call in calls {
            assert_eq!(verdict(Needs::Streams, call, &[]), KILLED, "call {call}");
            assert_eq!(verdict(GHOSTSCRIPT, call, &[]), MISSING, "call {call}");
        }
    }

    #[test]
    fn files_are_opened_to_be_read_and_for_nothing_else() {
        let open = |flags: i32| verdict(GHOSTSCRIPT, libc::SYS_openat, &[(2, number(flags))]);
        for flags in [
            libc::O_RDONLY,
            libc::O_CLOEXEC | LARGE,
            libc::O_DIRECTORY | libc::O_NONBLOCK,
        ] {
            assert_eq!(open(flags), ALLOWED, "{flags:#o}");
        }
        for flags in [
            libc::O_WRONLY,
            libc::O_RDWR,
            libc::O_RDONLY | libc::O_TRUNC,
            libc::O_RDONLY | libc::O_CREAT,
            libc::O_RDONLY | libc::O_APPEND,
            libc::O_RDONLY | libc::O_ASYNC,
            libc::O_TMPFILE,
        ] {
            assert_eq!(open(flags), MISSING, "{flags:#o}");
        }
        assert_eq!(verdict(Needs::Streams, libc::SYS_openat, &[]), MISSING);
    }

    #[test]
    fn nobody_else_is_sent_signals_and_no_limit_is_set() {
        for needs in [Needs::Streams, GHOSTSCRIPT] {
            let is_allowed =
                |call, arguments: &[(usize, u64)]| verdict(needs, call, arguments) == ALLOWED;
            let itself = u64::from(std::process::id());
            for call in [libc::SYS_kill, libc::SYS_tgkill] {
                assert!(is_allowed(call, &[(0, itself)]));
                for other in [1, itself + 1, number(-1), 0] {
                    assert!(!is_allowed(call, &[(0, other)]), "{other}");
                }
            }
            for command in [libc::F_DUPFD_CLOEXEC, libc::F_GETFD] {
                assert!(is_allowed(libc::SYS_fcntl, &[(1, number(command))]));
            }
            // F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE, F_NOTIFY, F_SETFL with O_ASYNC.
            for command in [8, 10, 15, 1024, 1026, libc::F_SETFL] {
                let arguments = [(1, number(command)), (2, number(libc::O_ASYNC))];
                assert!(!is_allowed(libc::SYS_fcntl, &arguments), "{command}");
            }
            let limits = |process, set| is_allowed(libc::SYS_prlimit64, &[(0, process), (2, set)]);
            assert!(limits(0, 0));
            assert!(!limits(1, 0) && !limits(0, 1) && !limits(0, 1 << 32));
        }
    }

    #[test]
    fn memory_is_written_to_or_run_but_not_both() {
        let (read, write, run) = (libc::PROT_READ, libc::PROT_WRITE, libc::PROT_EXEC);
        for call in [libc::SYS_mmap, libc::SYS_mprotect] {
            let is_allowed =
                |needs, rights| verdict(needs, call, &[(2, number(rights))]) == ALLOWED;
            assert!(is_allowed(Needs::Streams, read | write));
            assert!(!is_allowed(Needs::Streams, read | run));
            assert!(is_allowed(GHOSTSCRIPT, read | write) && is_allowed(GHOSTSCRIPT, read | run));
            assert!(!is_allowed(GHOSTSCRIPT, read | write | run));
        }
    }
}
