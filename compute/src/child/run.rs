//! Runs a job's code.

use super::{outputs, sandbox, unsafe_load};
use crate::{
    engine::{self, ENGINE_HEAP, WASM_STACK},
    execute::{NoResult, execute, place_files},
    frame::{Frame, FrameWriter},
    fs::Content,
    job::Limits,
    request::RunRequest,
    wasi::Wasi,
};
use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};
use wasmtime::{Engine, Module};

/// Inputs up to this length are read at once, longer ones when the program reads them.
const SMALL: u64 = 64 << 10;

/// What this process needs beside what the job may use.
const OVERHEAD: u64 = 64 << 20;

/// Opens the inputs, gives up everything else, runs the code, and sends what came of it.
pub(super) fn serve(
    request: RunRequest,
    code: File,
    mut output: FrameWriter<File>,
) -> io::Result<()> {
    let Prepared { engine, module, wasi, memory } = match prepare(&request, code) {
        Ok(prepared) => prepared,
        Err(message) => return fail(&NoResult::Engine(message), &mut output),
    };
    // Whole seconds, with one more for what this process does itself.
    let seconds = request.job.limits.time.div_ceil(1_000).saturating_add(1);
    sandbox::confined((seconds, memory), move |_| match execute(&engine, &module, wasi) {
        Ok(ended) => outputs::send(&request.job, ended, &mut output),
        Err(failure) => fail(&failure, &mut output),
    })?
}

/// Says why there is no result.
fn fail(failure: &NoResult, output: &mut FrameWriter<File>) -> io::Result<()> {
    output.send(Frame::Failed, &serde_json::to_vec(failure)?)
}

/// All that a job needs, in this process.
struct Prepared {
    /// What runs the code.
    engine: Engine,
    /// The code.
    module: Module,
    /// The program's files and all else.
    wasi: Wasi,
    /// The bytes that this process may have.
    memory: u64,
}

/// Opens everything that a job needs. Fails with a message, for this machine lacks something.
fn prepare(request: &RunRequest, code: File) -> Result<Prepared, String> {
    let text = |error: io::Error| error.to_string();
    sandbox::allow_many_files().map_err(text)?;
    let inputs = request.inputs.iter().map(|path| open(path));
    let inputs: Vec<Content> = inputs.collect::<io::Result<_>>().map_err(text)?;
    let stdin = request.stdin.as_deref().map_or(Ok(Content::Memory(Vec::new())), open);
    let small = inputs.iter().map(Content::size).filter(|size| *size <= SMALL);
    let small = small.fold(0, u64::saturating_add);
    let memory = memory_limit(&request.job.limits, small, &code).map_err(text)?;

    let mut wasi = Wasi::new(&request.job, request.id, stdin.map_err(text)?);
    place_files(&mut wasi, &request.job, inputs).map_err(|errno| format!("inputs: {errno:?}"))?;
    let engine = engine::engine(request.optimization, false);
    let loaded = engine.and_then(|engine| Ok((unsafe_load::load(&engine, code)?, engine)));
    let (module, engine) = loaded.map_err(|error| format!("{error:#}"))?;
    Ok(Prepared { engine, module, wasi, memory })
}

/// Opens an input, and reads it if it is short.
fn open(path: &Path) -> io::Result<Content> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    if size > SMALL {
        return Ok(Content::Blob { file, size });
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(Content::Memory(bytes))
}

/// The bytes that this process may have: what the job allows, and what it takes to run one.
fn memory_limit(limits: &Limits, small_inputs: u64, code: &File) -> io::Result<u64> {
    // A file in memory may have room for an eighth more than it has, and moves when it grows.
    let files = limits.storage.saturating_add(limits.storage >> 2);
    let stack = u64::try_from(WASM_STACK).unwrap_or(u64::MAX);
    let code = code.metadata()?.len().saturating_mul(2);
    let parts = [limits.memory, files, small_inputs, stack, ENGINE_HEAP, code, OVERHEAD];
    Ok(parts.into_iter().fold(0, u64::saturating_add))
}
