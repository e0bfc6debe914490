//! A client's jobs, and what workers answered to them.

use alloy::primitives::Address;
use muster_client::ResultSignature;
use muster_compute::{Digest, JobResult};
use rusqlite::{OptionalExtension, Row, params};

use super::database::{MAX_INTEGER, Store};
use super::error::StoreError;

/// A job of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredJob {
    /// Its id.
    pub id: Digest,
    /// Its document, in canonical form.
    pub document: Vec<u8>,
    /// What people call it.
    pub label: String,
    /// The Unix second in which it was submitted first.
    pub created: u64,
    /// Whether it was cancelled.
    pub is_cancelled: bool,
    /// The result that workers agreed on.
    pub result: Option<JobResult>,
}

/// A worker that a job was sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The worker's account.
    pub worker: Address,
    /// The agreement.
    pub agreement: Address,
    /// The result and the worker's signature for it, which was verified; `None` if it has not answered.
    pub result: Option<(JobResult, ResultSignature)>,
    /// The blob of standard error.
    pub stderr: Option<Digest>,
    /// Processor time in milliseconds, as the worker says.
    pub cpu_ms: Option<u64>,
    /// Why the program trapped, as the worker says.
    pub trap: Option<String>,
    /// Why there is no result, if the worker was given up.
    pub failure: Option<String>,
}

impl StoredAnswer {
    /// A worker that is asked, and has not answered.
    #[must_use]
    pub const fn asked(worker: Address, agreement: Address) -> Self {
        let (result, stderr, cpu_ms, trap, failure) = (None, None, None, None, None);
        Self { worker, agreement, result, stderr, cpu_ms, trap, failure }
    }
}

impl Store {
    /// Stores a job. One that is known keeps its results, and is no longer cancelled.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn record_job(&self, job: &StoredJob) -> Result<(), StoreError> {
        let insert = "INSERT INTO jobs (id, document, label, created) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT DO UPDATE SET label = excluded.label, cancelled = 0";
        let (id, created) = (job.id.as_bytes(), job.created.min(MAX_INTEGER));
        self.lock().execute(insert, params![id, job.document, job.label, created])?;
        Ok(())
    }

    /// All jobs, the oldest first.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn jobs(&self) -> Result<Vec<StoredJob>, StoreError> {
        let connection = self.lock();
        let select = "SELECT id, document, label, created, cancelled, result FROM jobs
            ORDER BY created, id";
        let mut select = connection.prepare_cached(select)?;
        let rows = select.query_map([], read_job)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A job; `None` if it is not known.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn job(&self, id: Digest) -> Result<Option<StoredJob>, StoreError> {
        let select = "SELECT id, document, label, created, cancelled, result FROM jobs
            WHERE id = ?1";
        Ok(self.lock().query_row(select, params![id.as_bytes()], read_job).optional()?)
    }

    /// Stores that a job is cancelled.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn cancel_job(&self, id: Digest) -> Result<(), StoreError> {
        let update = "UPDATE jobs SET cancelled = 1 WHERE id = ?1";
        self.lock().execute(update, params![id.as_bytes()])?;
        Ok(())
    }

    /// Stores the result that workers agreed on.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn record_job_result(&self, id: Digest, result: &JobResult) -> Result<(), StoreError> {
        let update = "UPDATE jobs SET result = ?2 WHERE id = ?1";
        let canonical = result.canonical().unwrap_or_default();
        self.lock().execute(update, params![id.as_bytes(), canonical])?;
        Ok(())
    }

    /// Stores that a job is being sent to a worker, or what that worker answered.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn record_job_answer(&self, job: Digest, answer: &StoredAnswer) -> Result<(), StoreError> {
        // A worker that is asked again has answered before, or not: what it answered stays.
        let upsert = "INSERT INTO job_answers
            (job, worker, agreement, result, signature, stderr, cpu_ms, trap, failure)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
            ON CONFLICT DO UPDATE SET result = excluded.result, signature = excluded.signature,
                stderr = excluded.stderr, cpu_ms = excluded.cpu_ms, trap = excluded.trap,
                failure = excluded.failure
            WHERE excluded.result IS NOT NULL OR job_answers.result IS NULL";
        let StoredAnswer { worker, agreement, result, stderr, cpu_ms, trap, failure } = answer;
        let canonical = result.as_ref().and_then(|(result, _)| result.canonical().ok());
        let signature = result.as_ref().map(|(_, signature)| signature.to_string());
        let stderr = stderr.as_ref().map(Digest::as_bytes);
        let cpu_ms = cpu_ms.map(|ms| ms.min(MAX_INTEGER));
        let (job, worker, agreement) = (job.as_bytes(), worker.0.0, agreement.0.0);
        let sent =
            params![job, worker, agreement, canonical, signature, stderr, cpu_ms, trap, failure];
        self.lock().execute(upsert, sent)?;
        Ok(())
    }

    /// The workers that a job was sent to.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn job_answers(&self, job: Digest) -> Result<Vec<StoredAnswer>, StoreError> {
        let connection = self.lock();
        let select = "SELECT worker, agreement, result, signature, stderr, cpu_ms, trap, failure
            FROM job_answers WHERE job = ?1";
        let mut select = connection.prepare_cached(select)?;
        let rows = select.query_map(params![job.as_bytes()], read_answer)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Reads a row of `jobs`.
fn read_job(row: &Row<'_>) -> rusqlite::Result<StoredJob> {
    let result: Option<Vec<u8>> = row.get(5)?;
    Ok(StoredJob {
        id: Digest::from_bytes(row.get(0)?),
        document: row.get(1)?,
        label: row.get(2)?,
        created: row.get(3)?,
        is_cancelled: row.get(4)?,
        result: result.and_then(|canonical| JobResult::parse(&canonical).ok()),
    })
}

/// Reads a row of `job_answers`.
fn read_answer(row: &Row<'_>) -> rusqlite::Result<StoredAnswer> {
    let (result, signature): (Option<Vec<u8>>, Option<String>) = (row.get(2)?, row.get(3)?);
    let result = result.and_then(|canonical| JobResult::parse(&canonical).ok());
    let stderr: Option<[u8; 32]> = row.get(4)?;
    Ok(StoredAnswer {
        worker: Address::new(row.get(0)?),
        agreement: Address::new(row.get(1)?),
        result: result.zip(signature.and_then(|text| text.parse().ok())),
        stderr: stderr.map(Digest::from_bytes),
        cpu_ms: row.get(5)?,
        trap: row.get(6)?,
        failure: row.get(7)?,
    })
}

#[cfg(test)]
mod tests;
