//! `muster worker`: the worker as a daemon, and each of its transactions by hand.

use clap::Subcommand;

use crate::context::Context;
use crate::error::CliError;

mod accept;
mod available;
mod key;
mod list;
mod price;
mod register;
mod relist;
mod resign;
mod run;
mod show;
mod stake;
mod unstake;
mod update;

/// Commands of a worker.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  muster worker list")]
pub(crate) enum Command {
    /// Run the worker: register, stay in the book, accept, serve through a gateway, settle, withdraw
    Run(Box<run::Options>),
    /// Register the account as a worker; an account registers once, and keeps its role
    Register(register::Options),
    /// List all registered workers: those in the book first, by price
    ///
    /// The score is the lower bound of a worker's success rate in paid tests, of 10000; 0 before the first one.
    List(list::Options),
    /// Put a worker that qualifies back into the book; any account may
    Relist(relist::Options),
    /// Change price, longest agreement, promise and capacity in one transaction
    Update(update::Options),
    /// Change the price
    Price(price::Options),
    /// Take new agreements, or stop taking them
    Available(available::Options),
    /// Change the key for messages
    Key(key::Options),
    /// Add to the stake
    Stake(stake::Options),
    /// Move free stake to the credit, from which it can be withdrawn
    Unstake(unstake::Options),
    /// Accept an agreement that chose the account
    Accept(accept::Options),
    /// Leave a running agreement
    ///
    /// The account is paid for the windows that are over, and loses a tenth of its bond, beside what it loses for bad
    /// service.
    Resign(resign::Options),
    /// Show what the market stores about a worker or tester
    ///
    /// The score is the lower bound of its success rate in paid tests, of 10000.
    Show(show::Options),
}

/// Runs a command.
pub(crate) async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Run(options) => Box::pin(run::run(context, *options)).await,
        Command::Register(options) => register::run(context, options).await,
        Command::List(options) => list::run(context, options).await,
        Command::Relist(options) => relist::run(context, options).await,
        Command::Update(options) => update::run(context, options).await,
        Command::Price(options) => price::run(context, options).await,
        Command::Available(options) => available::run(context, options).await,
        Command::Key(options) => key::run(context, options).await,
        Command::Stake(options) => stake::run(context, options).await,
        Command::Unstake(options) => unstake::run(context, options).await,
        Command::Accept(options) => accept::run(context, options).await,
        Command::Resign(options) => resign::run(context, options).await,
        Command::Show(options) => show::run(context, options).await,
    }
}
