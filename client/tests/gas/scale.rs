//! Whether any step costs more in a large market. `MUSTER_WORKERS` and `MUSTER_TESTERS` set its
//! size; `scripts/scale` runs it with 100 000 and 10 000, and writes the table.

use std::collections::BTreeSet;

use alloy::primitives::{U256, keccak256};
use alloy::signers::local::PrivateKeySigner;
use muster_client::protocol::abi::IWorkerDispatcher::{checkInCall, unstakeCall};
use stylus_devnode::ArbosVersion;

use crate::env::GasEnv;
use crate::lifecycle::{
    AgreementSize, LifecycleGas, PRICE, Participants, STAKE, registration, run_lifecycle,
    tester_registration,
};
use crate::rows::{ACCOUNTS, Row, run_with_distinct_testers, single_step_rows};
use crate::snapshot::{self, table};

/// Workers and testers of the small market.
const SMALL_MARKET: (u64, u64) = (100, 63);

/// Workers and testers of the large market, by default.
const LARGE_MARKET: (u64, u64) = (200, 126);

/// A number from the environment.
fn env_u64(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|number| number.parse().unwrap())
}

/// The key of a participant that only fills the market.
fn participant_key(number: u64) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&keccak256(number.to_be_bytes())).unwrap()
}

/// A market with this many workers and testers, of which twenty and three act. All testers have
/// some credit and are in the current list.
async fn populated_market((workers, testers): (u64, u64)) -> (GasEnv, Participants) {
    let mut env = GasEnv::new(&crate::stylus_contracts(true, ArbosVersion::V61), ACCOUNTS).await;
    let mut participants = Participants::register(&mut env, 20, 3, true).await;
    let mut book: BTreeSet<(u128, u32)> =
        (0..20).map(|at| (PRICE + u128::from(at), at + 1)).collect();
    // Those that act have the first numbers.
    for (number, seed) in (24..).zip(20..workers) {
        let who = env.add_account(participant_key(seed)).await;
        // Behind those that act, anywhere.
        let draw = U256::from_be_bytes(keccak256(seed.to_le_bytes()).0) % U256::from(PRICE);
        let price = 2 * PRICE + draw.to::<u128>();
        let (_, hint) = book.range(..=(price, u32::MAX)).next_back().unwrap();
        let call = registration(env.account(who), price, *hint);
        env.send_to_dispatcher(who, &call, STAKE).await;
        book.insert((price, number));
    }
    participants.last = *book.last().unwrap();
    for tester in participants.testers.clone() {
        env.send_to_dispatcher(tester, &checkInCall {}, 0).await;
    }
    for seed in 3..testers {
        let who = env.add_account(participant_key(1 << 32 | seed)).await;
        let (call, bond) = (tester_registration(&env, who), env.settings.testerBond);
        env.send_to_dispatcher(who, &call, bond + 1).await;
        env.send_to_dispatcher(who, &unstakeCall { amount: 1 }, 0).await;
        env.send_to_dispatcher(who, &checkInCall {}, 0).await;
        participants.testers.push(who);
    }
    env.advance(env.settings.epochLength).await;
    (env, participants)
}

/// The rows of every step, and the largest settlement with the testers that it paid.
async fn measure_steps(env: &mut GasEnv, participants: &Participants) -> (Vec<Row>, LifecycleGas) {
    let caps = run_lifecycle(
        env,
        participants,
        AgreementSize { workers: 8, testers: 3, windows: 21 },
        false,
    )
    .await;
    let life = run_with_distinct_testers(env, participants, false).await;
    let rows = [
        ("buyContract", life.buy),
        ("accept", life.accepts[0]),
        ("report", life.reports[0]),
        ("settle, 12 testers", life.settle),
        ("whole life, 12 testers", life.total()),
    ];
    let mut rows: Vec<Row> = rows.map(|(name, gas)| (name.to_owned(), gas)).into();
    rows.extend(single_step_rows(env, participants).await);
    (rows, caps)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_costs_the_same_in_a_large_market() {
    let population = env_u64("MUSTER_WORKERS").zip(env_u64("MUSTER_TESTERS"));
    let (mut small, participants) = populated_market(SMALL_MARKET).await;
    let (few, _) = measure_steps(&mut small, &participants).await;
    let (mut large, participants) = populated_market(population.unwrap_or(LARGE_MARKET)).await;
    let (many, caps) = measure_steps(&mut large, &participants).await;
    let mut rows = Vec::new();
    for ((name, few), (same, many)) in few.iter().zip(&many) {
        assert_eq!(name, same);
        assert!(few.abs_diff(*many) * 50 <= *few, "{name} took {few} gas, and {many} in a crowd");
        rows.push(vec![name.clone(), few.to_string(), many.to_string()]);
    }
    assert!(caps.settle <= 3_000_000, "it took {}", caps.settle);
    if let Some((workers, testers)) = population {
        let places = caps.reports.len();
        let largest = format!("settle, 8 workers, 63 seats of {places} testers");
        rows.push(vec![largest, "–".to_owned(), caps.settle.to_string()]);
        let many = format!("{workers} workers, {testers} testers");
        let few = format!("{} workers, {} testers", SMALL_MARKET.0, SMALL_MARKET.1);
        snapshot::check_section("docs/gas.md", "scale", &table(&["step", &few, &many], rows));
    }
}
