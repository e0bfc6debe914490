//! Differential tests: the contracts and the model of the market take the same random steps, and
//! must agree after each.
//!
//! `MUSTER_SEED` and `MUSTER_STEPS` repeat a run; both are printed. Every 500 steps a new market
//! begins, with other constants and the next seed. The same seed gives the same run, to the hashes
//! of its blocks.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::integer_division,
    clippy::print_stderr,
    reason = "a test panics at the first unexpected result, and says where"
)]

mod agreement_steps;
mod chain;
#[path = "../it/harness/deployed.rs"]
mod deployed;
mod env;
#[path = "../it/harness/evm.rs"]
#[expect(dead_code, reason = "the tests in it/ use the rest")]
mod evm;
mod observables;
#[path = "../it/harness/programs.rs"]
mod programs;
mod reports;
mod rng;
mod run;
mod stats;
mod steps;
mod values;

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use alloy::primitives::B256;
use futures::{StreamExt, TryStreamExt, stream};

use crate::run::RandomRun;
use crate::stats::Stats;

/// Steps of one market.
const STEPS_PER_MARKET: u64 = 500;

/// Steps of a run by default.
const DEFAULT_STEPS: u64 = 2_000;

/// Markets that run at the same time.
const PARALLEL_MARKETS: usize = 2;

/// A number from the environment.
fn env_u64(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|number| number.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn contracts_and_model_do_the_same_whatever_anybody_does() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = env_u64("MUSTER_SEED").unwrap_or(now.as_secs());
    let steps = env_u64("MUSTER_STEPS").unwrap_or(DEFAULT_STEPS);
    eprintln!("MUSTER_SEED={seed} MUSTER_STEPS={steps}");
    let begin = Instant::now();
    let runs = (0..steps.div_ceil(STEPS_PER_MARKET)).map(|run| {
        let rest = (steps - run * STEPS_PER_MARKET).min(STEPS_PER_MARKET);
        tokio::spawn(RandomRun::execute(seed + run, rest))
    });
    // The stream is lazy, so no more than these run at once.
    let runs = stream::iter(runs).buffer_unordered(PARALLEL_MARKETS);
    let add = |mut all: Stats, (one, _): (Stats, B256)| async move {
        all.merge(&one);
        Ok(all)
    };
    let stats = runs.try_fold(Stats::default(), add).await.unwrap();
    eprint!("{stats}");
    eprintln!("{steps} steps in {:?}", begin.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn same_seed_gives_the_same_run() {
    let [(_, first), (_, second), (_, other)] = [
        RandomRun::execute(7, 60).await,
        RandomRun::execute(7, 60).await,
        RandomRun::execute(8, 60).await,
    ];
    assert_eq!(first, second);
    assert_ne!(first, other);
}
