//! `muster agreement wait`: until an agreement has come so far.

use std::time::Duration;

use alloy::primitives::Address;
use clap::{ArgGroup, Args, ValueEnum};
use muster_client::protocol::abi::State;
use muster_client::{Agreement, Market, state_text};
use tokio::time::sleep;

use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput};
use crate::{parse, progress};

/// How often to look.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// What to wait for.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("goal").required(true).args(["window", "state"]))]
pub(crate) struct Options {
    /// The agreement
    #[arg(value_parser = parse::contract_address)]
    agreement: Address,

    /// Until this window, counted from 0
    #[arg(long, value_name = "N")]
    window: Option<u8>,

    /// Until this state
    #[arg(long, value_enum)]
    state: Option<TargetState>,
}

/// A state that comes by itself or by others' doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum TargetState {
    /// A worker has accepted
    Running,
    /// The time is over, testers may report
    Reporting,
    /// Anybody may settle
    Due,
    /// Everybody is paid
    Settled,
}

/// Waits, and fails if it cannot come any more.
pub(crate) async fn run(
    context: &Context,
    market: &Market,
    options: Options,
) -> Result<(), CliError> {
    let agreement = market.agreement(options.agreement).await?;
    let busy = progress::spinner(context, "waiting");
    let arrived = loop {
        let now = agreement.state().await?;
        busy.set_message(format!("waits; it is {} now", state_text(now)));
        let arrived = match (options.window, options.state) {
            (Some(window), _) => has_reached_window(&agreement, now, window).await?,
            (None, goal) => {
                has_reached_state(&agreement, now, goal.unwrap_or(TargetState::Settled))?
            }
        };
        if arrived {
            break now;
        }
        sleep(POLL_INTERVAL).await;
    };
    drop(busy);
    let facts = [
        ("agreement", Cell::text(agreement.address())),
        ("state", Cell::text(state_text(arrived))),
        ("tick", Cell::count(market.now().await?)),
    ];
    let window = agreement.window().await?.map_or(Cell::None, Cell::count);
    context.print(&CommandOutput::new(facts).field("window", window))
}

/// Whether it is in this window.
async fn has_reached_window(
    agreement: &Agreement,
    now: State,
    window: u8,
) -> Result<bool, CliError> {
    let missed = || CliError::WaitMissed { agreement: agreement.address(), state: state_text(now) };
    match (now, agreement.window().await?) {
        (State::Offered, _) => Ok(false),
        (State::Running, Some(current)) if current <= window => Ok(current == window),
        _ => Err(missed()),
    }
}

/// Whether it is in this state.
fn has_reached_state(
    agreement: &Agreement,
    now: State,
    goal: TargetState,
) -> Result<bool, CliError> {
    let reached = match now {
        State::Offered => return Ok(false),
        State::Running => TargetState::Running,
        State::Reporting => TargetState::Reporting,
        State::Due => TargetState::Due,
        _ => TargetState::Settled,
    };
    if reached > goal {
        return Err(CliError::WaitMissed {
            agreement: agreement.address(),
            state: state_text(now),
        });
    }
    Ok(reached == goal)
}
