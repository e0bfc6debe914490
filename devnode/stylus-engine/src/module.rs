//! A program that is ready to run: compiled for the interpreter, and what the interpreter may do.

use std::fmt;

use wasmi::{CompilationMode, Config, Engine, Func, Instance, Store};

use crate::{
    check::{ENTRYPOINT, MEMORY},
    host::{Escape, InstanceExports, WasmEnv, bind},
    meter::{INK_LEFT, INK_STATUS, STACK_LEFT},
};

/// Bytes of stack that one program call may take from the interpreter. Its own meter stops programs
/// long before: at 22 000 words.
const MAX_STACK_BYTES: usize = 1 << 28;

/// A checked, metered and compiled program; cheap to clone, good for any number of runs.
#[derive(Clone)]
pub struct Module(wasmi::Module);

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module").finish_non_exhaustive()
    }
}

/// A program at the beginning of a call.
pub(crate) struct ProgramInstance {
    /// What the call runs.
    pub(crate) entrypoint: Func,
    /// What hooks reach into.
    pub(crate) exports: InstanceExports,
    /// Words of stack that are left.
    pub(crate) stack_left: wasmi::Global,
}

impl Module {
    /// Compiles a module with meters.
    ///
    /// # Errors
    /// What the interpreter says of a module that it does not take.
    pub(crate) fn compile(wasm: &[u8]) -> Result<Self, wasmi::Error> {
        let mut config = Config::default();
        config
            .compilation_mode(CompilationMode::Eager)
            .set_max_stack_height(MAX_STACK_BYTES)
            .set_max_recursion_depth(usize::MAX)
            .ignore_custom_sections(true)
            .consume_fuel(true);
        wasmi::Module::new(&Engine::new(&config), wasm).map(Self)
    }

    /// The interpreter that the module is compiled for.
    pub(crate) fn engine(&self) -> &Engine {
        self.0.engine()
    }

    /// Makes a fresh program in `store`: memory and globals as at the beginning.
    ///
    /// # Errors
    /// What the interpreter says, which for an activated module is only a lack of memory.
    pub(crate) fn instantiate(
        &self,
        store: &mut Store<WasmEnv<'_>>,
    ) -> Result<ProgramInstance, wasmi::Error> {
        let missing = || wasmi::Error::host(Escape::Failure);
        let mut imports = Vec::new();
        for import in self.0.imports() {
            let func = bind(store, import.module(), import.name()).ok_or_else(missing)?;
            imports.push(func.into());
        }
        let instance = Instance::new(&mut *store, &self.0, &imports)?;
        let global = |name| instance.get_global(&*store, name).ok_or_else(missing);
        let exports = InstanceExports {
            memory: instance.get_memory(&*store, MEMORY).ok_or_else(missing)?,
            ink_left: global(INK_LEFT)?,
            ink_status: global(INK_STATUS)?,
        };
        let stack = global(STACK_LEFT)?;
        let entrypoint = instance.get_func(&*store, ENTRYPOINT).ok_or_else(missing)?;
        Ok(ProgramInstance { entrypoint, exports, stack_left: stack })
    }
}
