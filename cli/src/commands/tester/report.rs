//! `muster tester report`: the report of what a tester observed.

use std::path::PathBuf;

use alloy::primitives::{Address, B256};
use clap::{ArgGroup, Args};
use muster_client::protocol::abi::Entry;
use muster_client::{Agreement, Session};
use muster_daemons::Store;

use crate::commands::tester::store::open_store;
use crate::context::Context;
use crate::error::CliError;
use crate::options::heading;
use crate::output::agreement::finding_cells;
use crate::output::{Cell, CommandOutput, Table};
use crate::parse;

/// Options of `muster tester report`.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("observations").required(true).args(["state", "entry"]),
    next_help_heading = heading::COMMAND,
    after_help = "Examples:\n  muster tester report 0x8ba1f109551bD432803012645Ac136ddd64DBA72 --account dev:tom --state tom.db\n  \
        muster tester report 0x8ba1f109551bD432803012645Ac136ddd64DBA72 --account dev:tom --entry 0:0,1"
)]
pub(crate) struct Options {
    /// Agreement to report on
    #[arg(value_parser = parse::contract_address)]
    agreement: Address,

    /// State file of `tester probe`
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// Observations of one worker instead of a state file: the windows that were checked, as 0b1011 or 0,1,3, and the
    /// receipt for those that were served
    #[arg(long, value_name = "INDEX:CHECKED[:RECEIPT]", value_parser = parse::report_entry)]
    entry: Vec<Entry>,

    /// Salt of the session of these receipts
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
            let entries = observed_entries(&store, &agreement)?;
            if entries.is_empty() {
                return Err(CliError::NothingObserved { path, agreement: address });
            }
            let salt = store.session_salt(address, || Session::random().salt)?;
            (Session { salt }, entries)
        }
    };
    let rows: Vec<_> = entries.iter().map(|entry| finding_cells((*entry).into())).collect();
    let receipt = agreement.report(&session, entries).await?;
    let fields = [("agreement", Cell::text(address)), ("tester", Cell::text(market.account()?))];
    let output = CommandOutput::new(fields).table(Table::new(
        "entries",
        ["worker", "checked", "served"],
        rows,
    ));
    context.print_transaction(output, &receipt)
}

/// An entry for each worker that was observed.
fn observed_entries(store: &Store, agreement: &Agreement) -> Result<Vec<Entry>, CliError> {
    let mut entries = Vec::new();
    for index in 0..agreement.terms().header.redundancy {
        entries.extend(store.observations(agreement.address(), index)?.report_entry(index));
    }
    Ok(entries)
}
