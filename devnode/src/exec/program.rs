//! Frames that are Stylus programs: the price of the entry, and the conversion of their result.

use alloy::primitives::{Address, B256, Bytes};
use revm::{
    context_interface::{ContextTr, JournalTr},
    handler::EvmTr,
    interpreter::{
        CallInputs, CallOutcome, CallValue, Gas, InstructionResult, InterpreterResult, SharedMemory,
    },
    primitives::constants::CALL_STACK_LIMIT,
};
use stylus_engine::{
    EvmData, Module, Params, Status, StylusVersion,
    program::{self, CodeKind, Root},
    return_data_cost,
};

use super::{
    evm::{ArbEvm, Ctx},
    evm_api::FrameEvmApi,
    halt::HaltDetail,
};
use crate::{
    precompiles::{ArbHalt, PrecompileHost},
    state::programs::{ProgramRecord, load_params},
};

/// Result of a program.
struct ProgramResult {
    /// Status in revm's terms.
    result: InstructionResult,
    /// Return data or revert data.
    output: Bytes,
    /// Gas left.
    gas_left: u64,
    /// Gas refund.
    refund: i64,
}

impl ProgramResult {
    /// A result with no gas left and no output.
    const fn empty(result: InstructionResult) -> Self {
        Self { result, output: Bytes::new(), gas_left: 0, refund: 0 }
    }
}

/// Runs a program call as a frame at `depth`, with everything that the EVM does around a frame.
pub(super) fn call(
    evm: &mut ArbEvm<'_>,
    depth: usize,
    memory: SharedMemory,
    inputs: &CallInputs,
) -> CallOutcome {
    let limit = usize::try_from(CALL_STACK_LIMIT).unwrap_or(usize::MAX);
    let unspent =
        |result| ProgramResult { gas_left: inputs.gas_limit, ..ProgramResult::empty(result) };
    let outcome = if depth > limit {
        unspent(InstructionResult::CallTooDeep)
    } else {
        let journal = evm.ctx().journal_mut();
        let checkpoint = journal.checkpoint();
        let refused = match inputs.value {
            CallValue::Transfer(value) => {
                journal.transfer_loaded(inputs.caller, inputs.target_address, value)
            }
            CallValue::Apparent(_) => None,
        };
        let outcome = match refused {
            Some(why) => unspent(why.into()),
            None => run_program(evm, depth, memory, inputs),
        };
        let journal = evm.ctx().journal_mut();
        if outcome.result.is_ok() {
            journal.checkpoint_commit();
        } else {
            journal.checkpoint_revert(checkpoint);
        }
        outcome
    };
    let mut gas = Gas::new(inputs.gas_limit);
    gas.set_spent(inputs.gas_limit.saturating_sub(outcome.gas_left));
    gas.record_refund(outcome.refund);
    let result = InterpreterResult::new(outcome.result, outcome.output, gas);
    CallOutcome::new(result, inputs.return_memory_offset.clone())
}

