-- A person's connections to vendors. Times are epoch milliseconds.

CREATE TABLE connections (
  id TEXT PRIMARY KEY,
  vendor TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'active', 'degraded', 'rate_limited', 'reauth_required', 'revoked', 'error')),
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
CREATE INDEX connections_by_vendor ON connections (vendor, created_at);

-- Sealed: `tokens` and `account` of a connection.
CREATE TABLE connection_secrets (
  connection TEXT NOT NULL,
  name TEXT NOT NULL,
  sealed TEXT NOT NULL,
  PRIMARY KEY (connection, name)
) STRICT, WITHOUT ROWID;

-- Authorizations under way. The state itself is never stored.
CREATE TABLE connection_grants (
  state_hash TEXT PRIMARY KEY,
  connection TEXT NOT NULL,
  verifier TEXT NOT NULL,
  redirect_uri TEXT NOT NULL,
  return_to TEXT,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How far each resource has been read.
CREATE TABLE connection_resources (
  connection TEXT NOT NULL,
  resource TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('active', 'permission_missing')),
  synced_to INTEGER,
  next_at INTEGER NOT NULL,
  newest_at INTEGER,
  read INTEGER NOT NULL DEFAULT 0,
  stored INTEGER NOT NULL DEFAULT 0,
  rejected INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (connection, resource)
) STRICT, WITHOUT ROWID;

-- What is still to be read, and which parts of the first import are done. `turn` grows when a window is asked for again, so that a
-- page under way cannot pass for the new reading.
CREATE TABLE connection_windows (
  connection TEXT NOT NULL,
  resource TEXT NOT NULL,
  from_at INTEGER NOT NULL,
  to_at INTEGER NOT NULL,
  purpose TEXT NOT NULL CHECK (purpose IN ('backfill', 'incremental', 'changed', 'asked')),
  state TEXT NOT NULL CHECK (state IN ('queued', 'done', 'failed', 'skipped')),
  turn INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  page TEXT,
  job TEXT,
  read INTEGER NOT NULL DEFAULT 0,
  error_code TEXT,
  PRIMARY KEY (connection, resource, from_at, to_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX connection_windows_by_due ON connection_windows (connection, state, due_at);
CREATE INDEX connection_windows_by_job ON connection_windows (job) WHERE job IS NOT NULL;

-- Syncs that a person asked for.
CREATE TABLE connection_jobs (
  id TEXT PRIMARY KEY,
  created_at INTEGER NOT NULL,
  -- Connections whose windows have not been planned yet.
  waiting INTEGER NOT NULL,
  total INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  read INTEGER NOT NULL DEFAULT 0,
  accepted INTEGER NOT NULL DEFAULT 0,
  duplicate INTEGER NOT NULL DEFAULT 0,
  updated INTEGER NOT NULL DEFAULT 0,
  rejected INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE connection_events (
  connection TEXT NOT NULL,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  detail TEXT,
  PRIMARY KEY (connection, seq)
) STRICT, WITHOUT ROWID;
