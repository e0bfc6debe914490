//! `muster example`: small services, for a worker to offer.

use clap::Subcommand;

use crate::context::Context;
use crate::error::CliError;

mod factor;
mod receipt_signer;

/// Example services.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  muster example factor --listen 127.0.0.1:3000")]
pub(crate) enum Command {
    /// Serve prime factors over HTTP until ctrl-c: `GET /factor?n=NUMBER`, and `GET /health`
    Factor(factor::Options),
}

/// Runs an example service.
pub(crate) async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    let Command::Factor(options) = command;
    factor::run(context, options).await
}
