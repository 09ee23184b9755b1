-- Each change of a connection has a number, so that whoever follows it knows what they have missed. `stale`: nothing has been read for long.

CREATE TABLE connections_next (
  id TEXT PRIMARY KEY,
  vendor TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'active', 'degraded', 'rate_limited', 'stale', 'reauth_required', 'revoked', 'paused', 'error')),
  -- Keyed hash of the vendor's id of the person, under the directory's key.
  account_hash TEXT,
  account_key TEXT,
  -- Granted areas, a JSON array.
  areas TEXT NOT NULL DEFAULT '[]',
  created_at INTEGER NOT NULL,
  connected_at INTEGER,
  first_connected_at INTEGER,
  last_success_at INTEGER,
  last_data_at INTEGER,
  -- Nothing is asked of the vendor before.
  blocked_until INTEGER NOT NULL DEFAULT 0,
  error_code TEXT,
  error_at INTEGER,
  revision INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
INSERT INTO connections_next (id, vendor, state, account_hash, account_key, areas, created_at, connected_at, first_connected_at, last_success_at, last_data_at,
  blocked_until, error_code, error_at)
  SELECT id, vendor, state, account_hash, account_key, areas, created_at, connected_at, first_connected_at, last_success_at, last_data_at,
  blocked_until, error_code, error_at FROM connections;
DROP TABLE connections;
ALTER TABLE connections_next RENAME TO connections;
CREATE INDEX connections_by_vendor ON connections (vendor, created_at);

-- The revision of the connection that an event made.
ALTER TABLE connection_events ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
