//! `ArbAggregator` (0x6d): who posts batches, and who is paid for it; and what is left of the time when
//! aggregators set fees of their own.

use alloy::primitives::{Address, Bytes, U256};

use super::{
    abi::ArbAggregator::{
        ArbAggregatorCalls as Function, getBatchPostersCall, getPreferredAggregatorCall,
        getPreferredAggregatorReturn,
    },
    call::{CallError, CallResult, PrecompileCall},
};
use crate::state::{
    arbos::{AddressSet, from_address},
    batch_posters::{self, BATCH_POSTER},
};

/// Runs a call.
pub(super) fn dispatch(call: &mut PrecompileCall<'_>) -> CallResult {
    match call.function()? {
        Function::getTxBaseFee(_) => {
            call.view()?;
            call.encode_word(U256::ZERO)
        }
        Function::getPreferredAggregator(_) => {
            call.view()?;
            let default = getPreferredAggregatorReturn { _0: BATCH_POSTER, _1: true };
            call.encode_return::<getPreferredAggregatorCall>(&default)
        }
        Function::getDefaultAggregator(_) => {
            call.view()?;
            call.encode_word(from_address(BATCH_POSTER))
        }
        Function::getBatchPosters(_) => {
            call.view()?;
            let posters = batch_posters::all(call);
            call.encode_return::<getBatchPostersCall>(&posters)
        }
        Function::getFeeCollector(args) => {
            call.view()?;
            let collector = batch_posters::collector(call, args.poster);
            call.encode_word(from_address(collector.ok_or(CallError::EmptyRevert)?))
        }
        change => {
            call.write()?;
            apply(call, &change)?;
            Ok(Bytes::new())
        }
    }
}

/// Runs a function that changes something.
fn apply(call: &mut PrecompileCall<'_>, function: &Function) -> Result<(), CallError> {
    match function {
        Function::addBatchPoster(args) => {
            require_owner(call)?;
            if !batch_posters::contains(call, args.poster) {
                batch_posters::add(call, args.poster);
            }
        }
        Function::setFeeCollector(args) => {
            let collector = batch_posters::collector(call, args.poster);
            let may_change: [Address; 2] = [args.poster, collector.ok_or(CallError::EmptyRevert)?];
            if !may_change.contains(&call.caller.address) {
                require_owner(call)?;
            }
            batch_posters::set_collector(call, args.poster, args.collector);
        }
        // `setTxBaseFee` has no effect.
        _ => {}
    }
    Ok(())
}

/// Fails unless the caller owns the chain.
fn require_owner(call: &mut PrecompileCall<'_>) -> Result<(), CallError> {
    let caller = call.caller.address;
    if AddressSet::owners().contains(call, caller) { Ok(()) } else { Err(CallError::EmptyRevert) }
}
