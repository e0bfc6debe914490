//! `muster devnode`: an Arbitrum dev chain in this process.

use stylus_devnode::command;

use crate::context::Context;
use crate::error::CliError;
use crate::output::Cell;

pub(crate) use stylus_devnode::command::Options;

/// Runs the chain until the process is told to stop.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    command::run(options, |ready| {
        context.print_ready(vec![
            ("rpc", Cell::text(ready.rpc)),
            ("websocket", Cell::text(ready.websocket)),
            ("chain_id", Cell::count(ready.chain_id)),
            ("dev_account", Cell::text(ready.dev_account)),
            ("dev_key", Cell::text(ready.dev_key)),
        ])
    })
    .await
}
