//! Which agreement jobs are run in: one that runs, or one that is bought. A purchase that was interrupted is not made again.

use alloy::primitives::{Address, U256};
use muster_client::protocol::abi::{Order, Reason};
use muster_client::protocol::order;
use muster_client::{Application, Ether, Market, MarketError};
use muster_compute::Limits;
use muster_daemons::DaemonContext;
use muster_daemons::client::{RunningAgreement, buy_once, running_agreements};

use crate::confirm::confirm;
use crate::context::Context;
use crate::error::{CliError, JobCommandError};
use crate::jobs::candidates::Candidates;
use crate::options::hire::{HireArgs, PurchaseArgs};
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

/// What an agreement is looked for with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HireRequest<'a> {
    /// The agreement that is named, or what one may cost.
    pub(crate) purchase: &'a PurchaseArgs,
    /// How many workers must do the same.
    pub(crate) replicas: Option<u8>,
    /// How many workers an agreement has at least.
    pub(crate) workers: Option<u8>,
    /// How large the jobs are that a worker must take. One that takes none, or does not answer, is not bought in any case.
    pub(crate) limits: Limits,
    /// The first block in which to look for agreements.
    pub(crate) from_block: u64,
}

impl<'a> HireRequest<'a> {
    /// That of jobs, among so many workers.
    pub(crate) const fn for_jobs(args: &'a HireArgs, workers: Option<u8>, limits: Limits) -> Self {
        let HireArgs { purchase, replicas, journal, .. } = args;
        Self { purchase, replicas: *replicas, workers, limits, from_block: journal.from_block }
    }

    /// The number of workers that an agreement must have.
    fn wanted(&self) -> u8 {
        self.replicas.max(self.workers).unwrap_or(1)
    }
}

/// The agreement for jobs: the one that is named, one that runs, or one that is bought now.
///
/// # Errors
/// As [`hire_for`].
pub(crate) async fn hire(
    context: &Context,
    daemon_context: &DaemonContext,
    request: HireRequest<'_>,
) -> Result<Hired, CliError> {
    hire_for(context, daemon_context, request, |_| Fitness::Free).await
}

/// The agreement that is named, one that runs and fits, or one that is bought now.
///
/// # Errors
/// [`JobCommandError::NotForJobs`], [`JobCommandError::NoBudget`], [`JobCommandError::OverBudget`],
/// [`JobCommandError::TooFewWorkersFit`], [`JobCommandError::Declined`]; those of the market.
pub(crate) async fn hire_for(
    context: &Context,
    daemon_context: &DaemonContext,
    request: HireRequest<'_>,
    fitness: impl Fn(Address) -> Fitness,
) -> Result<Hired, CliError> {
    let name = match find(context, daemon_context, request, fitness).await? {
        Found::Running(hired) => return Ok(hired),
        Found::Nothing { name } => name,
    };
    let Choice { order, numbers, price } = offer(context, daemon_context, request).await?;
    let spinner = progress::spinner(context, "buying");
    let purchase = buy_once(daemon_context, &name, async |market: &Market| {
        Ok::<_, CliError>(market.hire(&order, &numbers, price).await?)
    });
    let agreement = purchase.await?.agreement;
    drop(spinner);
    print_note(format_args!("agreement {agreement} bought for {}", Ether::from(price)));
    let hired = u8::try_from(numbers.len()).unwrap_or(u8::MAX);
    Ok(Hired { agreement, replicas: request.replicas.unwrap_or(REPLICAS.min(hired)) })
}

/// Whether a running agreement can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fitness {
    /// It is for this already, whatever it has.
    Ours,
    /// It can be used if it has enough workers.
    Free,
    /// It is for something else.
    Taken,
}

/// What there is without a purchase.
#[derive(Debug)]
pub(crate) enum Found {
    /// An agreement.
    Running(Hired),
    /// None.
    Nothing {
        /// The name of the purchase that is to be made.
        name: String,
    },
}

