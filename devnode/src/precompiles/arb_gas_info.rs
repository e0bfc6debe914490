//! `ArbGasInfo` (0x6c): gas prices and limits.

use alloy::primitives::U256;

use super::{
    abi::ArbGasInfo::{
        ArbGasInfoCalls as Function, getGasAccountingParamsCall, getGasAccountingParamsReturn,
        getGasPricingConstraintsCall, getPerBatchGasChargeCall, getPricesInArbGasCall,
        getPricesInArbGasReturn, getPricesInWeiCall, getPricesInWeiReturn,
    },
    call::{CallError, CallResult, PrecompileCall},
    multi_gas,
};
use crate::state::{
    batch_posters,
    l1_pricing::UNITS_PER_BYTE,
    l2_pricing::{self, Constraint},
    settings::Setting,
};

/// Gas that the legacy price list assumes for a storage write.
const STORAGE_GAS: u64 = 20_000;

/// Bytes of data that the price lists assume for a transaction.
const ASSUMED_BYTES: u64 = 140;

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
        Function::getAmortizedCostCapBips(_) => Setting::AmortizedCostCap,
        Function::getL1PricingEquilibrationUnits(_) => Setting::L1Equilibration,
        Function::getLastL1PricingSurplus(_) => Setting::L1Surplus,
        Function::getL1FeesAvailable(_) => Setting::L1FeesAvailable,
        Function::getLastL1PricingUpdateTime(_) => Setting::L1LastUpdate,
        Function::getL1PricingFundsDueForRewards(_) => Setting::L1RewardsDue,
        Function::getGasBacklog(_) => Setting::GasBacklog,
        other => return computed(call, &other),
    };
    let word = setting.get(call);
    call.encode_word(word)
}

/// Runs a function that does not return a single setting.
fn computed(call: &mut PrecompileCall<'_>, function: &Function) -> CallResult {
    match function {
        Function::getPerBatchGasCharge(_) => {
            let charge: u64 = Setting::PerBatchGas.get(call).saturating_to();
            call.encode_return::<getPerBatchGasChargeCall>(&charge.cast_signed())
        }
        Function::getCurrentTxL1GasFees(_) => {
            let fee = call.host.data_fee();
            call.encode_word(fee)
        }
        Function::getL1PricingUnitsSinceUpdate(_) => {
            // The units of this transaction are counted before it runs.
            let own = U256::from(call.host.data_units());
            let units = Setting::L1UnitsSinceUpdate.get(call).saturating_add(own);
            call.encode_word(units)
        }
        Function::getL1PricingSurplus(_) => {
            let due =
                batch_posters::total_due(call).saturating_add(Setting::L1RewardsDue.get(call));
            // Signed: more may be due than is there.
            let surplus = Setting::L1FeesAvailable.get(call).wrapping_sub(due);
            call.encode_word(surplus)
        }
        Function::getPricesInWei(_) | Function::getPricesInWeiWithAggregator(_) => {
            prices_in_wei(call)
        }
        Function::getPricesInArbGas(_) | Function::getPricesInArbGasWithAggregator(_) => {
            let [transaction, byte] = data_prices(call);
            let price = U256::from(call.host.block_context().base_fee);
            let gas = |wei: U256| wei.checked_div(price).unwrap_or_default();
            call.encode_return::<getPricesInArbGasCall>(&getPricesInArbGasReturn {
                _0: gas(transaction),
                _1: gas(byte),
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
            let fields = |constraint: &Constraint| {
                [constraint.target, constraint.window, constraint.backlog]
            };
            let constraints = l2_pricing::constraints(call).iter().map(fields).collect();
            call.encode_return::<getGasPricingConstraintsCall>(&constraints)
        }
        Function::getMultiGasPricingConstraints(_) => multi_gas::read(call),
        Function::getMultiGasBaseFee(_) => multi_gas::read_fees(call),
        _ => Err(CallError::RevertAllGas),
    }
}

/// Prices in wei of the data of a usual transaction, and of a compressed byte.
fn data_prices(call: &mut PrecompileCall<'_>) -> [U256; 2] {
    let unit = Setting::L1PricePerUnit.get(call);
    let byte = unit.saturating_mul(U256::from(UNITS_PER_BYTE));
    [byte.saturating_mul(U256::from(ASSUMED_BYTES)), byte]
}

/// Prices in wei of a transaction, of a byte of its data, of a storage write and of gas.
fn prices_in_wei(call: &mut PrecompileCall<'_>) -> CallResult {
    let [transaction, byte] = data_prices(call);
    let minimum = Setting::MinBaseFee.get(call);
    let price = U256::from(call.host.block_context().base_fee);
    let base = price.min(minimum);
    let prices = getPricesInWeiReturn {
        _0: transaction,
        _1: byte,
        _2: price.saturating_mul(U256::from(STORAGE_GAS)),
        _3: base,
        _4: price.saturating_sub(base),
        _5: price,
    };
    call.encode_return::<getPricesInWeiCall>(&prices)
}
