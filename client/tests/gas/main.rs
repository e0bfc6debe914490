//! What every step costs: gas is exact, so it is compared to the unit with what it was. `scripts/gas`
//! writes down what it is now.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that meets what it does not expect should end there, and say where"
)]

#[path = "../random/chain.rs"]
#[expect(dead_code, reason = "random steps look at what is not looked at here")]
mod chain;
#[path = "../it/harness/deployed.rs"]
#[expect(dead_code, reason = "markets are deployed by the stage here")]
mod deployed;
mod hooks;
mod life;
mod paper;
#[path = "../it/harness/programs.rs"]
mod programs;
mod rows;
mod scale;
mod stage;
mod targets;
mod twin;

use crate::hooks::Hooks;
use crate::life::{Cast, SMALL, live};
use crate::paper::table;
use crate::programs::PROGRAMS;
use crate::rows::{Row, measure, scatter};
use crate::stage::{Called, Contracts, Stage};

/// Our contracts, kept ready by the chain or not.
fn ours(cached: bool) -> Contracts {
    let [agreement, dispatcher] = PROGRAMS.clone();
    Contracts::Stylus { agreement, dispatcher, cached }
}

/// The snapshot: a line for each row, gas with programs in the chain's cache and without.
fn snapshot(cached: &[Row], uncached: &[Row]) -> String {
    let head = format!("{:<50} {:>8} {:>8}\n", "step", "cached", "uncached");
    cached.iter().zip(uncached).fold(head, |text, ((name, gas), (same, more))| {
        assert_eq!(name, same);
        text + &format!("{name:<50} {gas:>8} {more:>8}\n")
    })
}

/// Where the gas of the calls of a life goes that cost most.
async fn break_down() -> String {
    let mut stage = Stage::open(&ours(true), 20).await;
    let cast = Cast::enter(&mut stage, 1, 3, false).await;
    live(&mut stage, &cast, SMALL).await;
    let second = stage.called.len();
    live(&mut stage, &cast, SMALL).await;
    let mut parts = Vec::new();
    let mut told = Vec::new();
    for call in &stage.called[second..] {
        if !told.contains(&call.signature) {
            told.push(call.signature);
            parts.push(hooks_of(&stage, call, "").await);
        }
    }
    let (stage, _) = scatter(&ours(true), true).await;
    parts.push(hooks_of(&stage, stage.called.last().unwrap(), " of 12 testers").await);
    parts.join("\n")
}

/// Where the gas of a call goes, with a word on which it is.
async fn hooks_of(stage: &Stage, call: &Called, which: &str) -> String {
    let name = call.signature.split('(').next().unwrap();
    let rows = Hooks::of(stage, call.transaction).await;
    let rows = rows.rows().into_iter().filter(|(_, gas, _)| *gas >= 100);
    let rows = rows.map(|(name, gas, count)| vec![name.into(), count.to_string(), gas.to_string()]);
    format!("`{name}`{which}, {} gas:\n\n{}", call.gas, table(&["host call", "calls", "gas"], rows))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_costs_what_is_written_down() {
    let (cached, uncached) = (measure(&ours(true)).await, measure(&ours(false)).await);
    paper::whole("gas.snap", &snapshot(&cached, &uncached));
    paper::part("docs/gas.md", "targets", &targets::compared(&cached));
    paper::part("docs/gas.md", "host calls", &break_down().await);
    if let Some([agreement, dispatcher]) = deployed::twin() {
        let theirs = measure(&Contracts::Evm { agreement, dispatcher }).await;
        paper::part("docs/gas.md", "twin", &twin::compared(&cached, &theirs));
    }
}
