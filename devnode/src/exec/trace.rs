//! Running a message to learn how it runs: the tracers of geth, and `stylusTracer`.
//!
//! There is no JavaScript here. The one script that is answered is that of cargo-stylus, which asks
//! for what `stylusTracer` tells; it gets that.

use alloy::{
    primitives::U256,
    rpc::types::trace::geth::{GethDebugTracerType, GethDebugTracingOptions, GethTrace},
};
use revm::context::{BlockEnv, TxEnv};
use revm_inspectors::tracing::{DebugInspector, DebugInspectorError};
use serde::Serialize;

pub(crate) use revm_inspectors::tracing::TransactionContext as Origin;

use super::{
    Execution, ExecutionEnv, ExecutionError, ExecutionStatus, Message, run_with_inspector,
    stylus_tracer::{StylusTracer, TraceStep},
};

/// Name of the tracer of programs.
const STYLUS_TRACER: &str = "stylusTracer";

/// What a script has in it that asks for the hooks of programs.
const HOSTIO_MARKER: &str = "hostio";

/// What there is to trace a message with.
#[derive(Debug)]
pub(crate) enum Tracer {
    /// What geth can tell.
    Geth(Box<DebugInspector>),
    /// The hooks of programs.
    Stylus,
}

/// What a tracer tells.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Trace {
    /// In a form of geth's.
    Geth(Box<GethTrace>),
    /// The hooks of programs.
    Stylus(Vec<TraceStep>),
}

/// Why there is no trace.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TraceError {
    /// No such tracer, or not with these settings.
    #[error(transparent)]
    UnsupportedTracer(#[from] DebugInspectorError),
    /// The message comes to nothing.
    #[error(transparent)]
    Execution(#[from] ExecutionError),
}

impl Tracer {
    /// The tracer that a request asks for.
    ///
    /// # Errors
    /// If there is none like that.
    pub(crate) fn new(options: GethDebugTracingOptions) -> Result<Self, TraceError> {
        match &options.tracer {
            Some(GethDebugTracerType::JsTracer(text))
                if text == STYLUS_TRACER || text.contains(HOSTIO_MARKER) =>
            {
                Ok(Self::Stylus)
            }
            _ => Ok(Self::Geth(Box::new(DebugInspector::new(options)?))),
        }
    }
}

/// Runs a message and tells how it ran; `origin` is the transaction that it comes from, if any.
///
/// # Errors
/// See [`TraceError`].
pub(crate) fn trace(
    env: ExecutionEnv<'_>,
    message: &Message,
    tracer: Tracer,
    origin: Option<Origin>,
) -> Result<Trace, TraceError> {
    match tracer {
        Tracer::Stylus => {
            let mut tracer = StylusTracer::default();
            run_with_inspector(env, message, &mut tracer)?;
            Ok(Trace::Stylus(tracer.into_steps()))
        }
        Tracer::Geth(mut tracer) => {
            let gas_limit = message.gas.saturating_add(message.held_gas);
            let tx = TxEnv { gas_limit, ..message.tx_env() };
            let number = U256::from(env.block_context.height);
            let block = BlockEnv { number, ..env.block_env(message) };
            let mut before = env.state.clone();
            let (ran, halt_detail) = run_with_inspector(env, message, &mut *tracer)?;
            let mut trace = tracer.get_result(origin, &tx, &block, &ran, &mut before)?;
            // The outermost failure is known in the words of the node.
            if let GethTrace::CallTracer(frame) = &mut trace
                && let ExecutionStatus::Halt(halt) = Execution::new(ran, halt_detail).status
            {
                frame.error = Some(halt.to_string());
            }
            Ok(Trace::Geth(Box::new(trace)))
        }
    }
}
