//! Parts of an agreement as tables and cells: findings, shares and payments.

use muster_client::WindowShares;
use muster_client::protocol::abi::{TesterResult, WorkerResult};
use muster_client::protocol::shares::WHOLE;

use crate::output::cell::Cell;
use crate::output::command_output::Table;
use crate::output::units::format_percent;

/// What a settlement paid and took from each worker.
pub(crate) fn paid_workers(workers: &[WorkerResult]) -> Table {
    let rows = workers.iter().map(|worker| {
        vec![
            Cell::address(worker.account),
            Cell::Flag(worker.accepted),
            Cell::Flag(worker.resigned),
            Cell::count(worker.ticks),
            Cell::count(worker.known),
            uptime_cell(worker.known, worker.uptime),
            Cell::wei(worker.pay),
            Cell::wei(worker.slash),
        ]
    });
    let columns =
        ["account", "accepted", "resigned", "ticks", "known_windows", "uptime", "pay", "slash"];
    Table::new("paid_workers", columns, rows)
}

/// What a settlement paid to each tester.
pub(crate) fn paid_testers(testers: &[TesterResult]) -> Table {
    let rows = testers.iter().map(|tester| {
        vec![Cell::address(tester.account), Cell::count(tester.seats), Cell::wei(tester.fee)]
    });
    Table::new("paid_testers", ["account", "seat_count", "fee"], rows)
}

/// The columns of [`finding_cells`].
pub(crate) const FINDING_COLUMNS: [&str; 4] = ["index", "window", "made", "served"];

/// A tester's finding on one worker in one window.
pub(crate) fn finding_cells(finding: [u8; 4]) -> Vec<Cell> {
    finding.into_iter().map(Cell::count).collect()
}

/// A measured uptime; nothing if no window is known.
pub(crate) fn uptime_cell(known: u8, uptime: u16) -> Cell {
    if known == 0 { Cell::None } else { Cell::text(format_percent(uptime)) }
}

/// The share of each window in percent, `-` where it is unknown: `100 50 -`.
pub(crate) fn shares_text(shares: &[WindowShares]) -> String {
    let texts: Vec<_> = shares.iter().map(|shares| share_text(shares.median())).collect();
    texts.join(" ")
}

/// A share in percent, rounded to the nearest, or `-`.
fn share_text(share: Option<u8>) -> String {
    let whole = u32::from(WHOLE);
    let percent = |share: u8| {
        u32::from(share).saturating_mul(200).saturating_add(whole).checked_div(2 * whole)
    };
    share.and_then(percent).map_or_else(|| "-".to_owned(), |percent| percent.to_string())
}

#[cfg(test)]
mod tests {
    use super::share_text;

    #[test]
    fn a_share_is_shown_in_percent() {
        let texts = [None, Some(0), Some(1), Some(6), Some(7), Some(12)].map(share_text);
        assert_eq!(texts, ["-", "0", "8", "50", "58", "100"]);
    }
}
