//! The table of a profile.

use alloy::primitives::B256;

use super::call_tree::CallTree;
use super::profiling_node::Cost;
use crate::output::{Cell, CommandOutput, Table};

/// The profile of a transaction, or of a call, with this many functions; 0 for all.
pub(super) fn profile_output(
    tree: &CallTree,
    transaction: Option<B256>,
    cost: &Cost,
    top: usize,
) -> CommandOutput {
    let gas = |ink| Cell::Count(tree.gas(ink));
    let whole = tree.ink(cost.gas());
    let (functions, programs) = (tree.functions(), tree.programs());
    let outside_gas = match tree.total_ink() {
        0 => cost.gas(),
        _ => tree.gas(tree.ink_outside(cost.gas())),
    };
    let top = if top == 0 { functions.len() } else { top };
    let functions = functions.into_iter().take(top).map(|row| {
        vec![
            gas(row.ink),
            Cell::Text(percent(row.ink, whole)),
            gas(row.total_ink),
            Cell::Count(row.calls),
            Cell::Count(row.ink),
            Cell::text(tree.label(row.program)),
            Cell::Text(row.name),
        ]
    });
    let programs = programs.into_iter().map(|row| {
        vec![
            Cell::text(tree.label(row.program)),
            Cell::address(row.program),
            gas(row.ink),
            Cell::Text(percent(row.ink, whole)),
            gas(row.total_ink),
            Cell::Count(row.calls),
            Cell::Count(row.ink),
        ]
    });
    CommandOutput::new([
        ("transaction", transaction.map_or(Cell::None, Cell::text)),
        ("ok", Cell::Flag(cost.is_success())),
        ("gas", Cell::Count(cost.gas())),
        ("outside_gas", Cell::Count(outside_gas)),
    ])
    .table(Table::new(
        "programs",
        ["program", "address", "gas", "percent", "total_gas", "call_count", "ink"],
        programs,
    ))
    .table(Table::new(
        "functions",
        ["gas", "percent", "total_gas", "call_count", "ink", "program", "function"],
        functions,
    ))
}

/// A part in percent, rounded down to one decimal.
fn percent(part: u64, whole: u64) -> String {
    let thousandths = u128::from(part).saturating_mul(1_000).checked_div(whole.into());
    let thousandths = thousandths.unwrap_or_default();
    let [whole, rest] = [thousandths.checked_div(10), thousandths.checked_rem(10)];
    format!("{}.{}", whole.unwrap_or_default(), rest.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn percentages_have_one_decimal() {
        assert_eq!([percent(1, 3), percent(3, 3), percent(0, 0)], ["33.3", "100.0", "0.0"]);
    }
}
