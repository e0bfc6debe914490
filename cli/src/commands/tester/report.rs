//! `muster tester report`: the report of what a tester measured.

use std::path::PathBuf;

use alloy::primitives::{Address, B256};
use clap::{ArgGroup, Args};
use muster_client::Session;
use muster_client::protocol::report::Entry;
use muster_daemons::tester::measured_entries;

use crate::commands::tester::store::open_store;
use crate::context::Context;
use crate::error::{CliError, ProbeCommandError};
use crate::options::heading;
use crate::output::agreement::{FINDING_COLUMNS, finding_cells};
use crate::output::{Cell, CommandOutput, Table};
use crate::parse;

/// Options of `muster tester report`.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("measured").required(true).args(["state", "entry"]),
    next_help_heading = heading::COMMAND,
    after_help = "Examples:\n  muster tester report 0x8ba1f109551bD432803012645Ac136ddd64DBA72 --account dev:tom --state tom.db\n  \
        muster tester report 0x8ba1f109551bD432803012645Ac136ddd64DBA72 --account dev:tom --entry 0:2:12"
)]
pub(crate) struct Options {
    /// Agreement to report on
    #[arg(value_parser = parse::contract_address)]
    agreement: Address,

    /// State file of `tester probe`
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// What was measured of one worker in one window instead of a state file: the probes made, and how many were served
    /// with the receipt for them; entries ascend by worker, then window
    #[arg(long, value_name = "INDEX:WINDOW:MADE[:SERVED:RECEIPT]", value_parser = parse::report_entry)]
    entry: Vec<Entry>,

    /// Salt of the sessions of these receipts
    #[arg(long, requires = "entry")]
    salt: Option<B256>,
}

/// Reports.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let Options { agreement: address, state, entry, salt } = options;
    let market = context.signing_market().await?;
    let agreement = market.agreement(address).await?;
    let (session, entries) = match state {
        None => (Session { salt: salt.unwrap_or_default() }, entry),
        Some(path) => {
            let store = open_store(&market, &path)?;
            let progress = agreement.progress().await?;
            // `tester probe` has probed in windows with a seat alone.
            let entries = measured_entries(&store, &agreement, &progress, u32::MAX)?;
            if entries.is_empty() {
                return Err(ProbeCommandError::NothingMeasured { path, agreement: address }.into());
            }
            let salt = store.session_salt(address, || Session::random().salt)?;
            (Session { salt }, entries)
        }
    };
    let rows: Vec<_> = entries.iter().map(|entry| finding_cells(entry.finding())).collect();
    let receipt = agreement.report(&session, &entries).await?;
    let fields =
        [("agreement", Cell::address(address)), ("tester", Cell::address(market.account()?))];
    let output = CommandOutput::new(fields).table(Table::new("entries", FINDING_COLUMNS, rows));
    context.print_transaction(output, &receipt)
}
