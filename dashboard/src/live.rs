//! Server-sent events: which block the index has read.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;

use crate::state::Dashboard;

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
