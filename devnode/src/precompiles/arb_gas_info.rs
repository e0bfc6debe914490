//! `ArbGasInfo` (0x6c): prices and limits of gas. Missing: what tells about the parent chain's data.

use alloy::primitives::U256;

use super::{
    abi::ArbGasInfo::{
        ArbGasInfoCalls as Function, getCurrentTxL1GasFeesCall, getGasAccountingParamsCall,
        getGasAccountingParamsReturn, getGasBacklogCall, getGasBacklogToleranceCall,
        getL1BaseFeeEstimateCall, getL1GasPriceEstimateCall, getMaxBlockGasLimitCall,
        getMaxTxGasLimitCall, getMinimumGasPriceCall, getPricesInArbGasCall,
        getPricesInArbGasReturn, getPricesInWeiCall, getPricesInWeiReturn, getPricingInertiaCall,
    },
    call::{Answer, Call},
};
use crate::state::settings::Setting;

/// Gas that storing a word counts for in the old price list.
const STORAGE_GAS: u64 = 20_000;

/// Answers a call.
pub(super) fn answer(call: &mut Call<'_>) -> Answer {
    let function = call.function()?;
    call.view()?;
    match function {
        Function::getPricesInWei(_) => prices_in_wei(call),
        Function::getPricesInArbGas(_) => {
            Setting::L1PricePerUnit.get(call);
            call.done::<getPricesInArbGasCall>(&getPricesInArbGasReturn {
                _0: U256::ZERO,
                _1: U256::ZERO,
                _2: U256::from(STORAGE_GAS),
            })
        }
        Function::getGasAccountingParams(_) => {
            let limits = getGasAccountingParamsReturn {
                _0: Setting::SpeedLimit.get(call),
                _1: Setting::MaxBlockGas.get(call),
                _2: Setting::MaxTxGas.get(call),
            };
            call.done::<getGasAccountingParamsCall>(&limits)
        }
        Function::getMinimumGasPrice(_) => {
            let price = Setting::MinBaseFee.get(call);
            call.done::<getMinimumGasPriceCall>(&price)
        }
        Function::getL1BaseFeeEstimate(_) => {
            let price = Setting::L1PricePerUnit.get(call);
            call.done::<getL1BaseFeeEstimateCall>(&price)
        }
        Function::getL1GasPriceEstimate(_) => {
            let price = Setting::L1PricePerUnit.get(call);
            call.done::<getL1GasPriceEstimateCall>(&price)
        }
        Function::getCurrentTxL1GasFees(_) => call.done::<getCurrentTxL1GasFeesCall>(&U256::ZERO),
        Function::getGasBacklog(_) => {
            call.burn(super::call::READ);
            call.done::<getGasBacklogCall>(&0)
        }
        Function::getPricingInertia(_) => {
            let inertia = Setting::PricingInertia.get(call).saturating_to();
            call.done::<getPricingInertiaCall>(&inertia)
        }
        Function::getGasBacklogTolerance(_) => {
            let tolerance = Setting::BacklogTolerance.get(call).saturating_to();
            call.done::<getGasBacklogToleranceCall>(&tolerance)
        }
        Function::getMaxTxGasLimit(_) => {
            let limit = Setting::MaxTxGas.get(call);
            call.done::<getMaxTxGasLimitCall>(&limit)
        }
        Function::getMaxBlockGasLimit(_) => {
            let limit = Setting::MaxBlockGas.get(call).saturating_to();
            call.done::<getMaxBlockGasLimitCall>(&limit)
        }
    }
}

/// What a transaction, its data, storage and gas cost in wei. Data of the parent chain is free.
fn prices_in_wei(call: &mut Call<'_>) -> Answer {
    Setting::L1PricePerUnit.get(call);
    let least = Setting::MinBaseFee.get(call);
    let price = U256::from(call.host.facts().base_fee);
    let base = price.min(least);
    let prices = getPricesInWeiReturn {
        _0: U256::ZERO,
        _1: U256::ZERO,
        _2: price.saturating_mul(U256::from(STORAGE_GAS)),
        _3: base,
        _4: price.saturating_sub(base),
        _5: price,
    };
    call.done::<getPricesInWeiCall>(&prices)
}
