//! The rows of the snapshot: every step by itself, and whole lifecycles of agreements of all sizes.

use alloy::primitives::{B256, U256};
use muster_client::protocol::abi::IWorkAgreement::{
    cancelCall, releaseCall, resignCall, settleCall,
};
use muster_client::protocol::abi::IWorkerDispatcher::{
    buyContract_0Call, buyContract_1Call, checkInCall, hireCall, listCall, quote_2Call,
    setAvailableCall, setKeyCall, setPriceCall, stakeCall, unstakeCall, updateWorkerCall,
    withdrawCall,
};

use crate::env::{Contracts, GasEnv};
use crate::lifecycle::{
    AgreementSize, LifecycleGas, PRICE, Participants, SMALL, STAKE, accept_all, buy, order_of,
    registration, report_and_settle, run_lifecycle, seated_places, tester_registration,
};

/// A name and its gas.
pub(crate) type Row = (String, u64);

/// Two workers.
const PAIR: AgreementSize = AgreementSize { workers: 2, ..SMALL };

/// The accounts of a market: more than any row needs.
pub(crate) const ACCOUNTS: u16 = 90;

/// All rows, in a market with these contracts.
pub(crate) async fn measure(contracts: &Contracts) -> Vec<Row> {
    let mut rows = step_rows(contracts).await;
    for workers in [1, 2, 4, 8] {
        for testers in [0, 3, 5] {
            let windows = if testers == 0 { 1 } else { 4 };
            rows.extend(
                lifecycle_rows(contracts, AgreementSize { workers, testers, windows }).await,
            );
        }
    }
    rows.extend(distinct_tester_rows(contracts).await);
    rows.extend(largest_agreement_rows(contracts).await);
    rows
}

/// Each step by itself, in a market that has been in use.
async fn step_rows(contracts: &Contracts) -> Vec<Row> {
    let mut env = GasEnv::new(contracts, ACCOUNTS).await;
    let participants = Participants::register(&mut env, 20, 3, false).await;
    run_lifecycle(&mut env, &participants, SMALL, false).await;
    single_step_rows(&mut env, &participants).await
}

/// Each step by itself, with at least twenty workers and three testers.
pub(crate) async fn single_step_rows(env: &mut GasEnv, participants: &Participants) -> Vec<Row> {
    let mut rows = Vec::new();
    push_worker_rows(env, participants, &mut rows).await;
    push_tester_rows(env, participants, &mut rows).await;
    push_purchase_rows(env, participants, &mut rows).await;
    push_early_end_rows(env, participants, &mut rows).await;
    rows
}

/// Appends a row.
fn push_row(rows: &mut Vec<Row>, what: &str, gas: u64) {
    rows.push((what.to_owned(), gas));
}

/// Transactions of workers.
async fn push_worker_rows(env: &mut GasEnv, participants: &Participants, rows: &mut Vec<Row>) {
    // The last but one of twenty workers: the one in front of it has number 18.
    let (ada, price, hint) = (participants.workers[18], PRICE + 18, 18);
    let (highest, end) = participants.last;
    let new = registration(env.account(70), highest + 1, end);
    push_row(
        rows,
        "registerWorker, at an end of the book",
        env.send_to_dispatcher(70, &new, STAKE).await,
    );
    let new = registration(env.account(72), price, 19);
    push_row(
        rows,
        "registerWorker, between two others",
        env.send_to_dispatcher(72, &new, STAKE).await,
    );
    let update = updateWorkerCall {
        price: PRICE + 19,
        maxLength: 90_000,
        promised: 9_600,
        capacity: 60,
        hint: 20,
    };
    push_row(rows, "updateWorker", env.send_to_dispatcher(ada, &update, 0).await);
    push_row(rows, "setPrice", env.send_to_dispatcher(ada, &setPriceCall { price, hint }, 0).await);
    push_row(
        rows,
        "setKey",
        env.send_to_dispatcher(ada, &setKeyCall { key: B256::repeat_byte(7) }, 0).await,
    );
    let away = setAvailableCall { available: false, hint: 0 };
    push_row(rows, "setAvailable, false", env.send_to_dispatcher(ada, &away, 0).await);
    let back = setAvailableCall { available: true, hint };
    push_row(rows, "setAvailable, true", env.send_to_dispatcher(ada, &back, 0).await);
    push_row(rows, "stake", env.send_to_dispatcher(ada, &stakeCall { hint: 0 }, STAKE).await);
    let all = unstakeCall { amount: 2 * STAKE };
    push_row(rows, "unstake, and out of the book", env.send_to_dispatcher(ada, &all, 0).await);
    // From the head of the book, its position is too far.
    env.send_to_dispatcher(ada, &stakeCall { hint: 0 }, STAKE).await;
    let (worker, to) = (env.account(ada), env.account(ada));
    push_row(
        rows,
        "list",
        env.send_to_dispatcher(participants.client, &listCall { worker, hint }, 0).await,
    );
    push_row(rows, "withdraw", env.send_to_dispatcher(ada, &withdrawCall { to }, 0).await);
}

