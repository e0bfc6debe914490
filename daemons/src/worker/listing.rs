//! The worker's registration: its offer, its message key, its stake, and its listing in the book.

use muster_client::protocol::abi::Worker as RegisteredWorker;
use muster_client::protocol::money;
use muster_client::{Ether, Offer};

use super::options::WorkerOptions;
use crate::context::DaemonContext;
use crate::error::DaemonError;
use crate::health::NextEvent;

/// Keeps the worker registered as its options say, and listed.
#[derive(Debug)]
pub(super) struct BookListing {
    /// Whether it may still make the worker available.
    make_available: bool,
}

impl BookListing {
    /// With `make_available`, it makes an unavailable worker available, once.
    pub(super) const fn new(make_available: bool) -> Self {
        Self { make_available }
    }

    /// Sends what the registration lacks, and returns what only the owner can do.
    pub(super) async fn maintain(
        &mut self,
        context: &DaemonContext,
        options: &WorkerOptions,
        registration: Option<&RegisteredWorker>,
    ) -> Result<Option<NextEvent>, DaemonError> {
        let (account, key) = (context.account(), context.message_key()?.public());
        let WorkerOptions { application, offer, stake, .. } = options;
        let market_for = |operation: &str| context.market_for(&format!("{operation}/{account}"));
        let Some(worker) = registration else {
            market_for("register").register(*application, offer, key, *stake).await?;
            return Ok(None);
        };
        if worker.key != key {
            market_for("key").set_key(key).await?;
        }
        if registered_offer(worker) != *offer {
            // The next step reads the registration again.
            market_for("update").update(offer).await?;
            return Ok(None);
        }
        if !worker.available {
            if !self.make_available {
                let what = "its owner: it takes no new work, or did not accept in time; --return makes it available";
                return Ok(Some(NextEvent::untimed(what)));
            }
            market_for("available").set_available(true).await?;
            self.make_available = false;
            return Ok(None);
        }
        if worker.listed || worker.active >= worker.capacity {
            return Ok(None);
        }
        let missing = missing_stake(context, worker);
        if missing == 0 {
            market_for("list").list(account).await?;
        } else if options.top_up_stake {
            market_for("stake").stake(missing).await?;
        } else {
            let what = format_args!("{} more stake, to be listed", Ether::from(missing));
            return Ok(Some(NextEvent::untimed(what)));
        }
        Ok(None)
    }
}

/// The offer in a registration.
const fn registered_offer(worker: &RegisteredWorker) -> Offer {
    let RegisteredWorker { price, maxLength: max_length, promised: promise, capacity, .. } =
        *worker;
    Offer { price, max_length, promise, capacity }
}

/// Wei of free stake that a worker lacks for the bond of its longest agreement.
fn missing_stake(context: &DaemonContext, worker: &RegisteredWorker) -> u128 {
    let settings = context.market().settings();
    let bond = money::bond(worker.price, worker.maxLength, settings.bondBps, settings.minBond);
    bond.saturating_sub(worker.stake.saturating_sub(worker.locked))
}
