//! The tree of commands: what there is, in the order of the help, and which module runs it.

use clap::{CommandFactory, Parser, Subcommand};
use tracing_subscriber::filter::LevelFilter;

use crate::commands;
use crate::context::Context;
use crate::error::CliError;
use crate::options::global::GlobalArgs;

#[cfg(test)]
mod tests;

/// Offer, buy and test computation on a market of Arbitrum Stylus contracts
#[derive(Debug, Parser)]
#[command(
    name = "muster",
    version,
    propagate_version = true,
    after_help = "Examples:\n  muster devnode\n  muster deploy\n  muster worker list"
)]
pub(crate) struct Cli {
    /// Options that every command takes.
    #[command(flatten)]
    pub(crate) globals: GlobalArgs,
    /// The command.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands and groups of commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run an Arbitrum dev chain until ctrl-c or SIGTERM
    Devnode(commands::devnode::Options),
    /// Send ether to an account
    Fund(commands::fund::Options),
    /// Deploy a market
    Deploy(commands::deploy::Options),
    /// Check compiled contracts
    #[command(subcommand)]
    Program(commands::program::Command),
    /// Offer computation as a worker, and serve agreements
    #[command(subcommand)]
    Worker(commands::worker::Command),
    /// Test workers, and report what was seen
    #[command(subcommand)]
    Tester(commands::tester::Command),
    /// Buy computation, and use it
    #[command(subcommand)]
    Client(commands::client::Command),
    /// Run a WebAssembly program on workers, and compare their results
    ///
    /// The program is a command of WASI preview 1. It sees one folder in memory, without a network, a clock or other
    /// files, so that every worker gets the same result. What it prints goes to standard output, its files to --out, and
    /// everything else to standard error. A command that was interrupted goes on when it is repeated, and buys nothing twice.
    ///
    /// Exit codes: that of the program, if the workers agree as asked (its lower 8 bits, or 1 if these are 0 and the rest is
    /// not); 134 if it trapped; 125 if the workers do not agree, or the command failed; 130 if it was interrupted.
    Run(commands::run::Options),
    /// Run a WebAssembly program on workers once for each of many files
    ///
    /// Exit codes: 0 if the workers agree as asked on every job, and every program exited with 0; 1 if a program did not; 125
    /// if the workers do not agree on a job, or the command failed; 130 if it was interrupted. Repeat the command to go on.
    Map(commands::map::Options),
    /// Show, fetch, cancel and verify jobs
    #[command(subcommand)]
    Job(commands::job::Command),
    /// Host a WebAssembly component that answers HTTP requests
    #[command(subcommand)]
    Service(commands::service::Command),
    /// Show agreements, and wait for them
    #[command(subcommand)]
    Agreement(commands::agreement::Command),
    /// Settle the absent workers of an agreement, and free the slots of all after its end; any account may
    Release(commands::release::Options),
    /// Settle an agreement that is due, and pay everybody; any account may
    Settle(commands::settle::Options),
    /// Show the credit that an account can withdraw
    Credit(commands::credit::Options),
    /// Withdraw the whole credit of the account
    Withdraw(commands::withdraw::Options),
    /// Extend the lifetime of the market's programs, or activate them again; any account may
    Keepalive(commands::keepalive::Options),
    /// Show the market itself
    #[command(subcommand)]
    Market(commands::market::Command),
    /// Print past events of the market
    History(commands::history::Options),
    /// Print events of the market as they happen, until ctrl-c or SIGTERM
    Watch(commands::watch::Options),
    /// Index the market's events into a database until ctrl-c or SIGTERM
    ///
    /// What the index says is never trusted for money: what is signed is asked from the chain again.
    Index(commands::index::Options),
    /// Serve the market as web pages
    ///
    /// Pages are made from the index. What visitors sign, they sign in their own wallets: the dashboard has no key, makes the call,
    /// says in words what it does, and lets the node simulate it first.
    Dashboard(commands::dashboard::Options),
    /// Run a relay for encrypted messages until ctrl-c or SIGTERM
    Relay(commands::relay::Options),
    /// Say what an application is, so that workers, clients and testers mean the same
    #[command(subcommand)]
    Application(commands::application::Command),
    /// Run example services that a worker can offer
    #[command(subcommand)]
    Example(commands::example::Command),
    /// Account for every wei of settled agreements
    Ledger(commands::ledger::Options),
    /// Show what an account earned and paid in a month
    ///
    /// Amounts are exact, and come from the market's events alone: what clients paid and got back, what workers and testers
    /// earned, what bonds lost, and the gas of the account's own transactions. Transactions that failed have no events.
    Statement(commands::statement::Options),
    /// Show which functions of which programs used the gas of a transaction or a call
    ///
    /// A dev chain runs it again, on the state before it. A compiled contract with --wasm gives the names of functions, as
    /// they are in the source; it must be the code that is on the chain. `gas` is what a function used itself, `total gas`
    /// includes everything that it called.
    GasProfile(commands::gas_profile::Options),
    /// Turn dollars an hour into the price of a tick, and back
    Price(commands::price::Options),
    /// Check everything that a role needs, and say what to do
    ///
    /// Exit codes: 0 if everything is there, 1 if something is wrong.
    Doctor(commands::doctor::Options),
    /// Name addresses
    #[command(subcommand)]
    Alias(commands::alias::Command),
    /// Create and show keys
    #[command(subcommand)]
    Key(commands::key::Command),
    /// Show every setting and where it comes from
    ///
    /// The first of these that names a setting decides it: an option, the environment, ./.muster/config.toml,
    /// ~/.config/muster/config.toml, the default.
    Config(commands::config::Options),
    /// Print the completion script of a shell
    Completions(commands::completions::Options),
    /// Write a manual page for every command
    Man(commands::man::Options),
    /// Print the JSON Schema of what commands print with --json
    Schema(commands::schema::Options),
}

