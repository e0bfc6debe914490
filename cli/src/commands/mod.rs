//! One file for each group of commands: its options, and what it does.

use crate::args::Command;
use crate::context::Context;
use crate::error::CliError;

pub(crate) mod agreement;
pub(crate) mod client;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod credit;
pub(crate) mod deploy;
pub(crate) mod devnode;
pub(crate) mod fund;
pub(crate) mod history;
pub(crate) mod keepalive;
pub(crate) mod key;
pub(crate) mod ledger;
pub(crate) mod man;
pub(crate) mod market;
pub(crate) mod order_args;
pub(crate) mod probe;
pub(crate) mod program;
pub(crate) mod relay;
pub(crate) mod serve;
pub(crate) mod settle;
pub(crate) mod tester;
pub(crate) mod wait;
pub(crate) mod worker;
pub(crate) mod workers;

/// Carries out a command line.
pub(crate) async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Devnode(options) => devnode::run(context, options).await,
        Command::Fund(options) => fund::run(context, options).await,
        Command::Deploy(options) => deploy::run(context, options).await,
        Command::Program(action) => program::run(context, action).await,
        Command::Worker(action) => worker::run(context, action).await,
        Command::Workers(options) => workers::run(context, options).await,
        Command::Tester(action) => tester::run(context, action).await,
        Command::Client(action) => client::run(context, action).await,
        Command::Agreement(action) => agreement::run(context, action).await,
        Command::Settle(options) => settle::run(context, options).await,
        Command::Credit(options) => credit::credit(context, options).await,
        Command::Withdraw(options) => credit::withdraw(context, options).await,
        Command::Keepalive(options) => keepalive::run(context, options).await,
        Command::Market(action) => market::run(context, action).await,
        Command::History(options) => history::run(context, options).await,
        Command::Watch(options) => history::watch(context, options).await,
        Command::Relay(options) => relay::run(context, options).await,
        Command::Serve(options) => serve::run(context, options).await,
        Command::Ledger(options) => ledger::run(context, options).await,
        Command::Key(action) => key::run(context, action),
        Command::Config => config::run(context),
        Command::Completions(options) => completions::run(context, &options),
        Command::Man(options) => man::run(context, &options),
    }
}
