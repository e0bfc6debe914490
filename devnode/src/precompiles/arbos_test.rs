//! `ArbosTest` (0x69): burning gas.

use alloy::primitives::Bytes;

use super::{
    abi::ArbosTest::ArbosTestCalls as Function,
    call::{Answer, Call, Stop},
};

/// Answers a call.
pub(super) fn answer(call: &mut Call<'_>) -> Answer {
    let Function::burnArbGas(args) = call.function()?;
    call.pure()?;
    let gas = u64::try_from(args.gas).map_err(|_| Stop::Plain)?;
    call.drain(gas);
    Ok(Bytes::new())
}
