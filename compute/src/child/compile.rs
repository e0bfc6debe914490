//! Compiles a module, and runs nothing of it.

use super::sandbox;
use crate::{
    engine,
    execute::NoResult,
    frame::{Frame, FrameWriter},
    request::CompileRequest,
};
use std::{
    fs::File,
    io::{self, Read},
};

/// Reads the module, compiles it, and sends the code.
pub(super) fn serve(
    request: &CompileRequest,
    mut module: File,
    mut output: FrameWriter<File>,
) -> io::Result<()> {
    let optimization = request.optimization;
    sandbox::confined((request.seconds, request.memory), move |_| {
        let mut wasm = Vec::new();
        module.read_to_end(&mut wasm)?;
        let code =
            engine::engine(optimization, true).and_then(|engine| engine.precompile_module(&wasm));
        match code {
            Ok(code) => {
                output.send(Frame::Code, &code)?;
                output.send(Frame::Ended, &[])
            }
            Err(error) => {
                let failed = NoResult::Engine(format!("{error:#}"));
                output.send(Frame::Failed, &serde_json::to_vec(&failed)?)
            }
        }
    })?
}
