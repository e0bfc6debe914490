//! `ArbWasmCache` (0x72): programs with a cheaper entry, and their managers.

use alloy::primitives::B256;

use super::{
    abi::ArbWasmCache::{
        ArbWasmCacheCalls as Function, UpdateProgramCache, allCacheManagersCall, cacheProgramCall,
        cacheProgramReturn, codehashIsCachedCall, evictCodehashCall, evictCodehashReturn,
        isCacheManagerCall,
    },
    call::{CallError, CallResult, PrecompileCall, inactive_error},
};
use crate::state::{
    arbos::{AddressSet, ArbosStorage},
    programs::{self, ProgramRecord},
};

/// Runs a call.
pub(super) fn dispatch(call: &mut PrecompileCall<'_>) -> CallResult {
    match call.function()? {
        Function::isCacheManager(args) => {
            call.view()?;
            let manager = AddressSet::cache_managers().contains(call, args.manager);
            call.encode_return::<isCacheManagerCall>(&manager)
        }
        Function::allCacheManagers(_) => {
            call.view()?;
            let managers = AddressSet::cache_managers().members(call);
            call.encode_return::<allCacheManagersCall>(&managers)
        }
        Function::codehashIsCached(args) => {
            call.view()?;
            let cached = ProgramRecord::load(call, args.codehash).cached;
            call.encode_return::<codehashIsCachedCall>(&cached)
        }
        Function::cacheProgram(args) => {
            call.write()?;
            let code_hash = call.code_hash(args.program);
            set_cached(call, code_hash, true)?;
            call.encode_return::<cacheProgramCall>(&cacheProgramReturn {})
        }
        Function::evictCodehash(args) => {
            call.write()?;
            set_cached(call, args.codehash, false)?;
            call.encode_return::<evictCodehashCall>(&evictCodehashReturn {})
        }
    }
}

/// Caches or evicts a program, unless it is in that state already.
fn set_cached(
    call: &mut PrecompileCall<'_>,
    code_hash: B256,
    cached: bool,
) -> Result<(), CallError> {
    let manager = call.caller.address;
    let allowed = AddressSet::cache_managers().contains(call, manager)
        || AddressSet::owners().contains(call, manager);
    if !allowed {
        return Err(CallError::RevertAllGas);
    }
    let params = call.params();
    let record = ProgramRecord::load(call, code_hash);
    if cached {
        let now = call.host.block_context().timestamp;
        // Unlike elsewhere, code that was never activated needs an upgrade too.
        record
            .check_version(&params)
            .and_then(|()| record.check(&params, now))
            .map_err(inactive_error)?;
    }
    if record.cached == cached {
        return Ok(());
    }
    call.emit(&UpdateProgramCache { manager, codehash: code_hash, cached });
    call.burn(record.init_cost.into());
    // Nitro reads the module hash in either case.
    call.word(programs::module_slot(code_hash));
    ProgramRecord { cached, ..record }.save(call, code_hash);
    Ok(())
}
