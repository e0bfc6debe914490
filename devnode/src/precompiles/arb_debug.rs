//! `ArbDebug` (0xff): functions that only dev chains have.

use super::{
    abi::ArbDebug::{
        ArbDebugCalls as Function, Basic, Custom, Mixed, becomeChainOwnerCall,
        becomeChainOwnerReturn, eventsCall, eventsReturn, overwriteContractCodeCall,
    },
    addresses::ARB_DEBUG,
    call::{CallError, CallResult, PrecompileCall, solidity_error},
};
use crate::state::arbos::AddressSet;

/// Text of Nitro's custom error.
const SPIDERS: &str = r"This spider family wards off bugs: /\oo/\ //\(oo)//\ /\oo/\";

/// Runs a call.
pub(super) fn dispatch(call: &mut PrecompileCall<'_>) -> CallResult {
    match call.function()? {
        Function::becomeChainOwner(_) => {
            call.write()?;
            let caller = call.caller.address;
            AddressSet::owners().add(call, caller);
            call.encode_return::<becomeChainOwnerCall>(&becomeChainOwnerReturn {})
        }
        Function::overwriteContractCode(args) => {
            call.write()?;
            call.host.set_code(args.target, args.code);
            call.encode_return::<overwriteContractCodeCall>(&alloy::primitives::Bytes::new())
        }
        Function::events(args) => {
            call.payable()?;
            let caller = call.caller.address;
            call.emit(&Basic { flag: !args.flag, value: args.value });
            call.emit(&Mixed {
                flag: args.flag,
                not: !args.flag,
                value: args.value,
                conn: ARB_DEBUG,
                caller,
            });
            let paid = call.caller.value;
            call.encode_return::<eventsCall>(&eventsReturn { _0: caller, _1: paid })
        }
        Function::eventsView(_) => {
            call.view()?;
            // A view may not log, so Nitro's function never succeeds either.
            Err(CallError::EmptyRevert)
        }
        Function::customRevert(args) => {
            call.pure()?;
            Err(solidity_error(&Custom {
                number: args.number,
                text: SPIDERS.to_owned(),
                flag: true,
            }))
        }
    }
}
