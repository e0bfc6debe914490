//! `ArbInfo` (0x65): balance and code of accounts.

use super::{
    abi::ArbInfo::{ArbInfoCalls as Function, getBalanceCall, getCodeCall},
    call::{Answer, Call, copy_gas},
};

/// Gas to look at a balance.
const BALANCE: u64 = 700;

/// Gas to look at code, before its length.
const CODE: u64 = 2100;

/// Answers a call.
pub(super) fn answer(call: &mut Call<'_>) -> Answer {
    match call.function()? {
        Function::getBalance(args) => {
            call.view()?;
            call.burn(BALANCE);
            let balance = call.host.balance(args.account);
            call.done::<getBalanceCall>(&balance)
        }
        Function::getCode(args) => {
            call.view()?;
            let code = call.host.code(args.account);
            call.burn(CODE.saturating_add(copy_gas(code.len())));
            call.done::<getCodeCall>(&code)
        }
    }
}
