//! The gas of every step, compared to the unit with the snapshot in the repository. `scripts/gas`
//! writes a new snapshot.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test panics at the first unexpected result, and says where"
)]

#[path = "../random/chain.rs"]
#[expect(dead_code, reason = "the random steps use the rest")]
mod chain;
#[path = "../it/harness/deployed.rs"]
#[expect(dead_code, reason = "the environment of these tests deploys markets")]
mod deployed;
mod env;
mod hostios;
mod lifecycle;
#[path = "../it/harness/programs.rs"]
mod programs;
mod reports;
mod rows;
mod scale;
mod snapshot;
mod solidity;
mod targets;
mod versions;

use stylus_devnode::ArbosVersion;

use crate::env::{CallRecord, Contracts, GasEnv};
use crate::hostios::HostioGas;
use crate::lifecycle::{Participants, SMALL, run_lifecycle};
use crate::programs::PROGRAMS;
use crate::rows::{measure, measure_distinct_testers};
use crate::snapshot::table;

/// The Stylus contracts on a chain of this version, cached by it or not.
fn stylus_contracts(cached: bool, arbos: ArbosVersion) -> Contracts {
    let [agreement, dispatcher] = PROGRAMS.clone();
    Contracts::Stylus { agreement, dispatcher, cached, arbos }
}

/// The hostios of the calls of a lifecycle that cost most.
async fn hostio_breakdown() -> String {
    let contracts = stylus_contracts(true, ArbosVersion::V61);
    let mut env = GasEnv::new(&contracts, 20).await;
    let participants = Participants::register(&mut env, 1, 3, false).await;
    run_lifecycle(&mut env, &participants, SMALL, false).await;
    let second = env.calls.len();
    run_lifecycle(&mut env, &participants, SMALL, false).await;
    let mut parts = Vec::new();
    let mut listed = Vec::new();
    for call in &env.calls[second..] {
        if !listed.contains(&call.signature) {
            listed.push(call.signature);
            parts.push(hostio_table(&env, call, "").await);
        }
    }
    let batched = env.calls.len();
    run_lifecycle(&mut env, &participants, SMALL, true).await;
    for call in &env.calls[batched..] {
        if !listed.contains(&call.signature) {
            parts.push(hostio_table(&env, call, " of 3 testers").await);
        }
    }
    let (env, _) = measure_distinct_testers(&contracts, true, false).await;
    parts.push(hostio_table(&env, env.calls.last().unwrap(), " of 12 testers").await);
    parts.join("\n")
}

/// The hostios of a call, with a word on which call it is.
async fn hostio_table(env: &GasEnv, call: &CallRecord, which: &str) -> String {
    let name = call.signature.split('(').next().unwrap();
    let rows = HostioGas::of_transaction(env, call.transaction).await;
    let rows = rows.rows().into_iter().filter(|(_, gas, _)| *gas >= 100);
    let rows = rows.map(|(name, gas, count)| vec![name.into(), count.to_string(), gas.to_string()]);
    format!("`{name}`{which}, {} gas:\n\n{}", call.gas, table(&["host call", "calls", "gas"], rows))
}

#[tokio::test(flavor = "multi_thread")]
async fn gas_matches_the_snapshot() {
    let measured = versions::measure_all().await;
    snapshot::check_file("gas.snap", &versions::snapshot(&measured));
    snapshot::check_section("docs/gas.md", "versions", &versions::compared(&measured));
    let [cached, ..] = &measured;
    snapshot::check_section("docs/gas.md", "targets", &targets::compared(cached));
    snapshot::check_section("docs/gas.md", "host calls", &hostio_breakdown().await);
    if let Some([agreement, dispatcher]) = deployed::solidity_init_code() {
        let theirs = measure(&Contracts::Evm { agreement, dispatcher }).await;
        snapshot::check_section(
            "docs/gas.md",
            "twin",
            &solidity::comparison_table(cached, &theirs),
        );
    }
}
