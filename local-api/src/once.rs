//! Requests with an idempotency key are made once; what they began goes on when their client has gone.

use std::future::Future;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::failure::Failure;
use crate::ledger::{Begun, Request, StoredResponse};
use crate::limit::day_of;
use crate::post::Post;
use crate::shared::Shared;

/// The header of a response that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The day of this moment in UTC.
pub(crate) fn today() -> u32 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    day_of(now.as_secs())
}

/// Does what a request asks for, unless that was done under its key before: then returns the response of that time. What
/// `work` does is not interrupted when the client goes, and the same request made meanwhile waits for it. A request that failed can be repeated under its key.
///
/// # Errors
/// Those of `work`; [`crate::ErrorCode::KeyReused`].
pub(crate) async fn once<B, T, F>(
    shared: &Arc<Shared>,
    post: Post<B>,
    status: StatusCode,
    work: impl FnOnce(Arc<Shared>, Request, Post<B>) -> F,
) -> Result<Response, Failure>
where
    T: Serialize,
    F: Future<Output = Result<T, Failure>> + Send + 'static,
{
    let token = post.caller.0.digest;
    let begin = || shared.ledger.begin(token, post.key.as_deref(), &post.fingerprint, today());
    let request = match begin()? {
        Begun::Done(response) => return Ok(replay(response)),
        Begun::Open(request) => request,
    };
    let active = shared.active.begin_in_turn(&request.name).await;
    // It may have ended after it was looked for.
    if post.key.is_some()
        && let Begun::Done(response) = begin()?
    {
        return Ok(replay(response));
    }
    let (ledger, made) = (shared.ledger.clone(), request.clone());
    let work = work(shared.clone(), request, post);
    let task = tokio::spawn(async move {
        let _active = active;
        let value = work.await?;
        let body = serde_json::to_string(&value).map_err(|error| Failure::internal(&error))?;
        let response = StoredResponse { status: status.as_u16(), body };
        ledger.finish(&made, &response)?;
        Ok::<_, Failure>(response)
    });
    let response = task.await.map_err(|error| Failure::internal(&error))??;
    Ok(respond(response))
}

/// A response that was given before.
fn replay(response: StoredResponse) -> Response {
    ([(REPLAYED, "true")], respond(response)).into_response()
}

/// A response in JSON.
fn respond(response: StoredResponse) -> Response {
    let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::OK);
    (status, [(CONTENT_TYPE, "application/json")], response.body).into_response()
}
