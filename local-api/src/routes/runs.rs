//! Runs of jobs.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, stream};
use muster_compute::Digest;
use serde::Deserialize;
use tokio::time::{Duration, sleep};
use utoipa::IntoParams;

use crate::caller::Caller;
use crate::failure::{ApiError, Failure};
use crate::once::once;
use crate::post::Post;
use crate::right::Right;
use crate::run_body::{MapBody, MapInput, RunBody};
use crate::run_wire::{MapInfo, MapRun, RunInfo, RunList, RunState};
use crate::shared::Shared;
use crate::wire::NoBody;

/// The pause between two looks at a run whose events somebody reads.
const EVENT_PAUSE: Duration = Duration::from_millis(250);

/// The runs of a list, unless somebody asks for more.
const LISTED: u32 = 100;

/// The most runs of a list.
const MAX_LISTED: u32 = 1_000;

/// Which runs are asked for.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunQuery {
    /// How many, at most 1,000; without it, 100.
    limit: Option<u32>,
}

/// Starts a run in an agreement that runs, or that is bought within the token's limit. Right: `run`, and `buy` with `purchase`.
#[utoipa::path(
    post,
    path = "/v1/runs",
    request_body = RunBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a purchase once, also over a restart of the daemon")),
    responses((status = 202, body = RunInfo), (status = "default", body = ApiError)),
    security(("token" = []))
)]
pub(crate) async fn start(
    State(shared): State<Arc<Shared>>,
    post: Post<RunBody>,
) -> Result<Response, Failure> {
    check(&post.caller, &post.body)?;
    once(&shared, post, StatusCode::ACCEPTED, |shared, request, post| async move {
        let (body, limit) = (post.body, post.caller.0.limit);
        let job = body.job(None)?;
        shared.check_jobs(&body, std::slice::from_ref(&job))?;
        let (id, jobs) = (job.id(), vec![(body.name.clone(), job)]);
        shared.start_runs(&request, limit, &body, jobs).await?;
        shared.run_info(shared.stored_run(id)?)
    })
    .await
}

/// Starts a run for each input. Right: `run`, and `buy` with `purchase`.
#[utoipa::path(
    post,
    path = "/v1/maps",
    request_body = MapBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a purchase once, also over a restart of the daemon")),
    responses((status = 202, body = MapInfo), (status = "default", body = ApiError)),
    security(("token" = []))
)]
pub(crate) async fn map(
    State(shared): State<Arc<Shared>>,
    post: Post<MapBody>,
) -> Result<Response, Failure> {
    check(&post.caller, &post.body.run)?;
    once(&shared, post, StatusCode::ACCEPTED, |shared, request, post| async move {
        let (MapBody { run, inputs }, limit) = (post.body, post.caller.0.limit);
        let mut names = BTreeSet::new();
        if let Some(twice) = inputs.iter().find(|input| !names.insert(input.name.as_str())) {
            let name = &twice.name;
            let message = format!("two inputs are called {name:?}, and their outputs would be one");
            return Err(Failure::bad_request(message));
        }
        let jobs = inputs.iter().map(|input| run.job(Some(input)));
        let jobs = jobs.collect::<Result<Vec<_>, _>>()?;
        shared.check_jobs(&run, &jobs)?;
        let name = |input: &MapInput| input.name.clone();
        let runs = inputs.iter().zip(&jobs);
        let runs = runs.map(|(input, job)| MapRun { name: name(input), id: job.id() }).collect();
        let jobs = inputs.iter().map(name).zip(jobs).collect();
        shared.start_runs(&request, limit, &run, jobs).await?;
        Ok(MapInfo { runs })
    })
    .await
}

/// Refuses a caller who may not run jobs, or not buy for them.
fn check(caller: &Caller, body: &RunBody) -> Result<(), Failure> {
    caller.require(Right::Run)?;
    if body.purchase.is_some() {
        caller.require(Right::Buy)?;
    }
    let mut counts =
        body.replicas.into_iter().chain(body.purchase.as_ref().and_then(|p| p.workers));
    if counts.any(|count| !(1..=8).contains(&count)) {
        let message = "`replicas` and `purchase.workers` are from 1 to 8";
        return Err(Failure::bad_request(message));
    }
    Ok(())
}

