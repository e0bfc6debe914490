//! The market's clock for tasks that run beside the steps.

use muster_client::Market;
use tokio::sync::watch;
use tokio::time::{Duration, sleep};
use tokio_util::task::AbortOnDropHandle;

/// The pause between two reads of the chain's time.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// The latest tick that was read from the chain. While no node answers, the clock stands still, so that no worker is
/// probed in an unknown window.
#[derive(Debug)]
pub(crate) struct MarketClock {
    /// The tick.
    tick: watch::Sender<u64>,
    /// Reads the chain's time.
    _task: AbortOnDropHandle<()>,
}

impl MarketClock {
    /// Starts a clock that shows `now`, and follows the market's time until it is dropped.
    pub(crate) fn start(market: Market, now: u64) -> Self {
        let tick = watch::Sender::new(now);
        let shown = tick.clone();
        let task = tokio::spawn(async move {
            loop {
                sleep(POLL_INTERVAL).await;
                if let Ok(now) = market.now().await {
                    shown.send_replace(now);
                }
            }
        });
        Self { tick, _task: AbortOnDropHandle::new(task) }
    }

    /// The current tick.
    pub(crate) fn now(&self) -> u64 {
        *self.tick.borrow()
    }

    /// Returns when the clock shows this tick or a later one.
    pub(crate) async fn wait_until(&self, tick: u64) {
        // The channel is open as long as the clock exists.
        drop(self.tick.subscribe().wait_for(|now| *now >= tick).await);
    }
}
