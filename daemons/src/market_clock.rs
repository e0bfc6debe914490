//! The market's clock for what runs beside the steps.

use muster_client::Market;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Duration, sleep};

/// How often the chain is asked for the time.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// The latest tick that the chain was seen in. While no node answers, time stands still: nobody is looked
/// at without knowing in which window.
#[derive(Debug)]
pub(crate) struct MarketClock {
    /// The tick.
    tick: watch::Sender<u64>,
    /// What keeps it going.
    _task: JoinSet<()>,
}

impl MarketClock {
    /// A clock that shows `now`, and goes on from there with the market's until it is dropped.
    pub(crate) fn start(market: Market, now: u64) -> Self {
        let tick = watch::Sender::new(now);
        let (mut task, shown) = (JoinSet::new(), tick.clone());
        task.spawn(async move {
            loop {
                sleep(POLL_INTERVAL).await;
                if let Ok(now) = market.now().await {
                    shown.send_replace(now);
                }
            }
        });
        Self { tick, _task: task }
    }

    /// The tick of now.
    pub(crate) fn now(&self) -> u64 {
        *self.tick.borrow()
    }

    /// Returns when this tick, or a later one, is there.
    pub(crate) async fn wait_until(&self, tick: u64) {
        // The channel is open as long as the clock is there.
        drop(self.tick.subscribe().wait_for(|now| *now >= tick).await);
    }
}
