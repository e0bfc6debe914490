PRAGMA user_version = 6;
BEGIN;

-- Whose state this is: role, account, market and chain. One row.
CREATE TABLE identity (line TEXT NOT NULL) STRICT;

-- Random values that only this daemon knows.
CREATE TABLE secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;

-- Number and hash of the last block that a scan of the chain has passed; of `market`, of the block that created it.
CREATE TABLE cursors (name TEXT PRIMARY KEY, block INTEGER NOT NULL, hash BLOB NOT NULL) STRICT, WITHOUT ROWID;

-- The journal: signed transactions whose outcome is not known yet. Rows with the same nonce are replacements of one
-- another with higher fees.
CREATE TABLE outbox (
  hash BLOB PRIMARY KEY,
  purpose TEXT NOT NULL,
  nonce INTEGER NOT NULL,
  raw BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Purposes of successful transactions, and their hashes.
CREATE TABLE done (purpose TEXT PRIMARY KEY, hash BLOB NOT NULL) STRICT, WITHOUT ROWID;

-- What the daemon has done, for as long as it counts.
CREATE TABLE flags (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

-- Agreements that concern this daemon. A closed one has nothing left to do.
CREATE TABLE agreements (
  address BLOB PRIMARY KEY,
  closed INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Worker: the sessions that it signed receipts for in the current window: the parts of the window in which it served
-- each as a bitmap, and the key that opened it.
CREATE TABLE sessions (
  agreement BLOB NOT NULL,
  window INTEGER NOT NULL,
  session BLOB NOT NULL,
  opener BLOB NOT NULL,
  parts INTEGER NOT NULL,
  PRIMARY KEY (agreement, window, session)
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_of_openers ON sessions (agreement, window, opener);

-- Worker: the keys that it admits. With `until`, a delegate before that second; with `window`, a tester in that window;
-- otherwise the client.
CREATE TABLE admissions (
  agreement BLOB NOT NULL,
  key BLOB NOT NULL,
  until INTEGER,
  window INTEGER,
  PRIMARY KEY (agreement, key)
) STRICT, WITHOUT ROWID;

-- Tester: the secret of the sessions in an agreement.
CREATE TABLE salts (agreement BLOB PRIMARY KEY, salt BLOB NOT NULL) STRICT, WITHOUT ROWID;

-- Tester and client: the tick in which each worker was first seen to have accepted.
CREATE TABLE accepts (
  agreement BLOB NOT NULL,
  worker INTEGER NOT NULL,
  tick INTEGER NOT NULL,
  PRIMARY KEY (agreement, worker)
) STRICT, WITHOUT ROWID;

-- Tester: the client's passes, as JSON.
CREATE TABLE passes (
  agreement BLOB NOT NULL,
  window INTEGER NOT NULL,
  delegation TEXT NOT NULL,
  PRIMARY KEY (agreement, window)
) STRICT, WITHOUT ROWID;

-- Tester: the probes that it began, and whether each was served; NULL is a probe that does not count.
CREATE TABLE probes (
  agreement BLOB NOT NULL,
  worker INTEGER NOT NULL,
  window INTEGER NOT NULL,
  number INTEGER NOT NULL,
  tick INTEGER NOT NULL,
  served INTEGER,
  PRIMARY KEY (agreement, worker, window, number)
) STRICT, WITHOUT ROWID;

-- Tester: the receipt of each worker and window that has most parts.
CREATE TABLE receipts (
  agreement BLOB NOT NULL,
  worker INTEGER NOT NULL,
  window INTEGER NOT NULL,
  receipt TEXT NOT NULL,
  PRIMARY KEY (agreement, worker, window)
) STRICT, WITHOUT ROWID;

-- Client: the URLs of workers' services and the tokens for them, for each of its keys. Messages carry them encrypted;
-- here they are plain.
CREATE TABLE endpoints (
  agreement BLOB NOT NULL,
  window INTEGER NOT NULL,
  slot INTEGER NOT NULL,
  worker INTEGER NOT NULL,
  url TEXT NOT NULL,
  token TEXT NOT NULL,
  PRIMARY KEY (agreement, window, slot, worker)
) STRICT, WITHOUT ROWID;

-- Client: its jobs. `result` is the canonical form of the result that is agreed.
CREATE TABLE jobs (
  id BLOB PRIMARY KEY,
  document BLOB NOT NULL,
  label TEXT NOT NULL,
  created INTEGER NOT NULL,
  cancelled INTEGER NOT NULL DEFAULT 0,
  result BLOB
) STRICT, WITHOUT ROWID;

-- Client: the workers that its jobs were sent to, and the canonical result that each of them signed.
CREATE TABLE job_answers (
  job BLOB NOT NULL,
  worker BLOB NOT NULL,
  agreement BLOB NOT NULL,
  result BLOB,
  signature TEXT,
  stderr BLOB,
  cpu_ms INTEGER,
  trap TEXT,
  failure TEXT,
  PRIMARY KEY (job, worker, agreement)
) STRICT, WITHOUT ROWID;

-- Ids of messages that were received, until the second from which such a message is too old to be accepted.
CREATE TABLE seen (id BLOB PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;

COMMIT;
