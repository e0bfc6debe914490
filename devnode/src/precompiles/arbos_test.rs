//! `ArbosTest` (0x69): burns gas.

use alloy::primitives::Bytes;

use super::{
    abi::ArbosTest::ArbosTestCalls as Function,
    call::{CallError, CallResult, PrecompileCall},
};

/// Runs a call.
pub(super) fn dispatch(call: &mut PrecompileCall<'_>) -> CallResult {
    let Function::burnArbGas(args) = call.function()?;
    call.pure()?;
    let gas = u64::try_from(args.gas).map_err(|_| CallError::EmptyRevert)?;
    call.burn_up_to(gas);
    Ok(Bytes::new())
}
