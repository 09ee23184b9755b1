-- A board, or one part of a large one. Entries lie in pages of columns and a log of what changed since: see docs/boards.md. Times epoch ms.
CREATE TABLE board (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  -- JSON of the terms, which never change.
  terms TEXT NOT NULL,
  -- In how many parts the entries lie.
  parts INTEGER NOT NULL DEFAULT 1,
  -- How far a division into twice as many has come: 'copying' or 'dropping'.
  dividing TEXT
) STRICT;

CREATE TABLE periods (
  period INTEGER PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('open', 'closing', 'closed')),
  -- JSON of the prizes that the close gives.
  prizes TEXT NOT NULL DEFAULT '[]',
  closed_at INTEGER,
  -- How many entries there were at the close.
  entries INTEGER
) STRICT;

-- Columns of 4,096 slots each; the id is the period × 65,536 + the number of the page.
CREATE TABLE pages (
  id INTEGER PRIMARY KEY,
  -- The last line of the log that is in it.
  upto INTEGER NOT NULL,
  body BLOB NOT NULL
) STRICT;

CREATE TABLE log (
  seq INTEGER PRIMARY KEY,
  period INTEGER NOT NULL,
  body BLOB NOT NULL
) STRICT;
CREATE INDEX log_by_period ON log (period, seq);

-- Numbers of increments that were counted before those below them, as JSON. Few, and soon gone.
CREATE TABLE early (
  period INTEGER NOT NULL,
  slot INTEGER NOT NULL,
  versions TEXT NOT NULL,
  PRIMARY KEY (period, slot)
) STRICT, WITHOUT ROWID;

-- What a close gave: pointers to rewards, each for one alias once.
CREATE TABLE rewards (
  period INTEGER NOT NULL,
  reward TEXT NOT NULL,
  alias TEXT NOT NULL,
  rank INTEGER NOT NULL,
  -- When whoever pays rewards had taken it over.
  settled_at INTEGER,
  PRIMARY KEY (period, reward, alias)
) STRICT, WITHOUT ROWID;
CREATE INDEX rewards_unsettled ON rewards (period, reward, alias) WHERE settled_at IS NULL;
CREATE INDEX rewards_by_alias ON rewards (alias);

CREATE TABLE timers (
  kind TEXT NOT NULL,
  ref TEXT NOT NULL,
  due_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (kind, ref)
) STRICT, WITHOUT ROWID;
CREATE INDEX timers_by_due ON timers (due_at);
