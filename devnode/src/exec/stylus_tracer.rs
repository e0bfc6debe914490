//! `stylusTracer`: the host calls of programs in the order in which they finish, with the frames
//! they open.

use alloy::primitives::{Address, Bytes, U256};
use revm::{
    Inspector,
    context_interface::CreateScheme,
    handler::FrameResult,
    interpreter::{CallScheme, FrameInput},
};
use serde::Serialize;
use stylus_engine::HostioCall;

use super::{evm::Ctx, inspector::ArbInspector};

/// A host call, or a frame that EVM code opens.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TraceStep {
    /// Name of the hostio; frames that no hostio opens start with `evm_`.
    name: &'static str,
    /// Encoded arguments.
    args: Bytes,
    /// Encoded results.
    outs: Bytes,
    /// Ink before the call.
    start_ink: u64,
    /// Ink after the call.
    end_ink: u64,
    /// The frame, if the step opens one.
    #[serde(flatten)]
    frame: Option<TracedFrame>,
}

/// A frame.
#[derive(Clone, Debug, Serialize)]
struct TracedFrame {
    /// Account whose code runs.
    address: Address,
    /// Steps inside the frame.
    steps: Vec<TraceStep>,
}

impl TraceStep {
    /// A frame that EVM code opens.
    const fn of_evm(name: &'static str, address: Address) -> Self {
        let frame = Some(TracedFrame { address, steps: Vec::new() });
        Self { name, args: Bytes::new(), outs: Bytes::new(), start_ink: 0, end_ink: 0, frame }
    }
}

/// Collects the steps of one message.
#[derive(Debug, Default)]
pub(super) struct StylusTracer {
    /// Steps of each open frame, outermost first. The first entry, for the message itself, stays.
    open: Vec<Vec<TraceStep>>,
}

impl StylusTracer {
    /// The steps of the message.
    pub(super) fn into_steps(self) -> Vec<TraceStep> {
        self.open.into_iter().next().unwrap_or_default()
    }

    /// The steps of the innermost open frame.
    fn innermost(&mut self) -> Option<&mut Vec<TraceStep>> {
        self.open.last_mut()
    }
}

impl<'a> Inspector<Ctx<'a>> for StylusTracer {
    fn frame_start(&mut self, ctx: &mut Ctx<'a>, input: &mut FrameInput) -> Option<FrameResult> {
        let step = evm_step(ctx, input);
        if let Some(steps) = self.innermost() {
            steps.push(step);
        }
        self.open.push(Vec::new());
        None
    }

    fn frame_end(&mut self, _: &mut Ctx<'a>, _: &FrameInput, _: &mut FrameResult) {
        if self.open.len() < 2 {
            return;
        }
        let inner = self.open.pop().unwrap_or_default();
        if let Some(frame) = self.innermost().and_then(|steps| steps.last_mut()?.frame.as_mut()) {
            frame.steps = inner;
        }
    }

    fn selfdestruct(&mut self, _contract: Address, heir: Address, _value: U256) {
        if let Some(steps) = self.innermost() {
            steps.push(TraceStep::of_evm("evm_self_destruct", heir));
        }
    }
}

impl ArbInspector<'_> for StylusTracer {
    fn captures_hostios(&self) -> bool {
        true
    }

    fn capture_hostio(&mut self, call: HostioCall) {
        let HostioCall { name, args, outs, start_ink, end_ink } = call;
        let Some(steps) = self.innermost() else { return };
        let called =
            matches!(name, "call_contract" | "delegate_call_contract" | "static_call_contract");
        let frame = if called {
            // The frame that the hostio opened is reported as part of the hostio. A hostio that
            // could not pay for a frame opened none.
            let opened = steps.pop_if(|step| step.name.strip_prefix("evm_") == Some(name));
            opened.and_then(|step| step.frame).or_else(|| {
                let address = args.get(..Address::len_bytes()).map(Address::from_slice)?;
                Some(TracedFrame { address, steps: Vec::new() })
            })
        } else {
            None
        };
        steps.push(TraceStep { name, args, outs, start_ink, end_ink, frame });
    }
}

/// The step for a frame, as if EVM code opened it.
fn evm_step(ctx: &Ctx<'_>, input: &FrameInput) -> TraceStep {
    match input {
        FrameInput::Call(call) => {
            let name = match call.scheme {
                CallScheme::Call | CallScheme::CallCode => "evm_call_contract",
                CallScheme::DelegateCall => "evm_delegate_call_contract",
                CallScheme::StaticCall => "evm_static_call_contract",
            };
            TraceStep::of_evm(name, call.bytecode_address)
        }
        FrameInput::Create(create) => {
            let name = match create.scheme() {
                CreateScheme::Create2 { .. } => "evm_create2",
                CreateScheme::Create | CreateScheme::Custom { .. } => "evm_create1",
            };
            let creator = ctx.journaled_state.state.get(&create.caller());
            let nonce = creator.map(|account| account.info.nonce).unwrap_or_default();
            TraceStep::of_evm(name, create.created_address(nonce))
        }
        FrameInput::Empty => TraceStep::of_evm("evm_call_contract", Address::ZERO),
    }
}
