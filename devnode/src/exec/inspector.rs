//! Inspection of a running message: reports frames, opcodes, logs and host calls to a tracer.
//!
//! revm's plain loops report nothing; an inspected message runs in the loops of this file instead.
//! A program has no opcodes; its logs and host calls are reported as they happen.

use std::mem;

use alloy::primitives::{Address, Bytes, KECCAK256_EMPTY, Log, U256};
use revm::{
    Inspector,
    bytecode::Bytecode,
    context::FrameStack,
    context_interface::{JournalTr, context::ContextError},
    handler::{
        EthFrame, EvmTr, FrameInitOrResult, FrameResult, FrameTr, ItemOrResult,
        evm::{ContextDbError, FrameInitResult},
        instructions::EthInstructions,
    },
    inspector::{
        InspectorEvmTr, InspectorHandler, NoOpInspector,
        handler::{frame_end, frame_start},
        inspect_instructions,
    },
    interpreter::{
        CallInput, CallInputs, CallOutcome, CallScheme, CallValue, FrameInput, Gas,
        InstructionResult, Interpreter, InterpreterResult, interpreter::EthInterpreter,
        interpreter_types::MemoryTr,
    },
};
use revm_inspectors::tracing::DebugInspector;
use stylus_engine::{HostioCall, Module, Params, Profile};

use super::{
    code_rules::runs_program,
    evm::{ArbEvm, Ctx, process_action},
    handler::ArbHandler,
    precompile_host::Transfer,
    precompiles::ArbPrecompiles,
};

/// Maximum size of a trace in bytes, about as much as fits into a response.
pub(super) const MAX_TRACE: usize = 64 << 20;

/// Bytes of an opcode, hostio or frame in a trace, besides its data.
const STEP_OVERHEAD: usize = 256;

/// The inspector of a message.
pub(super) type InspectorRef<'a> = &'a mut dyn ArbInspector<'a>;

/// An inspector of the EVM that may also receive the host calls of programs. It must not change the
/// execution.
pub(super) trait ArbInspector<'a>: Inspector<Ctx<'a>> {
    /// Whether the inspector needs reports at all.
    fn is_enabled(&self) -> bool {
        true
    }

    /// Bytes that the inspector keeps of one opcode, given the words on the stack and the bytes of
    /// memory.
    fn step_size(&self, _words: usize, _memory: usize) -> usize {
        0
    }

    /// Whether the inspector receives host calls.
    fn captures_hostios(&self) -> bool {
        false
    }

    /// Receives a finished host call.
    fn capture_hostio(&mut self, _call: HostioCall) {}

    /// Whether the inspector receives profiles of programs.
    fn profiles(&self) -> bool {
        false
    }

    /// The module to run in the frame that was opened last, for the program of an account, whose wasm is
    /// `deployed`; `None` for the usual one.
    fn profiled_module(
        &mut self,
        _address: Address,
        _deployed: &[u8],
        _params: &Params,
    ) -> Option<Module> {
        None
    }

    /// Receives the index of the profile's node for the host call that starts.
    fn capture_profile_node(&mut self, _node: usize) {}

    /// Receives the profile of a run, at its end.
    fn capture_profile(&mut self, _profile: Profile) {}
}

/// Inspects nothing.
impl ArbInspector<'_> for NoOpInspector {
    fn is_enabled(&self) -> bool {
        false
    }
}

impl ArbInspector<'_> for DebugInspector {
    fn step_size(&self, words: usize, memory: usize) -> usize {
        let bytes = words.saturating_mul(32);
        match self {
            Self::Default(_, options) if options.is_memory_enabled() => {
                traced_size(bytes.saturating_add(memory))
            }
            Self::Default(..) | Self::Erc7562Tracer(..) => traced_size(bytes),
            _ => 0,
        }
    }
}

/// Bytes of a trace entry with this many bytes of data, in hex.
pub(super) const fn traced_size(bytes: usize) -> usize {
    bytes.saturating_mul(2).saturating_add(STEP_OVERHEAD)
}

/// Forwards opcodes to an inspector until the deadline or the trace budget is exceeded.
struct LimitedInspector<'w, 'a>(&'w mut dyn ArbInspector<'a>);

impl<'a> Inspector<Ctx<'a>> for LimitedInspector<'_, 'a> {
    fn step(&mut self, interpreter: &mut Interpreter, ctx: &mut Ctx<'a>) {
        ctx.chain
            .charge_trace(self.0.step_size(interpreter.stack.len(), interpreter.memory.size()));
        if ctx.chain.is_aborted() {
            interpreter.halt(InstructionResult::OutOfGas);
        } else {
            self.0.step(interpreter, ctx);
        }
    }

    fn step_end(&mut self, interpreter: &mut Interpreter, ctx: &mut Ctx<'a>) {
        self.0.step_end(interpreter, ctx);
    }

    fn log_full(&mut self, interpreter: &mut Interpreter, ctx: &mut Ctx<'a>, log: Log) {
        self.0.log_full(interpreter, ctx, log);
    }

