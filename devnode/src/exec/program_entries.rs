//! The programs that a message enters.

use alloy::primitives::{Address, B256};
use revm::{Inspector, handler::FrameResult, interpreter::FrameInput};

use super::{
    Execution, ExecutionEnv, ExecutionError, Message, code_rules::runs_program, evm::Ctx,
    inspector::ArbInspector, run_with_inspector,
};

/// An entered frame of a program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProgramEntry {
    /// The acting account.
    pub(crate) address: Address,
    /// Hash of the program's code.
    pub(crate) code_hash: B256,
}

/// Collects entered programs.
#[derive(Default)]
struct ProgramEntryInspector(Vec<ProgramEntry>);

impl<'a> Inspector<Ctx<'a>> for ProgramEntryInspector {
    fn frame_start(&mut self, ctx: &mut Ctx<'a>, input: &mut FrameInput) -> Option<FrameResult> {
        if let FrameInput::Call(call) = input
            && runs_program(ctx, call)
        {
            let (address, code_hash) = (call.target_address, call.known_bytecode.0);
            self.0.push(ProgramEntry { address, code_hash });
        }
        None
    }
}

impl ArbInspector<'_> for ProgramEntryInspector {}

/// Runs a message to its end and returns the programs that it entered, in order.
///
/// # Errors
/// Those of [`super::execute`].
pub(crate) fn execute_recording_programs(
    env: ExecutionEnv<'_>,
    message: &Message,
) -> Result<(Execution, Vec<ProgramEntry>), ExecutionError> {
    let mut inspector = ProgramEntryInspector::default();
    let (ran, halt_detail) = run_with_inspector(env, message, &mut inspector)?;
    Ok((Execution::new(ran, halt_detail), inspector.0))
}
