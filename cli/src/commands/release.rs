//! `muster release`: settles absent workers, and frees slots after the end.

use alloy::primitives::Address;
use clap::Args;

use crate::context::Context;
use crate::error::CliError;
use crate::output::units::window_list;
use crate::output::{Cell, CommandOutput};
use crate::parse;

/// Options of `muster release`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  muster release 0x8ba1f109551bD432803012645Ac136ddd64DBA72 --account dev:cleo"
)]
pub(crate) struct Options {
    /// Agreement whose workers to release
    #[arg(value_parser = parse::contract_address)]
    agreement: Address,
}

/// Releases.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let market = context.signing_market().await?;
    let release = market.agreement(options.agreement).await?.release().await?;
    let workers = |bits: u8| Cell::text(window_list(bits.into()));
    let output = CommandOutput::new([
        ("agreement", Cell::text(options.agreement)),
        ("absent", workers(release.absent)),
        ("freed", workers(release.freed)),
    ]);
    context.print_transaction(output, &release.receipt)
}