/// Charges the entry, runs the program and converts its result.
fn run_program(
    evm: &mut ArbEvm<'_>,
    depth: usize,
    memory: SharedMemory,
    inputs: &CallInputs,
) -> ProgramResult {
    let ctx = evm.ctx();
    let (code_hash, code) = &inputs.known_bytecode;
    let params = load_params(ctx);
    let record = ProgramRecord::load(ctx, *code_hash);
    if let Err(why) = record.check(&params, ctx.chain.block_context.timestamp) {
        if depth == 0 {
            ctx.chain.halt_detail = Some(HaltDetail::Arbitrum(ArbHalt::Inactive(why)));
        }
        return ProgramResult::empty(InstructionResult::PrecompileError);
    }
    let before = ctx.chain.pages;
    let recent = ctx.chain.block_context.arbos.keeps_recent_programs()
        && ctx.chain.module_cache.enter(*code_hash, params.block_cache_size);
    let entry = params.page_cost(record.footprint, before).saturating_add(params.entry_gas(
        record.init_cost,
        record.cached_cost,
        record.cached || recent,
    ));
    let open = before.open.saturating_add(record.footprint);
    let gas = inputs.gas_limit.checked_sub(entry).filter(|_| params.allows_open_pages(open));
    let Some(gas) = gas else {
        let uncounted = &mut ctx.chain.uncounted_gas;
        *uncounted = uncounted.saturating_add(inputs.gas_limit);
        return ProgramResult::empty(InstructionResult::OutOfGas);
    };
    let (program, code) = (inputs.bytecode_address, code.original_byte_slice());
    let profiled = profiled_module(evm, program, code, &params);
    let ctx = evm.ctx();
    let Some(module) = profiled.or_else(|| module(ctx, *code_hash, code, params.version)) else {
        return ProgramResult::empty(InstructionResult::PrecompileError);
    };
    ctx.chain.pages.open = open;
    ctx.chain.pages.ever = before.ever.max(open);

    let input = inputs.input.bytes(ctx);
    let evm_data = evm_data(ctx, inputs);
    let mut evm_api = FrameEvmApi::new(evm, evm_data, depth, memory);
    let outcome = stylus_engine::run(&module, &params, &input, gas, &mut evm_api);
    let refund = evm_api.refund();
    evm.ctx().chain.pages.open = before.open;

    let result = match outcome.status {
        Status::Success => InstructionResult::Return,
        Status::Revert | Status::Failure => InstructionResult::Revert,
        Status::OutOfInk | Status::TimedOut => {
            return ProgramResult::empty(InstructionResult::OutOfGas);
        }
        Status::OutOfStack => {
            // All gas is consumed, unlike after a call that the EVM rejects for its depth.
            return ProgramResult::empty(InstructionResult::CallTooDeep);
        }
    };
    // The EVM would charge for memory of the output's size, so that is the minimum.
    let Some(most) = inputs.gas_limit.checked_sub(return_data_cost(outcome.output.len())) else {
        return ProgramResult::empty(InstructionResult::OutOfGas);
    };
    ProgramResult { result, gas_left: outcome.gas_left.min(most), output: outcome.output, refund }
}

/// The compiled form of an active program.
fn module(
    ctx: &mut Ctx<'_>,
    code_hash: B256,
    code: &[u8],
    version: StylusVersion,
) -> Option<Module> {
    if let Some(module) = ctx.chain.module_cache.get(version, code_hash) {
        return Some(module);
    }
    let wasm = wasm(ctx, code, version)?;
    ctx.chain.module_cache.compile(version, code_hash, &wasm)
}

/// The module that reports the profile of a program, if profiles are wanted.
fn profiled_module(
    evm: &mut ArbEvm<'_>,
    program: Address,
    code: &[u8],
    params: &Params,
) -> Option<Module> {
    let wanted = evm.0.inspector.profiles();
    let wasm = wanted.then(|| wasm(evm.ctx(), code, params.version))??;
    evm.0.inspector.profiled_module(program, &wasm, params)
}

/// The wasm of a program.
fn wasm(ctx: &mut Ctx<'_>, code: &[u8], version: StylusVersion) -> Option<Vec<u8>> {
    match CodeKind::of(code, version)? {
        CodeKind::Root => {
            let root = Root::decode(code).ok()?;
            let codes: Vec<Bytes> = root
                .fragments()
                .iter()
                .map(|&fragment| PrecompileHost::code(ctx, fragment))
                .collect();
            root.decompress(codes.iter().map(AsRef::as_ref)).ok()
        }
        _ => program::decode(code, usize::MAX).ok(),
    }
}

/// Constants of a call.
fn evm_data(ctx: &Ctx<'_>, inputs: &CallInputs) -> EvmData {
    EvmData {
        address: inputs.target_address,
        caller: inputs.caller,
        value: inputs.value.get(),
        read_only: inputs.is_static,
        reentrant: ctx.chain.call_stack.is_reentrant(inputs.target_address),
        origin: ctx.tx.caller,
        gas_price: ctx.chain.offered_price,
        base_fee: ctx.block.basefee.try_into().unwrap_or_default(),
        coinbase: ctx.block.beneficiary,
        gas_limit: ctx.block.gas_limit,
        l1_block: ctx.chain.block_context.l1_height,
        timestamp: ctx.chain.block_context.timestamp,
        chain_id: ctx.cfg.chain_id,
    }
}
