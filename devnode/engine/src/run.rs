//! One call of a program.
use alloy_primitives::Bytes;
use crate::{Module, Params, World};

/// How a call of a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The program returned zero; the output is its result.
    Success,
    /// The program returned something else; the output is its revert data.
    Revert,
    /// The ink ran out; nothing is left.
    OutOfInk,
    /// The stack of wasm frames grew too deep; nothing is left.
    OutOfStack,
    /// A trap, or a host call that failed: a revert without data that keeps its gas.
    Failure,
}

/// What a call of a program came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub status: Status,
    /// Result or revert data.
    pub output: Bytes,
    /// Gas that is left of what the run was given.
    pub gas_left: u64,
}

/// Calls `module` with `input` and `gas`, from which the price of the entry is taken already.
///
/// Neither undoes state nor restores the count of open pages: both belong to the caller.
pub fn run(
    module: &Module,
    params: &Params,
    input: &[u8],
    gas: u64,
    world: &mut dyn World,
) -> Outcome {
    todo!()
}