/// Transactions of testers.
async fn push_tester_rows(env: &mut GasEnv, participants: &Participants, rows: &mut Vec<Row>) {
    let (new, bond) = (tester_registration(env, 71), env.settings.testerBond);
    push_row(rows, "registerTester", env.send_to_dispatcher(71, &new, bond).await);
    push_row(
        rows,
        "checkIn, for the next epoch",
        env.send_to_dispatcher(71, &checkInCall {}, 0).await,
    );
    env.advance(2 * env.settings.epochLength).await;
    let first = env.send_to_dispatcher(participants.testers[0], &checkInCall {}, 0).await;
    push_row(rows, "checkIn, the first of two epochs", first);
    let second = env.send_to_dispatcher(participants.testers[1], &checkInCall {}, 0).await;
    push_row(rows, "checkIn, for this epoch and the next", second);
    env.send_to_dispatcher(participants.testers[2], &checkInCall {}, 0).await;
}

/// Purchases that differ from that of a lifecycle.
async fn push_purchase_rows(env: &mut GasEnv, participants: &Participants, rows: &mut Vec<Row>) {
    let (order, workers) = (order_of(SMALL), vec![5]);
    let quote = quote_2Call { order, workers: workers.clone() };
    let price = env.view(env.dispatcher, &quote).await.price;
    let hired =
        env.send_to_dispatcher(participants.client, &hireCall { order, workers }, price).await;
    push_row(rows, "hire", hired);
    let excess =
        env.send_to_dispatcher(participants.client, &buyContract_1Call { order }, price + 1).await;
    push_row(rows, "buyContract, with excess", excess);
    let usual = buyContract_0Call { redundancy: U256::from(1), length: U256::from(120) };
    push_row(
        rows,
        "buyContract, refused",
        env.send_to_dispatcher(participants.client, &usual, price).await,
    );
}

/// Agreements that end otherwise than in a lifecycle.
async fn push_early_end_rows(env: &mut GasEnv, participants: &Participants, rows: &mut Vec<Row>) {
    let settle = settleCall { hints: vec![] };
    let ada = participants.workers[0];
    let mut bought = Vec::new();
    for _ in 0..3 {
        bought.push(buy(env, participants.client, order_of(SMALL)).await.0);
    }
    let [left, cut, void] = bought[..] else { panic!("three were bought") };
    for to in [left, cut] {
        accept_all(env, participants, SMALL, to).await;
    }
    push_row(rows, "resign", env.send(ada, left, &resignCall {}, 0).await);
    push_row(rows, "cancel", env.send(participants.client, cut, &cancelCall {}, 0).await);
    let (partly, _) = buy(env, participants.client, order_of(PAIR)).await;
    accept_all(env, participants, SMALL, partly).await;
    env.advance(env.settings.acceptWindow + 1).await;
    let release = releaseCall { hints: vec![] };
    push_row(rows, "release, one of two absent", env.send(ada, partly, &release, 0).await);
    env.advance(1_000).await;
    push_row(rows, "release, after the end", env.send(ada, partly, &release, 0).await);
    push_row(
        rows,
        "settle, after a resignation",
        env.send(participants.client, left, &settle, 0).await,
    );
    push_row(rows, "settle, nobody reported", env.send(participants.client, cut, &settle, 0).await);
    push_row(
        rows,
        "settle, nobody accepted",
        env.send(participants.client, void, &settle, 0).await,
    );
}

