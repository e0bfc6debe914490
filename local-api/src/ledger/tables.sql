PRAGMA user_version = 1;
BEGIN;

-- Requests that buy, or that have an idempotency key. `name` is that of the purchase. `reserved` and `charged` are wei, 16 bytes,
-- most significant first; `day` is the day, counted from 1970, against which they count. `status` and `body` are the response.
CREATE TABLE requests (
  name TEXT PRIMARY KEY,
  token BLOB NOT NULL,
  key TEXT,
  fingerprint BLOB NOT NULL,
  day INTEGER NOT NULL,
  reserved BLOB NOT NULL DEFAULT x'00000000000000000000000000000000',
  charged BLOB,
  status INTEGER,
  body TEXT,
  UNIQUE (token, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX open_reservations ON requests (token) WHERE charged IS NULL;

-- The wei that a token paid on a day, 16 bytes, most significant first.
CREATE TABLE spending (
  token BLOB NOT NULL,
  day INTEGER NOT NULL,
  wei BLOB NOT NULL,
  PRIMARY KEY (token, day)
) STRICT, WITHOUT ROWID;

COMMIT;
