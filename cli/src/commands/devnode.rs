//! `muster devnode`: an Arbitrum dev chain in this process.

use clap::Args;
use stylus_devnode::command;

use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, Table};

/// Options of `muster devnode`.
#[derive(Debug, Args)]
#[group(skip)]
#[command(
    after_help = "Examples:\n  muster devnode\n  muster devnode --port 0 --state chain.bin --json\n  muster devnode --arbos 51\n  \
                  muster devnode --accounts 3 --balance 50 --no-mining\n  \
                  muster devnode --network arbitrum-one\n  \
                  muster devnode --fork-url http://127.0.0.1:8547 --fork-cache forked"
)]
pub(crate) struct Options {
    /// Those of every dev chain.
    #[command(flatten)]
    chain: command::Options,
}

/// Runs the chain until the process is told to stop.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let is_quiet = options.chain.is_quiet();
    command::run(options.chain, |ready| {
        if is_quiet {
            return Ok(());
        }
        let fields = vec![
            ("rpc", Cell::text(ready.rpc)),
            ("websocket", Cell::text(ready.websocket)),
            ("chain_id", Cell::count(ready.chain_id)),
            ("dev_account", Cell::text(ready.dev_account)),
            ("dev_key", Cell::text(ready.dev_key)),
        ];
        let accounts = ready.accounts.iter();
        let rows =
            accounts.map(|account| vec![Cell::text(account.address), Cell::text(account.key)]);
        context.print_ready_with(fields, Table::new("accounts", ["address", "key"], rows))
    })
    .await
}
