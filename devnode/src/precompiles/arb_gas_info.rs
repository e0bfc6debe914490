//! `ArbGasInfo` (0x6c): gas prices and limits.

use alloy::primitives::U256;

use super::{
    abi::ArbGasInfo::{
        ArbGasInfoCalls as Function, getGasAccountingParamsCall, getGasAccountingParamsReturn,
        getGasPricingConstraintsCall, getPricesInArbGasCall, getPricesInArbGasReturn,
        getPricesInWeiCall, getPricesInWeiReturn,
    },
    call::{CallError, CallResult, PrecompileCall},
    gas::STORAGE_READ_GAS,
    multi_gas,
};
use crate::state::settings::Setting;

/// Gas that the legacy price list assumes for a storage write.
const STORAGE_GAS: u64 = 20_000;

/// Runs a call.
pub(super) fn dispatch(call: &mut PrecompileCall<'_>) -> CallResult {
    let function = call.function()?;
    call.view()?;
    let setting = match function {
        Function::getMinimumGasPrice(_) => Setting::MinBaseFee,
        Function::getL1BaseFeeEstimate(_) | Function::getL1GasPriceEstimate(_) => {
            Setting::L1PricePerUnit
        }
        Function::getPricingInertia(_) => Setting::PricingInertia,
        Function::getGasBacklogTolerance(_) => Setting::BacklogTolerance,
        Function::getMaxTxGasLimit(_) => Setting::MaxTxGas,
        Function::getMaxBlockGasLimit(_) => Setting::MaxBlockGas,
        Function::getL1BaseFeeEstimateInertia(_) => Setting::L1Inertia,
        Function::getL1RewardRate(_) => Setting::L1RewardRate,
        Function::getL1RewardRecipient(_) => Setting::L1RewardRecipient,
        Function::getPerBatchGasCharge(_) => Setting::PerBatchGas,
        Function::getAmortizedCostCapBips(_) => Setting::AmortizedCostCap,
        Function::getL1PricingEquilibrationUnits(_) => Setting::L1Equilibration,
        Function::getLastL1PricingSurplus(_) => Setting::L1Surplus,
        other => return computed(call, &other),
    };
    let word = setting.get(call);
    call.encode_word(word)
}

/// Runs a function that does not return a single setting.
fn computed(call: &mut PrecompileCall<'_>, function: &Function) -> CallResult {
    match function {
        // Data for the parent chain is free.
        Function::getCurrentTxL1GasFees(_) => call.encode_word(U256::ZERO),
        // The base fee does not depend on the load, so there is no backlog.
        Function::getGasBacklog(_) => {
            call.burn(STORAGE_READ_GAS);
            call.encode_word(U256::ZERO)
        }
        Function::getPricesInWei(_) => prices_in_wei(call),
        Function::getPricesInArbGas(_) => {
            Setting::L1PricePerUnit.get(call);
            call.encode_return::<getPricesInArbGasCall>(&getPricesInArbGasReturn {
                _0: U256::ZERO,
                _1: U256::ZERO,
                _2: U256::from(STORAGE_GAS),
            })
        }
        Function::getGasAccountingParams(_) => {
            // The second is a pool of gas that no longer exists.
            let (speed, block) = (Setting::SpeedLimit.get(call), Setting::MaxBlockGas.get(call));
            let limits = getGasAccountingParamsReturn { _0: speed, _1: block, _2: block };
            call.encode_return::<getGasAccountingParamsCall>(&limits)
        }
        Function::getGasPricingConstraints(_) => {
            call.burn(STORAGE_READ_GAS);
            call.encode_return::<getGasPricingConstraintsCall>(&Vec::new())
        }
        Function::getMultiGasPricingConstraints(_) => multi_gas::read(call),
        Function::getMultiGasBaseFee(_) => multi_gas::read_fees(call),
        _ => Err(CallError::RevertAllGas),
    }
}

/// Prices in wei of a transaction, of its data, of a storage write and of gas. Data for the parent
/// chain is free.
fn prices_in_wei(call: &mut PrecompileCall<'_>) -> CallResult {
    Setting::L1PricePerUnit.get(call);
    let minimum = Setting::MinBaseFee.get(call);
    let price = U256::from(call.host.block_context().base_fee);
    let base = price.min(minimum);
    let prices = getPricesInWeiReturn {
        _0: U256::ZERO,
        _1: U256::ZERO,
        _2: price.saturating_mul(U256::from(STORAGE_GAS)),
        _3: base,
        _4: price.saturating_sub(base),
        _5: price,
    };
    call.encode_return::<getPricesInWeiCall>(&prices)
}
