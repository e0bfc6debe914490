//! Runs a compiled module, in the process that calls it.

use crate::{
    Outcome,
    fs::{Content, Errno},
    job::JobDocument,
    wasi::{Exit, HostFailure, Wasi, link},
};
use wasmtime::{Engine, Error, ExternRef, Linker, Module, Store, ThrownException, Trap};

/// A program that ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// How.
    pub(crate) outcome: Outcome,
    /// Why it trapped, if it did.
    pub(crate) trap: Option<String>,
    /// What it left.
    pub(crate) wasi: Wasi,
}

/// A program has no result on this machine.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum NoResult {
    /// Its memory and tables are larger than the job's limit before it starts.
    InitialMemory,
    /// It ran out of stack.
    Stack,
    /// The machine ran out of memory.
    Memory,
    /// The engine or the machine failed otherwise.
    Engine(String),
}

/// Puts the job's inputs and folders into the file system of a program that has not run yet.
pub(crate) fn place_files(
    wasi: &mut Wasi,
    job: &JobDocument,
    inputs: Vec<Content>,
) -> Result<(), Errno> {
    for (input, content) in job.inputs.iter().zip(inputs) {
        wasi.fs.put(&input.path, content)?;
    }
    for output in &job.outputs {
        let mut names: Vec<&str> = output.path().names().collect();
        if !output.is_folder() {
            names.pop();
        }
        wasi.fs.put_folders(&names)?;
    }
    // Programs write there; a job may have an input of this name instead.
    let is_file = job.inputs.iter().any(|input| input.path.as_str() == "/tmp");
    if !is_file {
        wasi.fs.put_folders(&["tmp"])?;
    }
    Ok(())
}

/// Runs a module until it ends.
pub(crate) fn execute(engine: &Engine, module: &Module, wasi: Wasi) -> Result<Ended, NoResult> {
    let mut store = Store::new(engine, wasi);
    store.limiter(|wasi| wasi);
    let outcome = run(engine, module, &mut store);
    let (outcome, trap) = match outcome {
        Ok(()) => (Outcome::Exit(0), None),
        Err(error) => match classify(&error) {
            // Nothing of the program ran.
            Err(NoResult::Engine(_)) if store.data().is_initial_memory_refused() => {
                return Err(NoResult::InitialMemory);
            }
            classified => classified?,
        },
    };
    Ok(Ended { outcome, trap, wasi: store.into_data() })
}

/// Instantiates a module, which runs its start function, and calls `_start`.
fn run(engine: &Engine, module: &Module, store: &mut Store<Wasi>) -> wasmtime::Result<()> {
    // Makes the engine's heap now, so that the limiter knows it.
    let _heap = ExternRef::new(&mut *store, ())?;
    let mut linker = Linker::new(engine);
    link(&mut linker)?;
    let instance = linker.instantiate(&mut *store, module)?;
    instance.get_typed_func::<(), ()>(&mut *store, "_start")?.call(&mut *store, ())
}

/// Whether an error is the program's end, or no result.
fn classify(error: &Error) -> Result<(Outcome, Option<String>), NoResult> {
    if let Some(Exit(code)) = error.downcast_ref() {
        return Ok((Outcome::Exit(*code), None));
    }
    if let Some(failure) = error.downcast_ref::<HostFailure>() {
        return Err(match failure {
            HostFailure::Memory => NoResult::Memory,
            HostFailure::Ambiguous | HostFailure::Input(_) => NoResult::Engine(failure.to_string()),
        });
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => return Err(NoResult::Stack),
        Some(
            trap @ (Trap::MemoryOutOfBounds
            | Trap::HeapMisaligned
            | Trap::TableOutOfBounds
            | Trap::IndirectCallToNull
            | Trap::BadSignature
            | Trap::IntegerOverflow
            | Trap::IntegerDivisionByZero
            | Trap::BadConversionToInteger
            | Trap::UnreachableCodeReached
            | Trap::AtomicWaitNonSharedMemory
            | Trap::NullReference),
        ) => return Ok((Outcome::Trap, Some(trap.to_string()))),
        _ => {}
    }
    if error.is::<ThrownException>() {
        return Ok((Outcome::Trap, Some("uncaught exception".to_owned())));
    }
    Err(NoResult::Engine(format!("{error:#}")))
}
