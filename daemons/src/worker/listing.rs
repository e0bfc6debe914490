//! A worker's place in its book: registration, what is offered, the key for letters, and being listed.

use muster_client::protocol::abi::Worker as RegisteredWorker;
use muster_client::protocol::money;
use muster_client::{Ether, Offer};

use super::WorkerOptions;
use crate::context::DaemonContext;
use crate::error::DaemonError;
use crate::health::NextEvent;

/// Sees to it that the worker stands in its book.
#[derive(Debug)]
pub(super) struct BookListing {
    /// Whether it is still to make itself available.
    make_available: bool,
}

impl BookListing {
    /// Whether a worker that is not available makes itself so, once.
    pub(super) const fn new(returns: bool) -> Self {
        Self { make_available: returns }
    }

    /// Does whatever is missing for a place in the book, and says what it cannot do itself.
    pub(super) async fn maintain(
        &mut self,
        context: &DaemonContext,
        options: &WorkerOptions,
        known: Option<&RegisteredWorker>,
    ) -> Result<Option<NextEvent>, DaemonError> {
        let (account, key) = (context.account(), context.message_key()?.public());
        let WorkerOptions { application, offer, stake, .. } = options;
        let doing = |operation: &str| context.market_for(&format!("{operation}/{account}"));
        let Some(worker) = known else {
            doing("register").register(*application, offer, key, *stake).await?;
            return Ok(None);
        };
        if worker.key != key {
            doing("key").set_key(key).await?;
        }
        if registered_offer(worker) != *offer {
            // What is missing now is seen by the next step.
            doing("update").update(offer).await?;
            return Ok(None);
        }
        if !worker.available {
            if !self.make_available {
                let what = "its owner: it takes no new work, or did not accept in time; --return makes it available";
                return Ok(Some(NextEvent::untimed(what)));
            }
            doing("available").set_available(true).await?;
            self.make_available = false;
            return Ok(None);
        }
        if worker.listed || worker.active >= worker.capacity {
            return Ok(None);
        }
        let missing = missing_stake(context, worker);
        if missing == 0 {
            doing("list").list(account).await?;
        } else if options.top_up_stake {
            doing("stake").stake(missing).await?;
        } else {
            let what = format_args!("{} more stake, to be listed", Ether::from(missing));
            return Ok(Some(NextEvent::untimed(what)));
        }
        Ok(None)
    }
}

/// What the chain says that a worker offers.
const fn registered_offer(worker: &RegisteredWorker) -> Offer {
    let RegisteredWorker { price, maxLength: max_length, promised: promise, capacity, .. } =
        *worker;
    Offer { price, max_length, promise, capacity }
}

/// The wei of free stake that a worker lacks for the bond of its longest agreement.
fn missing_stake(context: &DaemonContext, worker: &RegisteredWorker) -> u128 {
    let settings = context.market().settings();
    let bond = money::bond(worker.price, worker.maxLength, settings.bondBps, settings.minBond);
    bond.saturating_sub(worker.stake.saturating_sub(worker.locked))
}
