//! Traces in the format of Parity's `trace_…` methods.

use std::sync::Arc;

use alloy::{
    eips::BlockId,
    primitives::map::HashSet,
    rpc::types::{
        BlockOverrides, TransactionRequest,
        state::StateOverride,
        trace::parity::{LocalizedTransactionTrace, TraceResults, TraceType},
    },
};
use revm::DatabaseCommit;

use super::{Block, CallRequest, Chain, ChainError, IncludedTransaction, call_gas::Purpose};
use crate::exec;

/// What to trace.
pub(crate) type TraceTypes = HashSet<TraceType>;

impl Chain {
    /// Traces a transaction of a block.
    ///
    /// # Errors
    /// If the transaction does not exist.
    pub(crate) fn replay_transaction(
        &mut self,
        block: &Block,
        index: usize,
        types: &TraceTypes,
    ) -> Result<TraceResults, ChainError> {
        self.with_transaction(block, index, |env, message| {
            Ok(exec::trace_parity(env, message, types)?.0)
        })
    }

    /// The frames of a transaction of a block, with their position on the chain.
    ///
    /// # Errors
    /// If the transaction does not exist.
    pub(crate) fn located_traces(
        &mut self,
        block: &Block,
        index: usize,
    ) -> Result<Vec<LocalizedTransactionTrace>, ChainError> {
        let types = [TraceType::Trace].into_iter().collect();
        let traced = self.replay_transaction(block, index, &types)?;
        let locate = |trace| LocalizedTransactionTrace {
            trace,
            block_hash: Some(block.hash()),
            block_number: Some(block.height()),
            transaction_hash: block.transactions.get(index).map(IncludedTransaction::hash),
            transaction_position: u64::try_from(index).ok(),
        };
        Ok(traced.trace.into_iter().map(locate).collect())
    }

    /// The frames of all transactions of a block, with their position on the chain.
    ///
    /// # Errors
    /// If the replay fails.
    pub(crate) fn located_block_traces(
        &mut self,
        block: &Arc<Block>,
    ) -> Result<Vec<LocalizedTransactionTrace>, ChainError> {
        let mut traces = Vec::new();
        for index in 0..block.transactions.len() {
            traces.extend(self.located_traces(block, index)?);
        }
        Ok(traces)
    }

    /// Traces calls, each on the state that the one before left.
    ///
    /// # Errors
    /// If a call may not run.
    pub(crate) fn trace_calls(
        &mut self,
        calls: Vec<(TransactionRequest, TraceTypes)>,
        block: BlockId,
    ) -> Result<Vec<TraceResults>, ChainError> {
        let (mut earlier, mut results) = (Vec::new(), Vec::new());
        for (request, types) in calls {
            let no_overrides = (StateOverride::default(), BlockOverrides::default());
            let call = CallRequest::new(request, block, no_overrides.0, no_overrides.1);
            let gas = self.call_gas(&call)?;
            let message = self.call_message(&call, gas)?;
            let (mut context, modules) = self.call_context(&call)?;
            for changes in &earlier {
                context.state.commit(Clone::clone(changes));
            }
            let message = context
                .validate(&call, message, Purpose::Call)
                .map_err(|why| ChainError::Call { why: Box::new(why), gas })?;
            let env = context.execution_env(modules);
            let (traced, changes) = exec::trace_parity(env, &message, &types)?;
            earlier.push(changes);
            results.push(traced);
        }
        Ok(results)
    }
}