    fn selfdestruct(&mut self, contract: Address, target: Address, value: U256) {
        self.0.selfdestruct(contract, target, value);
    }
}

/// Length of a frame's input.
fn input_size(input: &FrameInput) -> usize {
    match input {
        FrameInput::Call(call) => call.input.len(),
        FrameInput::Create(create) => create.init_code().len(),
        FrameInput::Empty => 0,
    }
}

impl ArbEvm<'_> {
    /// Whether an inspector is active.
    pub(super) fn is_inspected(&self) -> bool {
        self.0.inspector.is_enabled()
    }
}

impl<'a> InspectorEvmTr for ArbEvm<'a> {
    type Inspector = InspectorRef<'a>;

    fn all_inspector(
        &self,
    ) -> (
        &Ctx<'a>,
        &EthInstructions<EthInterpreter, Ctx<'a>>,
        &ArbPrecompiles,
        &FrameStack<EthFrame<EthInterpreter>>,
        &InspectorRef<'a>,
    ) {
        self.0.all_inspector()
    }

    fn all_mut_inspector(
        &mut self,
    ) -> (
        &mut Ctx<'a>,
        &mut EthInstructions<EthInterpreter, Ctx<'a>>,
        &mut ArbPrecompiles,
        &mut FrameStack<EthFrame<EthInterpreter>>,
        &mut InspectorRef<'a>,
    ) {
        self.0.all_mut_inspector()
    }

    fn inspect_frame_init(
        &mut self,
        mut init: <Self::Frame as FrameTr>::FrameInit,
    ) -> Result<FrameInitResult<'_, Self::Frame>, ContextDbError<Self::Context>> {
        let (ctx, inspector) = self.ctx_inspector();
        ctx.chain.charge_trace(traced_size(input_size(&init.frame_input)));
        if ctx.chain.is_aborted() {
            return Err(ContextError::Custom(String::new()));
        }
        if let Some(result) = frame_start(ctx, inspector, &mut init.frame_input) {
            return Ok(ItemOrResult::Result(result));
        }
        let input = init.frame_input.clone();
        let known = ctx.journaled_state.logs().len();
        if let ItemOrResult::Result(mut result) = self.frame_init(init)? {
            let (ctx, inspector) = self.ctx_inspector();
            if !matches!(&input, FrameInput::Call(call) if runs_program(ctx, call)) {
                report_precompile(ctx, inspector, known);
            }
            ctx.chain.charge_trace(traced_size(result.interpreter_result().output.len()));
            frame_end(ctx, inspector, &input, &mut result);
            return Ok(ItemOrResult::Result(result));
        }
        let (ctx, inspector, frame) = self.ctx_inspector_frame();
        inspector.initialize_interp(&mut frame.interpreter, ctx);
        Ok(ItemOrResult::Item(frame))
    }

    fn inspect_frame_run(
        &mut self,
    ) -> Result<FrameInitOrResult<Self::Frame>, ContextDbError<Self::Context>> {
        let (ctx, inspector, frame, instructions) = self.ctx_inspector_frame_instructions();
        let action = inspect_instructions(
            ctx,
            &mut frame.interpreter,
            LimitedInspector(&mut **inspector),
            instructions.instruction_table(),
            instructions.gas_table(),
        );
        let mut next = process_action(ctx, frame, action)?;
        if let ItemOrResult::Result(result) = &mut next {
            ctx.chain.charge_trace(traced_size(result.interpreter_result().output.len()));
            frame_end(ctx, inspector, &frame.input, result);
        }
        Ok(next)
    }
}

/// Reports a precompile: the ether it moved, as calls, and its logs, which follow the first `known`
/// ones.
fn report_precompile<'a>(ctx: &mut Ctx<'a>, inspector: &mut InspectorRef<'a>, known: usize) {
    for Transfer { from, to, value } in mem::take(&mut ctx.chain.transfers) {
        let inputs = CallInputs {
            input: CallInput::default(),
            return_memory_offset: 0..0,
            gas_limit: 0,
            reservoir: 0,
            bytecode_address: to,
            known_bytecode: (KECCAK256_EMPTY, Bytecode::default()),
            target_address: to,
            caller: from,
            value: CallValue::Transfer(value),
            scheme: CallScheme::Call,
            is_static: false,
            charged_new_account_state_gas: false,
        };
        let mut input = FrameInput::Call(Box::new(inputs));
        let done = InterpreterResult::new(InstructionResult::Stop, Bytes::new(), Gas::new(0));
        let mut result = FrameResult::Call(CallOutcome::new(done, 0..0));
        // No inspector replaces a frame.
        if frame_start(ctx, inspector, &mut input).is_none() {
            frame_end(ctx, inspector, &input, &mut result);
        }
    }
    let logs: Vec<_> = ctx.journaled_state.logs().iter().skip(known).cloned().collect();
    for log in logs {
        inspector.log(ctx, log);
    }
}

impl InspectorHandler for ArbHandler<'_> {
    type IT = EthInterpreter;
}
