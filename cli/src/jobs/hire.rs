//! Which agreement jobs are run in: one that runs, or one that is bought once somebody has agreed to its price.

use alloy::primitives::Address;
use muster_client::protocol::abi::Order;
use muster_client::{Ether, Market};
use muster_compute::Limits;
use muster_daemons::DaemonContext;
use muster_daemons::client::{self as daemon, HireError, HireOffer, buy_once, find_agreement};
pub(crate) use muster_daemons::client::{Fitness, Hired};

use crate::confirm::confirm;
use crate::context::Context;
use crate::error::{CliError, JobCommandError};
use crate::options::hire::{HireArgs, PurchaseArgs};
use crate::output::ticks::{length_text, tick_text};
use crate::output::{account_text, print_note};
use crate::progress;

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

    /// The same in ticks of the market.
    pub(crate) async fn in_market(&self, market: &Market) -> Result<daemon::HireRequest, CliError> {
        let Self { replicas, workers, limits, from_block: first_block, .. } = *self;
        let PurchaseArgs { agreement, testers, length, .. } = self.purchase;
        let length = match length {
            Some(length) => Some(length.ticks(market).await?),
            None => None,
        };
        let (agreement, testers) = (*agreement, *testers);
        let request = daemon::HireRequest {
            agreement,
            replicas,
            workers,
            limits,
            length,
            testers,
            first_block,
        };
        Ok(request)
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
    let wanted = request.in_market(daemon_context.market()).await?;
    let name = match find(context, daemon_context, &wanted, fitness).await? {
        Found::Running(hired) => return Ok(hired),
        Found::Nothing { name } => name,
    };
    let choice = offer(context, daemon_context, &wanted, request.purchase).await?;
    let spinner = progress::spinner(context, "buying");
    let purchase = buy_once(daemon_context, &name, async |market: &Market| {
        Ok::<_, CliError>(choice.buy(market).await?)
    });
    let agreement = purchase.await?.agreement;
    drop(spinner);
    print_note(format_args!("agreement {agreement} bought for {}", Ether::from(choice.price)));
    let workers = u8::try_from(choice.workers.len()).unwrap_or(u8::MAX);
    Ok(wanted.hired(agreement, workers))
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
    request: &daemon::HireRequest,
    fitness: impl Fn(Address) -> Fitness,
) -> Result<Found, CliError> {
    let market = daemon_context.market();
    let found = find_agreement(daemon_context, request, fitness).await;
    match found.map_err(|error| cli_error(context, error))? {
        daemon::Found::Named(hired) => Ok(Found::Running(hired)),
        daemon::Found::Running { hired, end } => {
            let end = tick_text(&context.clock(market).await?, end);
            let agreement = account_text(hired.agreement);
            print_note(format_args!("agreement {agreement} runs until tick {end}"));
            Ok(Found::Running(hired))
        }
        daemon::Found::Nothing { name, too_small } => {
            for running in too_small {
                let (agreement, workers) = (account_text(running.address), running.workers);
                let wanted = request.wanted();
                print_note(format_args!(
                    "agreement {agreement} runs, and is not used: it has {workers} workers, and {wanted} are asked for"
                ));
            }
            Ok(Found::Nothing { name })
        }
    }
}

/// A purchase to which somebody has agreed.
///
/// # Errors
/// [`JobCommandError::NoBudget`], [`JobCommandError::OverBudget`], [`JobCommandError::TooFewWorkersFit`],
/// [`JobCommandError::Declined`]; those of the market.
pub(crate) async fn offer(
    context: &Context,
    daemon_context: &DaemonContext,
    request: &daemon::HireRequest,
    purchase: &PurchaseArgs,
) -> Result<HireOffer, CliError> {
    let market = daemon_context.market();
    let choice = HireOffer::choose(daemon_context, request).await;
    let choice = choice.map_err(|error| cli_error(context, error))?;
    if choice.is_alone {
        print_note("only one worker takes this, so nobody is there to compare it with");
    }
    let clock = context.clock(market).await?;
    let length = length_text(&clock, choice.order.length.saturating_to());
    approve(purchase, &choice.order, &length, choice.price)?;
    Ok(choice)
}

/// An error in the words of the command line.
fn cli_error(context: &Context, error: HireError) -> CliError {
    match error {
        HireError::NotForJobs(agreement) => JobCommandError::NotForJobs(agreement).into(),
        HireError::NoRelay => JobCommandError::NoRelay(context.relays().join(", ")).into(),
        HireError::TooFewForSale { wanted, for_sale } => {
            JobCommandError::TooFewForSale { wanted, for_sale }.into()
        }
        HireError::TooFewWorkersFit { wanted, fitting, needs, said } => {
            JobCommandError::TooFewWorkersFit { wanted, fitting, needs, said }.into()
        }
        HireError::Market(error) => error.into(),
        HireError::Daemon(error) => error.into(),
        other => JobCommandError::Hire(Box::new(other)).into(),
    }
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