impl Command {
    /// The level of logs without a setting: daemons say what they do, and commands of jobs print what people want to know.
    pub(crate) const fn log_level(&self) -> LevelFilter {
        match self {
            Self::Run(_) | Self::Map(_) | Self::Job(_) | Self::Doctor(_) | Self::GasProfile(_) => {
                LevelFilter::WARN
            }
            Self::Service(command) if !command.is_daemon() => LevelFilter::WARN,
            _ => LevelFilter::INFO,
        }
    }
}

/// Runs a command.
///
/// # Errors
/// Whatever the command fails with.
pub(crate) async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Devnode(options) => commands::devnode::run(context, options).await,
        Command::Fund(options) => commands::fund::run(context, options).await,
        Command::Deploy(options) => commands::deploy::run(context, options).await,
        Command::Program(command) => commands::program::run(context, command).await,
        Command::Worker(command) => commands::worker::run(context, command).await,
        Command::Tester(command) => commands::tester::run(context, command).await,
        Command::Client(command) => commands::client::run(context, command).await,
        Command::Run(options) => commands::run::run(context, options).await,
        Command::Map(options) => commands::map::run(context, options).await,
        Command::Job(command) => commands::job::run(context, command).await,
        Command::Service(command) => commands::service::run(context, command).await,
        Command::Agreement(command) => commands::agreement::run(context, command).await,
        Command::Release(options) => commands::release::run(context, options).await,
        Command::Settle(options) => commands::settle::run(context, options).await,
        Command::Credit(options) => commands::credit::run(context, options).await,
        Command::Withdraw(options) => commands::withdraw::run(context, options).await,
        Command::Keepalive(options) => commands::keepalive::run(context, options).await,
        Command::Market(command) => commands::market::run(context, command).await,
        Command::History(options) => commands::history::run(context, options).await,
        Command::Watch(options) => commands::watch::run(context, options).await,
        Command::Index(options) => commands::index::run(context, options).await,
        Command::Dashboard(options) => commands::dashboard::run(context, options).await,
        Command::Relay(options) => commands::relay::run(context, options).await,
        Command::Application(command) => commands::application::run(context, command).await,
        Command::Example(command) => commands::example::run(context, command).await,
        Command::Ledger(options) => commands::ledger::run(context, options).await,
        Command::Statement(options) => commands::statement::run(context, options).await,
        Command::GasProfile(options) => commands::gas_profile::run(context, options).await,
        Command::Price(options) => commands::price::run(context, options).await,
        Command::Doctor(options) => commands::doctor::run(context, options).await,
        Command::Alias(command) => commands::alias::run(context, command),
        Command::Key(command) => commands::key::run(context, command),
        Command::Config(options) => commands::config::run(context, &options).await,
        Command::Completions(options) => {
            commands::completions::run(context, &options, Cli::command())
        }
        Command::Schema(options) => commands::schema::run(options),
        Command::Man(options) => commands::man::run(context, &options, Cli::command()),
    }
}
