//! The calls of an agreement: whether they are open, to whom, and in which ticks.

use muster_client::protocol::abi::State;
use muster_client::{Agreement, OpenCalls, Progress};

use crate::clock::TickClock;
use crate::error::CliError;
use crate::output::ticks::tick_cell;
use crate::output::units::number_list;
use crate::output::{Cell, Table};

/// Whether the agreement is settled.
pub(super) const fn is_over(state: State) -> bool {
    matches!(state, State::Settled | State::Void)
}

/// A row for each call; none after the settlement.
pub(super) async fn calls_table(
    agreement: &Agreement,
    clock: &TickClock,
    state: State,
    progress: &Progress,
) -> Result<Table, CliError> {
    let rows =
        if is_over(state) { Vec::new() } else { call_rows(agreement, clock, progress).await? };
    Ok(Table::new("calls", ["call", "open", "by", "from", "until"], rows))
}

/// The rows of [`calls_table`] before the settlement.
async fn call_rows(
    agreement: &Agreement,
    clock: &TickClock,
    progress: &Progress,
) -> Result<Vec<Vec<Cell>>, CliError> {
    let calls = agreement.open_calls().await?;
    let open: Vec<_> = calls.names().collect();
    let start = Some(progress.start()).filter(|start| *start != 0);
    let end = Some(calls.end).filter(|end| *end != 0);
    let last = end.map(|end| end.saturating_sub(1));
    let purchased = agreement.terms().header.purchased;
    let reported = end.map(|_| calls.due.saturating_sub(1));
    let redundancy = agreement.terms().header.redundancy;
    let those = |is_one: &dyn Fn(u8) -> bool| {
        let bits = (0..redundancy).filter(|index| is_one(*index));
        bits.fold(0, |bits, index| bits | 1_u32.checked_shl(index.into()).unwrap_or(0))
    };
    let absent = those(&|index| !progress.has_accepted(index) && !progress.is_released(index));
    let staying = those(&|index| progress.has_accepted(index) && !progress.has_resigned(index));
    let released = match (start, absent) {
        (Some(_), 0) => end.filter(|_| !progress.freed),
        (Some(_), _) => Some(calls.last_accept.saturating_add(1)),
        (None, _) => None,
    };
    let anybody = Cell::text("anybody");
    let details = |name| match name {
        "accept" => (workers(absent), Some(purchased), Some(calls.last_accept)),
        "cancel" => (Cell::text("the client"), start, last),
        "resign" => (workers(staying), start, last),
        "release" => (anybody.clone(), released, None),
        "report" => (Cell::text("testers"), end, reported),
        _ => (anybody.clone(), Some(calls.due), None),
    };
    let rows = OpenCalls::NAMES.into_iter().map(|name| {
        let (who, from, until) = details(name);
        let tick = |tick: Option<u64>| match (&who, tick) {
            (Cell::None, _) | (_, None) => Cell::None,
            (_, Some(tick)) => tick_cell(clock, tick),
        };
        let (from, until) = (tick(from), tick(until));
        vec![Cell::text(name), Cell::Flag(open.contains(&name)), who, from, until]
    });
    Ok(rows.collect())
}

/// The workers whose bits are set; no value if there are none.
fn workers(bits: u32) -> Cell {
    if bits == 0 { Cell::None } else { Cell::text(format_args!("worker {}", number_list(bits))) }
}
