//! Submitting a transaction: the order of checks, and its block.

use alloy::{
    consensus::{Transaction, TxEnvelope, transaction::Recovered},
    primitives::{Address, B256, U256, map::AddressMap},
};

use super::{
    Chain, ChainError, IncludedTransaction, RecoveredTransaction,
    block::{BlockParams, GAS_LIMIT, SEQUENCER},
    fee::MaxFee,
    transaction::transaction_message,
};
use crate::{
    CHAIN_ID,
    exec::{
        self, ExecutionEnv, ExecutionStatus, MAX_CODE, Message, ModuleCache, Output, PREV_RANDAO,
        State,
    },
    precompiles::BlockContext,
    state::{
        BlockArbosStorage, BlockHashes,
        arbos::{ARBOS, ArbosStorage},
        l1_pricing, l2_pricing,
        settings::Setting,
    },
};

/// Maximum size of a transaction in bytes.
const MAX_TRANSACTION: usize = 85_000;

/// Maximum size of init code in bytes.
pub(super) const MAX_INIT_CODE: usize = 2 * MAX_CODE;

impl Chain {
    /// Submits a transaction: mines it in a block of its own, or pools it if automine is off.
    /// Returns its hash.
    ///
    /// # Errors
    /// If the transaction is rejected. A transaction that runs and fails is not rejected.
    pub(crate) fn submit(&mut self, incoming: RecoveredTransaction) -> Result<B256, ChainError> {
        let hash = incoming.hash();
        if self.automine {
            let message = self.validate_transaction(&incoming, self.height())?;
            let arrival = self.arrival(&incoming);
            let params = self.begin_block();
            let included = self.apply_transaction(params, incoming.transaction, &message)?;
            self.announce_arrival(arrival);
            self.seal_block(params, vec![included]);
            self.mine_until_idle();
            return Ok(hash);
        }
        match self.validate_transaction(&incoming, self.height()) {
            // Transactions with lower nonces may still arrive.
            Err(ChainError::NonceTooHigh { .. }) => {}
            other_result => drop(other_result?),
        }
        let arrival = self.arrival(&incoming);
        self.pool.add(incoming)?;
        self.announce_arrival(arrival);
        self.notify_change();
        Ok(hash)
    }

    /// The next free nonce of an account, counting pooled transactions.
    pub(crate) fn next_nonce(&self, account: Address) -> u64 {
        let nonce = self.latest_state().nonce(account);
        self.pool.next_nonce(account, nonce)
    }

    /// Checks a transaction against the state after block `height` and returns its message.
    pub(super) fn validate_transaction(
        &self,
        incoming: &RecoveredTransaction,
        height: u64,
    ) -> Result<Message, ChainError> {
        let transaction = &incoming.transaction;
        let from = transaction.signer();
        let base_fee = self.base_fee();
        let cap = transaction.max_fee_per_gas();
        let fee = MaxFee::new(U256::from(cap), transaction.gas_limit());
        if fee.exceeds_cap() {
            return Err(ChainError::FeeCapExceeded(fee));
        }
        let collects_tips = self.collects_tips(height);
        let message = transaction_message(transaction, base_fee, collects_tips);
        let intrinsic = exec::intrinsic_gas(&message);
        if intrinsic > message.gas {
            return Err(ChainError::IntrinsicGasTooLow);
        }
        if let Some(other) = transaction.chain_id().filter(|&id| id != self.chain_id()) {
            return Err(ChainError::ChainId { have: other, want: self.chain_id() });
        }
        if let Some(tip) = transaction.max_priority_fee_per_gas().filter(|&tip| tip > cap)
            && collects_tips
        {
            return Err(ChainError::TipAboveMaxFee { from, tip, cap });
        }
        if cap < u128::from(base_fee) {
            return Err(ChainError::MaxFeeBelowBaseFee { from, cap, base: base_fee, call: false });
        }
        let sender = self.store.account(from, height).unwrap_or_default();
        let (have, want) = (transaction.nonce(), sender.nonce);
        if have < want {
            return Err(ChainError::NonceTooLow { from, have, want });
        }
        let price = fee.wei().saturating_add(transaction.value());
        if sender.balance < price {
            return Err(ChainError::InsufficientFunds { from, have: sender.balance, want: price });
        }
        if incoming.size > MAX_TRANSACTION {
            return Err(ChainError::OversizedData);
        }
        if have > want {
            return Err(ChainError::NonceTooHigh { from, have, want });
        }
        if message.to.is_create() && message.data.len() > MAX_INIT_CODE {
            return Err(ChainError::InitCodeTooLarge(message.data.len()));
        }
        if transaction.is_eip7702() && message.authorizations.is_empty() {
            return Err(ChainError::EmptyAuthorizationList(from));
        }
        let pricing = self.data_pricing(height, message.price.paid);
        let charge = pricing.map(|pricing| pricing.transaction(transaction)).unwrap_or_default();
        if message.gas < intrinsic.saturating_add(charge.gas) {
            return Err(ChainError::IntrinsicGasTooLow);
        }
        Ok(message.charge_data(charge).cap_gas(self.setting(Setting::MaxTxGas)))
    }

