//! Which block the index has read last.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::config::DashboardConfig;
use crate::site::Site;

/// How often the index is looked at, while anybody listens.
const INTERVAL: Duration = Duration::from_secs(1);

/// A block: number and hash. A reorg changes the hash of the same number.
pub(crate) type Tip = Option<(u64, String)>;

/// Looks at the index until no receiver is left: the dashboard has one, and every page that listens.
pub(crate) async fn follow(config: DashboardConfig, tips: watch::Sender<Tip>) {
    while !tips.is_closed() {
        if tips.receiver_count() > 1 {
            let own = config.clone();
            let read = spawn_blocking(move || tip(&own)).await;
            if let Ok(Some(tip)) = read {
                tips.send_if_modified(|last| {
                    let is_new = *last != tip;
                    *last = tip;
                    is_new
                });
            }
        }
        sleep(INTERVAL).await;
    }
}

/// The latest block that is indexed; `None` if the index does not answer.
fn tip(config: &DashboardConfig) -> Option<Tip> {
    let known = config.index.markets().ok()?;
    let site = config.index.read(|transaction| Site::load(transaction, config, &known)).ok()?;
    Some(site.indexed.map(|indexed| (indexed.head.number, indexed.head.hash.to_string())))
}
