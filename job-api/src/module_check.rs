//! Which modules follow the profile. Each is checked once.

use crate::{
    failure::{Failure, internal},
    job_run::read_blob,
    wire::ErrorCode,
};
use muster_compute::{BlobStore, Digest, Job, check_module};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{sync::Semaphore, task::spawn_blocking};

/// Modules that are remembered; then all are forgotten.
const MAX_MODULES: usize = 1_024;

/// Modules that follow the profile, and the memory that each needs at its start.
#[derive(Debug, Default)]
pub(crate) struct CheckedModules(Mutex<HashMap<Digest, u64>>);

impl CheckedModules {
    /// Checks that a job's module follows the profile, and starts with the job's memory. Needs a turn for a module that it
    /// has not seen.
    pub(crate) async fn check(
        &self,
        job: &Job,
        blobs: &BlobStore,
        turns: Arc<Semaphore>,
    ) -> Result<(), Failure> {
        let module = job.document().module;
        let memory = if let Some(memory) = self.initial_memory(&module) {
            memory
        } else {
            let turn = turns.acquire_owned().await.map_err(|error| internal(&error))?;
            let blobs = blobs.clone();
            let memory = spawn_blocking(move || {
                let _turn = turn;
                let info = check_module(&read_blob(&blobs, &module)?);
                let info = info.map_err(|error| Failure::new(ErrorCode::BadModule, error))?;
                Ok::<_, Failure>(info.initial_memory)
            });
            let memory = memory.await.map_err(|error| internal(&error))??;
            self.remember(module, memory);
            memory
        };
        let limit = job.document().limits.memory;
        if memory > limit {
            let text = format!(
                "the module needs {memory} bytes of memory at its start, and the job allows {limit}"
            );
            return Err(Failure::new(ErrorCode::BadModule, text));
        }
        Ok(())
    }

    /// What a module needs, if it was checked.
    fn initial_memory(&self, module: &Digest) -> Option<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(module).copied()
    }

    /// Remembers a module.
    fn remember(&self, module: Digest, memory: u64) {
        let mut modules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if modules.len() >= MAX_MODULES {
            modules.clear();
        }
        modules.insert(module, memory);
    }
}
