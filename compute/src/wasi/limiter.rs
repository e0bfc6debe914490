//! Where a program's memory ends.

use super::state::{HostFailure, Wasi};
use crate::profile::TABLE_ELEMENT_COST;
use wasmtime::ResourceLimiter;

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
        // It at least doubles when it grows, so any smaller step is the program's.
        if current == heap && desired.saturating_sub(current) >= heap {
            let is_ambiguous = self.memory_size == heap;
            let error = is_ambiguous.then(|| wasmtime::Error::new(HostFailure::Ambiguous));
            return error.map_or(Ok(false), Err);
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
        // What was allowed above can only be refused by the operating system.
        Err(error.context(HostFailure::Memory))
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
        Err(error.context(HostFailure::Memory))
    }
}
