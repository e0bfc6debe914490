//! `muster tester`: the tester as a daemon, and each of its steps by hand.

use clap::Subcommand;

use crate::context::Context;
use crate::error::CliError;

mod check_in;
mod join;
mod probe;
mod report;
mod run;
mod seats;
mod store;

/// Commands of a tester.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  muster tester run --account dev:tom --check factor")]
pub(crate) enum Command {
    /// Run the tester: register, check in, probe workers where the account has a seat, report, withdraw fees
    Run(run::Options),
    /// Register the account as a tester; an account registers once, and keeps its role
    Join(join::Options),
    /// Enter the next epoch's list of testers, and this epoch's while it is short
    CheckIn(check_in::Options),
    /// Show the windows of an agreement in which the account has a seat
    Seats(seats::Options),
    /// Probe workers now, in a window in which the account has a seat
    Probe(probe::Options),
    /// Report what was measured in an agreement, once, after its end
    Report(report::Options),
}

/// Runs a command.
pub(crate) async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Run(options) => run::run(context, options).await,
        Command::Join(options) => join::run(context, options).await,
        Command::CheckIn(options) => check_in::run(context, options).await,
        Command::Seats(options) => seats::run(context, options).await,
        Command::Probe(options) => probe::run(context, options).await,
        Command::Report(options) => report::run(context, options).await,
    }
}
