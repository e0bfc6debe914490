//! Ending agreements, and the expected results of their parties.

use alloy::primitives::Address;
use muster_client::protocol::abi::WorkerResult;
use muster_client::protocol::report::Entry;
use muster_client::{Market, Purchase, Settlement};

use crate::harness::{TestEnv, agreement};

/// Ends a running agreement: its testers report these entries, in the order of their places, and it
/// is settled.
pub(crate) async fn run_to_settlement(
    env: &TestEnv,
    testers: &[Market],
    purchase: &Purchase,
    reports: &[Vec<Entry>],
) -> Settlement {
    let cleo = env.new_account().await;
    let view = agreement(&cleo, purchase).await;
    let end = view.times(&view.progress().await.unwrap()).end();
    env.advance_to(end.max(env.next_tick().await)).await;
    for (tester, entries) in testers.iter().zip(reports) {
        if !entries.is_empty() {
            env.report(tester, purchase, entries).await;
        }
    }
    let due = end + u64::from(env.settings.reportWindow);
    env.advance_to(due.max(env.next_tick().await)).await;
    env.settle(&cleo, purchase).await
}

/// Settles an agreement that nobody accepted.
pub(crate) async fn settle_unaccepted(env: &TestEnv, purchase: &Purchase) -> Settlement {
    let cleo = env.new_account().await;
    let view = agreement(&cleo, purchase).await;
    let last = view.times(&view.progress().await.unwrap()).last_accept();
    env.advance_to(env.next_tick().await.max(last + 1)).await;
    env.settle(&cleo, purchase).await
}

/// The testers' results by account.
pub(crate) fn tester_fees(settlement: &Settlement) -> Vec<(Address, u128, u16)> {
    let mut fees: Vec<_> =
        settlement.testers.iter().map(|part| (part.account, part.fee, part.seats)).collect();
    fees.sort_unstable();
    fees
}

/// The pay of a tester for this many seats.
pub(crate) fn tester_fee(env: &TestEnv, who: &Market, seats: u16) -> (Address, u128, u16) {
    (who.account().unwrap(), env.settings.minTesterFee * u128::from(seats), seats)
}

/// The result of a worker that accepted, was judged for this many ticks, and lost nothing: on how many
/// windows seats reported, the measured uptime, and the seats that were paid for it at the lowest fee.
pub(crate) fn paid_worker(
    env: &TestEnv,
    who: &Market,
    pay: u128,
    ticks: u32,
    (known, uptime, seats): (u8, u16, u128),
) -> WorkerResult {
    WorkerResult {
        account: who.account().unwrap(),
        pay,
        slash: 0,
        fees: env.settings.minTesterFee * seats,
        accepted: true,
        resigned: false,
        ticks,
        known,
        uptime,
    }
}

/// The result of a worker that did not accept.
pub(crate) fn absent_worker(who: &Market, slash: u128) -> WorkerResult {
    WorkerResult {
        account: who.account().unwrap(),
        pay: 0,
        slash,
        fees: 0,
        accepted: false,
        resigned: false,
        ticks: 0,
        known: 0,
        uptime: 0,
    }
}
