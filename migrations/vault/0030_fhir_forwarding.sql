-- FHIR servers that a person's readings are forwarded to. Times are epoch milliseconds.

CREATE TABLE fhir_targets (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  base_url TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('active', 'paused')),
  auth_kind TEXT NOT NULL CHECK (auth_kind IN ('none', 'bearer', 'client_credentials')),
  -- Sealed: the credentials, as JSON.
  auth TEXT,
  -- JSON arrays of metric keys and FHIR categories; NULL forwards all.
  metrics TEXT,
  categories TEXT,
  -- How the server takes an Observation: conditional update, or conditional create where it knows no other. Unknown until asked.
  mode TEXT CHECK (mode IN ('update', 'create')),
  sent INTEGER NOT NULL DEFAULT 0,
  refused INTEGER NOT NULL DEFAULT 0,
  last_sent_at INTEGER,
  last_failure TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Windows of one metric and source that changed and are to be sent. A window that waits grows; one under way does not.
CREATE TABLE fhir_deliveries (
  id TEXT PRIMARY KEY,
  target TEXT NOT NULL,
  metric TEXT NOT NULL,
  source INTEGER NOT NULL,
  from_at INTEGER NOT NULL,
  to_at INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'sending', 'done', 'dead')),
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL,
  -- Resends what the target already has.
  forced INTEGER NOT NULL DEFAULT 0,
  sent INTEGER NOT NULL DEFAULT 0,
  refused INTEGER NOT NULL DEFAULT 0,
  -- Why it failed last, or which entries were refused: JSON.
  reason TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX fhir_deliveries_waiting ON fhir_deliveries (target, metric, source) WHERE state = 'waiting';
CREATE INDEX fhir_deliveries_open ON fhir_deliveries (target, due_at) WHERE state IN ('waiting', 'sending');

-- What a target has: lets a replay send nothing twice, and a deletion here become one there.
CREATE TABLE fhir_sent (
  target TEXT NOT NULL,
  metric TEXT NOT NULL,
  source INTEGER NOT NULL,
  start INTEGER NOT NULL,
  observation TEXT NOT NULL,
  version TEXT NOT NULL,
  PRIMARY KEY (target, metric, source, start, observation)
) STRICT, WITHOUT ROWID;

-- Ids that the Patient and the Devices have at a target.
CREATE TABLE fhir_remote (
  target TEXT NOT NULL,
  local TEXT NOT NULL,
  remote TEXT NOT NULL,
  PRIMARY KEY (target, local)
) STRICT, WITHOUT ROWID;
