-- One file import. Times are epoch milliseconds; `seq` grows with every change that watchers are told.
CREATE TABLE job (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  owner TEXT NOT NULL,
  kind TEXT NOT NULL,
  file_name TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
  done INTEGER NOT NULL DEFAULT 0,
  total INTEGER NOT NULL DEFAULT 0,
  seq INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  report TEXT,
  problem TEXT,
  file_kept INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  finished_at INTEGER
) STRICT;

-- JSON text of the last checkpoint, in parts below the platform's limit for a row.
CREATE TABLE checkpoint (
  part INTEGER PRIMARY KEY,
  text TEXT NOT NULL
) STRICT;
