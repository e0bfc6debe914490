//! Which programs a message enters.

use alloy::primitives::{Address, B256};
use revm::{Inspector, handler::FrameResult, interpreter::FrameInput};

use super::{
    Execution, Message, RunError, Surroundings,
    evm::{Ctx, runs_program},
    run,
    watch::Watch,
};

/// A frame of a program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entered {
    /// The account that acts.
    pub(crate) address: Address,
    /// The program.
    pub(crate) code_hash: B256,
}

/// Collects the programs that are entered.
#[derive(Default)]
struct Door(Vec<Entered>);

impl<'a> Inspector<Ctx<'a>> for Door {
    fn frame_start(&mut self, _: &mut Ctx<'a>, input: &mut FrameInput) -> Option<FrameResult> {
        if let FrameInput::Call(call) = input
            && runs_program(call)
        {
            let (address, code_hash) = (call.target_address, call.known_bytecode.0);
            self.0.push(Entered { address, code_hash });
        }
        None
    }
}

impl Watch<'_> for Door {}

/// Runs a message to its end; with it, the programs that it enters, in order.
///
/// # Errors
/// Those of [`super::execute`].
pub(crate) fn execute_noting_programs(
    around: Surroundings<'_>,
    message: &Message,
) -> Result<(Execution, Vec<Entered>), RunError> {
    let mut door = Door::default();
    let (ran, detail) = run(around, message, &mut door)?;
    Ok((Execution::new(ran, detail), door.0))
}
