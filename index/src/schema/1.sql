-- Amounts are blobs of 16 bytes, the highest first. Blocks, ticks and Unix seconds are integers. Accounts and contracts are 20
-- bytes, hashes 32, applications 8.

-- Markets, the block up to which each is indexed (NULL before the first), the oldest block whose state can be restored, and how
-- often the index has begun anew.
CREATE TABLE markets (
  id INTEGER PRIMARY KEY,
  chain INTEGER NOT NULL,
  dispatcher BLOB NOT NULL,
  created_block INTEGER NOT NULL,
  created_hash BLOB NOT NULL,
  settings BLOB NOT NULL,
  head INTEGER,
  oldest INTEGER NOT NULL,
  rebuilds INTEGER NOT NULL,
  UNIQUE (chain, dispatcher)
);

-- Blocks that have events of the market, and those up to which it was read. `total` counts the events up to the block.
CREATE TABLE blocks (
  market INTEGER NOT NULL,
  number INTEGER NOT NULL,
  hash BLOB NOT NULL,
  time INTEGER NOT NULL,
  events INTEGER NOT NULL,
  total INTEGER NOT NULL,
  PRIMARY KEY (market, number)
) WITHOUT ROWID;
CREATE INDEX blocks_by_time ON blocks (market, time, number);
CREATE INDEX blocks_without_events ON blocks (market, number) WHERE events = 0;

-- What a mutable row was before a block changed it; `row` is NULL if there was none.
CREATE TABLE journal (
  market INTEGER NOT NULL,
  block INTEGER NOT NULL,
  position INTEGER NOT NULL,
  table_name TEXT NOT NULL,
  key TEXT NOT NULL,
  row TEXT,
  PRIMARY KEY (market, block, position)
) WITHOUT ROWID;

-- Every event, as the chain has it.
CREATE TABLE events (
  market INTEGER NOT NULL,
  block INTEGER NOT NULL,
  log_index INTEGER NOT NULL,
  transaction_hash BLOB NOT NULL,
  contract BLOB NOT NULL,
  name TEXT NOT NULL,
  topics BLOB NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (market, block, log_index)
) WITHOUT ROWID;
CREATE INDEX events_by_name ON events (market, name, block, log_index);

-- The accounts and agreements that events are about.
CREATE TABLE subjects (
  market INTEGER NOT NULL,
  subject BLOB NOT NULL,
  block INTEGER NOT NULL,
  log_index INTEGER NOT NULL,
  PRIMARY KEY (market, subject, block, log_index)
) WITHOUT ROWID;
CREATE INDEX subjects_by_block ON subjects (market, block);

-- Mutable: workers and testers as their last event left them. `score` is that of the last change of reputation;
-- `lists` and `reports` count those of a tester.
CREATE TABLE workers (
  market INTEGER NOT NULL,
  account BLOB NOT NULL,
  number INTEGER NOT NULL,
  application BLOB NOT NULL,
  message_key BLOB NOT NULL,
  stake BLOB NOT NULL,
  locked BLOB NOT NULL,
  price BLOB NOT NULL,
  max_length INTEGER NOT NULL,
  promise INTEGER NOT NULL,
  capacity INTEGER NOT NULL,
  active INTEGER NOT NULL,
  available INTEGER NOT NULL,
  listed INTEGER NOT NULL,
  misses INTEGER NOT NULL,
  last_epoch INTEGER NOT NULL,
  good BLOB NOT NULL,
  bad BLOB NOT NULL,
  weighed INTEGER NOT NULL,
  score INTEGER NOT NULL,
  registered INTEGER NOT NULL,
  lists INTEGER NOT NULL,
  reports INTEGER NOT NULL,
  PRIMARY KEY (market, account)
) WITHOUT ROWID;
CREATE INDEX workers_by_number ON workers (market, number);
CREATE INDEX workers_by_application ON workers (market, application, number);
CREATE INDEX workers_by_epoch ON workers (market, application, last_epoch) WHERE last_epoch > 0;
-- With all columns that a book needs.
CREATE INDEX workers_by_price ON workers (market, application, listed, price, number, active, capacity);
CREATE INDEX workers_by_score ON workers (market, application, listed, score, number);

-- Mutable: agreements. `outcome` is 0 until one is settled (1) or void (2). `ends` is the first tick after it, as far as that is known.
CREATE TABLE agreements (
  market INTEGER NOT NULL,
  address BLOB NOT NULL,
  number INTEGER NOT NULL,
  client BLOB NOT NULL,
  application BLOB NOT NULL,
  escrow BLOB NOT NULL,
  block INTEGER NOT NULL,
  bought INTEGER NOT NULL,
  terms BLOB NOT NULL,
  start INTEGER NOT NULL,
  ends INTEGER NOT NULL,
  seed BLOB NOT NULL,
  accepted INTEGER NOT NULL,
  resigned INTEGER NOT NULL,
  released INTEGER NOT NULL,
  freed INTEGER NOT NULL,
  planned INTEGER NOT NULL,
  departures BLOB NOT NULL,
  outcome INTEGER NOT NULL,
  closed INTEGER NOT NULL,
  PRIMARY KEY (market, address)
) WITHOUT ROWID;
CREATE INDEX agreements_by_number ON agreements (market, number);
CREATE INDEX agreements_by_client ON agreements (market, client, number);
CREATE INDEX agreements_by_outcome ON agreements (market, outcome, number);
CREATE INDEX agreements_by_end ON agreements (market, outcome, ends);
CREATE INDEX agreements_by_application ON agreements (market, application, number);

