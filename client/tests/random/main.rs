//! The contracts beside the model of the market, through random steps: whatever anybody does, at any
//! time, both do the same.
//!
//! `MUSTER_SEED` and `MUSTER_STEPS` repeat a run; both are printed. Every 500 steps a new market begins,
//! with other constants and the next seed. One seed is one story, to the hashes of its blocks.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::integer_division,
    clippy::print_stderr,
    reason = "a test that meets what it does not expect should end there, and say where"
)]

mod chain;
#[path = "../it/harness/deployed.rs"]
mod deployed;
mod dice;
#[path = "../it/harness/evm.rs"]
#[expect(dead_code, reason = "the stories use what is not used here")]
mod evm;
mod lives;
#[path = "../it/harness/programs.rs"]
mod programs;
mod sight;
mod steps;
mod story;
mod tally;
mod world;

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use alloy::primitives::B256;
use futures::{StreamExt, TryStreamExt, stream};

use crate::story::Story;
use crate::tally::Tally;

/// Steps of one market.
const STORY: u64 = 500;

/// Steps of a run that nobody asked to be longer.
const STEPS: u64 = 2_000;

/// Markets at the same time.
const BESIDE: usize = 2;

/// A number from the environment.
fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|number| number.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn contracts_and_model_do_the_same_whatever_anybody_does() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = asked("MUSTER_SEED").unwrap_or(now.as_secs());
    let steps = asked("MUSTER_STEPS").unwrap_or(STEPS);
    eprintln!("MUSTER_SEED={seed} MUSTER_STEPS={steps}");
    let begin = Instant::now();
    let stories = (0..steps.div_ceil(STORY)).map(|story| {
        let rest = (steps - story * STORY).min(STORY);
        tokio::spawn(Story::play(seed + story, rest))
    });
    // Made as they are taken, so no more than these run at once.
    let stories = stream::iter(stories).buffer_unordered(BESIDE);
    let add = |mut all: Tally, (one, _): (Tally, B256)| async move {
        all.merge(&one);
        Ok(all)
    };
    let tally = stories.try_fold(Tally::default(), add).await.unwrap();
    eprint!("{tally}");
    eprintln!("{steps} steps in {:?}", begin.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_seed_is_one_story() {
    let [(_, first), (_, second), (_, other)] =
        [Story::play(7, 60).await, Story::play(7, 60).await, Story::play(8, 60).await];
    assert_eq!(first, second);
    assert_ne!(first, other);
}
