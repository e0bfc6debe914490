//! WASI preview 1 over the file system in memory: what a program can reach, and nothing of the machine.

mod clock;
mod descriptor;
mod fd;
mod guest;
mod io;
mod link;
mod path;
mod process;
mod random;
#[cfg(test)]
mod tests;

pub(crate) use link::link;

use crate::{
    Digest, JobDocument,
    fs::{Content, FileSystem, Storage},
    profile::TABLE_ELEMENT_COST,
};
use clock::Clock;
use descriptor::Descriptors;
use random::Random;
use std::sync::Arc;
use wasmtime::{Memory, ResourceLimiter};

/// How much of standard error is kept. The rest is written to nowhere.
pub(crate) const MAX_STDERR: usize = 1 << 20;

/// The host's side of a program that runs.
#[derive(Debug)]
pub(crate) struct Wasi {
    /// What `main` gets.
    arguments: Arc<[String]>,
    /// Variables as `NAME=value`.
    environment: Arc<[String]>,
    /// All files.
    pub(crate) fs: FileSystem,
    /// All open descriptors.
    descriptors: Descriptors,
    /// The time.
    clock: Clock,
    /// Randomness.
    random: Random,
    /// Standard input.
    stdin: Content,
    /// What of it was read.
    stdin_position: u64,
    /// What was written to standard output.
    pub(crate) stdout: Vec<u8>,
    /// What was written to standard error first.
    pub(crate) stderr: Vec<u8>,
    /// The program's memory, once it was asked for.
    memory: Option<Memory>,
    /// A memory or table could not even begin.
    initial_refused: bool,
    /// The size of the engine's own heap, once it is there.
    engine_heap: Option<usize>,
    /// The size of the program's memory.
    memory_size: usize,
    /// The bytes of memory and tables that the program has.
    used: u64,
    /// Those that it may have.
    limit: u64,
}

/// The program called `proc_exit`.
#[derive(Debug, thiserror::Error)]
#[error("exit {0}")]
pub(crate) struct Exit(pub(crate) u32);

/// The machine failed, not the program.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HostFailure {
    /// There is no memory left, though the job's limit allows more.
    #[error("no memory left")]
    Memory,
    /// The program's memory is as large as the engine's heap, and one of them is to double.
    #[error("a memory of just this size cannot be doubled in this engine")]
    Ambiguous,
    /// An input could not be read.
    #[error("an input cannot be read: {0}")]
    Input(#[source] std::io::Error),
}

impl Wasi {
    /// A program that has not run yet. The caller puts files into its file system.
    pub(crate) fn new(job: &JobDocument, id: Digest, stdin: Content) -> Self {
        let variables = job.environment.iter();
        Self {
            arguments: job.arguments.clone().into(),
            environment: variables.map(|v| format!("{}={}", v.name, v.value)).collect(),
            fs: FileSystem::new(Storage::new(job.limits.storage)),
            descriptors: Descriptors::new(),
            clock: Clock::default(),
            random: Random::new(id),
            stdin,
            stdin_position: 0,
            stdout: Vec::new(),
            stderr: Vec::new(),
            memory: None,
            initial_refused: false,
            engine_heap: None,
            memory_size: 0,
            used: 0,
            limit: job.limits.memory,
        }
    }

    /// Whether memory or a table was refused that had no size before.
    pub(crate) const fn is_initial_memory_refused(&self) -> bool {
        self.initial_refused
    }

    /// Takes memory, if the limit allows it.
    fn take(&mut self, current: usize, desired: usize, unit: u64) -> bool {
        let more = u64::try_from(desired.saturating_sub(current)).unwrap_or(u64::MAX);
        let used = self.used.saturating_add(more.saturating_mul(unit));
        if used > self.limit {
            self.initial_refused |= current == 0;
            return false;
        }
        self.used = used;
        true
    }
}

/// Memory and tables end at the job's limit. What this machine refuses below it is no result, so it ends the run.
impl ResourceLimiter for Wasi {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // The engine's heap for exceptions comes first, and may not grow. It is not the program's, and engines differ
        // in it, so it is neither charged nor confused with the program's memory.
        let Some(heap) = self.engine_heap else {
            self.engine_heap = Some(desired);
            return Ok(true);
        };
        if current != self.memory_size {
            return Ok(false);
        }
        // The engine at least doubles its heap, so any smaller step is the program's.
        if current == heap && desired.saturating_sub(current) >= heap {
            return Err(wasmtime::Error::new(HostFailure::Ambiguous));
        }
        // Beyond its own maximum a memory does not grow, so nothing is taken.
        let grows =
            maximum.is_none_or(|maximum| desired <= maximum) && self.take(current, desired, 1);
        if grows {
            self.memory_size = desired;
        }
        Ok(grows)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        refused_by_host(error)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(maximum.is_none_or(|maximum| desired <= maximum)
            && self.take(current, desired, TABLE_ELEMENT_COST))
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        refused_by_host(error)
    }
}

/// Ends the run if it was the operating system that refused memory. Growth beyond what WebAssembly can address fails for
/// the program alone.
fn refused_by_host(error: wasmtime::Error) -> wasmtime::Result<()> {
    let by_host = error.is::<rustix::io::Errno>()
        || error.is::<std::io::Error>()
        || error.is::<wasmtime::OutOfMemory>();
    if by_host { Err(error.context(HostFailure::Memory)) } else { Ok(()) }
}
