//! What is measured: every step by itself, and whole lives of agreements of all sizes.

use alloy::primitives::{B256, U256};
use muster_client::protocol::abi::IWorkAgreement::{cancelCall, resignCall, settleCall};
use muster_client::protocol::abi::IWorkerDispatcher::{
    buyContract_0Call, buyContract_1Call, checkInCall, hireCall, listCall, quote_2Call,
    setAvailableCall, setKeyCall, setPriceCall, stakeCall, unstakeCall, updateWorkerCall,
    withdrawCall,
};

use crate::life::{
    Cast, Life, PRICE, SMALL, STAKE, Shape, accept, buy, end, joining, live, order, registration,
    seated,
};
use crate::stage::{Contracts, Stage};

/// What is measured, and its gas.
pub(crate) type Row = (String, u64);

/// People of a market: more than take part in anything here.
pub(crate) const PEOPLE: u16 = 90;

/// Everything, in a market with these contracts.
pub(crate) async fn measure(contracts: &Contracts) -> Vec<Row> {
    let mut rows = steps(contracts).await;
    for workers in [1, 2, 4, 8] {
        for testers in [0, 3, 5] {
            let windows = if testers == 0 { 1 } else { 4 };
            rows.extend(lives(contracts, Shape { workers, testers, windows }).await);
        }
    }
    rows.extend(scattered(contracts).await);
    rows.extend(caps(contracts).await);
    rows
}

/// Each step by itself, in a market that has been in use for a while.
async fn steps(contracts: &Contracts) -> Vec<Row> {
    let mut stage = Stage::open(contracts, PEOPLE).await;
    let cast = Cast::enter(&mut stage, 20, 3, false).await;
    live(&mut stage, &cast, SMALL).await;
    single(&mut stage, &cast).await
}

/// Each step by itself, by a cast of at least twenty workers and three testers.
pub(crate) async fn single(stage: &mut Stage, cast: &Cast) -> Vec<Row> {
    let mut rows = Vec::new();
    offers(stage, cast, &mut rows).await;
    testers(stage, cast, &mut rows).await;
    purchases(stage, cast, &mut rows).await;
    ends(stage, cast, &mut rows).await;
    rows
}

/// Notes a step.
fn note(rows: &mut Vec<Row>, what: &str, gas: u64) {
    rows.push((what.to_owned(), gas));
}

/// What workers do for themselves.
async fn offers(stage: &mut Stage, cast: &Cast, rows: &mut Vec<Row>) {
    // The last but one of twenty: the one in front of it has number 18.
    let (ada, price, hint) = (cast.workers[18], PRICE + 18, 18);
    let (dearest, end) = cast.last;
    let new = registration(stage.account(70), dearest + 1, end);
    note(rows, "registerWorker, at an end of the book", stage.tell(70, &new, STAKE).await);
    let new = registration(stage.account(72), price, 19);
    note(rows, "registerWorker, between two others", stage.tell(72, &new, STAKE).await);
    let update = updateWorkerCall {
        price: PRICE + 19,
        maxLength: 90_000,
        promised: 9_600,
        capacity: 60,
        hint: 20,
    };
    note(rows, "updateWorker", stage.tell(ada, &update, 0).await);
    note(rows, "setPrice", stage.tell(ada, &setPriceCall { price, hint }, 0).await);
    note(rows, "setKey", stage.tell(ada, &setKeyCall { key: B256::repeat_byte(7) }, 0).await);
    let away = setAvailableCall { available: false, hint: 0 };
    note(rows, "setAvailable, false", stage.tell(ada, &away, 0).await);
    let back = setAvailableCall { available: true, hint };
    note(rows, "setAvailable, true", stage.tell(ada, &back, 0).await);
    note(rows, "stake", stage.tell(ada, &stakeCall { hint: 0 }, STAKE).await);
    let all = unstakeCall { amount: 2 * STAKE };
    note(rows, "unstake, and out of the book", stage.tell(ada, &all, 0).await);
    // From the head, the place is too far.
    stage.tell(ada, &stakeCall { hint: 0 }, STAKE).await;
    let (worker, to) = (stage.account(ada), stage.account(ada));
    note(rows, "list", stage.tell(cast.client, &listCall { worker, hint }, 0).await);
    note(rows, "withdraw", stage.tell(ada, &withdrawCall { to }, 0).await);
}

/// What testers do for themselves.
async fn testers(stage: &mut Stage, cast: &Cast, rows: &mut Vec<Row>) {
    let (new, bond) = (joining(stage, 71), stage.settings.testerBond);
    note(rows, "registerTester", stage.tell(71, &new, bond).await);
    note(rows, "checkIn, for the next epoch", stage.tell(71, &checkInCall {}, 0).await);
    stage.pass(2 * stage.settings.epochLength).await;
    let first = stage.tell(cast.testers[0], &checkInCall {}, 0).await;
    note(rows, "checkIn, the first of two epochs", first);
    let second = stage.tell(cast.testers[1], &checkInCall {}, 0).await;
    note(rows, "checkIn, for this epoch and the next", second);
    stage.tell(cast.testers[2], &checkInCall {}, 0).await;
}

