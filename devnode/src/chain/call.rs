//! Calls: sender, gas, price, and overrides of state and block.

use std::{sync::Arc, time::Duration};

use alloy::{
    eips::BlockId,
    primitives::{Address, TxKind, U256, map::AddressMap},
    rpc::types::{BlockOverrides, TransactionRequest, state::StateOverride},
};
use revm::{Database, state::AccountInfo};

use super::{
    Chain, ChainError, HeaderFields,
    call_gas::{Purpose, call_base_fee},
    data_fee::DataPricing,
    state_overrides::apply_state_overrides,
    submit::MAX_INIT_CODE,
};
use crate::{
    deadline::Deadline,
    exec::{
        self, DataCharge, Execution, ExecutionEnv, GasPrice, Message, ModuleCache, Output, State,
    },
    precompiles::{self, BlockContext},
    state::BlockHashes,
};

/// Maximum wall-clock time of a call.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// A call with its overrides.
#[derive(Clone, Debug)]
pub(crate) struct CallRequest {
    /// The call.
    pub(crate) request: TransactionRequest,
    /// The block on whose state the call runs.
    pub(crate) block: BlockId,
    /// Overrides of accounts.
    pub(crate) state_overrides: StateOverride,
    /// Overrides of the block.
    pub(crate) block_overrides: BlockOverrides,
    /// Deadline of the call, including all repetitions of an estimate.
    pub(super) deadline: Deadline,
}

impl CallRequest {
    /// A call whose time limit starts now.
    pub(crate) fn new(
        request: TransactionRequest,
        block: BlockId,
        state: StateOverride,
        overrides: BlockOverrides,
    ) -> Self {
        let deadline = Deadline::after(TIME_LIMIT);
        Self { request, block, state_overrides: state, block_overrides: overrides, deadline }
    }
}

/// State and block of a call.
pub(super) struct CallContext<'a> {
    /// State with the overrides applied.
    pub(super) state: State<'a>,
    /// Height, time and base fee.
    block_context: BlockContext,
    /// Beneficiary of the block.
    beneficiary: Address,
    /// Gas limit of the block.
    gas_limit: u64,
    /// Prices of data; `None` if it is free.
    data_pricing: Option<DataPricing>,
    /// Hashes of all blocks, by height.
    hashes: &'a BlockHashes,
    /// Precompiles moved to another address, by that address.
    moved_precompiles: AddressMap<Address>,
    /// Precompiles whose address has other code.
    replaced_precompiles: Vec<Address>,
    /// Deadline of the call.
    deadline: Deadline,
    /// Id and randomness of the chain.
    fields: HeaderFields,
    /// What the call prints.
    pub(super) output: Output,
}

impl Chain {
    /// Runs a call.
    ///
    /// # Errors
    /// If the call may not run. A call that runs and fails is an [`Execution`].
    pub(crate) fn call(&mut self, call: &CallRequest) -> Result<Execution, ChainError> {
        let gas = self.call_gas(call)?;
        let message = self.call_message(call, gas)?;
        let output = self.output();
        let (mut context, modules) = self.call_context(call)?;
        context.output = output;
        let message = context
            .validate(call, message, Purpose::Call)
            .map_err(|why| ChainError::Call { why: Box::new(why), gas })?;
        context.execute(&message, modules)
    }

    /// The message of a call with `gas`.
    ///
    /// # Errors
    /// If the fields of the call contradict each other.
    pub(super) fn call_message(&self, call: &CallRequest, gas: u64) -> Result<Message, ChainError> {
        let request = &call.request;
        if let Some(other) = request.chain_id.filter(|&id| id != self.chain_id()) {
            return Err(ChainError::CallChainId { have: other, want: self.chain_id() });
        }
        let dynamic =
            request.max_fee_per_gas.is_some() || request.max_priority_fee_per_gas.is_some();
        if request.gas_price.is_some() && dynamic {
            return Err(ChainError::ConflictingGasPrices);
        }
        let block = self.require_block(call.block)?;
        let base_fee = call_base_fee(call, block);
        let cap = request.gas_price.or(request.max_fee_per_gas).filter(|&price| price > 0);
        let price = match cap {
            Some(cap) if self.collects_tips(block.height()) => {
                let tip = request.max_priority_fee_per_gas.unwrap_or_default();
                let most = request.gas_price.unwrap_or(u128::from(base_fee).saturating_add(tip));
                GasPrice {
                    paid: u64::try_from(cap.min(most)).unwrap_or(u64::MAX),
                    offered: Some(cap),
                }
            }
            Some(cap) => GasPrice { paid: base_fee, offered: Some(cap) },
            None => GasPrice::default(),
        };
        Ok(Message {
            from: request.from.unwrap_or_default(),
            to: request.to.unwrap_or(TxKind::Create),
            value: request.value.unwrap_or_default(),
            data: request.input.input().cloned().unwrap_or_default(),
            nonce: 0,
            gas,
            held_gas: 0,
            data_charge: DataCharge::default(),
            price,
            access_list: request.access_list.clone().unwrap_or_default(),
            authorizations: request.authorization_list.clone().unwrap_or_default(),
        })
    }

