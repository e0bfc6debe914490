//! Rules about code that Ethereum does not have: code of Stylus, and delegation to precompiles.

use revm::{
    bytecode::Bytecode,
    interpreter::{CallInputs, CallScheme, FrameInput, InstructionResult, InterpreterResult},
};
use stylus_engine::{
    StylusVersion,
    program::{CodeKind, is_program},
};

use super::evm::{Ctx, PRECOMPILE_CODE};
use crate::precompiles::{self, PrecompileHost};

/// Whether a call runs a program.
pub(super) fn runs_program(ctx: &Ctx<'_>, call: &CallInputs) -> bool {
    is_program(call.known_bytecode.1.original_byte_slice(), ctx.chain.stylus())
}

/// Fails a deployment whose code starts with 0xEF and does not belong to Stylus.
pub(super) fn reject_code(result: &mut InterpreterResult, stylus: StylusVersion) {
    let code = &result.output;
    let reserved = code.first() == Some(&0xef) && CodeKind::of(code, stylus).is_none();
    if result.result.is_ok() && reserved {
        result.result = InstructionResult::CreateContractStartingWithEF;
    }
}

/// Reverts SELFDESTRUCT in a frame that acts for an account with code of Stylus.
pub(super) fn protect_program(
    ctx: &mut Ctx<'_>,
    input: &FrameInput,
    result: &mut InterpreterResult,
) {
    if let FrameInput::Call(call) = input
        && matches!(call.scheme, CallScheme::DelegateCall | CallScheme::CallCode)
        && CodeKind::of(&ctx.code(call.target_address), ctx.chain.stylus()).is_some()
    {
        result.result = InstructionResult::Revert;
    }
}

/// Whether the called account delegates to a precompile; such a call runs no code.
pub(super) fn delegates_to_precompile(ctx: &mut Ctx<'_>, call: &CallInputs) -> bool {
    let code = call.known_bytecode.1.original_byte_slice();
    let arbos = ctx.chain.block_context.arbos;
    if code != PRECOMPILE_CODE || precompiles::is_precompile(call.bytecode_address, arbos) {
        return false;
    }
    let own = ctx.code(call.bytecode_address);
    let delegate = Bytecode::new_raw_checked(own).ok().and_then(|code| code.eip7702_address());
    delegate.is_some_and(|delegate| precompiles::is_precompile(delegate, arbos))
}
