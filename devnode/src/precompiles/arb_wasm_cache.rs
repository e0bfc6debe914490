//! `ArbWasmCache` (0x72): programs that are cheaper to enter, and who may say which.

use alloy::primitives::B256;

use super::{
    abi::ArbWasmCache::{
        ArbWasmCacheCalls as Function, UpdateProgramCache, allCacheManagersCall, cacheProgramCall,
        cacheProgramReturn, codehashIsCachedCall, evictCodehashCall, evictCodehashReturn,
        isCacheManagerCall,
    },
    arb_wasm::inactive,
    call::{Answer, Call, Stop},
};
use crate::state::{
    arbos::{AddressSet, Words},
    programs::{self, Inactive, Record},
};

/// Answers a call.
pub(super) fn answer(call: &mut Call<'_>) -> Answer {
    match call.function()? {
        Function::isCacheManager(args) => {
            call.view()?;
            let manager = AddressSet::cache_managers().contains(call, args.manager);
            call.done::<isCacheManagerCall>(&manager)
        }
        Function::allCacheManagers(_) => {
            call.view()?;
            let managers = AddressSet::cache_managers().members(call);
            call.done::<allCacheManagersCall>(&managers)
        }
        Function::codehashIsCached(args) => {
            call.view()?;
            let cached = Record::load(call, args.codehash).cached;
            call.done::<codehashIsCachedCall>(&cached)
        }
        Function::cacheProgram(args) => {
            call.write()?;
            let code_hash = call.code_hash(args.program);
            set_cached(call, code_hash, true)?;
            call.done::<cacheProgramCall>(&cacheProgramReturn {})
        }
        Function::evictCodehash(args) => {
            call.write()?;
            set_cached(call, args.codehash, false)?;
            call.done::<evictCodehashCall>(&evictCodehashReturn {})
        }
    }
}

/// Caches or evicts a program, unless it is so already.
fn set_cached(call: &mut Call<'_>, code_hash: B256, cached: bool) -> Result<(), Stop> {
    let manager = call.caller.address;
    let allowed = AddressSet::cache_managers().contains(call, manager)
        || AddressSet::owners().contains(call, manager);
    if !allowed {
        return Err(Stop::Refused);
    }
    let params = call.params();
    let record = Record::load(call, code_hash);
    if cached {
        let now = call.host.facts().timestamp;
        if record.version != params.version {
            return Err(inactive(Inactive::Outdated(record.version), &params));
        }
        record.check(&params, now).map_err(|why| inactive(why, &params))?;
    }
    if record.cached == cached {
        return Ok(());
    }
    call.emit(&UpdateProgramCache { manager, codehash: code_hash, cached });
    call.burn(record.init_cost.into());
    // The module is looked up either way, and paid for.
    call.word(programs::module_slot(code_hash));
    Record { cached, ..record }.save(call, code_hash);
    Ok(())
}
