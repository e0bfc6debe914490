//! Whether anything costs more in a crowd. `MUSTER_WORKERS` and `MUSTER_TESTERS` say how large it is;
//! `scripts/scale` asks for 100 000 and 10 000, and writes the table down.

use std::collections::BTreeSet;

use alloy::primitives::{U256, keccak256};
use alloy::signers::local::PrivateKeySigner;
use muster_client::protocol::abi::IWorkerDispatcher::{checkInCall, unstakeCall};

use crate::life::{Cast, Life, PRICE, STAKE, Shape, joining, live, registration};
use crate::paper::{self, table};
use crate::rows::{PEOPLE, Row, apart, single};
use crate::stage::Stage;

/// Workers and testers of the small crowd.
const FEW: (u64, u64) = (100, 63);

/// Workers and testers of the large one, unless somebody asks for more.
const MANY: (u64, u64) = (200, 126);

/// A number from the environment.
fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|number| number.parse().unwrap())
}

/// The key of somebody in the crowd.
fn key(number: u64) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&keccak256(number.to_be_bytes())).unwrap()
}

/// A market with so many workers and testers, twenty and three of them those who act. All testers have
/// some credit and are in the list of now.
async fn crowded((workers, testers): (u64, u64)) -> (Stage, Cast) {
    let mut stage = Stage::open(&crate::ours(true), PEOPLE).await;
    let mut cast = Cast::enter(&mut stage, 20, 3, true).await;
    let mut book: BTreeSet<(u128, u32)> =
        (0..20).map(|at| (PRICE + u128::from(at), at + 1)).collect();
    // The numbers of those who act are the first.
    for (number, seed) in (24..).zip(20..workers) {
        let who = stage.admit(key(seed)).await;
        // Behind those who act, anywhere.
        let draw = U256::from_be_bytes(keccak256(seed.to_le_bytes()).0) % U256::from(PRICE);
        let price = 2 * PRICE + draw.to::<u128>();
        let (_, hint) = book.range(..=(price, u32::MAX)).next_back().unwrap();
        let call = registration(stage.account(who), price, *hint);
        stage.tell(who, &call, STAKE).await;
        book.insert((price, number));
    }
    cast.last = *book.last().unwrap();
    for tester in cast.testers.clone() {
        stage.tell(tester, &checkInCall {}, 0).await;
    }
    for seed in 3..testers {
        let who = stage.admit(key(1 << 32 | seed)).await;
        let (call, bond) = (joining(&stage, who), stage.settings.testerBond);
        stage.tell(who, &call, bond + 1).await;
        stage.tell(who, &unstakeCall { amount: 1 }, 0).await;
        stage.tell(who, &checkInCall {}, 0).await;
        cast.testers.push(who);
    }
    stage.pass(stage.settings.epochLength).await;
    (stage, cast)
}

/// Every step, in a crowd, and the largest settlement with the testers that it paid.
async fn measure(stage: &mut Stage, cast: &Cast) -> (Vec<Row>, Life) {
    let caps = live(stage, cast, Shape { workers: 8, testers: 3, windows: 21 }).await;
    let life = apart(stage, cast).await;
    let rows = [
        ("buyContract", life.buy),
        ("accept", life.accepts[0]),
        ("report", life.reports[0]),
        ("settle, 12 testers", life.settle),
        ("whole life, 12 testers", life.whole()),
    ];
    let mut rows: Vec<Row> = rows.map(|(name, gas)| (name.to_owned(), gas)).into();
    rows.extend(single(stage, cast).await);
    (rows, caps)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_costs_the_same_in_a_crowd() {
    let crowd = asked("MUSTER_WORKERS").zip(asked("MUSTER_TESTERS"));
    let (mut small, cast) = crowded(FEW).await;
    let (few, _) = measure(&mut small, &cast).await;
    let (mut large, cast) = crowded(crowd.unwrap_or(MANY)).await;
    let (many, caps) = measure(&mut large, &cast).await;
    let mut rows = Vec::new();
    for ((name, few), (same, many)) in few.iter().zip(&many) {
        assert_eq!(name, same);
        assert!(few.abs_diff(*many) * 50 <= *few, "{name} took {few} gas, and {many} in a crowd");
        rows.push(vec![name.clone(), few.to_string(), many.to_string()]);
    }
    assert!(caps.settle <= 2_500_000, "it took {}", caps.settle);
    if let Some((workers, testers)) = crowd {
        let places = caps.reports.len();
        let largest = format!("settle, 8 workers, 63 seats of {places} testers");
        rows.push(vec![largest, "–".to_owned(), caps.settle.to_string()]);
        let many = format!("{workers} workers, {testers} testers");
        let few = format!("{} workers, {} testers", FEW.0, FEW.1);
        paper::part("docs/gas.md", "scale", &table(&["step", &few, &many], rows));
    }
}
