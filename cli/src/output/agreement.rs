//! Parts of an agreement as tables and cells: findings, verdicts and payments.

use muster_client::Votes;
use muster_client::protocol::abi::{Finding, TesterResult, WorkerResult};
use muster_client::protocol::verdict::Verdict;

use crate::output::command_output::{Cell, Table};
use crate::output::units::window_list;

/// What a settlement paid and took from each worker.
pub(crate) fn paid_workers(workers: &[WorkerResult]) -> Table {
    let rows = workers.iter().map(|worker| {
        vec![
            Cell::text(worker.account),
            Cell::Flag(worker.accepted),
            Cell::Flag(worker.resigned),
            Cell::count(worker.windows),
            Cell::count(worker.served),
            Cell::count(worker.failed),
            Cell::wei(worker.pay),
            Cell::wei(worker.slash),
        ]
    });
    let columns = ["account", "accepted", "resigned", "judged", "served", "failed", "pay", "slash"];
    Table::new("paid_workers", columns, rows)
}

/// What a settlement paid to each tester.
pub(crate) fn paid_testers(testers: &[TesterResult]) -> Table {
    let rows = testers.iter().map(|tester| {
        vec![Cell::text(tester.account), Cell::count(tester.seats), Cell::wei(tester.fee)]
    });
    Table::new("paid_testers", ["account", "seats", "fee"], rows)
}

/// A tester's finding on one worker.
pub(crate) fn finding_cells(finding: Finding) -> Vec<Cell> {
    let windows = |bits| Cell::text(window_list(bits));
    vec![Cell::count(finding.index), windows(finding.checked), windows(finding.served)]
}

/// The verdict on each window, one character for each.
pub(crate) fn verdict_chars(votes: &[Votes]) -> String {
    votes.iter().map(|votes| verdict_char(votes.verdict())).collect()
}

/// `s` for served, `f` for failed, `-` for unknown.
const fn verdict_char(verdict: Verdict) -> char {
    match verdict {
        Verdict::Served => 's',
        Verdict::Failed => 'f',
        Verdict::Unknown => '-',
    }
}