/// Two lifecycles of agreements of one size; the second one finds all credits in use.
async fn lifecycle_rows(contracts: &Contracts, size: AgreementSize) -> Vec<Row> {
    let mut env = GasEnv::new(contracts, ACCOUNTS).await;
    let participants = Participants::register(&mut env, 8, size.testers.into(), false).await;
    let (new, used) = (
        run_lifecycle(&mut env, &participants, size, false).await,
        run_lifecycle(&mut env, &participants, size, false).await,
    );
    let name = format!("{} × {}: ", size.workers, size.testers);
    let mut rows = gas_rows(&name, &new, &used);
    if size.testers > 0 {
        let batched = run_lifecycle(&mut env, &participants, size, true).await;
        push_batch_rows(&mut rows, &name, &batched);
    }
    rows
}

/// The rows of a lifecycle with new credits, and of one with credits in use.
fn gas_rows(name: &str, new: &LifecycleGas, used: &LifecycleGas) -> Vec<Row> {
    let mut rows = Vec::new();
    push_row(&mut rows, &format!("{name}buyContract"), used.buy);
    push_row(&mut rows, &format!("{name}accept, first"), used.accepts[0]);
    if let Some(next) = used.accepts.last().filter(|_| used.accepts.len() > 1) {
        push_row(&mut rows, &format!("{name}accept, last"), *next);
    }
    if let Some(most) = used.reports.iter().max() {
        push_row(&mut rows, &format!("{name}report"), *most);
    }
    push_row(&mut rows, &format!("{name}settle, all credits new"), new.settle);
    push_row(&mut rows, &format!("{name}settle, credits in use"), used.settle);
    push_row(&mut rows, &format!("{name}whole life, all credits new"), new.total());
    push_row(&mut rows, &format!("{name}whole life, credits in use"), used.total());
    rows
}

/// The rows of a lifecycle with batches of reports, and credits in use.
fn push_batch_rows(rows: &mut Vec<Row>, name: &str, life: &LifecycleGas) {
    push_row(rows, &format!("{name}reportBatch"), life.reports.iter().sum());
    push_row(rows, &format!("{name}whole life with a batch"), life.total());
}

/// A lifecycle in which no tester has two seats, with new credits, and one with credits in use.
async fn distinct_tester_rows(contracts: &Contracts) -> Vec<Row> {
    let name = "1 × 3, 12 testers: ";
    let (_, new) = measure_distinct_testers(contracts, false, false).await;
    let (_, used) = measure_distinct_testers(contracts, true, false).await;
    let (_, batched) = measure_distinct_testers(contracts, true, true).await;
    let mut rows = gas_rows(name, &new, &used);
    push_batch_rows(&mut rows, name, &batched);
    rows
}

/// A lifecycle in which no tester has two seats, with credits in use or new ones, and its market.
pub(crate) async fn measure_distinct_testers(
    contracts: &Contracts,
    credits: bool,
    batched: bool,
) -> (GasEnv, LifecycleGas) {
    let mut env = GasEnv::new(contracts, ACCOUNTS).await;
    let participants = Participants::register(&mut env, 8, 60, credits).await;
    if credits {
        run_lifecycle(&mut env, &participants, SMALL, false).await;
    }
    let life = run_with_distinct_testers(&mut env, &participants, batched).await;
    (env, life)
}

/// The first lifecycle in which no tester has two seats.
pub(crate) async fn run_with_distinct_testers(
    env: &mut GasEnv,
    participants: &Participants,
    batched: bool,
) -> LifecycleGas {
    loop {
        let (to, buy) = buy(env, participants.client, order_of(SMALL)).await;
        let accepts = accept_all(env, participants, SMALL, to).await;
        if seated_places(env, participants, SMALL, to).await.len() == 12 {
            let (reports, settle) = report_and_settle(env, participants, SMALL, to, batched).await;
            return LifecycleGas { buy, accepts, reports, settle };
        }
    }
}

/// The largest possible agreement.
async fn largest_agreement_rows(contracts: &Contracts) -> Vec<Row> {
    let mut env = GasEnv::new(contracts, ACCOUNTS).await;
    let participants = Participants::register(&mut env, 8, 63, false).await;
    let size = AgreementSize { workers: 8, testers: 3, windows: 21 };
    let (new, used) = (
        run_lifecycle(&mut env, &participants, size, false).await,
        run_lifecycle(&mut env, &participants, size, false).await,
    );
    gas_rows("8 × 3, 21 windows: ", &new, &used)
}
