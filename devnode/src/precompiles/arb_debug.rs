//! `ArbDebug` (0xff): what only dev chains allow. Missing: the functions that only emit events.

use super::{
    abi::ArbDebug::{
        ArbDebugCalls as Function, Custom, becomeChainOwnerCall, becomeChainOwnerReturn,
        overwriteContractCodeCall,
    },
    call::{Answer, Call, error},
};
use crate::state::arbos::AddressSet;

/// What the custom error of this precompile says.
const SPIDERS: &str = r"This spider family wards off bugs: /\oo/\ //\(oo)//\ /\oo/\";

/// Answers a call.
pub(super) fn answer(call: &mut Call<'_>) -> Answer {
    match call.function()? {
        Function::becomeChainOwner(_) => {
            call.write()?;
            let caller = call.caller.address;
            AddressSet::owners().add(call, caller);
            call.done::<becomeChainOwnerCall>(&becomeChainOwnerReturn {})
        }
        Function::overwriteContractCode(args) => {
            call.write()?;
            call.host.set_code(args.target, args.code);
            call.done::<overwriteContractCodeCall>(&alloy::primitives::Bytes::new())
        }
        Function::customRevert(args) => {
            call.pure()?;
            Err(error(&Custom { number: args.number, text: SPIDERS.to_owned(), flag: true }))
        }
    }
}