/// The runs that were started last, by any token of the account. Right: `run`.
#[utoipa::path(
    get,
    path = "/v1/runs",
    params(RunQuery),
    responses((status = 200, body = RunList), (status = "default", body = ApiError)),
    security(("token" = []))
)]
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    query: Result<Query<RunQuery>, QueryRejection>,
) -> Result<Json<RunList>, Failure> {
    caller.require(Right::Run)?;
    let Query(query) = query.map_err(Failure::bad_request)?;
    let limit = query.limit.unwrap_or(LISTED);
    if !(1..=MAX_LISTED).contains(&limit) {
        let message = format!("`limit` is from 1 to {MAX_LISTED}");
        return Err(Failure::bad_request(message));
    }
    let runs = shared.ledger.latest_runs(limit)?.into_iter().map(|run| shared.run_info(run));
    Ok(Json(RunList { runs: runs.collect::<Result<_, _>>()? }))
}

/// A run. Right: `run`.
#[utoipa::path(
    get,
    path = "/v1/runs/{id}",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, body = RunInfo), (status = "default", body = ApiError)),
    security(("token" = []))
)]
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    id: Result<Path<Digest>, PathRejection>,
) -> Result<Json<RunInfo>, Failure> {
    caller.require(Right::Run)?;
    let Path(id) = id.map_err(Failure::bad_request)?;
    shared.run_info(shared.stored_run(id)?).map(Json)
}

/// Cancels a run, here and at its workers. Right: `run`.
#[utoipa::path(
    post,
    path = "/v1/runs/{id}/cancel",
    request_body = NoBody,
    params(
        ("id" = String, Path, description = "Its id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request once")
    ),
    responses((status = 200, body = RunInfo), (status = "default", body = ApiError)),
    security(("token" = []))
)]
pub(crate) async fn cancel(
    State(shared): State<Arc<Shared>>,
    id: Result<Path<Digest>, PathRejection>,
    post: Post<NoBody>,
) -> Result<Response, Failure> {
    post.caller.require(Right::Run)?;
    let Path(id) = id.map_err(Failure::bad_request)?;
    once(
        &shared,
        post,
        StatusCode::OK,
        move |shared, _, _| async move { shared.cancel_run(id).await },
    )
    .await
}

/// A run as it is, and after each change, as server-sent events called `run`. The stream ends with the run. Right: `run`.
#[utoipa::path(
    get,
    path = "/v1/runs/{id}/events",
    params(("id" = String, Path, description = "Its id")),
    responses(
        (status = 200, body = RunInfo, content_type = "text/event-stream"),
        (status = "default", body = ApiError)
    ),
    security(("token" = []))
)]
pub(crate) async fn events(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    id: Result<Path<Digest>, PathRejection>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>> + use<>>, Failure> {
    caller.require(Right::Run)?;
    let Path(id) = id.map_err(Failure::bad_request)?;
    let first = shared.run_info(shared.stored_run(id)?)?;
    Ok(Sse::new(changes(shared, first)).keep_alive(KeepAlive::default()))
}

/// The states of a run from this one on, up to the last.
fn changes(
    shared: Arc<Shared>,
    first: RunInfo,
) -> impl Stream<Item = Result<Event, Infallible>> + use<> {
    stream::unfold((shared, Some(first), None), async |(shared, next, last)| {
        let run = match (next, last) {
            (Some(first), _) => first,
            (None, Some(last)) => next_change(&shared, last).await?,
            (None, None) => return None,
        };
        let event = Event::default().event("run").json_data(&run).ok()?;
        Some((Ok(event), (shared, None, Some(run))))
    })
}

/// The next state of a run; `None` after the last.
async fn next_change(shared: &Arc<Shared>, last: RunInfo) -> Option<RunInfo> {
    if last.state != RunState::Running {
        return None;
    }
    loop {
        sleep(EVENT_PAUSE).await;
        let run = shared.stored_run(last.id).and_then(|run| shared.run_info(run)).ok()?;
        if run != last {
            return Some(run);
        }
    }
}
