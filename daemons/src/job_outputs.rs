//! What is fetched from every worker after it is done with a job, in the same order by testers and clients: a worker must not
//! see who asks.

use std::collections::BTreeMap;

use muster_compute::{BlobError, Digest, JobResult};

use crate::job_client::{JobClient, JobFailure};

/// The most that a program's standard error is kept of, in bytes.
pub(crate) const MAX_STDERR: u64 = 1 << 20;

/// The most bytes of outputs that are fetched from every worker.
const FETCH_LIMIT: u64 = 1 << 20;

/// The blobs of a result, by digest, and the most bytes that each may have; not the empty one, which everybody has.
pub(crate) fn output_blobs(result: &JobResult, stdout_limit: u64) -> BTreeMap<Digest, u64> {
    let files = result.outputs.iter().map(|file| (file.blob, file.size));
    let mut blobs: BTreeMap<_, _> = files.chain([(result.stdout, stdout_limit)]).collect();
    blobs.remove(&Digest::of(b""));
    blobs
}

/// Fetches the outputs of a result, each verified, as many as fit into [`FETCH_LIMIT`]; and standard error, which may be
/// missing. Without `stdout_size`, standard output is fetched if it turns out to fit.
///
/// # Errors
/// [`JobFailure`], of the first blob that does not come as it should.
pub(crate) async fn fetch_small_outputs(
    client: &JobClient,
    result: &JobResult,
    stdout_size: Option<u64>,
    stderr: Option<Digest>,
) -> Result<Vec<Vec<u8>>, JobFailure> {
    let (mut room, mut fetched) = (FETCH_LIMIT, Vec::new());
    for (blob, size) in output_blobs(result, stdout_size.unwrap_or_default()) {
        let is_unknown = stdout_size.is_none() && blob == result.stdout;
        if size > room {
            continue;
        }
        let body = match client.fetch(blob, if is_unknown { room } else { size }).await {
            Err(JobFailure::Local(BlobError::TooLarge(_))) if is_unknown => continue,
            received => received?.body,
        };
        room = room.saturating_sub(u64::try_from(body.len()).unwrap_or(u64::MAX));
        fetched.push(body);
    }
    if let Some(stderr) = stderr.filter(|stderr| *stderr != Digest::of(b"")) {
        // It is no part of the result.
        fetched.extend(client.fetch(stderr, MAX_STDERR).await.map(|received| received.body));
    }
    Ok(fetched)
}