    /// Prepares state and block of a call; also returns the module cache.
    ///
    /// # Errors
    /// If the block does not exist, if the overrides contradict each other, or if the call goes to
    /// `NodeInterface`.
    pub(super) fn call_context(
        &mut self,
        call: &CallRequest,
    ) -> Result<(CallContext<'_>, &mut ModuleCache), ChainError> {
        if let Some(TxKind::Call(to)) = call.request.to
            && precompiles::is_node_interface(to)
        {
            return Err(ChainError::NodeInterface(to));
        }
        let block = Arc::clone(self.require_block(call.block)?);
        let fields = self.header_fields();
        let base_fee = call_base_fee(call, &block);
        let data_pricing = self.data_pricing(block.height(), base_fee);
        let Self { store, hashes, module_cache: modules, .. } = self;
        modules.start_block();
        let overrides = &call.block_overrides;
        let mut context = CallContext {
            state: State::new(store.view(block.height())),
            block_context: BlockContext {
                height: block.height().saturating_add(u64::from(call.block.is_pending())),
                l1_height: block.l1_height(),
                timestamp: overrides.time.unwrap_or(block.header.timestamp),
                base_fee,
                arbos: block.arbos(),
            },
            beneficiary: overrides.coinbase.unwrap_or(block.header.beneficiary),
            gas_limit: overrides.gas_limit.unwrap_or(block.header.gas_limit),
            data_pricing,
            hashes,
            moved_precompiles: AddressMap::default(),
            replaced_precompiles: Vec::new(),
            deadline: call.deadline,
            fields,
            output: Output::default(),
        };
        apply_state_overrides(
            &mut context.state,
            &mut context.moved_precompiles,
            &mut context.replaced_precompiles,
            &call.state_overrides,
            block.arbos(),
        )?;
        Ok((context, modules))
    }
}

impl<'a> CallContext<'a> {
    /// Checks whether the message of a call may run; returns it with its charge for data.
    pub(super) fn validate(
        &mut self,
        call: &CallRequest,
        message: Message,
        purpose: Purpose,
    ) -> Result<Message, ChainError> {
        let from = message.from;
        if let Some(cap) = message.price.offered
            && cap < u128::from(self.block_context.base_fee)
        {
            return Err(ChainError::MaxFeeBelowBaseFee {
                from,
                cap,
                base: self.block_context.base_fee,
                call: true,
            });
        }
        let price = U256::from(message.price.offered.unwrap_or_default());
        let fee = price.saturating_mul(U256::from(message.gas));
        let want = fee.saturating_add(message.value);
        let have = self.account(from).balance;
        if have < want {
            return Err(ChainError::InsufficientFunds { from, have, want });
        }
        let least = exec::intrinsic_gas(&message);
        if message.gas < least {
            return Err(ChainError::CallIntrinsicGasTooLow { have: message.gas, want: least });
        }
        let charge = purpose.data_charge(self.data_pricing, &call.request, &message);
        if message.gas < least.saturating_add(charge.gas) {
            return Err(ChainError::IntrinsicGasTooLow);
        }
        if message.to.is_create() && message.data.len() > MAX_INIT_CODE {
            return Err(ChainError::InitCodeTooLarge(message.data.len()));
        }
        Ok(message.charge_data(charge))
    }

    /// Runs a validated message.
    pub(super) fn execute(
        self,
        message: &Message,
        modules: &mut ModuleCache,
    ) -> Result<Execution, ChainError> {
        Ok(exec::execute(self.execution_env(modules), message)?)
    }

    /// The environment of a validated message.
    pub(super) fn execution_env<'s>(self, modules: &'s mut ModuleCache) -> ExecutionEnv<'s>
    where
        'a: 's,
    {
        ExecutionEnv {
            state: self.state,
            block_context: self.block_context,
            beneficiary: self.beneficiary,
            gas_limit: self.gas_limit,
            hashes: self.hashes,
            moved_precompiles: self.moved_precompiles,
            replaced_precompiles: self.replaced_precompiles,
            module_cache: modules,
            deadline: Some(self.deadline),
            chain_id: self.fields.chain_id,
            prev_randao: self.fields.prev_randao,
            output: self.output,
        }
    }

    /// An account; empty if it does not exist.
    pub(super) fn account(&mut self, address: Address) -> AccountInfo {
        let Ok(info) = self.state.basic(address);
        info.unwrap_or_default()
    }
}
