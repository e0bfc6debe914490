//! `eth_simulateV1`.

use alloy::{
    primitives::U64,
    rpc::types::{Log, simulate::SimBlock},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Args, MethodResult, NodeContext, RpcError, convert, error};
use crate::{
    chain::{SimulatedBlock, SimulationRequest},
    exec::{Execution, ExecutionStatus},
};

/// Code of a call that failed without a revert.
const VM_ERROR: i32 = -32_015;

/// Code of a call that reverted.
const REVERTED: i32 = -32_000;

/// The first argument.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Simulation {
    /// Blocks with their calls.
    block_state_calls: Vec<SimBlock>,
    /// Whether transfers of ether are logged.
    #[serde(default)]
    trace_transfers: bool,
    /// Whether nonces and prices are checked as for transactions.
    #[serde(default)]
    validation: bool,
    /// Whether blocks contain their transactions instead of hashes.
    #[serde(default)]
    return_full_transactions: bool,
}

/// `eth_simulateV1`: runs calls in blocks on top of a block.
pub(super) fn simulate(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let simulation: Simulation = args.simulation()?;
    let parent = args.optional_block()?;
    args.finish()?;
    let request = SimulationRequest {
        blocks: simulation.block_state_calls,
        parent,
        trace_transfers: simulation.trace_transfers,
        validation: simulation.validation,
    };
    let blocks = node.chain.simulate(&request)?;
    let full = simulation.return_full_transactions;
    blocks.into_iter().map(|simulated| block(simulated, full)).collect()
}

/// A simulated block with the results of its calls.
fn block(simulated: SimulatedBlock, full: bool) -> MethodResult {
    let SimulatedBlock { block, calls } = simulated;
    let value = convert::block(&block, full)?;
    let logs = convert::logs_by_transaction(&block);
    let calls: Vec<Value> =
        calls.into_iter().zip(logs).map(|(execution, logs)| call(execution, &logs)).collect();
    Ok::<_, RpcError>(convert::with_field(value, "calls", Value::from(calls)))
}

/// The result of a call.
fn call(execution: Execution, logs: &[Log]) -> Value {
    let Execution { status, output, gas_used, .. } = execution;
    let succeeds = matches!(status, ExecutionStatus::Success);
    let result = json!({
        "returnData": output,
        "logs": logs,
        "gasUsed": U64::from(gas_used),
        "status": if succeeds { "0x1" } else { "0x0" },
    });
    let error = match status {
        ExecutionStatus::Success => return result,
        ExecutionStatus::Revert => {
            json!({"code": REVERTED, "message": error::revert_message(&output), "data": output})
        }
        ExecutionStatus::Halt(halt) => json!({"code": VM_ERROR, "message": halt.to_string()}),
    };
    convert::with_field(result, "error", error)
}
