//! From a job that waits to its record.

use crate::{job_record::JobRecord, signer::ResultSigner};
use muster_compute::{BlobStore, Cancel, Digest, Execution, Job, RunError, Runner};
use std::{error::Error, io::Read};

/// The longest canonical result. Whoever asks for a job's status gets it as a whole.
const MAX_RESULT: usize = 16 << 20;

/// Runs a job whose document is a blob, and signs its result. Blocks until its end.
pub(crate) fn run_job(
    runner: &Runner,
    signer: &dyn ResultSigner,
    id: &Digest,
    cancel: &Cancel,
) -> JobRecord {
    match try_run(runner, signer, id, cancel) {
        Ok(record) => record,
        Err(error) => {
            if let Some(RunError::Io(error)) = error.downcast_ref() {
                tracing::error!(job = %id, %error, "job could not be run");
            }
            JobRecord::Unfinished { reason: error.to_string() }
        }
    }
}

/// See [`run_job`].
fn try_run(
    runner: &Runner,
    signer: &dyn ResultSigner,
    id: &Digest,
    cancel: &Cancel,
) -> Result<JobRecord, Box<dyn Error + Send + Sync>> {
    let blobs = runner.blobs();
    let job = Job::parse(&read_blob(blobs, id)?)?;
    let Execution { result, stderr, trap, cpu, .. } = runner.run(&job, cancel)?;
    let canonical = result.canonical()?;
    if canonical.len() > MAX_RESULT {
        let text =
            format!("the program left too many files: a result has at most {MAX_RESULT} bytes");
        return Err(text.into());
    }
    let result = blobs.put(&canonical)?;
    // It is no part of the result, so a full disk does not take the result away.
    let stderr = blobs.put(&stderr).ok();
    let signature = signer.sign(id, &result)?;
    let cpu_ms = u64::try_from(cpu.as_millis()).unwrap_or(u64::MAX);
    Ok(JobRecord::Done { result, signature, stderr, cpu_ms, trap })
}

/// A small blob.
pub(crate) fn read_blob(
    blobs: &BlobStore,
    blob: &Digest,
) -> Result<Vec<u8>, muster_compute::BlobError> {
    let mut bytes = Vec::new();
    blobs.read(blob)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}
