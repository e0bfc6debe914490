//! `muster settle`: the end of an agreement.

use alloy::primitives::Address;
use clap::Args;
use muster_client::protocol::abi::{TesterResult, WorkerResult};

use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput, Table};
use crate::parse;

/// What to settle.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The agreement
    #[arg(value_parser = parse::contract_address)]
    agreement: Address,
}

/// Settles an agreement.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let market = context.signing_market().await?;
    let agreement = market.agreement(options.agreement).await?;
    let settlement = agreement.settle().await?;
    let facts = [
        ("agreement", Cell::text(agreement.address())),
        ("client", Cell::text(agreement.terms().header.client)),
        ("refund", Cell::wei(settlement.refund)),
        ("compensation", Cell::wei(settlement.compensation)),
        ("burned", Cell::wei(settlement.burned)),
    ];
    let page = CommandOutput::new(facts)
        .table(paid_workers(&settlement.workers))
        .table(paid_testers(&settlement.testers));
    context.print_transaction(page, &settlement.receipt)
}

/// Each worker's part in a settlement.
pub(crate) fn paid_workers(workers: &[WorkerResult]) -> Table {
    let rows = workers.iter().map(|worker| {
        vec![
            Cell::text(worker.account),
            Cell::Flag(worker.accepted),
            Cell::Flag(worker.resigned),
            Cell::count(worker.windows),
            Cell::count(worker.served),
            Cell::count(worker.failed),
            Cell::wei(worker.pay),
            Cell::wei(worker.slash),
        ]
    });
    let columns = ["account", "accepted", "resigned", "judged", "served", "failed", "pay", "slash"];
    Table::new("paid_workers", columns, rows)
}

/// Each tester's part in a settlement.
pub(crate) fn paid_testers(testers: &[TesterResult]) -> Table {
    let rows = testers.iter().map(|tester| {
        vec![Cell::text(tester.account), Cell::count(tester.seats), Cell::wei(tester.fee)]
    });
    Table::new("paid_testers", ["account", "seats", "fee"], rows)
}