/// The agreement that is named, or one that runs and fits.
///
/// # Errors
/// [`JobCommandError::NotForJobs`]; those of the market.
pub(crate) async fn find(
    context: &Context,
    daemon_context: &DaemonContext,
    request: HireRequest<'_>,
    fitness: impl Fn(Address) -> Fitness,
) -> Result<Found, CliError> {
    let market = daemon_context.market();
    let replicas = |workers| request.replicas.unwrap_or(REPLICAS.min(workers));
    if let Some(address) = request.purchase.agreement {
        let agreement = market.agreement(address).await?;
        let header = &agreement.terms().header;
        if header.application != Application::WASM1.0 {
            return Err(JobCommandError::NotForJobs(address).into());
        }
        let replicas = replicas(header.redundancy);
        return Ok(Found::Running(Hired { agreement: address, replicas }));
    }
    let (running, name) =
        running_agreements(daemon_context, Application::WASM1, request.from_block).await?;
    let ours = running.iter().find(|running| fitness(running.address) == Fitness::Ours);
    let is_free = |running: &&RunningAgreement| fitness(running.address) == Fitness::Free;
    let is_enough = |running: &&RunningAgreement| running.workers >= request.wanted();
    let enough = || running.iter().filter(is_free).find(is_enough);
    let Some(found) = ours.or_else(enough) else {
        for RunningAgreement { address, workers, .. } in running.iter().filter(is_free) {
            let (agreement, wanted) = (account_text(*address), request.wanted());
            print_note(format_args!(
                "agreement {agreement} runs, and is not used: it has {workers} workers, and {wanted} are asked for"
            ));
        }
        return Ok(Found::Nothing { name });
    };
    let agreement = found.address;
    let end = tick_text(&context.clock(market).await?, found.end);
    print_note(format_args!("agreement {} runs until tick {end}", account_text(agreement)));
    Ok(Found::Running(Hired { agreement, replicas: replicas(found.workers) }))
}

/// What is to be bought.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    /// The order.
    order: Order,
    /// The workers.
    numbers: Vec<u32>,
    /// The price at this moment.
    price: u128,
}

/// A purchase to which somebody has agreed.
///
/// # Errors
/// [`JobCommandError::NoBudget`], [`JobCommandError::OverBudget`], [`JobCommandError::TooFewWorkersFit`],
/// [`JobCommandError::Declined`]; those of the market.
pub(crate) async fn offer(
    context: &Context,
    daemon_context: &DaemonContext,
    request: HireRequest<'_>,
) -> Result<Choice, CliError> {
    let choice = choose(context, daemon_context, request).await?;
    let clock = context.clock(daemon_context.market()).await?;
    let length = length_text(&clock, choice.order.length.saturating_to());
    approve(request.purchase, &choice.order, &length, choice.price)?;
    Ok(choice)
}

/// The cheapest workers that say that they take such jobs. Without a number of workers, there are two, or one if there is no
/// other.
async fn choose(
    context: &Context,
    daemon_context: &DaemonContext,
    request: HireRequest<'_>,
) -> Result<Choice, CliError> {
    let (market, args, limits) = (daemon_context.market(), request.purchase, &request.limits);
    let named = request.workers.max(request.replicas);
    let mut order = job_order(market, args, named.unwrap_or(REPLICAS)).await?;
    let candidates = Candidates::ask(daemon_context, &order).await?;
    if candidates.are_silent() && !daemon_context.transport().is_connected() {
        let relays = context.relays().join(", ");
        return Err(JobCommandError::NoRelay(relays).into());
    }
    let mut numbers = candidates.fitting(limits);
    let mut wanted: usize = named.unwrap_or(REPLICAS).into();
    if numbers.len() == 1 && named.is_none() {
        print_note("only one worker takes this, so nobody is there to compare it with");
        (order, wanted) = (job_order(market, args, 1).await?, 1);
    }
    if numbers.len() < wanted {
        return Err(candidates.too_few(wanted, limits).into());
    }
    numbers.truncate(wanted);
    numbers.sort_unstable();
    let quote = market.quote_hire(&order, &numbers).await?;
    match quote.reason {
        Reason::None => Ok(Choice { order, numbers, price: quote.price }),
        reason => {
            let (required, sent) = (quote.price, args.budget.unwrap_or_default());
            Err(MarketError::PurchaseRefused { reason, required, sent }.into())
        }
    }
}

/// An order of workers that run jobs.
async fn job_order(market: &Market, args: &PurchaseArgs, workers: u8) -> Result<Order, CliError> {
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
fn approve(args: &PurchaseArgs, order: &Order, length: &str, price: u128) -> Result<(), CliError> {
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
