//! `ArbOwner` (0x70): the settings of the chain, for its owners, without gas. Every successful call
//! emits a log. Settings for what the batch poster is paid are stored without effect, because no
//! batches are posted.

use alloy::primitives::{Address, B256, FixedBytes, U256};

use super::{
    ArbHalt, Unimplemented,
    abi::ArbOwner::{
        ArbOwnerCalls as Function, ChainOwnerAdded, ChainOwnerRemoved, OwnerActs,
        getAllChainOwnersCall, scheduleArbOSUpgradeCall,
    },
    call::{CallError, CallResult, PrecompileCall},
    multi_gas, owner_features,
};
use crate::state::{
    arbos::{AddressSet, from_address, to_address},
    arbos_version::ArbosVersion,
    l1_pricing::{FUNDS_POOL, MAX_BROTLI_LEVEL},
    l2_pricing::{self, Constraint},
    programs,
    settings::Setting,
    upgrade,
};

/// Bytes of a selector.
const SELECTOR: usize = 4;

/// Upper bound of the ink price, exclusive.
const MAX_INK_PRICE: u32 = 1 << 24;

/// Maximum number of constraints of the base fee before ArbOS 60.
const MAX_CONSTRAINTS: usize = 20;

/// Runs a call.
pub(super) fn dispatch(call: &mut PrecompileCall<'_>) -> CallResult {
    let owner = call.caller.address;
    if !AddressSet::owners().contains(call, owner) {
        return Err(CallError::Halt(ArbHalt::Unauthorized));
    }
    call.check_gas()?;
    call.disable_metering();
    let output = execute(call).map_err(|error| match error {
        CallError::RevertAllGas => CallError::EmptyRevert,
        other => other,
    })?;
    let selector = call.input.get(..SELECTOR).unwrap_or_default();
    let method = FixedBytes::try_from(selector).unwrap_or_default();
    let data = call.input.to_vec().into();
    if !call.caller.read_only {
        call.emit(&OwnerActs { method, owner, data });
    }
    Ok(output)
}

/// Runs a function for an owner.
fn execute(call: &mut PrecompileCall<'_>) -> CallResult {
    let function = call.function()?;
    call.view()?;
    let word = match function {
        Function::isChainOwner(args) => U256::from(AddressSet::owners().contains(call, args.owner)),
        Function::isNativeTokenOwner(args) => {
            U256::from(AddressSet::native_token_owners().contains(call, args.owner))
        }
        Function::isTransactionFilterer(args) => {
            U256::from(AddressSet::transaction_filterers().contains(call, args.filterer))
        }
        Function::getFilteredFundsRecipient(_) => Setting::FilteredFundsRecipient.get(call),
        Function::getAllChainOwners(_) => return members(call, AddressSet::owners()),
        Function::getAllNativeTokenOwners(_) => {
            return members(call, AddressSet::native_token_owners());
        }
        Function::getAllTransactionFilterers(_) => {
            return members(call, AddressSet::transaction_filterers());
        }
        Function::getNetworkFeeAccount(_) => {
            from_address(to_address(Setting::NetworkFeeAccount.get(call)))
        }
        Function::getInfraFeeAccount(_) => {
            from_address(to_address(Setting::InfraFeeAccount.get(call)))
        }
        Function::releaseL1PricerSurplusFunds(args) => {
            call.write()?;
            release_surplus(call, args.limit)
        }
        change => {
            call.write()?;
            change_accounts(call, &change)?;
            return Ok(alloy::primitives::Bytes::new());
        }
    };
    Ok(B256::from(word).into())
}

/// Counts funds of the pool that nobody has counted yet, as far as `limit`; returns how many wei.
fn release_surplus(call: &mut PrecompileCall<'_>, limit: U256) -> U256 {
    let available = Setting::L1FeesAvailable.get(call);
    let more = call.host.balance(FUNDS_POOL).saturating_sub(available).min(limit);
    Setting::L1FeesAvailable.set(call, available.saturating_add(more));
    more
}

