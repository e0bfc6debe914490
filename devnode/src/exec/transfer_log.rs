//! Transfers of ether as logs, in order with the other logs, for simulations.

use alloy::{
    primitives::{Address, B256, Log, U256, address, b256},
    sol_types::SolValue,
};
use revm::{
    Inspector,
    context_interface::{JournalTr, journaled_state::account::JournaledAccountTr},
    interpreter::{
        CallInputs, CallOutcome, CallScheme, CreateInputs, CreateOutcome, InstructionResult,
    },
};

use super::{
    Execution, ExecutionEnv, ExecutionError, ExecutionStatus, Message, evm::Ctx,
    inspector::ArbInspector, run_with_inspector,
};

/// The account under which transfers are logged (ERC-7528).
const ETHER: Address = address!("EeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE");

/// Topic of the event `Transfer(address,address,uint256)`.
const TRANSFER: B256 = b256!("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");

/// Collects transfers and logs of frames that do not revert.
#[derive(Default)]
struct TransferLogger {
    /// Transfers and logs so far, in order.
    logs: Vec<Log>,
    /// Number of logs at the start of each open frame.
    frames: Vec<usize>,
}

impl TransferLogger {
    /// Records a transfer.
    fn transfer(&mut self, from: Address, to: Address, value: U256) {
        if !value.is_zero() {
            let topics = vec![TRANSFER, from.into_word(), to.into_word()];
            self.logs.push(Log::new_unchecked(ETHER, topics, value.abi_encode().into()));
        }
    }

    /// Ends a frame; drops its logs if it failed.
    fn end_frame(&mut self, result: InstructionResult) {
        let start = self.frames.pop().unwrap_or_default();
        if !result.is_ok() {
            self.logs.truncate(start);
        }
    }
}

impl<'a> Inspector<Ctx<'a>> for TransferLogger {
    fn log(&mut self, _: &mut Ctx<'a>, log: Log) {
        self.logs.push(log);
    }

    fn call(&mut self, _: &mut Ctx<'a>, inputs: &mut CallInputs) -> Option<CallOutcome> {
        self.frames.push(self.logs.len());
        if matches!(inputs.scheme, CallScheme::Call | CallScheme::CallCode) {
            let value = inputs.value.transfer().unwrap_or_default();
            self.transfer(inputs.caller, inputs.target_address, value);
        }
        None
    }

    fn call_end(&mut self, _: &mut Ctx<'a>, _: &CallInputs, outcome: &mut CallOutcome) {
        self.end_frame(outcome.result.result);
    }

    fn create(&mut self, ctx: &mut Ctx<'a>, inputs: &mut CreateInputs) -> Option<CreateOutcome> {
        self.frames.push(self.logs.len());
        let Ok(caller) = ctx.journaled_state.load_account_mut(inputs.caller());
        let created = inputs.created_address(caller.nonce());
        self.transfer(inputs.caller(), created, inputs.value());
        None
    }

    fn create_end(&mut self, _: &mut Ctx<'a>, _: &CreateInputs, outcome: &mut CreateOutcome) {
        self.end_frame(outcome.result.result);
    }

    fn selfdestruct(&mut self, contract: Address, target: Address, value: U256) {
        self.transfer(contract, target, value);
    }
}

impl ArbInspector<'_> for TransferLogger {}

/// Runs a message to its end; its logs include transfers of ether.
///
/// # Errors
/// Those of [`super::execute`].
pub(crate) fn execute_logging_transfers(
    env: ExecutionEnv<'_>,
    message: &Message,
) -> Result<Execution, ExecutionError> {
    let mut logger = TransferLogger::default();
    let (ran, halt_detail) = run_with_inspector(env, message, &mut logger)?;
    let mut execution = Execution::new(ran, halt_detail);
    if matches!(execution.status, ExecutionStatus::Success) {
        execution.logs = logger.logs;
    }
    Ok(execution)
}
