//! The worker's registration: its offer, its message key, its stake, and its listing in the book.

use std::collections::VecDeque;

use muster_client::protocol::abi::Worker as RegisteredWorker;
use muster_client::protocol::money;
use muster_client::{Ether, Offer};
use tokio::time::{Duration, Instant};

use super::fitness::Fitness;
use super::options::WorkerOptions;
use crate::context::DaemonContext;
use crate::error::DaemonError;
use crate::health::NextEvent;

/// The flag of a worker that its own daemon took out of the book.
const WITHDRAWN: &str = "withdrawn";

/// How often a worker is taken out of the book within [`WITHDRAWAL_PERIOD`].
const MAX_WITHDRAWALS: usize = 2;

/// See [`MAX_WITHDRAWALS`].
const WITHDRAWAL_PERIOD: Duration = Duration::from_hours(1);

/// Keeps the worker registered as its options say, and listed.
#[derive(Debug)]
pub(super) struct BookListing {
    /// Whether it may still make the worker available.
    make_available: bool,
    /// What the worker's own checks found.
    fitness: Fitness,
    /// When it took the worker out of the book in the last hour.
    withdrawals: VecDeque<Instant>,
    /// The stake that was last said to be missing.
    missing: u128,
}

impl BookListing {
    /// With `make_available`, it makes an unavailable worker available, once.
    pub(super) const fn new(make_available: bool, fitness: Fitness) -> Self {
        Self { make_available, fitness, withdrawals: VecDeque::new(), missing: 0 }
    }

    /// Whether the worker may be taken out of the book once more: that costs gas.
    fn may_withdraw(&mut self) -> bool {
        self.withdrawals.retain(|at| at.elapsed() < WITHDRAWAL_PERIOD);
        self.withdrawals.len() < MAX_WITHDRAWALS
    }

    /// Says once what keeps the worker out of the book, and how to mend it.
    fn warn_of_missing(&mut self, missing: u128) {
        if self.missing != missing {
            self.missing = missing;
            let ether = Ether::from(missing);
            tracing::warn!(
                "not in the book: the bond of a longest agreement at this price needs {ether} more stake: muster worker stake {ether}, \
                 or --top-up"
            );
        }
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
        self.fitness.first_check().await;
        let is_fit = self.fitness.is_fit();
        let Some(worker) = registration else {
            if !is_fit {
                return Ok(Some(NextEvent::untimed("its own checks to pass, to register")));
            }
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
        let store = context.store();
        if worker.available && self.fitness.is_unfit() && self.may_withdraw() {
            store.set_flag(WITHDRAWN, true)?;
            market_for("available").set_available(false).await?;
            self.withdrawals.push_back(Instant::now());
            tracing::warn!("taken out of the book, until the worker's own checks pass again");
            return Ok(None);
        }
        if !worker.available {
            let is_withdrawn = store.flag(WITHDRAWN)?;
            if !is_fit && (is_withdrawn || self.make_available) {
                return Ok(Some(NextEvent::untimed("its own checks to pass, to be in the book")));
            }
            if !self.make_available && !is_withdrawn {
                let what = "its owner: it takes no new work, or did not accept in time; --return makes it available";
                return Ok(Some(NextEvent::untimed(what)));
            }
            market_for("available").set_available(true).await?;
            self.make_available = false;
            store.set_flag(WITHDRAWN, false)?;
            return Ok(None);
        }
        if worker.listed || worker.active >= worker.capacity {
            return Ok(None);
        }
        if !is_fit {
            return Ok(Some(NextEvent::untimed("its own checks to pass, to be in the book")));
        }
        let missing = missing_stake(context, worker);
        if missing == 0 {
            market_for("list").list(account).await?;
        } else if options.top_up_stake {
            market_for("stake").stake(missing).await?;
        } else {
            self.warn_of_missing(missing);
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

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_worker_is_taken_out_of_the_book_twice_an_hour_at_most() {
        let mut listing = BookListing::new(false, Fitness::default());
        for _ in 0..MAX_WITHDRAWALS {
            assert!(listing.may_withdraw());
            listing.withdrawals.push_back(Instant::now());
        }
        assert!(!listing.may_withdraw());
        advance(WITHDRAWAL_PERIOD).await;
        assert!(listing.may_withdraw());
    }
}