/// All members of a set.
fn members(call: &mut PrecompileCall<'_>, set: AddressSet) -> CallResult {
    let members = set.members(call);
    call.encode_return::<getAllChainOwnersCall>(&members)
}

/// Makes an account an owner; logged even if it is one already.
fn add_owner(call: &mut PrecompileCall<'_>, owner: Address) {
    AddressSet::owners().add(call, owner);
    if call.arbos().logs_owners() {
        call.emit(&ChainOwnerAdded { owner });
    }
}

/// Removes an owner; false if the account is none.
fn remove_owner(call: &mut PrecompileCall<'_>, owner: Address) -> bool {
    let removed = AddressSet::owners().remove(call, owner);
    if removed && call.arbos().logs_owners() {
        call.emit(&ChainOwnerRemoved { owner });
    }
    removed
}

/// Changes owners, managers or fee accounts; passes all other functions on.
fn change_accounts(call: &mut PrecompileCall<'_>, function: &Function) -> Result<(), CallError> {
    let managers = AddressSet::cache_managers();
    let done = match function {
        Function::addChainOwner(args) => {
            add_owner(call, args.owner);
            true
        }
        Function::removeChainOwner(args) => remove_owner(call, args.owner),
        Function::addWasmCacheManager(args) => {
            managers.add(call, args.manager);
            true
        }
        Function::removeWasmCacheManager(args) => managers.remove(call, args.manager),
        Function::setNetworkFeeAccount(args) => {
            Setting::NetworkFeeAccount.set(call, from_address(args.account));
            true
        }
        Function::setInfraFeeAccount(args) => {
            Setting::InfraFeeAccount.set(call, from_address(args.account));
            true
        }
        other => {
            return owner_features::change(call, other)
                .unwrap_or_else(|| change_settings(call, other));
        }
    };
    if done { Ok(()) } else { Err(CallError::EmptyRevert) }
}

/// Changes gas prices and limits; passes all other functions on.
fn change_settings(call: &mut PrecompileCall<'_>, function: &Function) -> Result<(), CallError> {
    let (setting, value) = match function {
        Function::setL1PricePerUnit(args) => (Setting::L1PricePerUnit, args.price),
        Function::setMinimumL2BaseFee(args) => (Setting::MinBaseFee, args.price),
        Function::setL2BaseFee(args) => (Setting::BaseFee, args.price),
        Function::setSpeedLimit(args) => (Setting::SpeedLimit, U256::from(args.limit)),
        Function::setMaxTxGasLimit(args) => (Setting::MaxTxGas, U256::from(args.limit)),
        Function::setMaxBlockGasLimit(args) => (Setting::MaxBlockGas, U256::from(args.limit)),
        Function::setL2GasPricingInertia(args) => {
            (Setting::PricingInertia, U256::from(args.inertia))
        }
        Function::setL2GasBacklogTolerance(args) => {
            (Setting::BacklogTolerance, U256::from(args.seconds))
        }
        Function::setGasBacklog(args) => (Setting::GasBacklog, U256::from(args.backlog)),
        Function::setGasPricingConstraints(args) => {
            return set_constraints(call, &args.constraints);
        }
        Function::setBrotliCompressionLevel(args) if args.level <= MAX_BROTLI_LEVEL => {
            (Setting::BrotliLevel, U256::from(args.level))
        }
        Function::setL1PricingRewardRate(args) => (Setting::L1RewardRate, U256::from(args.rate)),
        Function::setL1PricingInertia(args) => (Setting::L1Inertia, U256::from(args.inertia)),
        Function::setL1BaseFeeEstimateInertia(args) => {
            (Setting::L1Inertia, U256::from(args.inertia))
        }
        Function::setParentGasFloorPerToken(args) => {
            (Setting::ParentGasFloor, U256::from(args.floor))
        }
        Function::setL1PricingEquilibrationUnits(args) => (Setting::L1Equilibration, args.units),
        Function::setL1PricingRewardRecipient(args) => {
            (Setting::L1RewardRecipient, from_address(args.recipient))
        }
        Function::setAmortizedCostCapBips(args) => {
            (Setting::AmortizedCostCap, U256::from(args.cap))
        }
        Function::setPerBatchGasCharge(args) => {
            (Setting::PerBatchGas, U256::from(args.gas.cast_unsigned()))
        }
        Function::setWasmActivationGas(args) => (Setting::ActivationGas, U256::from(args.gas)),
        Function::setCollectTips(args) => (Setting::CollectTips, U256::from(args.collect)),
        Function::scheduleArbOSUpgrade(args) => return schedule_upgrade(call, args),
        Function::setMultiGasPricingConstraints(args) => {
            return multi_gas::set(call, &args.constraints);
        }
        other => return change_program_params(call, other),
    };
    setting.set(call, value);
    Ok(())
}

