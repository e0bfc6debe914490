//! Which agreement jobs are run in: one that runs, or one that is bought. A purchase that was interrupted is not made again.

use alloy::primitives::{Address, U256};
use muster_client::protocol::abi::{Order, Reason};
use muster_client::protocol::order;
use muster_client::{Application, Ether, Market, MarketError, OrderRequest};
use muster_compute::Limits;
use muster_daemons::DaemonContext;
use muster_daemons::client::{buy_once, running_agreements};

use crate::confirm::confirm;
use crate::context::Context;
use crate::error::{CliError, JobCommandError};
use crate::jobs::candidates::Candidates;
use crate::options::hire::HireArgs;
use crate::output::ticks::{length_text, tick_text};
use crate::output::{account_text, print_note};
use crate::progress;

/// The replicas of a job, unless the command line or the market says otherwise.
const REPLICAS: u8 = 2;

/// The agreement for some jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hired {
    /// Its address.
    pub(crate) agreement: Address,
    /// How many workers must sign the same result of a job.
    pub(crate) replicas: u8,
}

/// The agreement for jobs of so many workers and within these limits: the one that is named, one that runs, or one that is bought now.
///
/// # Errors
/// [`JobCommandError::NotForJobs`], [`JobCommandError::NoBudget`], [`JobCommandError::OverBudget`], [`JobCommandError::TooFewWorkersFit`], [`JobCommandError::Declined`]; those of the market.
pub(crate) async fn hire(
    context: &Context,
    daemon_context: &DaemonContext,
    args: &HireArgs,
    workers: Option<u8>,
    limits: &Limits,
) -> Result<Hired, CliError> {
    let market = daemon_context.market();
    if let Some(address) = args.agreement {
        let agreement = market.agreement(address).await?;
        let header = &agreement.terms().header;
        if header.application != Application::WASM1.0 {
            return Err(JobCommandError::NotForJobs(address).into());
        }
        let replicas = args.replicas.unwrap_or(REPLICAS.min(header.redundancy));
        return Ok(Hired { agreement: address, replicas });
    }
    let first = args.journal.from_block;
    let (running, name) = running_agreements(daemon_context, Application::WASM1, first).await?;
    let wanted = args.replicas.max(workers).unwrap_or(1);
    if let Some(found) = running.iter().find(|running| running.workers >= wanted) {
        let replicas = args.replicas.unwrap_or(REPLICAS.min(found.workers));
        let agreement = found.address;
        let end = tick_text(&context.clock(market).await?, found.end);
        print_note(format_args!("agreement {} runs until tick {end}", account_text(agreement)));
        return Ok(Hired { agreement, replicas });
    }
    let Choice { order, numbers, price } = choose(daemon_context, args, workers, limits).await?;
    let length = length_text(&context.clock(market).await?, order.length.saturating_to());
    approve(args, &order, &length, price)?;
    let spinner = progress::spinner(context, "buying");
    let purchase = buy_once(daemon_context, &name, async |market: &Market| {
        Ok::<_, CliError>(market.hire(&order, &numbers, price).await?)
    });
    let agreement = purchase.await?.agreement;
    drop(spinner);
    print_note(format_args!("agreement {agreement} bought for {}", Ether::from(price)));
    let hired = u8::try_from(numbers.len()).unwrap_or(u8::MAX);
    Ok(Hired { agreement, replicas: args.replicas.unwrap_or(REPLICAS.min(hired)) })
}

/// What is to be bought.
struct Choice {
    /// The order.
    order: Order,
    /// The workers.
    numbers: Vec<u32>,
    /// The price at this moment.
    price: u128,
}

/// The cheapest workers that say that they take such jobs. Without a number of workers, there are two, or one if there is no
/// other.
async fn choose(
    daemon_context: &DaemonContext,
    args: &HireArgs,
    workers: Option<u8>,
    limits: &Limits,
) -> Result<Choice, CliError> {
    let market = daemon_context.market();
    let named = workers.max(args.replicas);
    let mut order = job_order(market, args, named.unwrap_or(REPLICAS)).await?;
    let candidates = Candidates::ask(daemon_context, &order).await?;
    let mut numbers = candidates.fitting(limits);
    let mut wanted: usize = named.unwrap_or(REPLICAS).into();
    if numbers.len() == 1 && named.is_none() {
        print_note("only one worker takes this job, so nobody is there to compare it with");
        (order, wanted) = (job_order(market, args, 1).await?, 1);
    }
    if numbers.len() < wanted && numbers.len() < candidates.len() {
        return Err(candidates.too_few(wanted, limits).into());
    }
    numbers.truncate(wanted);
    numbers.sort_unstable();
    let quote = if numbers.len() == wanted {
        market.quote_hire(&order, &numbers).await?
    } else {
        // Says why there are not more.
        market.quote(&OrderRequest::Custom(order)).await?
    };
    match quote.reason {
        Reason::None => Ok(Choice { order, numbers, price: quote.price }),
        reason => {
            let (required, sent) = (quote.price, args.budget.unwrap_or_default());
            Err(MarketError::PurchaseRefused { reason, required, sent }.into())
        }
    }
}

/// An order of workers that run jobs.
async fn job_order(market: &Market, args: &HireArgs, workers: u8) -> Result<Order, CliError> {
    let settings = market.settings();
    let listed = market.tester_count(market.epoch().await?).await?;
    let length = match args.length {
        Some(length) => length.ticks(market).await?,
        None => settings.minLength,
    };
    let defaults = order::default_order(U256::from(workers), U256::from(length), settings, listed);
    // Orders without testers have one window.
    let windows = if args.testers == Some(0) { 1 } else { defaults.windows };
    let testers = args.testers.unwrap_or(defaults.testers);
    Ok(Order { application: Application::WASM1.0, windows, testers, ..defaults })
}

/// Shows the price of so long an agreement, and asks on a terminal.
fn approve(args: &HireArgs, order: &Order, length: &str, price: u128) -> Result<(), CliError> {
    let Some(budget) = args.budget else {
        return Err(JobCommandError::NoBudget(price.into()).into());
    };
    if price > budget {
        return Err(
            JobCommandError::OverBudget { price: price.into(), budget: budget.into() }.into()
        );
    }
    let (workers, testers) = (order.redundancy, order.testers);
    let price = Ether::from(price);
    print_note(format_args!(
        "price: {price} for {workers} workers and {length}, with {testers} testers"
    ));
    if confirm("buy?", args.yes)? { Ok(()) } else { Err(JobCommandError::Declined.into()) }
}
