//! `ArbDebug` (0xff): what only dev chains allow.

use super::{
    ARB_DEBUG,
    abi::ArbDebug::{
        ArbDebugCalls as Function, Basic, Custom, Mixed, becomeChainOwnerCall,
        becomeChainOwnerReturn, eventsCall, eventsReturn, overwriteContractCodeCall,
    },
    call::{Answer, Call, Stop, error},
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
            call.done::<eventsCall>(&eventsReturn { _0: caller, _1: paid })
        }
        Function::eventsView(_) => {
            call.view()?;
            // A view may not log, so this never succeeds.
            Err(Stop::Plain)
        }
        Function::customRevert(args) => {
            call.pure()?;
            Err(error(&Custom { number: args.number, text: SPIDERS.to_owned(), flag: true }))
        }
    }
}
