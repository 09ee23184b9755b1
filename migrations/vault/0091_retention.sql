-- What the person wants kept for how long. A kind without a row is kept as its default says. Times epoch milliseconds.
CREATE TABLE retention (
  kind TEXT PRIMARY KEY,
  -- Null: for good.
  keep_days INTEGER,
  -- Whether hours and days stay where their samples go.
  keeps_summaries INTEGER NOT NULL DEFAULT 1 CHECK (keeps_summaries IN (0, 1)),
  changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What was done about it.
CREATE TABLE retention_runs (
  kind TEXT PRIMARY KEY,
  ran_at INTEGER NOT NULL,
  removed INTEGER NOT NULL,
  removed_in_all INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The last line that was removed from the beginning of the access log, signed with the chain key of version `key`: the log that is kept
-- begins after it.
CREATE TABLE access_anchor (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  hash TEXT NOT NULL,
  key TEXT NOT NULL,
  signature TEXT NOT NULL
) STRICT;
