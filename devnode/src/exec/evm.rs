//! The EVM with Arbitrum's additions. Only this file and [`super::inspector`] name revm's generics.

use std::mem;

use alloy::primitives::{Address, KECCAK256_EMPTY, U256, map::AddressMap};
use revm::{
    bytecode::Bytecode,
    context::{BlockEnv, CfgEnv, Context, Evm, FrameStack, Journal, TxEnv},
    context_interface::{JournalTr, context::ContextError},
    handler::{
        EthFrame, EvmTr, FrameInitOrResult, FrameResult, FrameTr, ItemOrResult,
        evm::{ContextDbError, FrameInitResult},
        instructions::EthInstructions,
    },
    interpreter::{
        CreateInputs, FrameInput, InstructionResult, InterpreterAction,
        interpreter::EthInterpreter, interpreter_action::FrameInit,
    },
    state::Account,
};
use stylus_engine::{Pages, StylusVersion};

use super::{
    DataCharge, ExecutionError, Message, ModuleCache, Output, State,
    call_stack::CallStack,
    code_rules::{delegates_to_precompile, protect_program, reject_code, runs_program},
    console,
    halt::HaltDetail,
    inspector::{InspectorRef, MAX_TRACE},
    message::fee,
    opcodes::opcodes,
    precompile_host::Transfer,
    precompiles::ArbPrecompiles,
    program,
};
use crate::{deadline::Deadline, precompiles::BlockContext, state::BlockHashes};

/// Code of every Arbitrum precompile.
pub(crate) const PRECOMPILE_CODE: [u8; 1] = [0xfe];

/// Context of a message: revm's journal over the state, and Arbitrum's additions.
pub(super) type Ctx<'a> =
    Context<BlockEnv, TxEnv, CfgEnv, State<'a>, Journal<State<'a>>, ArbContext<'a>>;

/// The wrapped EVM of revm.
type InnerEvm<'a> = Evm<
    Ctx<'a>,
    InspectorRef<'a>,
    EthInstructions<EthInterpreter, Ctx<'a>>,
    ArbPrecompiles,
    EthFrame<EthInterpreter>,
>;

/// Arbitrum's additions to the context of a message.
pub(super) struct ArbContext<'a> {
    /// Height, time and base fee of the block.
    pub(super) block_context: BlockContext,
    /// Hashes of all blocks so far, by height.
    pub(super) hashes: &'a BlockHashes,
    /// Compiled programs.
    pub(super) module_cache: &'a mut ModuleCache,
    /// Gas price offered by the message, in wei.
    pub(super) offered_price: U256,
    /// Gas price paid, in wei.
    pub(super) paid_price: u64,
    /// Gas paid for in advance beyond the limit of the execution.
    pub(super) held_gas: u64,
    /// Gas of programs that could not be entered.
    pub(super) uncounted_gas: u64,
    /// Data of the message on the parent chain.
    pub(super) data_charge: DataCharge,
    /// Wasm pages in use.
    pub(super) pages: Pages,
    /// Open frames.
    pub(super) call_stack: CallStack,
    /// Ether moved by the latest precompile call, in order.
    pub(super) transfers: Vec<Transfer>,
    /// Length of the init code that the latest CREATE rejected.
    pub(super) init_code_size: usize,
    /// Details of the failure of the outermost frame.
    pub(super) halt_detail: Option<HaltDetail>,
    /// What the message prints.
    pub(super) output: Output,
    /// Deadline of the message.
    deadline: Option<Deadline>,
    /// Why the message is aborted, if it is.
    abort_reason: Option<ExecutionError>,
    /// Bytes that the trace may still take.
    trace_budget: usize,
}

impl<'a> ArbContext<'a> {
    /// The context of a message that has not started.
    pub(super) fn new(
        block_context: BlockContext,
        hashes: &'a BlockHashes,
        modules: &'a mut ModuleCache,
        message: &Message,
        deadline: Option<Deadline>,
        output: Output,
    ) -> Self {
        Self {
            block_context,
            hashes,
            module_cache: modules,
            offered_price: U256::from(message.price.offered.unwrap_or_default()),
            paid_price: message.price.paid,
            held_gas: message.held_gas,
            uncounted_gas: 0,
            data_charge: message.data_charge,
            pages: Pages::default(),
            call_stack: CallStack::default(),
            transfers: Vec::new(),
            init_code_size: 0,
            halt_detail: None,
            output,
            deadline,
            abort_reason: None,
            trace_budget: MAX_TRACE,
        }
    }

    /// Version of Stylus.
    pub(super) const fn stylus(&self) -> StylusVersion {
        self.block_context.arbos.stylus()
    }

    /// Fee for the data of the message in wei. A call without a price pays none, but counts it.
    pub(super) fn data_fee(&self) -> U256 {
        fee(self.data_charge.gas, self.block_context.base_fee)
    }

    /// Whether the message is aborted. Aborts it if its deadline has passed.
    pub(super) fn is_aborted(&mut self) -> bool {
        if self.abort_reason.is_none()
            && self.deadline.is_some_and(|deadline| deadline.has_passed())
        {
            self.abort_reason = Some(ExecutionError::TimedOut);
        }
        self.abort_reason.is_some()
    }

    /// Takes bytes from the budget of the trace; aborts the message if they exceed it.
    pub(super) fn charge_trace(&mut self, bytes: usize) {
        match self.trace_budget.checked_sub(bytes) {
            Some(rest) => self.trace_budget = rest,
            None => self.abort(ExecutionError::TraceTooLong),
        }
    }

    /// Aborts the message.
    pub(super) fn abort(&mut self, why: ExecutionError) {
        self.abort_reason = Some(why);
    }
}

