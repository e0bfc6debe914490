//! `muster agreement wait`: until a window or a state.

use std::time::Duration;

use alloy::primitives::Address;
use clap::{ArgGroup, Args, ValueEnum};
use muster_client::protocol::abi::State;
use muster_client::{Agreement, state_text};
use tokio::time::sleep;

use crate::context::Context;
use crate::error::CliError;
use crate::options::heading;
use crate::output::ticks::tick_cell;
use crate::output::{Cell, CommandOutput};
use crate::{parse, progress};

/// Time between two reads of the state.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Options of `muster agreement wait`.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("goal").required(true).args(["window", "state"]),
    next_help_heading = heading::COMMAND,
    after_help = "Examples:\n  muster agreement wait 0x8ba1f109551bD432803012645Ac136ddd64DBA72 --window 0\n  \
        muster agreement wait 0x8ba1f109551bD432803012645Ac136ddd64DBA72 --state settled"
)]
pub(crate) struct Options {
    /// Agreement to wait for
    #[arg(value_parser = parse::contract_address)]
    agreement: Address,

    /// Wait until this window, counted from 0
    #[arg(long, value_name = "N")]
    window: Option<u8>,

    /// Wait until this state
    #[arg(long, value_enum)]
    state: Option<TargetState>,
}

/// A state that an agreement reaches by itself or through others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum TargetState {
    /// A worker has accepted
    Running,
    /// The agreed time is over, and testers may report
    Reporting,
    /// Anybody may settle
    Due,
    /// Everybody is paid
    Settled,
}

/// Waits.
///
/// # Errors
/// [`CliError::WaitMissed`] if the agreement cannot reach the window or state any more.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let market = context.market().await?;
    let agreement = market.agreement(options.agreement).await?;
    let spinner = progress::spinner(context, "waiting");
    let arrived = loop {
        let now = agreement.state().await?;
        spinner.set_message(format!("waiting; the agreement is {}", state_text(now)));
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
    drop(spinner);
    let fields = [
        ("agreement", Cell::address(agreement.address())),
        ("state", Cell::text(state_text(arrived))),
        ("tick", tick_cell(&context.clock(&market).await?, market.now().await?)),
    ];
    let window = agreement.window().await?.map_or(Cell::None, Cell::count);
    context.print(&CommandOutput::new(fields).field("window", window))
}

/// Whether the agreement is in this window.
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

/// Whether the agreement is in this state.
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
