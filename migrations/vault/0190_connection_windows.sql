-- Windows that read one record, and windows whose data the vendor sends later; connections that their person has paused.

CREATE TABLE connections_next (
  id TEXT PRIMARY KEY,
  vendor TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'active', 'degraded', 'rate_limited', 'reauth_required', 'revoked', 'paused', 'error')),
  -- Keyed hash of the vendor's id of the person, under the directory's key.
  account_hash TEXT,
  account_key TEXT,
  -- Granted areas, a JSON array.
  areas TEXT NOT NULL DEFAULT '[]',
  created_at INTEGER NOT NULL,
  connected_at INTEGER,
  last_success_at INTEGER,
  last_data_at INTEGER,
  -- Nothing is asked of the vendor before.
  blocked_until INTEGER NOT NULL DEFAULT 0,
  error_code TEXT,
  error_at INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO connections_next SELECT id, vendor, state, account_hash, account_key, areas, created_at, connected_at, last_success_at, last_data_at,
  blocked_until, error_code, error_at FROM connections;
DROP TABLE connections;
ALTER TABLE connections_next RENAME TO connections;
CREATE INDEX connections_by_vendor ON connections (vendor, created_at);

CREATE TABLE connection_windows_next (
  connection TEXT NOT NULL,
  resource TEXT NOT NULL,
  from_at INTEGER NOT NULL,
  to_at INTEGER NOT NULL,
  -- The vendor's id of the one record to read; empty for a range.
  object TEXT NOT NULL DEFAULT '',
  purpose TEXT NOT NULL CHECK (purpose IN ('backfill', 'incremental', 'changed', 'asked')),
  state TEXT NOT NULL CHECK (state IN ('queued', 'waiting_vendor', 'done', 'failed', 'skipped')),
  turn INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  page TEXT,
  job TEXT,
  read INTEGER NOT NULL DEFAULT 0,
  error_code TEXT,
  PRIMARY KEY (connection, resource, from_at, to_at, object)
) STRICT, WITHOUT ROWID;
INSERT INTO connection_windows_next (connection, resource, from_at, to_at, purpose, state, turn, due_at, attempts, page, job, read, error_code)
  SELECT connection, resource, from_at, to_at, purpose, state, turn, due_at, attempts, page, job, read, error_code FROM connection_windows;
DROP TABLE connection_windows;
ALTER TABLE connection_windows_next RENAME TO connection_windows;
CREATE INDEX connection_windows_by_due ON connection_windows (connection, state, due_at);
CREATE INDEX connection_windows_by_job ON connection_windows (job) WHERE job IS NOT NULL;
