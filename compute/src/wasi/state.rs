//! The host's side of a program that runs.

use super::{clock::Clock, descriptor::Descriptors, random::Random};
use crate::{
    Digest, JobDocument, MemoryLimit,
    fs::{Content, FileSystem, Storage},
};
use std::sync::Arc;
use wasmtime::Memory;

/// How much of standard error is kept. The rest is written to nowhere.
pub(crate) const MAX_STDERR: usize = 1 << 20;

/// The host's side of a program that runs.
#[derive(Debug)]
pub(crate) struct Wasi {
    /// What `main` gets.
    pub(super) arguments: Arc<[String]>,
    /// Variables as `NAME=value`.
    pub(super) environment: Arc<[String]>,
    /// All files.
    pub(crate) fs: FileSystem,
    /// All open descriptors.
    pub(super) descriptors: Descriptors,
    /// The time.
    pub(super) clock: Clock,
    /// Randomness.
    pub(super) random: Random,
    /// Standard input.
    pub(super) stdin: Content,
    /// What of it was read.
    pub(super) stdin_position: u64,
    /// What was written to standard output.
    pub(crate) stdout: Vec<u8>,
    /// What was written to standard error first.
    pub(crate) stderr: Vec<u8>,
    /// The program's memory, once it was asked for.
    pub(super) memory: Option<Memory>,
    /// A memory or table could not even begin.
    pub(super) initial_refused: bool,
    /// The size of the engine's own heap, once it is there.
    pub(super) engine_heap: Option<usize>,
    /// The size of the program's memory.
    pub(super) memory_size: usize,
    /// What memory and tables may still take.
    limit: MemoryLimit,
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
            limit: MemoryLimit::new(job.limits.memory),
        }
    }

    /// Whether memory or a table was refused that had no size before.
    pub(crate) const fn is_initial_memory_refused(&self) -> bool {
        self.initial_refused
    }

    /// Takes memory, if the limit allows it.
    pub(super) fn take(&mut self, current: usize, desired: usize, unit: u64) -> bool {
        let is_taken = self.limit.take(current, desired, unit);
        self.initial_refused |= !is_taken && current == 0;
        is_taken
    }
}
