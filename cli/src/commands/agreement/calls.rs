//! The calls of an agreement: whether they are open, to whom, and in which ticks.

use muster_client::{Agreement, OpenCalls, Progress};

use crate::error::CliError;
use crate::output::{Cell, Table};

/// A row for each call.
pub(super) async fn calls_table(
    agreement: &Agreement,
    progress: &Progress,
) -> Result<Table, CliError> {
    let calls = agreement.open_calls().await?;
    let open: Vec<_> = calls.names().collect();
    let start = Some(progress.start()).filter(|start| *start != 0);
    let end = Some(calls.end).filter(|end| *end != 0);
    let last = end.map(|end| end.saturating_sub(1));
    let purchased = agreement.terms().header.purchased;
    let reported = end.map(|_| calls.due.saturating_sub(1));
    let ticks = |name| match name {
        "accept" => ("its workers", Some(purchased), Some(calls.last_accept)),
        "cancel" => ("its client", start, last),
        "resign" => ("its workers", start, last),
        "release" => ("anybody", start.map(|_| calls.last_accept.saturating_add(1)), None),
        "report" => ("its testers", end, reported),
        _ => ("anybody", Some(calls.due), None),
    };
    let rows = OpenCalls::NAMES.into_iter().map(|name| {
        let (who, from, until) = ticks(name);
        let tick = |tick: Option<u64>| tick.map_or(Cell::None, Cell::Count);
        let is_open = Cell::Flag(open.contains(&name));
        vec![Cell::text(name), is_open, Cell::text(who), tick(from), tick(until)]
    });
    Ok(Table::new("calls", ["call", "open", "by", "from", "until"], rows))
}
