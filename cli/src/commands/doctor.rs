//! `muster doctor`: whether everything is there that a role needs, and what to do where it is not.

use clap::{Args, ValueEnum};

use crate::commands::doctor::finding::Report;
use crate::context::Context;
use crate::error::CliError;
use crate::options::heading;
use crate::parse;

mod account;
mod chain;
mod finding;
mod machine;
mod network;

/// Options of `muster doctor`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Examples:\n  muster doctor\n  \
        muster doctor worker --account dev:ada --upstream http://127.0.0.1:3000 --public-url https://worker.example"
)]
pub(crate) struct Options {
    /// Role whose needs are checked too; without one, those that all roles share
    #[arg(value_enum)]
    role: Option<DoctorRole>,

    /// Service that the worker is to offer
    #[arg(long, value_name = "URL", value_parser = parse::service_url)]
    upstream: Option<Box<str>>,

    /// URL by which clients and testers reach the worker's gateway, which must be running
    #[arg(long, value_name = "URL", value_parser = parse::service_url)]
    public_url: Option<Box<str>>,
}

/// A role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DoctorRole {
    /// Serves agreements
    Worker,
    /// Tests workers
    Tester,
    /// Buys
    Client,
}

/// Checks everything, and fails if something is wrong.
///
/// # Errors
/// [`CliError::Unready`] after all findings are printed.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let mut report = Report::default();
    let node = chain::check_node(context, &mut report).await;
    if let Some(node) = &node {
        let market = chain::check_market(context, node, &mut report).await;
        let signer = account::check_account(context, node, &mut report).await;
        if let (Some(market), Some(signer)) = (market, signer) {
            match options.role {
                Some(DoctorRole::Worker) => {
                    account::check_worker(&market, &signer, &mut report).await;
                }
                Some(DoctorRole::Tester) => {
                    account::check_tester(&market, &signer, &mut report).await;
                }
                Some(DoctorRole::Client) | None => {}
            }
        }
    }
    network::check_relays(context, &mut report).await;
    if let Some(url) = &options.upstream {
        network::check_upstream(url, &mut report).await;
    }
    if let Some(url) = &options.public_url {
        network::check_public_url(url, &mut report).await;
    }
    machine::check_state_folder(context, &mut report);
    if matches!(options.role, Some(DoctorRole::Worker | DoctorRole::Tester)) {
        machine::check_protections(&mut report);
    }
    report.print(context)
}
