//! ethers-rs drives the counter, once as an EVM contract and once as a Stylus program.
//!
//! The environment names the chain: its URL in `RPC`, the key of a funded account in `DEV_KEY`.

mod bindings;
mod chain;
mod drive;
mod steps;

use std::process::ExitCode;

use ethers::types::U256;

use crate::{chain::Chain, drive::drive, steps::Steps};

#[tokio::main]
async fn main() -> ExitCode {
    let mut steps = Steps::default();
    // A step that others depend on returns `None` if it fails; the others are skipped then.
    story(&mut steps).await;
    steps.end()
}

/// All steps in order; `None` if one failed that the others depend on.
async fn story(steps: &mut Steps) -> Option<()> {
    let chain = steps.run("funds an own account", Chain::connect()).await?;
    steps.run("reports the chain", chain.know()).await;

    let start = U256::from(40);
    let deployment = chain.deploy("Counter", (start,));
    let contract = steps.run("contract: deploys, with an argument", deployment).await?;
    drive(steps, &chain, "contract", contract, start).await;

    let deployment = chain.deploy("stylus-counter", ());
    let program = steps.run("program: deploys", deployment).await?;
    let refusal = chain.refuse_inactive(program);
    steps.run("program: cannot be called before its activation", refusal).await;
    let activation = chain.activate(program);
    steps.run("program: is activated for the fee in the event", activation).await?;
    drive(steps, &chain, "program", program, U256::zero()).await;
    Some(())
}
