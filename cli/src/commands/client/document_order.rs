//! Purchases by an application document: workers that commit to it, and the order file that says so.

use alloy::primitives::Address;
use futures::future::try_join_all;
use muster_client::protocol::abi::Worker;
use muster_client::{Agreement, Market, OrderRequest};
use muster_daemons::checks::ApplicationDocument;
use muster_daemons::client::{MAX_ASKED, PurchasePlan, ServedApplication, ask_applications};
use muster_daemons::{OrderFile, OrderFolder};
use muster_messaging::ApplicationCommitment;

use crate::context::Context;
use crate::error::{ApplicationCommandError, CliError};

/// The plan with workers that commit to serve by the document, and their commitments.
///
/// # Errors
/// [`ApplicationCommandError::TooFewServe`], which says by what the others serve; those of market and relays.
pub(super) async fn serving_workers(
    context: &Context,
    market: &Market,
    plan: PurchasePlan,
    document: &ApplicationDocument,
) -> Result<(PurchasePlan, Vec<ApplicationCommitment>), CliError> {
    let (order, workers, wanted) = match plan {
        PurchasePlan::Hire(order, numbers) => {
            let workers = numbers.iter().map(|number| market.worker_by_number(*number));
            let workers: Vec<_> = try_join_all(workers).await?.into_iter().flatten().collect();
            let wanted = workers.len();
            (order, workers, wanted)
        }
        PurchasePlan::Cheapest(OrderRequest::Custom(order)) => {
            let workers = market.cheapest_workers(&order, MAX_ASKED).await?;
            (order, workers, order.redundancy.saturating_to())
        }
        // A document names an application, so the terms are not the market's default ones.
        other @ PurchasePlan::Cheapest(OrderRequest::Default { .. }) => {
            return Ok((other, Vec::new()));
        }
    };
    let served = ask_applications(market, context.transport()?, &workers).await?;
    let mut chosen: Vec<(u32, ApplicationCommitment)> = Vec::new();
    for (worker, served) in workers.iter().zip(&served) {
        if let ServedApplication::Committed(commitment) = served
            && commitment.digest == document.digest()
            && chosen.len() < wanted
        {
            chosen.push((worker.number, *commitment));
        }
    }
    if chosen.len() < wanted {
        return Err(too_few(document, wanted, &workers, &served).into());
    }
    chosen.sort_unstable_by_key(|(number, _)| *number);
    let (numbers, commitments) = chosen.into_iter().unzip();
    Ok((PurchasePlan::Hire(order, numbers), commitments))
}

/// Why there are too few workers.
fn too_few(
    document: &ApplicationDocument,
    wanted: usize,
    workers: &[Worker],
    served: &[ServedApplication],
) -> ApplicationCommandError {
    let (application, expected) = (document.name().into(), document.digest());
    let serving = served.iter().filter(|served| served.digest() == Some(expected)).count();
    let said = workers.iter().zip(served).filter_map(|(worker, served)| {
        let number = worker.number;
        match served {
            ServedApplication::Silent => Some(format!("; worker {number} does not answer")),
            ServedApplication::NoDocument => Some(format!("; worker {number} has no document")),
            ServedApplication::Committed(commitment) if commitment.digest != expected => {
                Some(format!("; worker {number} serves by {}", commitment.digest))
            }
            ServedApplication::Committed(_) => None,
        }
    });
    let said = said.collect();
    ApplicationCommandError::TooFewServe { application, expected, serving, wanted, said }
}

/// Writes the order file of an agreement that was bought by a document.
///
/// # Errors
/// [`CliError::Write`].
pub(super) fn save_order(
    orders: &OrderFolder,
    agreement: Address,
    document: &ApplicationDocument,
    commitments: Vec<ApplicationCommitment>,
) -> Result<(), CliError> {
    let (application, digest) = (document.name().into(), document.digest());
    let saved = orders.save(&OrderFile { agreement, application, digest, commitments });
    saved.map_err(|source| CliError::Write { path: orders.path(agreement), source })
}

/// Checks that an agreement was bought by a document, and writes its order file if there is none.
///
/// # Errors
/// [`ApplicationCommandError::OtherDocument`], [`ApplicationCommandError::OtherApplication`]; [`CliError::Read`],
/// [`CliError::Write`]; those of market and relays.
pub(super) async fn ensure_order(
    context: &Context,
    orders: &OrderFolder,
    bought: &Agreement,
    document: &ApplicationDocument,
) -> Result<(), CliError> {
    let (agreement, named) = (bought.address(), document.digest());
    let application = bought.terms().header.application.into();
    if application != document.application() {
        let name = document.name().into();
        return Err(
            ApplicationCommandError::OtherApplication { agreement, application, name }.into()
        );
    }
    let failed = |source| CliError::Read { path: orders.path(agreement), source };
    match orders.read(agreement).map_err(failed)? {
        Some(order) if order.digest == named => return Ok(()),
        Some(order) => {
            let bought = order.digest;
            return Err(ApplicationCommandError::OtherDocument { agreement, bought, named }.into());
        }
        None => {}
    }
    let market = bought.market();
    let workers = bought.terms().workers().map(|worker| market.worker(worker.account));
    let workers = try_join_all(workers).await?;
    let served = ask_applications(market, context.transport()?, &workers).await?;
    let commitments = served.into_iter().filter_map(|served| match served {
        ServedApplication::Committed(commitment) if commitment.digest == named => Some(commitment),
        _ => None,
    });
    save_order(orders, agreement, document, commitments.collect())
}
