//! `muster client`: asking for a price, buying, using what was bought, and cutting it short.

use std::time::Duration;

use alloy::primitives::Address;
use clap::Subcommand;
use muster_client::protocol::abi::{Quote, Reason};
use muster_client::{MarketError, Session};
use muster_daemons::tester::{Prober, ServiceTarget};

use crate::commands::order_args::OrderArgs;
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput, Table};
use crate::parse;

mod buy;
mod connect;
mod run;
mod watch;

/// What a client does.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Show what it would cost, and who would do it
    Quote(OrderArgs),
    /// Buy it
    Buy(buy::BuyOptions),
    /// Use the service of an agreement at an address of this machine, and do the client's part until it is settled
    Connect(connect::ConnectArgs),
    /// Do the client's part in all agreements: give testers passes, settle, take refunds out
    Run(run::ClientRunOptions),
    /// Show an agreement as it goes, until it is settled or until ctrl-c
    Watch {
        /// The agreement
        #[arg(value_parser = parse::contract_address)]
        agreement: Address,
    },
    /// End an agreement after the window of now and one more, but not before the market's shortest length
    Cancel {
        /// The agreement
        #[arg(value_parser = parse::contract_address)]
        agreement: Address,
    },
    /// Use a worker's service once: the prime factors of a random number, from `muster serve`
    Try {
        /// Where the worker serves
        #[arg(long, value_parser = parse::service_url)]
        url: Box<str>,
        /// How long to wait for an answer
        #[arg(long, value_name = "MS", default_value_t = 2_000)]
        timeout: u64,
    },
}

/// Does what a client does.
pub(crate) async fn run(context: &Context, action: Action) -> Result<(), CliError> {
    match action {
        Action::Quote(order_args) => quote(context, &order_args).await,
        Action::Buy(options) => buy::run(context, options).await,
        Action::Connect(options) => connect::run(context, options).await,
        Action::Run(options) => run::run(context, options).await,
        Action::Watch { agreement } => watch::run(context, agreement).await,
        Action::Cancel { agreement } => cancel(context, agreement).await,
        Action::Try { url, timeout } => try_service(context, &url, timeout).await,
    }
}

/// Shows a price; fails if it cannot be bought.
async fn quote(context: &Context, order_args: &OrderArgs) -> Result<(), CliError> {
    let market = context.market().await?;
    let plan = order_args.plan(&market).await?;
    let Quote { reason, price, start, windows, testers, workers } = plan.quote(&market).await?;
    if reason != Reason::None {
        let refused = MarketError::PurchaseRefused { reason, required: price, sent: 0 };
        return Err(refused.into());
    }
    let facts = [
        ("price", Cell::wei(price)),
        ("length", Cell::text(plan.length())),
        ("windows", Cell::count(windows)),
        ("testers", Cell::count(testers)),
        ("start", Cell::count(start)),
    ];
    let rows = workers.into_iter().map(|worker| vec![Cell::text(worker)]);
    context.print(&CommandOutput::new(facts).table(Table::new("workers", ["account"], rows)))
}

/// Cuts an agreement short.
async fn cancel(context: &Context, agreement: Address) -> Result<(), CliError> {
    let market = context.signing_market().await?;
    let cancelled = market.agreement(agreement).await?.cancel().await?;
    let facts = [
        ("agreement", Cell::text(agreement)),
        ("windows", Cell::count(cancelled.windows)),
        ("end", Cell::Count(cancelled.end)),
    ];
    context.print_transaction(CommandOutput::new(facts), &cancelled.receipt)
}

/// Uses a service, in a session like any tester's.
async fn try_service(context: &Context, url: &str, timeout: u64) -> Result<(), CliError> {
    let target = ServiceTarget { url, token: "", session: Session::random().salt };
    let answer = Prober::new(Duration::from_millis(timeout))?.request_factors(&target).await;
    let (answer, _) = answer.map_err(|failure| CliError::Service { url: url.into(), failure })?;
    let rows = answer.factors.iter().map(|factor| vec![Cell::Count(*factor)]);
    let page = CommandOutput::new([("url", Cell::text(url)), ("number", Cell::Count(answer.n))]);
    context.print(&page.table(Table::new("factors", ["factor"], rows)))
}
