//! Flame graphs.

use inferno::flamegraph::{self, Options};

use super::call_tree::CallTree;
use super::profiling_node::Cost;
use crate::error::ProfileCommandError;

/// What is not part of a run.
pub(super) const OUTSIDE: &str = "outside of programs";

/// A flame graph (SVG) of ink under a title.
///
/// # Errors
/// [`ProfileCommandError::FlameGraph`] if nothing used gas.
pub(super) fn flame_graph(
    tree: &CallTree,
    title: &str,
    cost: &Cost,
) -> Result<Vec<u8>, ProfileCommandError> {
    let outside = (vec![OUTSIDE], tree.ink_outside(cost.gas()));
    let stacks = tree.stacks().chain([outside]).filter(|(_, ink)| *ink > 0);
    // A semicolon separates frames.
    let lines = stacks.map(|(names, ink)| {
        let names: Vec<_> = names.iter().map(|name| name.replace(';', ",")).collect();
        format!("{} {ink}", names.join(";"))
    });
    let lines: Vec<_> = lines.collect();
    let mut options = Options::default();
    title.clone_into(&mut options.title);
    "ink".clone_into(&mut options.count_name);
    options.deterministic = true;
    let mut svg = Vec::new();
    flamegraph::from_lines(&mut options, lines.iter().map(String::as_str), &mut svg)
        .map_err(ProfileCommandError::FlameGraph)?;
    Ok(svg)
}