/// revm's EVM, extended so that a frame may be a Stylus program.
pub(super) struct ArbEvm<'a>(pub(super) InnerEvm<'a>);

impl<'a> ArbEvm<'a> {
    /// An EVM for one message. For `moved` and `replaced` see [`super::ExecutionEnv`].
    pub(super) fn new(
        ctx: Ctx<'a>,
        moved: AddressMap<Address>,
        replaced: Vec<Address>,
        inspector: InspectorRef<'a>,
    ) -> Self {
        let arbos = ctx.chain.block_context.arbos;
        let precompiles = ArbPrecompiles::new(arbos, moved, replaced);
        Self(Evm::new_with_inspector(ctx, inspector, opcodes(), precompiles))
    }

    /// The state changes of the finished message.
    pub(super) fn finish(&mut self) -> AddressMap<Account> {
        self.0.ctx.journaled_state.finalize()
    }

    /// Details of the failure of the outermost frame.
    pub(super) const fn take_halt_detail(&mut self) -> Option<HaltDetail> {
        self.0.ctx.chain.halt_detail.take()
    }

    /// Why the message was aborted, if it was.
    pub(super) const fn take_abort_reason(&mut self) -> Option<ExecutionError> {
        self.0.ctx.chain.abort_reason.take()
    }

    /// Takes the open frames out, so that a nested loop can run.
    pub(super) fn suspend_frames(&mut self) -> FrameStack<EthFrame<EthInterpreter>> {
        mem::take(&mut self.0.frame_stack)
    }

    /// Puts back the frames of [`Self::suspend_frames`].
    pub(super) fn resume_frames(&mut self, frames: FrameStack<EthFrame<EthInterpreter>>) {
        self.0.frame_stack = frames;
    }
}

impl<'a> EvmTr for ArbEvm<'a> {
    type Context = Ctx<'a>;
    type Instructions = EthInstructions<EthInterpreter, Ctx<'a>>;
    type Precompiles = ArbPrecompiles;
    type Frame = EthFrame<EthInterpreter>;

    fn all(
        &self,
    ) -> (&Self::Context, &Self::Instructions, &Self::Precompiles, &FrameStack<Self::Frame>) {
        self.0.all()
    }

    fn all_mut(
        &mut self,
    ) -> (
        &mut Self::Context,
        &mut Self::Instructions,
        &mut Self::Precompiles,
        &mut FrameStack<Self::Frame>,
    ) {
        self.0.all_mut()
    }

    fn frame_init(
        &mut self,
        init: <Self::Frame as FrameTr>::FrameInit,
    ) -> Result<FrameInitResult<'_, Self::Frame>, ContextDbError<Self::Context>> {
        if self.0.ctx.chain.is_aborted() {
            return Err(ContextError::Custom(String::new()));
        }
        self.0.ctx.chain.call_stack.enter(init.depth, &init.frame_input);
        let FrameInit { depth, memory, frame_input } = init;
        let frame_input = match frame_input {
            FrameInput::Call(call) if runs_program(&self.0.ctx, &call) => {
                let outcome = program::call(self, depth, memory, &call);
                return Ok(ItemOrResult::Result(FrameResult::Call(outcome)));
            }
            FrameInput::Call(mut call) => {
                console::print_call(&self.0.ctx, &call);
                if delegates_to_precompile(&mut self.0.ctx, &call) {
                    call.known_bytecode = (KECCAK256_EMPTY, Bytecode::default());
                }
                FrameInput::Call(call)
            }
            FrameInput::Create(create) => {
                expect_created(&self.0.ctx, &create);
                FrameInput::Create(create)
            }
            FrameInput::Empty => FrameInput::Empty,
        };
        self.0.frame_init(FrameInit { depth, memory, frame_input })
    }

    fn frame_run(
        &mut self,
    ) -> Result<FrameInitOrResult<Self::Frame>, ContextDbError<Self::Context>> {
        let Evm { ctx, instruction, frame_stack, .. } = &mut self.0;
        let frame = frame_stack.get();
        let action = frame.interpreter.run_plain(
            instruction.instruction_table(),
            instruction.gas_table(),
            ctx,
        );
        process_action(ctx, frame, action)
    }

    fn frame_return_result(
        &mut self,
        result: <Self::Frame as FrameTr>::FrameResult,
    ) -> Result<Option<<Self::Frame as FrameTr>::FrameResult>, ContextDbError<Self::Context>> {
        self.0.frame_return_result(result)
    }
}

/// Tells the state which contract a frame creates.
fn expect_created(ctx: &Ctx<'_>, create: &CreateInputs) {
    if let Some(creator) = ctx.journaled_state.state.get(&create.caller()) {
        let created = create.created_address(creator.info.nonce);
        ctx.journaled_state.database.db.expect_created(created);
    }
}

/// Applies the next action of a frame's interpreter: opens another frame, or ends this one.
pub(super) fn process_action<'a>(
    ctx: &mut Ctx<'a>,
    frame: &mut EthFrame<EthInterpreter>,
    mut action: InterpreterAction,
) -> Result<FrameInitOrResult<EthFrame<EthInterpreter>>, ContextDbError<Ctx<'a>>> {
    if let InterpreterAction::Return(result) = &mut action {
        if frame.data.is_create() {
            reject_code(result, ctx.chain.stylus());
        } else if result.result == InstructionResult::SelfDestruct {
            protect_program(ctx, &frame.input, result);
        }
        if frame.depth == 0 {
            ctx.chain.halt_detail = HaltDetail::from_frame(frame, result, ctx.chain.init_code_size);
        }
    }
    frame
        .process_next_action::<_, ContextError<_>>(ctx, action)
        .inspect(|next| frame.set_finished(next.is_result()))
}
