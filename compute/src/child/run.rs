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
    sandbox::allow_many_files()?;
    let inputs: Vec<Content> =
        request.inputs.iter().map(|path| open(path)).collect::<io::Result<_>>()?;
    let stdin = request.stdin.as_deref().map_or(Ok(Content::Memory(Vec::new())), open)?;
    let small = inputs.iter().map(Content::size).filter(|size| *size <= SMALL);
    let memory = memory_limit(&request.job.limits, small.fold(0, u64::saturating_add), &code)?;
    let mut wasi = Wasi::new(&request.job, request.id, stdin);
    let placed = place_files(&mut wasi, &request.job, inputs);
    placed.map_err(|_| io::ErrorKind::InvalidInput)?;
    let loaded = engine::engine(request.optimization, false)
        .and_then(|engine| Ok((unsafe_load::load(&engine, code)?, engine)));
    // Whole seconds, with one more for what this process does itself.
    let seconds = request.job.limits.time.div_ceil(1_000).saturating_add(1);
    sandbox::confined((seconds, memory), move |_| {
        let ended = match loaded {
            Ok((module, engine)) => execute(&engine, &module, wasi),
            Err(error) => Err(NoResult::Engine(format!("{error:#}"))),
        };
        match ended {
            Ok(ended) => outputs::send(&request.job, ended, &mut output),
            Err(failed) => output.send(Frame::Failed, &serde_json::to_vec(&failed)?),
        }
    })?
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
