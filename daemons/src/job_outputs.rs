//! What is fetched after a job is done, in the same order by testers and clients: a worker must not see who asks.

use std::collections::BTreeMap;

use muster_compute::{Digest, JobResult};

use crate::job_client::{JobClient, JobFailure};

/// The most that a program's standard error is kept of, in bytes.
pub(crate) const MAX_STDERR: u64 = 1 << 20;

/// The blobs of a result, by digest, and the most bytes that each may have; not the empty one, which everybody has.
pub(crate) fn output_blobs(result: &JobResult, stdout_limit: u64) -> BTreeMap<Digest, u64> {
    let files = result.outputs.iter().map(|file| (file.blob, file.size));
    let mut blobs: BTreeMap<_, _> = files.chain([(result.stdout, stdout_limit)]).collect();
    blobs.remove(&Digest::of(b""));
    blobs
}

/// Fetches blobs of a result, and standard error, which may be missing. What is fetched is verified, and dropped.
///
/// # Errors
/// [`JobFailure`], of the first blob that does not come as it should.
pub(crate) async fn fetch_and_drop(
    client: &JobClient,
    blobs: &BTreeMap<Digest, u64>,
    stderr: Option<Digest>,
) -> Result<(), JobFailure> {
    for (blob, limit) in blobs {
        client.fetch(*blob, *limit).await?;
    }
    if let Some(stderr) = stderr.filter(|stderr| *stderr != Digest::of(b"")) {
        // It is no part of the result.
        drop(client.fetch(stderr, MAX_STDERR).await);
    }
    Ok(())
}
