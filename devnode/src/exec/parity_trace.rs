//! Traces in the format of Parity's `trace_…` methods.

use alloy::{
    primitives::map::HashSet,
    rpc::types::trace::parity::{TraceResults, TraceType},
};
use revm::{context_interface::result::ResultAndState, state::EvmState};
use revm_inspectors::tracing::{TracingInspector, TracingInspectorConfig};

use super::{
    ExecutionEnv, ExecutionError, Message,
    inspector::{ArbInspector, traced_size},
    run_with_inspector,
};

/// Traces a message; also returns its changes of the state.
///
/// # Errors
/// Those of [`super::execute`].
pub(crate) fn trace_parity(
    env: ExecutionEnv<'_>,
    message: &Message,
    types: &HashSet<TraceType>,
) -> Result<(TraceResults, EvmState), ExecutionError> {
    let before = env.state.clone();
    let mut inspector = TracingInspector::new(TracingInspectorConfig::from_parity_config(types));
    let (ran, _) = run_with_inspector(env, message, &mut inspector)?;
    let ResultAndState { result, state } = ran;
    let builder = inspector.into_parity_builder();
    let Ok(traced) = builder.into_trace_results_with_state_parts(&result, &state, types, &before);
    Ok((traced, state))
}

impl ArbInspector<'_> for TracingInspector {
    fn step_size(&self, words: usize, _memory: usize) -> usize {
        if self.config().record_steps { traced_size(words.saturating_mul(32)) } else { 0 }
    }
}