/// Purchases in other forms than that of a life.
async fn purchases(stage: &mut Stage, cast: &Cast, rows: &mut Vec<Row>) {
    let (order, workers) = (order(SMALL), vec![5]);
    let quote = quote_2Call { order, workers: workers.clone() };
    let price = stage.ask(stage.dispatcher, &quote).await.price;
    let hired = stage.tell(cast.client, &hireCall { order, workers }, price).await;
    note(rows, "hire", hired);
    let excess = stage.tell(cast.client, &buyContract_1Call { order }, price + 1).await;
    note(rows, "buyContract, with excess", excess);
    let usual = buyContract_0Call { redundancy: U256::from(1), length: U256::from(120) };
    note(rows, "buyContract, refused", stage.tell(cast.client, &usual, price).await);
}

/// Agreements that end otherwise than in a life.
async fn ends(stage: &mut Stage, cast: &Cast, rows: &mut Vec<Row>) {
    let settle = settleCall { hints: vec![] };
    let ada = cast.workers[0];
    let mut bought = Vec::new();
    for _ in 0..3 {
        bought.push(buy(stage, cast.client, order(SMALL)).await.0);
    }
    let [left, cut, void] = bought[..] else { panic!("three were bought") };
    for to in [left, cut] {
        accept(stage, cast, SMALL, to).await;
    }
    note(rows, "resign", stage.send(ada, left, &resignCall {}, 0).await);
    note(rows, "cancel", stage.send(cast.client, cut, &cancelCall {}, 0).await);
    stage.pass(1_000).await;
    note(rows, "settle, after a resignation", stage.send(cast.client, left, &settle, 0).await);
    note(rows, "settle, nobody reported", stage.send(cast.client, cut, &settle, 0).await);
    note(rows, "settle, nobody accepted", stage.send(cast.client, void, &settle, 0).await);
}

/// Two lives of agreements of one size: the second one finds all credits in use.
async fn lives(contracts: &Contracts, shape: Shape) -> Vec<Row> {
    let mut stage = Stage::open(contracts, PEOPLE).await;
    let cast = Cast::enter(&mut stage, 8, shape.testers.into(), false).await;
    let (new, used) = (live(&mut stage, &cast, shape).await, live(&mut stage, &cast, shape).await);
    let name = format!("{} × {}: ", shape.workers, shape.testers);
    told(&name, &new, &used)
}

/// What is told of a life with new credits, and of one with credits in use.
fn told(name: &str, new: &Life, used: &Life) -> Vec<Row> {
    let mut rows = Vec::new();
    note(&mut rows, &format!("{name}buyContract"), used.buy);
    note(&mut rows, &format!("{name}accept, first"), used.accepts[0]);
    if let Some(next) = used.accepts.last().filter(|_| used.accepts.len() > 1) {
        note(&mut rows, &format!("{name}accept, last"), *next);
    }
    if let Some(most) = used.reports.iter().max() {
        note(&mut rows, &format!("{name}report"), *most);
    }
    note(&mut rows, &format!("{name}settle, all credits new"), new.settle);
    note(&mut rows, &format!("{name}settle, credits in use"), used.settle);
    note(&mut rows, &format!("{name}whole life, all credits new"), new.whole());
    note(&mut rows, &format!("{name}whole life, credits in use"), used.whole());
    rows
}

/// A life in which no tester has two seats, with new credits, then one with credits in use.
async fn scattered(contracts: &Contracts) -> Vec<Row> {
    let (_, new) = scatter(contracts, false).await;
    let (_, used) = scatter(contracts, true).await;
    told("1 × 3, 12 testers: ", &new, &used)
}

/// A life in which no tester has two seats, with credits in use or new ones, and where it was.
pub(crate) async fn scatter(contracts: &Contracts, credits: bool) -> (Stage, Life) {
    let mut stage = Stage::open(contracts, PEOPLE).await;
    let cast = Cast::enter(&mut stage, 8, 60, credits).await;
    if credits {
        live(&mut stage, &cast, SMALL).await;
    }
    let life = apart(&mut stage, &cast).await;
    (stage, life)
}

/// The first life in which no tester has two seats.
pub(crate) async fn apart(stage: &mut Stage, cast: &Cast) -> Life {
    loop {
        let (to, buy) = buy(stage, cast.client, order(SMALL)).await;
        let accepts = accept(stage, cast, SMALL, to).await;
        if seated(stage, cast, SMALL, to).await.len() == 12 {
            let (reports, settle) = end(stage, cast, SMALL, to).await;
            return Life { buy, accepts, reports, settle };
        }
    }
}

/// The largest agreement there can be.
async fn caps(contracts: &Contracts) -> Vec<Row> {
    let mut stage = Stage::open(contracts, PEOPLE).await;
    let cast = Cast::enter(&mut stage, 8, 63, false).await;
    let shape = Shape { workers: 8, testers: 3, windows: 21 };
    let (new, used) = (live(&mut stage, &cast, shape).await, live(&mut stage, &cast, shape).await);
    told("8 × 3, 21 windows: ", &new, &used)
}
