PRAGMA user_version = 2;
BEGIN;

-- Whose state this is, in words; one row.
CREATE TABLE identity (line TEXT NOT NULL) STRICT;

-- Random values that this daemon alone knows.
CREATE TABLE secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;

-- How far the events of the chain were read: a block and its hash.
CREATE TABLE cursors (name TEXT PRIMARY KEY, block INTEGER NOT NULL, hash BLOB NOT NULL) STRICT, WITHOUT ROWID;

-- Transactions that were signed and of which it is not known yet what became of them. Several with one
-- nonce are the same deed with a higher fee.
CREATE TABLE outbox (
  hash BLOB PRIMARY KEY,
  purpose TEXT NOT NULL,
  nonce INTEGER NOT NULL,
  raw BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What was done, and the transaction that did it.
CREATE TABLE done (purpose TEXT PRIMARY KEY, hash BLOB NOT NULL) STRICT, WITHOUT ROWID;

-- Agreements that concern this daemon, until they are closed.
CREATE TABLE agreements (
  address BLOB PRIMARY KEY,
  closed INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- A worker's: the windows of each session that a receipt was signed for, and the key that came with it first.
CREATE TABLE sessions (
  agreement BLOB NOT NULL,
  session BLOB NOT NULL,
  opener BLOB NOT NULL,
  served INTEGER NOT NULL,
  PRIMARY KEY (agreement, session)
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_of_openers ON sessions (agreement, opener);

-- A worker's: whom it lets in. With a second, a delegate until then; with a window, a tester in it; else the client.
CREATE TABLE admissions (
  agreement BLOB NOT NULL,
  key BLOB NOT NULL,
  until INTEGER,
  window INTEGER,
  PRIMARY KEY (agreement, key)
) STRICT, WITHOUT ROWID;

-- A tester's and a client's: the secret of its session in an agreement.
CREATE TABLE salts (agreement BLOB PRIMARY KEY, salt BLOB NOT NULL) STRICT, WITHOUT ROWID;

-- A tester's: what it saw of a worker in a window.
CREATE TABLE sights (
  agreement BLOB NOT NULL,
  worker INTEGER NOT NULL,
  window INTEGER NOT NULL,
  served INTEGER NOT NULL,
  PRIMARY KEY (agreement, worker, window)
) STRICT, WITHOUT ROWID;

-- A tester's and a client's: the newest receipt of a worker for its session.
CREATE TABLE receipts (
  agreement BLOB NOT NULL,
  worker INTEGER NOT NULL,
  receipt TEXT NOT NULL,
  PRIMARY KEY (agreement, worker)
) STRICT, WITHOUT ROWID;

-- Where workers serve, and the token for it; sealed in messages, in clear only here.
CREATE TABLE endpoints (
  agreement BLOB NOT NULL,
  worker INTEGER NOT NULL,
  url TEXT NOT NULL,
  token TEXT NOT NULL,
  PRIMARY KEY (agreement, worker)
) STRICT, WITHOUT ROWID;

-- Messages that were read already, until they are too old to be taken anyway.
CREATE TABLE seen (id BLOB PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;

COMMIT;
