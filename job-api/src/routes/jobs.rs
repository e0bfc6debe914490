//! Jobs: posted, waited for, cancelled.

use super::digest_path::DigestPath;
use crate::{
    agreement::Agreement,
    failure::Failure,
    wire::{ApiError, ErrorCode, JobState, JobStatus, WorkerLimits},
};
use axum::{
    Json,
    body::{Body, to_bytes},
    extract::{Query, State, rejection::QueryRejection},
    http::StatusCode,
};
use muster_compute::{Digest, Job, JobDocument};
use serde::Deserialize;
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use utoipa::IntoParams;

/// The longest time that a request waits, in seconds: less than gateways wait for a response.
const MAX_WAIT: u64 = 50;
/// The longest body of a job; the profile allows half of it.
const MAX_BODY: usize = 2 << 20;

/// The query of `GET /jobs/{id}`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WaitQuery {
    /// Seconds to wait for the job's end; 50 at most
    #[serde(default)]
    wait: u64,
}

/// Says what this worker takes.
#[utoipa::path(get, path = "/limits", responses((status = 200, description = "What this worker takes", body = WorkerLimits)))]
pub(crate) async fn limits(State(agreement): State<Arc<Agreement>>) -> Json<WorkerLimits> {
    Json(agreement.host.limits().clone())
}

/// Posts a job. The same job posted again is the same job; one that has no result is tried again.
#[utoipa::path(
    post,
    path = "/jobs",
    request_body = JobDocument,
    responses(
        (status = 200, description = "It is done", body = JobStatus),
        (status = 202, description = "It waits or runs", body = JobStatus),
        (status = 400, description = "bad_job", body = ApiError),
        (status = 409, description = "missing_blobs", body = ApiError),
        (status = 413, description = "too_large", body = ApiError),
        (status = 422, description = "bad_module", body = ApiError),
        (status = 429, description = "too_many_jobs", body = ApiError),
        (status = 507, description = "no_space", body = ApiError)
    )
)]
pub(crate) async fn post_job(
    State(agreement): State<Arc<Agreement>>,
    body: Body,
) -> Result<(StatusCode, Json<JobStatus>), Failure> {
    let bad_job = |error: &dyn std::fmt::Display| Failure::new(ErrorCode::BadJob, error);
    let document = to_bytes(body, MAX_BODY).await.map_err(|error| bad_job(&error))?;
    let job = Arc::new(Job::parse(&document).map_err(|error| bad_job(&error))?);
    check_limits(&job, agreement.host.limits())?;
    let posted = Arc::clone(&job);
    let known = agreement.blocking(move |agreement| {
        let known = agreement.jobs.known(&posted)?;
        if known.is_none() {
            check_blobs(&posted, agreement)?;
        }
        Ok(known)
    });
    if let Some(status) = known.await? {
        return Ok(reply(status));
    }
    let turns = agreement.host.check_turns();
    agreement.modules.check(&job, agreement.blobs(), turns).await?;
    Ok(reply(agreement.blocking(move |agreement| agreement.jobs.add(&job)).await?))
}

/// Returns the status of a job, as soon as it is final or after the time.
#[utoipa::path(
    get,
    path = "/jobs/{id}",
    params(("id" = Digest, Path, description = "The job's id"), WaitQuery),
    responses(
        (status = 200, description = "Where it stands", body = JobStatus),
        (status = 400, description = "bad_digest, bad_request", body = ApiError),
        (status = 404, description = "no_job", body = ApiError)
    )
)]
pub(crate) async fn get_job(
    State(agreement): State<Arc<Agreement>>,
    DigestPath(id): DigestPath,
    query: Result<Query<WaitQuery>, QueryRejection>,
) -> Result<Json<JobStatus>, Failure> {
    let Query(WaitQuery { wait }) =
        query.map_err(|error| Failure::new(ErrorCode::BadRequest, error))?;
    if let Some(end) = agreement.jobs.end_of(&id) {
        wait_for(&agreement, &end, Duration::from_secs(wait.min(MAX_WAIT))).await;
    }
    Ok(Json(agreement.blocking(move |agreement| agreement.jobs.status(&id)).await?))
}

/// Cancels a job that waits or runs, and returns its status.
#[utoipa::path(
    delete,
    path = "/jobs/{id}",
    params(("id" = Digest, Path, description = "The job's id")),
    responses(
        (status = 200, description = "Where it stands: a job that was done before stays done", body = JobStatus),
        (status = 400, description = "bad_digest", body = ApiError),
        (status = 404, description = "no_job", body = ApiError)
    )
)]
pub(crate) async fn delete_job(
    State(agreement): State<Arc<Agreement>>,
    DigestPath(id): DigestPath,
) -> Result<Json<JobStatus>, Failure> {
    let end = agreement.jobs.end_of(&id);
    agreement.blocking(move |agreement| agreement.jobs.cancel(&id)).await?;
    if let Some(end) = end {
        wait_for(&agreement, &end, Duration::from_secs(MAX_WAIT)).await;
    }
    Ok(Json(agreement.blocking(move |agreement| agreement.jobs.status(&id)).await?))
}

/// Waits for the end of a job or of the server, but not longer than this.
async fn wait_for(agreement: &Agreement, end: &CancellationToken, time: Duration) {
    let end = agreement.shutdown.run_until_cancelled(end.cancelled());
    drop(timeout(time, end).await);
}

/// A status with its HTTP status.
const fn reply(status: JobStatus) -> (StatusCode, Json<JobStatus>) {
    let code = match status.state {
        JobState::Waiting | JobState::Running => StatusCode::ACCEPTED,
        JobState::Done | JobState::Unfinished | JobState::Cancelled => StatusCode::OK,
    };
    (code, Json(status))
}

/// Checks a job's limits against the worker's.
fn check_limits(job: &Job, limits: &WorkerLimits) -> Result<(), Failure> {
    muster_compute::check_limits(&job.document().limits, &limits.job)
        .map_err(|error| Failure::new(ErrorCode::TooLarge, error))
}

/// Checks that all blobs of a job are here.
fn check_blobs(job: &Job, agreement: &Agreement) -> Result<(), Failure> {
    let mut missing: Vec<Digest> = Vec::new();
    for blob in job.blobs() {
        if agreement.blobs().size(&blob)?.is_none() {
            missing.push(blob);
        }
    }
    missing.sort_unstable();
    missing.dedup();
    if missing.is_empty() { Ok(()) } else { Err(Failure::missing_blobs(missing)) }
}
