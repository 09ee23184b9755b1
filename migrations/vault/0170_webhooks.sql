-- What subscribers are told of. Pointers to data, never data; times are epoch milliseconds.
CREATE TABLE webhook_events (
  id TEXT PRIMARY KEY,
  type TEXT NOT NULL,
  -- What it is about within its type: a metric's key, `sleep`, `workout`, a connection's id.
  about TEXT NOT NULL,
  -- Classes of data that it tells of: a JSON array.
  categories TEXT NOT NULL,
  -- The window that it is about, both ends included.
  from_at INTEGER,
  to_at INTEGER,
  -- Readings, where it counts them.
  n INTEGER NOT NULL DEFAULT 0,
  -- What else it says, of the machinery alone: JSON.
  facts TEXT NOT NULL DEFAULT '{}',
  -- `open`: what follows closely joins it. `closed`: nobody has been looked up yet. `routed`: whoever wants it has a delivery.
  state TEXT NOT NULL CHECK (state IN ('open', 'closed', 'routed')),
  first_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX webhook_events_open ON webhook_events (type, about) WHERE state = 'open';
CREATE INDEX webhook_events_closed ON webhook_events (id) WHERE state = 'closed';
CREATE INDEX webhook_events_by_age ON webhook_events (updated_at) WHERE state = 'routed';

-- A row where the person has had an endpoint of their own: without it, and without a consent, nothing is noted.
CREATE TABLE webhook_own (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  since INTEGER NOT NULL
) STRICT;