    /// Whether tips are paid after block `height`.
    pub(super) fn collects_tips(&self, height: u64) -> bool {
        !self.store.slot(ARBOS, Setting::CollectTips.slot(), height).is_zero()
    }

    /// Runs a transaction in a block and commits its changes.
    pub(super) fn apply_transaction(
        &mut self,
        params: BlockParams,
        transaction: Recovered<TxEnvelope>,
        message: &Message,
    ) -> Result<IncludedTransaction, ChainError> {
        let output = self.output();
        let state = State::new(self.store.view(params.height));
        let env = block_execution_env(params, state, &self.hashes, &mut self.module_cache);
        let env = ExecutionEnv { output, ..self.header_fields.apply(env) };
        let execution = exec::execute(env, message)?;
        self.store.commit(params.height, execution.changes);
        let mut words = BlockArbosStorage::new(&mut self.store, params.height);
        record_gas(&mut words, message, execution.gas_used);
        Ok(IncludedTransaction {
            success: matches!(execution.status, ExecutionStatus::Success),
            gas_used: execution.gas_used,
            data_charge: message.data_charge,
            paid_price: message.price.paid,
            logs: execution.logs,
            contract: created_address(&transaction),
            transaction,
        })
    }
}

/// Records the gas and the data of a transaction that has run, on which the next prices depend.
pub(super) fn record_gas(words: &mut dyn ArbosStorage, message: &Message, gas_used: u64) {
    let charge = message.data_charge;
    if message.price.paid > 0 {
        l2_pricing::grow_backlog(words, gas_used.saturating_sub(charge.gas));
    }
    l1_pricing::record_data(words, charge.units, message.data_fee());
}

/// The environment of a transaction in a block.
pub(super) fn block_execution_env<'a>(
    params: BlockParams,
    state: State<'a>,
    hashes: &'a BlockHashes,
    modules: &'a mut ModuleCache,
) -> ExecutionEnv<'a> {
    let BlockParams { height, l1_height, timestamp, base_fee, arbos, .. } = params;
    ExecutionEnv {
        state,
        block_context: BlockContext { height, l1_height, timestamp, base_fee, arbos },
        beneficiary: SEQUENCER,
        gas_limit: GAS_LIMIT,
        hashes,
        moved_precompiles: AddressMap::default(),
        replaced_precompiles: Vec::new(),
        module_cache: modules,
        deadline: None,
        chain_id: CHAIN_ID,
        prev_randao: PREV_RANDAO,
        output: Output::default(),
    }
}

/// The address of the contract that a transaction creates.
pub(super) fn created_address(transaction: &Recovered<TxEnvelope>) -> Option<Address> {
    transaction.is_create().then(|| transaction.signer().create(transaction.nonce()))
}
