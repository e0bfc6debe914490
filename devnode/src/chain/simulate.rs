//! Simulations: calls in blocks on top of a block, each on the state that the one before left.

use std::{mem, sync::Arc, time::Duration};

use alloy::{
    eips::BlockId,
    primitives::{Address, B256, map::AddressMap},
    rpc::types::{BlockOverrides, TransactionRequest, simulate::SimBlock, state::StateOverride},
};
use revm::DatabaseCommit;

use super::{
    Block, BlockParams, Chain, ChainError, IncludedTransaction,
    call_gas::GAS_CAP,
    genesis,
    simulate_message::simulated_transaction,
    simulate_plan::{BlockPlan, SimulationError, plan_blocks},
    state_overrides::apply_state_overrides,
    submit::created_address,
};
use crate::{
    deadline::Deadline,
    exec::{self, Execution, ExecutionEnv, ExecutionStatus, ModuleCache, Output, State},
    precompiles::BlockContext,
    state::{BlockHashes, arbos_version::ArbosVersion, send_accumulator, settings::Setting},
};

/// Maximum wall-clock time of a simulation.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// What to simulate.
#[derive(Clone, Debug)]
pub(crate) struct SimulationRequest {
    /// Blocks with their calls.
    pub(crate) blocks: Vec<SimBlock>,
    /// The block on which they build.
    pub(crate) parent: BlockId,
    /// Whether transfers of ether are logged.
    pub(crate) trace_transfers: bool,
    /// Whether nonces and prices are checked as for transactions.
    pub(crate) validation: bool,
}

/// A simulated block.
#[derive(Debug)]
pub(crate) struct SimulatedBlock {
    /// The block.
    pub(crate) block: Block,
    /// The results of its calls, in order.
    pub(crate) calls: Vec<Execution>,
}

impl Chain {
    /// Simulates blocks of calls.
    ///
    /// # Errors
    /// If the blocks are not in order, or if a call may not run.
    pub(crate) fn simulate(
        &mut self,
        request: &SimulationRequest,
    ) -> Result<Vec<SimulatedBlock>, ChainError> {
        let parent = Arc::clone(self.require_block(request.parent)?);
        let plans = plan_blocks(&request.blocks, &parent.header)?;
        // The cache is rebuilt on demand if this panics.
        let modules = mem::take(&mut self.module_cache);
        let mut simulation = Simulation {
            chain: self,
            request,
            modules,
            state: State::new(self.store.view(parent.height())),
            hashes: self.hashes_up_to(parent.height()),
            gas_left: GAS_CAP,
            moved_precompiles: AddressMap::default(),
            replaced_precompiles: Vec::new(),
            deadline: Deadline::after(TIME_LIMIT),
        };
        let blocks = plans.into_iter().map(|plan| simulation.run_block(&plan, &parent)).collect();
        self.module_cache = simulation.modules;
        blocks
    }

    /// Hashes of the blocks up to a height.
    fn hashes_up_to(&self, height: u64) -> BlockHashes {
        let mut hashes = BlockHashes::new(self.forked().cloned());
        for block in self.block_range(self.first_height(), height) {
            hashes.push(block.hash());
        }
        hashes
    }
}

/// A running simulation.
pub(super) struct Simulation<'a> {
    /// The chain.
    pub(super) chain: &'a Chain,
    /// What to simulate.
    pub(super) request: &'a SimulationRequest,
    /// Compiled programs.
    modules: ModuleCache,
    /// The state so far.
    pub(super) state: State<'a>,
    /// Hashes of all blocks so far.
    hashes: BlockHashes,
    /// Gas that calls may still use.
    gas_left: u64,
    /// Precompiles moved to another address, by that address.
    moved_precompiles: AddressMap<Address>,
    /// Precompiles whose address has other code.
    replaced_precompiles: Vec<Address>,
    /// Deadline of the simulation.
    deadline: Deadline,
}

