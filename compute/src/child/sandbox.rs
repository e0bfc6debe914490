//! What a child process gives up before it touches anything hostile.

use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetStatus, Scope};
use rustix::process::{Pid, Resource, Rlimit, Signal};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, io, thread};

/// A protection that not every kernel has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Protection {
    /// Landlock: the child can open no file and connect to nothing.
    Landlock,
    /// seccomp: the child can make no system call but a few that concern its own memory and pipe.
    Seccomp,
}

impl fmt::Display for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Landlock => "Landlock",
            Self::Seccomp => "seccomp",
        })
    }
}

/// Ends this process when its parent ends.
pub(super) fn die_with(parent: u32) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    let is_parent = |pid: Pid| u32::try_from(pid.as_raw_nonzero().get()) == Ok(parent);
    // It may have ended before.
    match rustix::process::getppid() {
        Some(pid) if is_parent(pid) => Ok(()),
        _ => Err(io::ErrorKind::NotFound.into()),
    }
}

/// Limits processor time and memory; no core is dumped. Reaching the first ends the process by SIGXCPU.
fn limit(seconds: u64, memory: u64) -> io::Result<()> {
    set(Resource::Core, 0, 0)?;
    set(Resource::Cpu, seconds, seconds.saturating_add(1))?;
    set(Resource::Data, memory, memory)
}

/// Sets a limit, unless a lower one is set already.
fn set(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    let now = rustix::process::getrlimit(resource);
    let hard = now.maximum.map_or(hard, |maximum| maximum.min(hard));
    let soft = soft.min(hard);
    let limit = Rlimit { current: Some(soft), maximum: Some(hard) };
    Ok(rustix::process::setrlimit(resource, limit)?)
}

/// Lets this process open as many files as it is allowed to, for inputs.
pub(super) fn allow_many_files() -> io::Result<()> {
    let maximum = rustix::process::getrlimit(Resource::Nofile).maximum;
    Ok(rustix::process::setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?)
}

/// Takes away all files and the network; returns whether the kernel can. What is open stays open.
fn restrict_files() -> bool {
    let restrict = || {
        Ruleset::default()
            .handle_access(AccessFs::from_all(ABI::V6))?
            .handle_access(AccessNet::from_all(ABI::V6))?
            .scope(Scope::from_all(ABI::V6))?
            .create()?
            .restrict_self()
    };
    restrict().is_ok_and(|status| status.ruleset != RulesetStatus::NotEnforced)
}

/// Runs something on a large stack, in a process that has so many seconds and bytes, and can neither open a file nor make
/// other system calls than those below. What is given to it says whether the kernel could take away the files.
pub(super) fn confined<T: Send + 'static>(
    (seconds, memory): (u64, u64),
    action: impl FnOnce(bool) -> T + Send + 'static,
) -> io::Result<T> {
    limit(seconds, memory)?;
    let no_files = restrict_files();
    // Programs may use all of the engine's stack; the host's functions need some more.
    let stack = crate::engine::WASM_STACK.saturating_add(8 << 20);
    let filter = filter();
    let thread = thread::Builder::new().stack_size(stack).spawn(move || {
        if let Some(filter) = &filter {
            // A kernel without it is reported by the probe.
            drop(seccompiler::apply_filter_all_threads(filter));
        }
        action(no_files)
    })?;
    thread.join().map_err(|_| io::ErrorKind::Other.into())
}

/// Which protections do not work, found out from within [`confined`].
pub(super) fn missing(no_files: bool) -> Vec<Protection> {
    // Not in the list below, and harmless.
    let is_filtered = std::env::current_dir().is_err();
    let lacks = [(Protection::Landlock, no_files), (Protection::Seccomp, is_filtered)];
    lacks.into_iter().filter(|(_, works)| !works).map(|(protection, _)| protection).collect()
}

/// The system calls of a program that computes: its own memory, threads that wait, and files that are open.
const ALLOWED: &[i64] = &[
    libc::SYS_brk,
    libc::SYS_clock_gettime,
    libc::SYS_close,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_fstat,
    libc::SYS_futex,
    libc::SYS_getpid,
    libc::SYS_getrandom,
    libc::SYS_gettid,
    libc::SYS_lseek,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_pread64,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_yield,
    libc::SYS_set_robust_list,
    libc::SYS_sigaltstack,
    libc::SYS_write,
    libc::SYS_writev,
];

/// The filter for this machine's processor; others fail with `EPERM`. `None` where none is known.
fn filter() -> Option<BpfProgram> {
    let mut rules: BTreeMap<_, _> = ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
    // It may abort, and signal nobody else.
    let own = u64::from(std::process::id());
    let to_itself = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, own);
    rules.insert(libc::SYS_tgkill, vec![SeccompRule::new(vec![to_itself.ok()?]).ok()?]);
    let refused = SeccompAction::Errno(u32::try_from(libc::EPERM).ok()?);
    let arch = std::env::consts::ARCH.try_into().ok()?;
    SeccompFilter::new(rules, refused, SeccompAction::Allow, arch).ok()?.try_into().ok()
}
