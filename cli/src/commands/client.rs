//! `muster client`: prices, purchases, the use of what was bought, and its early end.

use clap::Subcommand;

use crate::context::Context;
use crate::error::CliError;

mod buy;
mod cancel;
mod connect;
mod document_order;
mod quote;
mod run;
mod token;
mod try_service;
mod watch;

/// Commands of a client.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  muster client quote --length 240 --testers 3")]
pub(crate) enum Command {
    /// Show the price of an order, and the workers that it would buy
    Quote(quote::Options),
    /// Buy an agreement
    Buy(buy::Options),
    /// Serve an agreement's service at a local address, and do the client's part until it is settled
    Connect(connect::Options),
    /// Do the client's part in all agreements: give passes, release the absent, settle, withdraw refunds; renew with --renew
    Run(run::Options),
    /// Print the events and the state of an agreement until it is settled or until ctrl-c or SIGTERM
    Watch(watch::Options),
    /// End an agreement early
    ///
    /// It ends after the current window and one more, but not before the market's shortest length, and a quarter of the
    /// windows and one more. Without testers, it ends after a notice of an eighth of its length, and of the shortest length.
    Cancel(cancel::Options),
    /// Make, list and remove tokens of the local API, which `client run --api` serves
    #[command(subcommand)]
    Token(token::Command),
    /// Use a service that `muster example factor` runs, once
    Try(try_service::Options),
}

/// Runs a command.
pub(crate) async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Quote(options) => quote::run(context, options).await,
        Command::Buy(options) => buy::run(context, options).await,
        Command::Connect(options) => connect::run(context, options).await,
        Command::Run(options) => run::run(context, options).await,
        Command::Watch(options) => watch::run(context, options).await,
        Command::Cancel(options) => cancel::run(context, options).await,
        Command::Token(command) => token::run(context, command).await,
        Command::Try(options) => try_service::run(context, options).await,
    }
}