impl Simulation<'_> {
    /// Runs a block. Where the plan says nothing, it is like `parent`, on which the simulation
    /// builds.
    fn run_block(
        &mut self,
        plan: &BlockPlan<'_>,
        parent: &Block,
    ) -> Result<SimulatedBlock, ChainError> {
        let empty = SimBlock::default();
        let SimBlock { block_overrides, state_overrides, calls } = plan.block.unwrap_or(&empty);
        let no_overrides = BlockOverrides::default();
        let overrides = block_overrides.as_ref().unwrap_or(&no_overrides);
        let base_fee = match overrides.base_fee {
            Some(fee) => fee.saturating_to(),
            None if self.request.validation => parent.base_fee(),
            None => 0,
        };
        let params = BlockParams {
            height: plan.height,
            parent: self.hashes.last().unwrap_or_default(),
            timestamp: plan.timestamp,
            base_fee,
            l1_height: parent.l1_height(),
            sends: (0, B256::ZERO),
            arbos: parent.arbos(),
            collects_tips: false,
        };
        self.modules.start_block();
        let beneficiary = overrides.coinbase.unwrap_or(parent.header.beneficiary);
        let gas_limit = overrides.gas_limit.unwrap_or(parent.header.gas_limit);
        let slot = genesis::parent_hash_slot(params.height);
        let Ok(()) =
            self.state.insert_account_storage(genesis::HASH_HISTORY, slot, params.parent.into());
        if let Some(accounts) = state_overrides {
            self.override_state(accounts, params.arbos)?;
        }
        let (mut results, mut included, mut used) = (Vec::new(), Vec::new(), 0_u64);
        for call in calls {
            let gas = self.call_gas(call, used, gas_limit)?;
            let (execution, transaction) =
                self.run_call(call, gas, (params, beneficiary, gas_limit))?;
            used = used.saturating_add(execution.gas_used);
            self.gas_left = self.gas_left.saturating_sub(execution.gas_used);
            included.push(transaction);
            results.push(execution);
        }
        let sends = send_accumulator::size_and_root(&mut self.state);
        let collects_tips = !Setting::CollectTips.get(&mut self.state).is_zero();
        let block = Block::seal(BlockParams { sends, collects_tips, ..params }, included);
        let block = block.with_beneficiary_and_limit(beneficiary, gas_limit);
        self.hashes.push(block.hash());
        Ok(SimulatedBlock { block, calls: results })
    }

    /// Applies overrides of accounts.
    fn override_state(
        &mut self,
        accounts: &StateOverride,
        arbos: ArbosVersion,
    ) -> Result<(), ChainError> {
        let Self { state, moved_precompiles, replaced_precompiles, .. } = self;
        apply_state_overrides(state, moved_precompiles, replaced_precompiles, accounts, arbos)
    }

    /// Gas of a call in a block that has `used` of its gas.
    fn call_gas(
        &self,
        call: &TransactionRequest,
        used: u64,
        limit: u64,
    ) -> Result<u64, ChainError> {
        let left = limit.saturating_sub(used);
        let gas = call.gas.unwrap_or(left);
        if gas > left {
            return Err(SimulationError::BlockGasLimit { used, limit }.into());
        }
        Ok(gas.min(self.gas_left))
    }

    /// Runs a call in a block with this beneficiary and gas limit, and keeps its changes.
    fn run_call(
        &mut self,
        call: &TransactionRequest,
        gas: u64,
        (params, beneficiary, gas_limit): (BlockParams, Address, u64),
    ) -> Result<(Execution, IncludedTransaction), ChainError> {
        let message = self.message(call, gas, params.base_fee)?;
        let message = self
            .validate(call, message, params.base_fee)
            .map_err(|why| SimulationError::Call { why: Box::new(why), gas })?;
        let transaction = simulated_transaction(call, &message, self.chain.chain_id())?;
        let env = ExecutionEnv {
            state: self.state.clone(),
            block_context: BlockContext {
                height: params.height,
                l1_height: params.l1_height,
                timestamp: params.timestamp,
                base_fee: params.base_fee,
                arbos: params.arbos,
            },
            beneficiary,
            gas_limit,
            hashes: &self.hashes,
            moved_precompiles: self.moved_precompiles.clone(),
            replaced_precompiles: self.replaced_precompiles.clone(),
            module_cache: &mut self.modules,
            deadline: Some(self.deadline),
            chain_id: self.chain.chain_id(),
            prev_randao: self.chain.header_fields().prev_randao,
            output: Output::default(),
        };
        let mut execution = if self.request.trace_transfers {
            exec::execute_logging_transfers(env, &message)?
        } else {
            exec::execute(env, &message)?
        };
        self.state.commit(mem::take(&mut execution.changes));
        let included = IncludedTransaction {
            success: matches!(execution.status, ExecutionStatus::Success),
            gas_used: execution.gas_used,
            data_charge: message.data_charge,
            paid_price: message.price.paid,
            logs: execution.logs.clone(),
            contract: created_address(&transaction),
            transaction,
        };
        Ok((execution, included))
    }
}
