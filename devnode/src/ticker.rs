//! Interval mining.

use std::time::Duration;

use tokio::{sync::watch, time};

use crate::{chain::ChainThread, rpc::NodeContext};

/// Minimum interval between blocks.
const MIN_BLOCK_TIME: Duration = Duration::from_millis(1);

/// Stands for "no interval mining".
const NEVER: Duration = Duration::from_secs(1 << 30);

/// Mines a block in every period, as long as there is one.
pub(crate) async fn mine_periodically(
    chain_thread: ChainThread<NodeContext>,
    mut block_time: watch::Receiver<Option<Duration>>,
) {
    loop {
        let period = *block_time.borrow_and_update();
        let mut ticks = time::interval(period.unwrap_or(NEVER).max(MIN_BLOCK_TIME));
        ticks.tick().await;
        loop {
            tokio::select! {
                // A new period takes effect at once.
                biased;
                changed = block_time.changed() => match changed {
                    Ok(()) => break,
                    Err(_) => return,
                },
                _ = ticks.tick() => if chain_thread.run(NodeContext::mine_by_time).await.is_err() {
                    return;
                },
            }
        }
    }
}
