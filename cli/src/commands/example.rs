//! `muster example`: small services, for a worker to offer.

use clap::Subcommand;

use crate::context::Context;
use crate::error::CliError;

mod cheat;
mod factor;
mod receipt_signer;
mod serve;

/// Example services.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  muster example factor --listen 127.0.0.1:3000")]
pub(crate) enum Command {
    /// Serve prime factors over HTTP until ctrl-c or SIGTERM: `GET /factor?n=NUMBER`, and `GET /health`
    Factor(factor::Options),
    /// Serve the API of jobs, run none, and sign made-up results: see how testers and clients find a worker that cheats
    Cheat(cheat::Options),
}

/// Runs an example service.
pub(crate) async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Factor(options) => factor::run(context, options).await,
        Command::Cheat(options) => cheat::run(context, options).await,
    }
}
