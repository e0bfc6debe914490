//! Server-sent events: which block the index has read.

use std::convert::Infallible;
use std::sync::{Arc, Weak};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::config::DashboardConfig;
use crate::site::Site;
use crate::state::Dashboard;

/// How often the index is looked at, while anybody listens.
const INTERVAL: Duration = Duration::from_secs(1);

/// A block: number and hash. A reorg changes the hash of the same number.
pub(crate) type Tip = Option<(u64, String)>;

/// Looks at the index until the dashboard is gone.
pub(crate) async fn follow(dashboard: Weak<Dashboard>, tips: watch::Sender<Tip>) {
    while let Some(config) = dashboard.upgrade().map(|dashboard| dashboard.config.clone()) {
        if tips.receiver_count() > 1 {
            let read = spawn_blocking(move || tip(&config)).await;
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

/// `/live`: an event `block` with the number of each block that the index has read. Who does not read gets only the latest one
/// later: nothing is kept for anybody.
pub(crate) async fn live(State(dashboard): State<Arc<Dashboard>>) -> Response {
    let Ok(place) = Arc::clone(&dashboard.listeners).try_acquire_owned() else {
        let text = "too many pages listen: this one shows new blocks when it is loaded again";
        return (StatusCode::SERVICE_UNAVAILABLE, text).into_response();
    };
    let mut tips = dashboard.tips.clone();
    tips.mark_changed();
    let events = stream::unfold((tips, place), |(mut tips, place)| async move {
        loop {
            tips.changed().await.ok()?;
            let tip = tips.borrow_and_update().clone();
            if let Some((number, hash)) = tip {
                let event = Event::default().event("block").id(hash).data(number.to_string());
                return Some((Ok::<_, Infallible>(event), (tips, place)));
            }
        }
    });
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}
