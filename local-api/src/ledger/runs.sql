BEGIN;

-- Runs of jobs. `id` is that of the job, which is in the state file; `state` is running, finished, failed or cancelled. `outcome` is
-- what came of it, in JSON; `failure` says why it failed.
CREATE TABLE runs (
  id BLOB PRIMARY KEY,
  agreement BLOB NOT NULL,
  replicas INTEGER NOT NULL,
  name TEXT NOT NULL,
  document BLOB NOT NULL,
  started INTEGER NOT NULL,
  state TEXT NOT NULL,
  outcome TEXT,
  failure TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX runs_by_start ON runs (started);

PRAGMA user_version = 2;
COMMIT;