/// Schedules an upgrade to a version that this chain can run.
fn schedule_upgrade(
    call: &mut PrecompileCall<'_>,
    args: &scheduleArbOSUpgradeCall,
) -> Result<(), CallError> {
    let known = u8::try_from(args.version).ok().and_then(ArbosVersion::from_number);
    if known.is_none() && args.version > call.arbos().number().into() {
        let function = "scheduleArbOSUpgrade to another version than 60 or 61";
        return Err(CallError::Unimplemented(Unimplemented { precompile: "ArbOwner", function }));
    }
    upgrade::schedule(call, args.version, args.timestamp);
    Ok(())
}

/// Replaces the constraints that the base fee follows.
fn set_constraints(call: &mut PrecompileCall<'_>, fields: &[[u64; 3]]) -> Result<(), CallError> {
    let constraint = |&[target, window, backlog]: &[u64; 3]| Constraint { target, window, backlog };
    let constraints: Vec<_> = fields.iter().map(constraint).collect();
    let valid = |constraint: &Constraint| constraint.target > 0 && constraint.window > 0;
    let too_many = !call.arbos().has_functions_of_60() && constraints.len() > MAX_CONSTRAINTS;
    if too_many || !constraints.iter().all(valid) {
        return Err(CallError::EmptyRevert);
    }
    l2_pricing::set_constraints(call, &constraints);
    Ok(())
}

/// Changes the parameters of programs.
fn change_program_params(
    call: &mut PrecompileCall<'_>,
    function: &Function,
) -> Result<(), CallError> {
    let mut params = call.params();
    match function {
        Function::setInkPrice(args) => {
            if args.price == 0 || args.price >= MAX_INK_PRICE {
                return Err(CallError::EmptyRevert);
            }
            params.ink_price = args.price;
        }
        Function::setWasmMaxStackDepth(args) => params.max_stack_depth = args.depth,
        Function::setWasmFreePages(args) => params.free_pages = args.pages,
        Function::setWasmPageGas(args) => params.page_gas = args.gas,
        Function::setWasmPageLimit(args) => params.page_limit = args.limit,
        Function::setWasmMinInitGas(args) => {
            params.min_init_gas = units(u64::from(args.gas), 128)?;
            params.min_cached_gas = units(u64::from(args.cached), 32)?;
        }
        Function::setWasmInitCostScalar(args) => params.init_scalar = units(args.percent, 2)?,
        Function::setWasmExpiryDays(args) => params.expiry_days = args.days,
        Function::setWasmKeepaliveDays(args) => params.keepalive_days = args.days,
        Function::setWasmBlockCacheSize(args) => params.block_cache_size = args.count,
        Function::setWasmMaxSize(args) => params.max_wasm_size = args.size,
        Function::setMaxStylusContractFragments(args) => params.max_fragments = args.count,
        _ => return Err(CallError::EmptyRevert),
    }
    programs::save_params(call, &params);
    Ok(())
}

/// `amount` in units of `unit`, rounded up; reverts above 255 units.
fn units(amount: u64, unit: u64) -> Result<u8, CallError> {
    u8::try_from(amount.div_ceil(unit)).map_err(|_| CallError::EmptyRevert)
}
