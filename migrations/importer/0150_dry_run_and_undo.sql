-- Two more ends (`previewed`, `undone`) and a way between. SQLite cannot change a check, so the table is made anew.
CREATE TABLE job_anew (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  owner TEXT NOT NULL,
  kind TEXT NOT NULL,
  file_name TEXT NOT NULL,
  state TEXT NOT NULL
    CHECK (state IN ('waiting', 'running', 'previewed', 'done', 'failed', 'cancelled', 'undoing', 'undone')),
  done INTEGER NOT NULL DEFAULT 0,
  total INTEGER NOT NULL DEFAULT 0,
  seq INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  report TEXT,
  problem TEXT,
  file_kept INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  finished_at INTEGER,
  -- 1 while nothing is stored.
  dry_run INTEGER NOT NULL DEFAULT 0 CHECK (dry_run IN (0, 1)),
  -- JSON: how the columns of a table are to be read, as the person has said.
  mapping TEXT,
  -- JSON: what a dry run has counted at its last checkpoint.
  preview TEXT,
  kept_until INTEGER,
  removed INTEGER
) STRICT;
INSERT INTO job_anew (one, owner, kind, file_name, state, done, total, seq, attempts, report, problem, file_kept, created_at, started_at, finished_at)
  SELECT one, owner, kind, file_name, state, done, total, seq, attempts, report, problem, file_kept, created_at, started_at, finished_at FROM job;
DROP TABLE job;
ALTER TABLE job_anew RENAME TO job;
