//! Traces of calls, and of transactions, which run again on their original state.

use std::sync::Arc;

use alloy::{eips::BlockId, primitives::B256, rpc::types::trace::geth::GethDebugTracingOptions};
use revm::DatabaseCommit;

use super::{
    Block, CallRequest, Chain, ChainError, IncludedTransaction, call_gas::Purpose, genesis,
    mine::start_block, submit, transaction::transaction_message,
};
use crate::{
    exec::{self, ExecutionEnv, Message, Origin, State, Trace, Tracer},
    state::{Store, arbos::ARBOS, settings::Setting, upgrade},
};

impl Chain {
    /// Traces a transaction.
    ///
    /// # Errors
    /// If the transaction or the tracer does not exist.
    pub(crate) fn trace_transaction(
        &mut self,
        hash: B256,
        options: GethDebugTracingOptions,
    ) -> Result<Trace, ChainError> {
        let (block, index) = self.transaction(hash).ok_or(ChainError::TransactionNotFound)?;
        let block = Arc::clone(block);
        let tracer = Tracer::new(options)?;
        let origin =
            Origin { block_hash: Some(block.hash()), tx_index: Some(index), tx_hash: Some(hash) };
        self.with_transaction(&block, index, |env, message| {
            Ok(exec::trace(env, message, tracer, Some(origin))?)
        })
    }

    /// Passes a transaction of a block, in its original environment and on its original state, to
    /// `run`.
    ///
    /// # Errors
    /// If the transaction does not exist, and those of `run`.
    pub(super) fn with_transaction<R>(
        &mut self,
        block: &Block,
        index: usize,
        run: impl FnOnce(ExecutionEnv<'_>, &Message) -> Result<R, ChainError>,
    ) -> Result<R, ChainError> {
        let fields = self.header_fields();
        let parent = self.block(block.height().saturating_sub(1));
        let parent = Arc::clone(parent.ok_or(ChainError::GenesisNotTraceable)?);
        let Self { store, hashes, module_cache: modules, .. } = self;
        modules.start_block();
        let params = block.params();
        let fields = block.header_fields(fields);
        let mut state = state_before(store, &parent, block);
        let cap = state.db.slot(ARBOS, Setting::MaxTxGas.slot()).saturating_to();
        let mut messages = block.transactions.iter().map(|included| {
            let collects_tips = included.paid_price > params.base_fee;
            transaction_message(&included.transaction, params.base_fee, collects_tips)
                .charge_data(included.data_charge)
                .cap_gas(cap)
        });
        for message in messages.by_ref().take(index) {
            let env = submit::block_execution_env(params, state.clone(), hashes, modules);
            let execution = exec::execute(fields.apply(env), &message)?;
            state.commit(execution.changes);
            submit::record_gas(&mut state, &message, execution.gas_used);
        }
        let message = messages.next().ok_or(ChainError::TransactionNotFound)?;
        let env = submit::block_execution_env(params, state, hashes, modules);
        run(fields.apply(env), &message)
    }

    /// Traces all transactions of a block, each with its hash.
    ///
    /// # Errors
    /// If the block or the tracer does not exist.
    pub(crate) fn trace_block(
        &mut self,
        id: BlockId,
        options: &GethDebugTracingOptions,
    ) -> Result<Vec<(B256, Trace)>, ChainError> {
        let block = self.find_block(id)?.ok_or(ChainError::BlockNotFound(id))?;
        let block = Arc::clone(block);
        if block.height() == 0 {
            return Err(ChainError::GenesisNotTraceable);
        }
        let hashes = block.transactions.iter().map(IncludedTransaction::hash);
        hashes.map(|hash| Ok((hash, self.trace_transaction(hash, options.clone())?))).collect()
    }

    /// Traces a call.
    ///
    /// # Errors
    /// If the call may not run, or if the tracer does not exist.
    pub(crate) fn trace_call(
        &mut self,
        call: &CallRequest,
        options: GethDebugTracingOptions,
    ) -> Result<Trace, ChainError> {
        if call.block.is_pending() {
            return Err(ChainError::PendingNotTraceable);
        }
        self.find_block(call.block)?.ok_or(ChainError::BlockNotFound(call.block))?;
        let gas = self.call_gas(call)?;
        let message = self.call_message(call, gas)?;
        let (mut context, modules) = self.call_context(call)?;
        let message = context
            .validate(call, message, Purpose::Call)
            .map_err(|why| ChainError::TraceCall(Box::new(why)))?;
        let tracer = Tracer::new(options)?;
        Ok(exec::trace(context.execution_env(modules), &message, tracer, None)?)
    }
}

/// The state before the first transaction of a block.
fn state_before<'a>(store: &'a Store, parent: &Block, block: &Block) -> State<'a> {
    let mut state = State::new(store.view(parent.height()));
    let slot = genesis::parent_hash_slot(block.height());
    let Ok(()) = state.insert_account_storage(genesis::HASH_HISTORY, slot, parent.hash().into());
    upgrade::start_block(&mut state, parent.arbos(), block.header.timestamp);
    start_block(&mut state, parent, block.params());
    state
}
