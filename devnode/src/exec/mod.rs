//! Execution of one message: revm's EVM with Stylus programs, Arbitrum's precompiles and fees.
//!
//! The chain validates a transaction before and commits the state changes after; nothing here
//! changes the state itself.

mod call_stack;
mod call_tree;
mod code_rules;
mod console;
mod evm;
mod evm_api;
mod halt;
mod handler;
mod inspector;
mod message;
mod module_cache;
mod opcodes;
mod parity_trace;
mod precompile_host;
mod precompiles;
mod profiler;
mod program;
mod program_entries;
mod refund;
mod stylus_tracer;
mod subcall;
mod trace;
mod transfer_log;

use std::convert::Infallible;

use alloy::primitives::{Address, B256, Bytes, Log, U256, map::AddressMap};
use revm::{
    context::{BlockEnv, CfgEnv, Context, Journal, LocalContext, result::EVMError},
    context_interface::{
        JournalTr,
        result::{ExecutionResult, HaltReason, ResultAndState},
    },
    database::CacheDB,
    handler::Handler,
    inspector::{InspectorHandler, NoOpInspector},
    primitives::hardfork::SpecId,
    state::Account,
};

pub(crate) use evm::PRECOMPILE_CODE;
use evm::{ArbContext, ArbEvm};
pub(crate) use halt::Halt;
use halt::HaltDetail;
use handler::ArbHandler;
use inspector::InspectorRef;
pub(crate) use message::{DataCharge, GasPrice, Message};
pub(crate) use module_cache::ModuleCache;
pub(crate) use parity_trace::trace_parity;
pub(crate) use program_entries::{ProgramEntry, execute_recording_programs};
pub(crate) use trace::{Origin, Trace, TraceError, Tracer, trace};
pub(crate) use transfer_log::execute_logging_transfers;

use crate::{
    CHAIN_ID,
    deadline::Deadline,
    precompiles::{BlockContext, Unimplemented},
    state::{BlockHashes, StateView},
};

/// The state to run on: one height, with changes on top.
pub(crate) type State<'a> = CacheDB<StateView<'a>>;

/// What PREVRANDAO returns on Arbitrum.
pub(crate) const PREV_RANDAO: B256 = B256::with_last_byte(1);

/// Maximum size of contract code in bytes.
pub(crate) const MAX_CODE: usize = 24_576;

/// What a message prints to the logs while it runs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Output {
    /// What contracts print.
    pub(crate) console: bool,
    /// The tree of calls, at the end.
    pub(crate) calls: bool,
}

/// Environment of a message.
pub(crate) struct ExecutionEnv<'a> {
    /// State to run on.
    pub(crate) state: State<'a>,
    /// Height, time and base fee of the block.
    pub(crate) block_context: BlockContext,
    /// Beneficiary of the block.
    pub(crate) beneficiary: Address,
    /// Gas limit of the block, as contracts see it.
    pub(crate) gas_limit: u64,
    /// Hashes of all blocks so far, by height.
    pub(crate) hashes: &'a BlockHashes,
    /// Moved precompiles: from the new address to the original one.
    pub(crate) moved_precompiles: AddressMap<Address>,
    /// Addresses whose precompile is replaced by code.
    pub(crate) replaced_precompiles: Vec<Address>,
    /// Compiled programs of the chain.
    pub(crate) module_cache: &'a mut ModuleCache,
    /// Deadline of the message; `None` for no time limit.
    pub(crate) deadline: Option<Deadline>,
    /// Id of the chain, as contracts see it.
    pub(crate) chain_id: u64,
    /// What PREVRANDAO returns.
    pub(crate) prev_randao: B256,
    /// What the message prints.
    pub(crate) output: Output,
}

/// How a message ended.
#[derive(Debug)]
pub(crate) enum ExecutionStatus {
    /// The message succeeded.
    Success,
    /// The message reverted.
    Revert,
    /// The message failed and consumed all gas.
    Halt(Halt),
}

/// Why the execution of a message was aborted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExecutionError {
    /// The deadline passed.
    #[error("execution aborted (timeout = 5s)")]
    TimedOut,
    /// The trace exceeds its size limit.
    #[error("the trace is too long")]
    TraceTooLong,
    /// The message called a precompile function that this chain does not implement.
    #[error(transparent)]
    Unimplemented(#[from] Unimplemented),
    /// revm rejected the message, which validation should have done before.
    #[error(transparent)]
    Evm(#[from] EVMError<Infallible>),
}

/// Result of a message.
#[derive(Debug)]
pub(crate) struct Execution {
    /// How the message ended.
    pub(crate) status: ExecutionStatus,
    /// Return data or revert data.
    pub(crate) output: Bytes,
    /// Gas charged, with that for data.
    pub(crate) gas_used: u64,
    /// Gas required: gas used before refunds.
    pub(crate) gas_needed: u64,
    /// Logs, in order.
    pub(crate) logs: Vec<Log>,
    /// State changes.
    pub(crate) changes: AddressMap<Account>,
}

impl ExecutionEnv<'_> {
    /// The block as contracts see it: its number is the height of the parent chain.
    fn block_env(&self, message: &Message) -> BlockEnv {
        BlockEnv {
            number: U256::from(self.block_context.l1_height),
            beneficiary: self.beneficiary,
            timestamp: U256::from(self.block_context.timestamp),
            gas_limit: self.gas_limit,
            basefee: if message.price.offered.is_some() { self.block_context.base_fee } else { 0 },
            difficulty: U256::ONE,
            prevrandao: Some(self.prev_randao),
            blob_excess_gas_and_price: None,
            ..BlockEnv::default()
        }
    }
}

