//! A compiled program, and the interpreter's configuration.

use std::{fmt, sync::Arc};

use wasmi::{CompilationMode, Config, Engine, Func, Instance, Store};

use crate::{
    host::{Escape, InstanceExports, WasmEnv, bind},
    meter::{INK_LEFT, INK_STATUS, STACK_LEFT},
    profile::FunctionNames,
    wasm::{ENTRYPOINT, MEMORY},
};

/// Bytes of interpreter stack for one program call. Stack metering stops a program far earlier, at
/// 22 000 words.
const MAX_STACK_BYTES: usize = 1 << 28;

/// A checked, instrumented and compiled program. Cheap to clone; can run any number of times, also
/// at the same time.
#[derive(Clone)]
pub struct Module {
    /// The compiled module.
    compiled: wasmi::Module,
    /// Names of its functions, if its runs are profiled.
    names: Option<Arc<FunctionNames>>,
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module").finish_non_exhaustive()
    }
}

/// An instantiated program, ready for one call.
pub(crate) struct ProgramInstance {
    /// The exported entry point.
    pub(crate) entrypoint: Func,
    /// The exports that hostios access.
    pub(crate) exports: InstanceExports,
    /// Remaining words of stack.
    pub(crate) stack_left: wasmi::Global,
}

impl Module {
    /// Compiles an instrumented module.
    ///
    /// # Errors
    /// The interpreter's error, if it rejects the module.
    pub(crate) fn compile(wasm: &[u8]) -> Result<Self, wasmi::Error> {
        let mut config = Config::default();
        config
            .compilation_mode(CompilationMode::Eager)
            .set_max_stack_height(MAX_STACK_BYTES)
            .set_max_recursion_depth(usize::MAX)
            .ignore_custom_sections(true)
            .consume_fuel(true);
        let compiled = wasmi::Module::new(&Engine::new(&config), wasm)?;
        Ok(Self { compiled, names: None })
    }

    /// The module with the names for its profiles.
    pub(crate) fn with_names(self, names: FunctionNames) -> Self {
        Self { names: Some(Arc::new(names)), ..self }
    }

    /// Names of the functions, if runs are profiled.
    pub(crate) fn names(&self) -> Option<&FunctionNames> {
        self.names.as_deref()
    }

    /// The interpreter that the module is compiled for.
    pub(crate) fn engine(&self) -> &Engine {
        self.compiled.engine()
    }

    /// Instantiates the program in `store`, with fresh memory and globals.
    ///
    /// # Errors
    /// The interpreter's error; for an activated module only a lack of host memory.
    pub(crate) fn instantiate(
        &self,
        store: &mut Store<WasmEnv<'_>>,
    ) -> Result<ProgramInstance, wasmi::Error> {
        let missing = || wasmi::Error::host(Escape::Failure);
        let mut imports = Vec::new();
        for import in self.compiled.imports() {
            let func = bind(store, import.module(), import.name()).ok_or_else(missing)?;
            imports.push(func.into());
        }
        let instance = Instance::new(&mut *store, &self.compiled, &imports)?;
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
