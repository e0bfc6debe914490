//! The command line.

use std::path::PathBuf;

use alloy::primitives::Address;
use clap::{Args, Parser, Subcommand};

use crate::account::{DevAccount, PrivateKey};
use crate::commands;
use crate::parse;

/// A market for computation: workers offer, clients buy, testers check, contracts pay.
#[derive(Debug, Parser)]
#[command(name = "muster", version, propagate_version = true)]
pub(crate) struct Cli {
    /// What every command can be told.
    #[command(flatten)]
    pub(crate) globals: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command can be told: where, as whom, and how to answer. What is not told here, nor by the environment,
/// may be in a file; see [`crate::config`].
#[derive(Debug, Args)]
pub(crate) struct GlobalArgs {
    /// URL of the node; several, separated by commas or each behind its own --rpc, for several nodes of one
    /// chain: one that fails is passed over; without it, `http://127.0.0.1:8547`
    #[arg(long, global = true, env = "MUSTER_RPC", value_name = "URL", value_delimiter = ',')]
    pub(crate) rpc: Vec<String>,

    /// URL of a relay for messages; several like --rpc, all of which are used at once; without it, `ws://127.0.0.1:7447`
    #[arg(long, global = true, env = "MUSTER_RELAY", value_name = "URL", value_delimiter = ',')]
    pub(crate) relay: Vec<String>,

    /// Address of the market; without it, the one that `deploy` wrote down in this folder
    #[arg(long, global = true, env = "MUSTER_MARKET", value_name = "ADDRESS", value_parser = parse::contract_address)]
    pub(crate) market: Option<Address>,

    /// Folder with the state files of what runs on or must not be done twice; without it, .muster in this folder
    #[arg(long, global = true, env = "MUSTER_STATE_FOLDER", value_name = "FOLDER")]
    pub(crate) state_folder: Option<PathBuf>,

    /// Account of a dev chain: `dev`, which has money and is the default there, or `dev:NAME`
    #[arg(long, global = true, env = "MUSTER_ACCOUNT", value_name = "NAME")]
    pub(crate) account: Option<DevAccount>,

    /// Keystore file of the account (V3, as geth and cast write it), used if no --account is given
    #[arg(long, global = true, env = "MUSTER_KEYSTORE", value_name = "FILE")]
    pub(crate) keystore: Option<PathBuf>,

    /// File with the keystore's password; without it, `MUSTER_PASSWORD` is read
    #[arg(long, global = true, env = "MUSTER_PASSWORD_FILE", value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,

    /// Private key of the account in hexadecimal, used if neither --account nor --keystore is given
    #[arg(long, global = true, env = "MUSTER_KEY", value_name = "KEY", hide_env_values = true)]
    pub(crate) key: Option<PrivateKey>,

    /// Answer in JSON instead of tables
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run an Arbitrum dev chain until ctrl-c
    Devnode(commands::devnode::Options),
    /// Send ether to an account
    Fund(commands::fund::Options),
    /// Deploy a market
    Deploy(commands::deploy::Options),
    /// Look at compiled programs
    #[command(subcommand)]
    Program(commands::program::Action),
    /// Offer work, and take it
    #[command(subcommand)]
    Worker(commands::worker::Action),
    /// List everybody who is registered
    Workers(commands::workers::Options),
    /// Test workers and report
    #[command(subcommand)]
    Tester(commands::tester::Action),
    /// Ask for a price, and buy
    #[command(subcommand)]
    Client(commands::client::Action),
    /// Look at agreements
    #[command(subcommand)]
    Agreement(commands::agreement::Action),
    /// End an agreement and pay everybody; anybody may, when it is due
    Settle(commands::settle::Options),
    /// Show what an account can withdraw
    Credit(commands::credit::CreditOptions),
    /// Take out everything that the account can withdraw
    Withdraw(commands::credit::WithdrawOptions),
    /// Begin the life of the market's programs anew before the chain ends it, or after; anybody may
    Keepalive(commands::keepalive::Options),
    /// Look at the market itself
    #[command(subcommand)]
    Market(commands::market::Action),
    /// Print what happened on the market so far
    History(commands::history::Options),
    /// Print what happens on the market until ctrl-c
    Watch(commands::history::WatchOptions),
    /// Run a relay for encrypted messages until ctrl-c
    Relay(commands::relay::Options),
    /// Offer a small computation over HTTP: prime factors
    Serve(commands::serve::Options),
    /// Account for every wei of agreements
    Ledger(commands::ledger::Options),
    /// Make and show keys
    #[command(subcommand)]
    Key(commands::key::Action),
    /// Show what counts, and who said it: a flag, the environment, ./.muster/config.toml,
    /// ~/.config/muster/config.toml, or a default, in this order
    Config,
    /// Print the completion script of a shell
    Completions(commands::completions::Options),
    /// Write a manual page for every command
    Man(commands::man::Options),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_command_line_does_not_contradict_itself() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_command_has_an_argument_of_a_global_name() {
        let cli = Cli::command();
        let globals: Vec<_> = cli.get_arguments().map(|arg| arg.get_id().clone()).collect();
        let mut commands: Vec<_> = cli.get_subcommands().collect();
        while let Some(command) = commands.pop() {
            commands.extend(command.get_subcommands());
            for argument in command.get_arguments() {
                let name = argument.get_id();
                assert!(!globals.contains(name), "{}: {name}", command.get_name());
            }
        }
    }
}
