//! `muster fund`: ether for an account.

use alloy::primitives::Address;
use clap::Args;

use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput};
use crate::parse;

/// Options of `muster fund`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  muster fund dev:ada 1eth")]
pub(crate) struct Options {
    /// Receiver: an address, or a dev account such as dev:alice
    #[arg(value_parser = parse::account_address, value_name = "ADDRESS|NAME")]
    to: Address,

    /// Amount, such as 1eth, 0.5eth or 20gwei; a plain number is wei
    #[arg(value_parser = parse::wei)]
    amount: u128,
}

/// Sends ether.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let Options { to, amount } = options;
    let node = context.signing_node().await?;
    let receipt = node.transfer(to, amount).await?;
    let fields = [
        ("to", Cell::address(to)),
        ("amount", Cell::wei(amount)),
        ("balance", Cell::Wei(node.balance(to).await?)),
    ];
    context.print_transaction(CommandOutput::new(fields), &receipt)
}
