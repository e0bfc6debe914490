//! From a module to its code: out of the cache, or by a child process that compiles.

use super::host::Runner;
use crate::{
    BlobError, Cancel, Digest, Phase, RunError, Unfinished, check_module,
    execute::NoResult,
    frame::Frame,
    request::{CompileRequest, Request},
};
use std::{
    fs::File,
    io::Read,
    sync::{Arc, Mutex, PoisonError},
};

impl Runner {
    /// Checks and compiles a module, so that its first job need not wait for it.
    ///
    /// # Errors
    /// As [`Runner::run`].
    pub fn prepare(&self, module: &Digest, cancel: &Cancel) -> Result<(), RunError> {
        self.code(module, cancel).map(drop)
    }

    /// The code of a module. Of several that want the same, one compiles and the others wait.
    pub(super) fn code(&self, module: &Digest, cancel: &Cancel) -> Result<File, RunError> {
        if let Some(code) = self.cache.get(module)? {
            return Ok(code);
        }
        let lock = self.compiling(module);
        let guard = lock.lock().unwrap_or_else(PoisonError::into_inner);
        let code = match self.cache.get(module)? {
            Some(code) => Ok(code),
            None => self.compile(module, cancel),
        };
        drop(guard);
        self.compiled(module, &lock);
        code
    }

    /// The lock of those that want a module's code.
    fn compiling(&self, module: &Digest) -> Arc<Mutex<()>> {
        let mut compiling = self.compiling.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(compiling.entry(*module).or_default())
    }

    /// Removes the lock if nobody else waits for it.
    fn compiled(&self, module: &Digest, lock: &Arc<Mutex<()>>) {
        let mut compiling = self.compiling.lock().unwrap_or_else(PoisonError::into_inner);
        // The table has one, and so has the caller.
        if Arc::strong_count(lock) <= 2 {
            compiling.remove(module);
        }
    }

    /// Checks a module, has it compiled, and keeps the code.
    fn compile(&self, module: &Digest, cancel: &Cancel) -> Result<File, RunError> {
        let mut wasm = Vec::new();
        self.blobs.read(module)?.read_to_end(&mut wasm).map_err(BlobError::from)?;
        let actual = check_module(&wasm)?.digest;
        if actual != *module {
            return Err(BlobError::Mismatch { expected: *module, actual }.into());
        }
        drop(wasm);

        let limits = self.settings.compile;
        let request = Request::Compile(CompileRequest {
            parent: std::process::id(),
            optimization: self.settings.optimization,
            seconds: limits.time.as_secs().max(1),
            memory: limits.memory,
        });
        let subject = self.blobs.read(module)?.into();
        let mut process = self.start(&request, subject, limits.time, cancel)?;
        let mut writer = self.cache.writer(module)?;
        loop {
            match process.next()? {
                (Frame::Code, len) if len <= limits.memory => {
                    process.stream(len, |part| writer.write(part))??;
                }
                (Frame::Ended, 0) => return Ok(writer.finish()?),
                (Frame::Failed, len) => return Err(no_code(process.failure(len)?).into()),
                _ => return Err(process.end().into()),
            }
        }
    }
}

/// Why there is no code.
fn no_code(failure: NoResult) -> Unfinished {
    match failure {
        NoResult::Engine(message) => Unfinished::Engine { phase: Phase::Compiling, message },
        NoResult::Memory | NoResult::InitialMemory => Unfinished::Memory(Phase::Compiling),
        NoResult::Stack => Unfinished::Stack,
    }
}
