//! Tracing: of calls, and of transactions, which run again on the state that they met.

use std::sync::Arc;

use alloy::{eips::BlockId, primitives::B256, rpc::types::trace::geth::GethDebugTracingOptions};
use revm::DatabaseCommit;

use super::{
    Ask, Chain, Included, Refusal, block::Place, call::GAS_CAP, genesis, submit,
    transaction::message,
};
use crate::{
    exec::{self, Origin, State, Trace, Tracer},
    state::{Store, arbos::ARBOS, settings::Setting},
};

impl Chain {
    /// Traces a transaction.
    ///
    /// # Errors
    /// If there is no such transaction or tracer.
    pub(crate) fn trace(
        &mut self,
        hash: B256,
        options: GethDebugTracingOptions,
    ) -> Result<Trace, Refusal> {
        let (block, index) = self.transaction(hash).ok_or(Refusal::NoTransaction)?;
        let block = Arc::clone(block);
        let tracer = Tracer::new(options)?;
        let Self { store, hashes, modules, .. } = self;

        let place = block.place();
        let height = usize::try_from(place.height).unwrap_or(usize::MAX);
        let hashes = hashes.get(..height).unwrap_or_default();
        let mut state = before(store, place);
        let cap = state.db.slot(ARBOS, Setting::MaxTxGas.slot()).saturating_to();
        let mut messages = block
            .transactions
            .iter()
            .map(|included| message(&included.transaction, place.base_fee).cap_gas(cap));
        for message in messages.by_ref().take(index) {
            let around = submit::surroundings(place, state.clone(), hashes, modules);
            let changes = exec::execute(around, &message)?.changes;
            state.commit(changes);
        }
        let message = messages.next().ok_or(Refusal::NoTransaction)?;
        let around = submit::surroundings(place, state, hashes, modules);
        let origin =
            Origin { block_hash: Some(block.hash()), tx_index: Some(index), tx_hash: Some(hash) };
        Ok(exec::trace(around, &message, tracer, Some(origin))?)
    }

    /// Traces all transactions of a block, each with its hash.
    ///
    /// # Errors
    /// If there is no such block or tracer.
    pub(crate) fn trace_block(
        &mut self,
        id: BlockId,
        options: &GethDebugTracingOptions,
    ) -> Result<Vec<(B256, Trace)>, Refusal> {
        let block = Arc::clone(self.get(id)?);
        if block.height() == 0 {
            return Err(Refusal::Genesis);
        }
        let hashes = block.transactions.iter().map(Included::hash);
        hashes.map(|hash| Ok((hash, self.trace(hash, options.clone())?))).collect()
    }

    /// Traces a call.
    ///
    /// # Errors
    /// Why it may not run, or that there is no such tracer.
    pub(crate) fn trace_call(
        &mut self,
        ask: &Ask,
        options: GethDebugTracingOptions,
    ) -> Result<Trace, Refusal> {
        let gas = ask.request.gas.unwrap_or(GAS_CAP).min(GAS_CAP);
        let message = self.message(ask, gas)?;
        let (mut stage, modules) = self.stage(ask)?;
        stage.check(&message).map_err(|why| Refusal::Traced(Box::new(why)))?;
        let tracer = Tracer::new(options)?;
        Ok(exec::trace(stage.around(modules), &message, tracer, None)?)
    }
}

/// The state that the first transaction of the block at `place` met.
fn before(store: &Store, place: Place) -> State<'_> {
    let mut state = State::new(store.view(place.height.saturating_sub(1)));
    let slot = genesis::parent_slot(place.height);
    let Ok(()) = state.insert_account_storage(genesis::HASH_HISTORY, slot, place.parent.into());
    state
}
