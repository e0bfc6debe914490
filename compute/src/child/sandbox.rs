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

/// Ends this process when the thread that started it ends. `parent` is the process of that thread.
///
/// # Errors
/// If the parent has ended already, or is another one.
pub fn end_with_parent(parent: u32) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    let is_parent = |pid: Pid| u32::try_from(pid.as_raw_nonzero().get()) == Ok(parent);
    // It may have ended before.
    match rustix::process::getppid() {
        Some(pid) if is_parent(pid) => Ok(()),
        _ => Err(io::ErrorKind::NotFound.into()),
    }
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

/// What a child process keeps while it runs what is hostile: it can neither open a file nor make other system calls than
/// those about its own memory, itself and what is open.
#[derive(Debug, Clone, Copy)]
pub struct Sandbox {
    /// Whole seconds of processor time, after which SIGXCPU ends the process; `None` for one that serves for ever.
    pub seconds: Option<u64>,
    /// Bytes of memory.
    pub memory: u64,
    /// System calls that are allowed as well, by their numbers.
    pub calls: &'static [i64],
}

impl Sandbox {
    /// Prepares an action and runs it on a thread with a large stack. Preparing may use all system calls, and no files; its
    /// threads are confined as well. The action gets whether the kernel could take away the files.
    ///
    /// # Errors
    /// If a limit cannot be set, no thread started, preparing failed, or the action panicked.
    pub fn run<A, T>(
        self,
        prepare: impl FnOnce() -> io::Result<A> + Send + 'static,
    ) -> io::Result<T>
    where
        A: FnOnce(bool) -> T,
        T: Send + 'static,
    {
        set(Resource::Core, 0, 0)?;
        if let Some(seconds) = self.seconds {
            set(Resource::Cpu, seconds, seconds.saturating_add(1))?;
        }
        set(Resource::Data, self.memory, self.memory)?;
        let no_files = restrict_files();
        // Programs may use all of the engine's stack; the host's functions need some more.
        let stack = crate::engine::WASM_STACK.saturating_add(8 << 20);
        let filter = filter(self.calls);
        let thread = thread::Builder::new().stack_size(stack).spawn(move || {
            let action = prepare()?;
            if let Some(filter) = &filter {
                // A kernel without it is reported by the probe.
                drop(seccompiler::apply_filter_all_threads(filter));
            }
            Ok(action(no_files))
        })?;
        thread.join().map_err(|_| io::ErrorKind::Other)?
    }
}

/// Runs a program that computes: in so many seconds and bytes.
pub(super) fn confined<T: Send + 'static>(
    (seconds, memory): (u64, u64),
    action: impl FnOnce(bool) -> T + Send + 'static,
) -> io::Result<T> {
    Sandbox { seconds: Some(seconds), memory, calls: &[] }.run(move || Ok(action))
}

/// Which protections do not work, found out from within [`Sandbox::run`].
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
fn filter(calls: &[i64]) -> Option<BpfProgram> {
    let calls = ALLOWED.iter().chain(calls);
    let mut rules: BTreeMap<_, _> = calls.map(|call| (*call, Vec::new())).collect();
    // It may abort, and signal nobody else.
    let own = u64::from(std::process::id());
    let to_itself = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, own);
    rules.insert(libc::SYS_tgkill, vec![SeccompRule::new(vec![to_itself.ok()?]).ok()?]);
    let refused = SeccompAction::Errno(u32::try_from(libc::EPERM).ok()?);
    let arch = std::env::consts::ARCH.try_into().ok()?;
    SeccompFilter::new(rules, refused, SeccompAction::Allow, arch).ok()?.try_into().ok()
}
