//! `ArbInfo` (0x65): balance and code of accounts.

use super::{
    abi::ArbInfo::{ArbInfoCalls as Function, getBalanceCall, getCodeCall},
    call::{CallResult, PrecompileCall},
    gas::copy_gas,
};

/// Gas to read a balance.
const BALANCE_GAS: u64 = 700;

/// Gas to read code, without its length.
const CODE_GAS: u64 = 2100;

/// Runs a call.
pub(super) fn dispatch(call: &mut PrecompileCall<'_>) -> CallResult {
    match call.function()? {
        Function::getBalance(args) => {
            call.view()?;
            call.burn(BALANCE_GAS);
            let balance = call.host.balance(args.account);
            call.encode_return::<getBalanceCall>(&balance)
        }
        Function::getCode(args) => {
            call.view()?;
            let code = call.host.code(args.account);
            call.burn(CODE_GAS.saturating_add(copy_gas(code.len())));
            call.encode_return::<getCodeCall>(&code)
        }
    }
}
