//! Runs of jobs, so that they go on after a restart.

use alloy::primitives::Address;
use muster_compute::Digest;
use muster_daemons::client::Hired;
use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row, params};

use super::database::Ledger;
use super::error::LedgerError;
use crate::run_wire::{RunOutcome, RunState};

/// The columns of a run.
const COLUMNS: &str = "id, agreement, replicas, name, document, started, state, outcome, failure";

/// A run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredRun {
    /// The id of its job.
    pub(crate) id: Digest,
    /// Where it is run, by how many workers.
    pub(crate) hired: Hired,
    /// What people call it.
    pub(crate) name: String,
    /// The document of its job, in canonical form.
    pub(crate) document: Vec<u8>,
    /// The Unix second in which it was started last.
    pub(crate) started: u64,
    /// How it stands.
    pub(crate) state: RunState,
    /// What came of it.
    pub(crate) outcome: Option<RunOutcome>,
    /// Why it failed.
    pub(crate) failure: Option<String>,
}

impl Ledger {
    /// Records that a run begins, also one that ended before.
    ///
    /// # Errors
    /// [`LedgerError::Query`].
    pub(crate) fn start_run(&self, run: &StoredRun) -> Result<(), LedgerError> {
        let replace = "REPLACE INTO runs (id, agreement, replicas, name, document, started, state)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let Hired { agreement, replicas } = run.hired;
        let started = i64::try_from(run.started).unwrap_or(i64::MAX);
        let state = RunState::Running.name();
        let run = params![
            run.id.as_bytes(),
            agreement.0.0,
            replicas,
            run.name,
            run.document,
            started,
            state
        ];
        self.lock().execute(replace, run)?;
        Ok(())
    }

    /// Records the end of a run, unless it has ended in another way; returns whether it is recorded.
    ///
    /// # Errors
    /// [`LedgerError::Query`].
    pub(crate) fn end_run(
        &self,
        id: Digest,
        state: RunState,
        outcome: Option<&RunOutcome>,
        failure: Option<&str>,
    ) -> Result<bool, LedgerError> {
        let update = "UPDATE runs SET state = ?2, outcome = ?3, failure = ?4
            WHERE id = ?1 AND state = 'running'";
        let outcome = outcome.and_then(|outcome| serde_json::to_string(outcome).ok());
        let ended = params![id.as_bytes(), state.name(), outcome, failure];
        Ok(self.lock().execute(update, ended)? > 0)
    }

    /// A run; `None` if there is none.
    ///
    /// # Errors
    /// [`LedgerError::Query`].
    pub(crate) fn run(&self, id: Digest) -> Result<Option<StoredRun>, LedgerError> {
        let select = format!("SELECT {COLUMNS} FROM runs WHERE id = ?1");
        Ok(self.lock().query_row(&select, params![id.as_bytes()], read_run).optional()?)
    }

    /// The runs that were started last, the latest first.
    ///
    /// # Errors
    /// [`LedgerError::Query`].
    pub(crate) fn latest_runs(&self, limit: u32) -> Result<Vec<StoredRun>, LedgerError> {
        let select = format!("SELECT {COLUMNS} FROM runs ORDER BY started DESC, id LIMIT ?1");
        let connection = self.lock();
        let mut select = connection.prepare_cached(&select)?;
        let rows = select.query_map(params![limit], read_run)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The runs that have not ended.
    ///
    /// # Errors
    /// [`LedgerError::Query`].
    pub(crate) fn open_runs(&self) -> Result<Vec<StoredRun>, LedgerError> {
        let select = format!("SELECT {COLUMNS} FROM runs WHERE state = 'running'");
        let connection = self.lock();
        let mut select = connection.prepare_cached(&select)?;
        let rows = select.query_map([], read_run)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Reads a row of `runs`.
fn read_run(row: &Row<'_>) -> rusqlite::Result<StoredRun> {
    let wrong =
        |column, error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error);
    let state: String = row.get(6)?;
    let state = RunState::parse(&state).ok_or_else(|| wrong(6, "no state of a run".into()))?;
    let outcome: Option<String> = row.get(7)?;
    let outcome = outcome.map(|text| serde_json::from_str(&text)).transpose();
    let started: i64 = row.get(5)?;
    Ok(StoredRun {
        id: Digest::from_bytes(row.get(0)?),
        hired: Hired { agreement: Address::new(row.get(1)?), replicas: row.get(2)? },
        name: row.get(3)?,
        document: row.get(4)?,
        started: started.unsigned_abs(),
        state,
        outcome: outcome.map_err(|error| wrong(7, error.into()))?,
        failure: row.get(8)?,
    })
}
