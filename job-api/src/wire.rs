//! What goes over the wire.

use muster_compute::{Digest, JobResult, Limits};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a worker takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WorkerLimits {
    /// The profiles of jobs: `wasm1`.
    pub profiles: Vec<String>,
    /// The most that one job may ask for.
    pub job: Limits,
    /// Jobs that run at once.
    pub running: u32,
    /// Jobs that may wait.
    pub waiting: u32,
    /// Bytes that the blobs of an agreement may take: what was uploaded, what jobs left, and the documents of jobs and
    /// results. Each counts 8,192 bytes more than its length.
    pub blobs: u64,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It waits for its turn.
    Waiting,
    /// It runs.
    Running,
    /// It has a result.
    Done,
    /// It has no result, for a reason that lies in this worker: see [`JobStatus::reason`].
    Unfinished,
    /// It was cancelled.
    Cancelled,
}

/// A job at a worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobStatus {
    /// The job's id.
    pub id: Digest,
    /// Where it stands.
    pub state: JobState,
    /// Its result, if it is [`JobState::Done`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<SignedResult>,
    /// The blob of what it wrote to standard error, if it ran. It is no part of the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stderr: Option<Digest>,
    /// Processor time that it took, in milliseconds, as the worker says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_ms: Option<u64>,
    /// Why the program trapped, if it did, in the words of the worker's engine. It is no part of the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trap: Option<String>,
    /// Why it has no result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A result and the worker's signature for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignedResult {
    /// The result.
    pub result: JobResult,
    /// What the worker signed for the job's id and the result's digest: a text that this crate does not read.
    pub signature: String,
}

/// What is wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The query or a header is malformed.
    BadRequest,
    /// The path names no SHA-256.
    BadDigest,
    /// The job document is malformed.
    BadJob,
    /// The API has no such path.
    NoRoute,
    /// The path has no such method.
    NoMethod,
    /// There is no such blob.
    NoBlob,
    /// There is no such job.
    NoJob,
    /// The job names blobs that are not here.
    MissingBlobs,
    /// The blob, or the job's limits, exceed this worker's limits.
    TooLarge,
    /// The part of a blob does not begin where the upload ended.
    WrongOffset,
    /// The body of a blob has another digest.
    WrongDigest,
    /// The module does not follow the profile.
    BadModule,
    /// As many jobs wait as this worker lets wait.
    TooManyJobs,
    /// The machine failed.
    Internal,
    /// The agreement's space, or the disk, is full.
    NoSpace,
}

/// An error response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiError {
    /// The code.
    pub error: ErrorCode,
    /// The reason, for people.
    pub message: String,
    /// The blobs that are missing, if these are the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blobs: Vec<Digest>,
}
