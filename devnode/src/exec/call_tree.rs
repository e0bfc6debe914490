//! The calls of a message as a tree of text, for the logs.

use revm_inspectors::{
    ColorChoice,
    tracing::{TraceWriter, TracingInspector, TracingInspectorConfig},
};

use super::{Execution, ExecutionEnv, ExecutionError, Message, run_with_inspector};
use crate::unlogged::print_unlogged;

/// Runs a message to its end and logs the tree of its calls.
///
/// # Errors
/// Those of [`super::execute`].
pub(super) fn execute_printing_calls(
    env: ExecutionEnv<'_>,
    message: &Message,
) -> Result<Execution, ExecutionError> {
    let config = TracingInspectorConfig::default_parity()
        .set_record_logs(true)
        .set_exclude_precompile_calls(false);
    let mut inspector = TracingInspector::new(config);
    let (ran, halt_detail) = run_with_inspector(env, message, &mut inspector)?;
    let mut tree = Vec::new();
    // A vector takes whatever is written.
    let _ =
        TraceWriter::new(&mut tree).use_colors(ColorChoice::Never).write_arena(inspector.traces());
    let tree = String::from_utf8_lossy(&tree);
    let tree = tree.trim_end();
    tracing::info!(target: "stylus_devnode::traces", "calls\n{tree}");
    print_unlogged(tree);
    Ok(Execution::new(ran, halt_detail))
}