-- Mutable: credits, as events moved them.
CREATE TABLE accounts (
  market INTEGER NOT NULL,
  account BLOB NOT NULL,
  credit BLOB NOT NULL,
  paid BLOB NOT NULL,
  refunded BLOB NOT NULL,
  compensated BLOB NOT NULL,
  earned BLOB NOT NULL,
  slashed BLOB NOT NULL,
  fees BLOB NOT NULL,
  withdrawn BLOB NOT NULL,
  PRIMARY KEY (market, account)
) WITHOUT ROWID;

-- The workers of an agreement, by index.
CREATE TABLE seats (
  market INTEGER NOT NULL,
  agreement BLOB NOT NULL,
  position INTEGER NOT NULL,
  account BLOB NOT NULL,
  application BLOB NOT NULL,
  price BLOB NOT NULL,
  day INTEGER NOT NULL,
  number INTEGER NOT NULL,
  block INTEGER NOT NULL,
  PRIMARY KEY (market, agreement, position)
) WITHOUT ROWID;
CREATE INDEX seats_by_account ON seats (market, account, number);
CREATE INDEX seats_by_price ON seats (market, application, day, price);
CREATE INDEX seats_by_block ON seats (market, block);

-- What a worker got and lost when it was settled.
CREATE TABLE results (
  market INTEGER NOT NULL,
  agreement BLOB NOT NULL,
  account BLOB NOT NULL,
  pay BLOB NOT NULL,
  slash BLOB NOT NULL,
  fees BLOB NOT NULL,
  accepted INTEGER NOT NULL,
  resigned INTEGER NOT NULL,
  ticks INTEGER NOT NULL,
  known INTEGER NOT NULL,
  uptime INTEGER NOT NULL,
  block INTEGER NOT NULL,
  PRIMARY KEY (market, agreement, account)
) WITHOUT ROWID;
CREATE INDEX results_by_block ON results (market, block);

-- Reports, as they were counted: four bytes for each worker and window.
CREATE TABLE reports (
  market INTEGER NOT NULL,
  agreement BLOB NOT NULL,
  place INTEGER NOT NULL,
  tester BLOB NOT NULL,
  findings BLOB NOT NULL,
  block INTEGER NOT NULL,
  PRIMARY KEY (market, agreement, place)
) WITHOUT ROWID;
CREATE INDEX reports_by_tester ON reports (market, tester, block);
CREATE INDEX reports_by_block ON reports (market, block);

-- Lists of testers.
CREATE TABLE places (
  market INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  place INTEGER NOT NULL,
  tester BLOB NOT NULL,
  block INTEGER NOT NULL,
  PRIMARY KEY (market, epoch, place)
) WITHOUT ROWID;
CREATE INDEX places_by_tester ON places (market, tester, epoch);
CREATE INDEX places_by_block ON places (market, block);

-- Prices over time.
CREATE TABLE prices (
  market INTEGER NOT NULL,
  account BLOB NOT NULL,
  block INTEGER NOT NULL,
  log_index INTEGER NOT NULL,
  time INTEGER NOT NULL,
  price BLOB NOT NULL,
  PRIMARY KEY (market, account, block, log_index)
) WITHOUT ROWID;
CREATE INDEX prices_by_block ON prices (market, block);

-- Scores over time.
CREATE TABLE scores (
  market INTEGER NOT NULL,
  account BLOB NOT NULL,
  block INTEGER NOT NULL,
  log_index INTEGER NOT NULL,
  time INTEGER NOT NULL,
  score INTEGER NOT NULL,
  PRIMARY KEY (market, account, block, log_index)
) WITHOUT ROWID;
CREATE INDEX scores_by_block ON scores (market, block);

-- What accounts got and paid, one row for each amount.
CREATE TABLE entries (
  market INTEGER NOT NULL,
  account BLOB NOT NULL,
  block INTEGER NOT NULL,
  log_index INTEGER NOT NULL,
  position INTEGER NOT NULL,
  time INTEGER NOT NULL,
  kind TEXT NOT NULL,
  amount BLOB NOT NULL,
  agreement BLOB,
  transaction_hash BLOB NOT NULL,
  PRIMARY KEY (market, account, block, log_index, position)
) WITHOUT ROWID;
CREATE INDEX entries_by_block ON entries (market, block);
CREATE INDEX entries_by_agreement ON entries (market, agreement, block);

-- How far notices have come in each market.
CREATE TABLE notice_progress (
  market INTEGER PRIMARY KEY,
  place TEXT NOT NULL,
  epoch INTEGER NOT NULL
);

-- Notices for webhooks. `next` is the Unix second of the next attempt; NULL once it was taken or given up.
CREATE TABLE deliveries (
  id TEXT PRIMARY KEY,
  url TEXT NOT NULL,
  body TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  next INTEGER,
  changed INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX deliveries_due ON deliveries (next);