impl Execution {
    /// Converts revm's result.
    fn new(ran: ResultAndState<HaltReason>, halt_detail: Option<HaltDetail>) -> Self {
        let ResultAndState { result, state: changes } = ran;
        let (gas_used, gas_needed) = (result.gas().tx_gas_used(), result.gas().total_gas_spent());
        let (status, output, logs) = match result {
            ExecutionResult::Success { logs, output, .. } => {
                (ExecutionStatus::Success, output.into_data(), logs)
            }
            ExecutionResult::Revert { output, .. } => (ExecutionStatus::Revert, output, Vec::new()),
            ExecutionResult::Halt { reason, .. } => {
                (ExecutionStatus::Halt(Halt::new(reason, halt_detail)), Bytes::new(), Vec::new())
            }
        };
        Self { status, output, gas_used, gas_needed, logs, changes }
    }
}

/// Runs a message to its end.
///
/// # Errors
/// See [`ExecutionError`].
pub(crate) fn execute(
    env: ExecutionEnv<'_>,
    message: &Message,
) -> Result<Execution, ExecutionError> {
    if env.output.calls {
        return call_tree::execute_printing_calls(env, message);
    }
    let (ran, halt_detail) = run_with_inspector(env, message, &mut NoOpInspector)?;
    Ok(Execution::new(ran, halt_detail))
}

/// Runs an inspected message to its end; also returns details of a failure.
fn run_with_inspector<'a>(
    env: ExecutionEnv<'a>,
    message: &Message,
    inspector: InspectorRef<'a>,
) -> Result<(ResultAndState<HaltReason>, Option<HaltDetail>), ExecutionError> {
    let block = env.block_env(message);
    let ExecutionEnv {
        state,
        block_context,
        hashes,
        moved_precompiles: moved,
        replaced_precompiles: replaced,
        module_cache: modules,
        deadline,
        chain_id,
        output,
        ..
    } = env;
    let ctx = Context {
        block,
        tx: message.tx_env(),
        cfg: cfg(chain_id),
        journaled_state: Journal::new(state),
        chain: ArbContext::new(block_context, hashes, modules, message, deadline, output),
        local: LocalContext::default(),
        error: Ok(()),
    };
    let mut evm = ArbEvm::new(ctx, moved, replaced, inspector);
    let mut handler = ArbHandler::default();
    let result =
        if evm.is_inspected() { handler.inspect_run(&mut evm) } else { handler.run(&mut evm) };
    if let Some(why) = evm.take_abort_reason() {
        return Err(why);
    }
    let mut result = result?;
    add_gas(&mut result, message.data_charge.gas);
    let state = evm.finish();
    Ok((ResultAndState { result, state }, evm.take_halt_detail()))
}

/// Adds gas that was charged outside of the EVM.
const fn add_gas(result: &mut ExecutionResult<HaltReason>, more: u64) {
    let (ExecutionResult::Success { gas, .. }
    | ExecutionResult::Revert { gas, .. }
    | ExecutionResult::Halt { gas, .. }) = result;
    gas.set_total_gas_spent(gas.total_gas_spent().saturating_add(more));
}

/// Intrinsic gas of a message.
pub(crate) fn intrinsic_gas(message: &Message) -> u64 {
    let gas = cfg(CHAIN_ID).gas_params.initial_tx_gas_for_tx(message.tx_env(), None);
    gas.initial_total_gas()
}

/// Configuration of the EVM: Osaka, without the checks that Arbitrum omits or that the chain does
/// itself.
fn cfg(chain_id: u64) -> CfgEnv {
    let mut cfg = CfgEnv::new_with_spec(SpecId::OSAKA).with_chain_id(chain_id);
    cfg.disable_eip3541 = true;
    cfg.disable_eip3607 = true;
    cfg.disable_eip7623 = true;
    cfg.disable_nonce_check = true;
    cfg.disable_balance_check = true;
    cfg.disable_block_gas_limit = true;
    cfg.disable_base_fee = true;
    cfg.tx_gas_limit_cap = Some(u64::MAX);
    cfg.limit_contract_code_size = Some(MAX_CODE);
    cfg
}
