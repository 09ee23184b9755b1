-- One research programme: what it may know, its key, and what it has released. Times epoch ms.
CREATE TABLE programme (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  -- JSON of the terms, which never change.
  terms TEXT NOT NULL,
  -- The key of pseudonyms and shifts, sealed with the region's wrapping key.
  sealed_key TEXT NOT NULL
) STRICT;

CREATE TABLE exports (
  id TEXT PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('enlisting', 'running', 'done', 'failed', 'expired')),
  created_at INTEGER NOT NULL,
  -- Days of the release, both inclusive, as numbers since 1970-01-01.
  from_day INTEGER NOT NULL,
  to_day INTEGER NOT NULL,
  released_at INTEGER,
  -- JSON of the counts of a release, or of the problem of a failure.
  result TEXT
) STRICT, WITHOUT ROWID;

-- Who is asked for an export, and what they gave until it is released; the pointer alone stays, for those whose data was released.
CREATE TABLE staged (
  export TEXT NOT NULL,
  person TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('asked', 'given', 'refused', 'released')),
  body TEXT,
  PRIMARY KEY (export, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX staged_by_state ON staged (export, state, person);
CREATE INDEX staged_by_person ON staged (person, export);

-- What was answered, and what each answer cost. Append-only.
CREATE TABLE answers (
  seq INTEGER PRIMARY KEY,
  -- SHA-256 of the question: asked again, it gets the same answer.
  question TEXT NOT NULL UNIQUE,
  spec TEXT NOT NULL,
  at INTEGER NOT NULL,
  -- Thousandths.
  epsilon INTEGER NOT NULL CHECK (epsilon > 0),
  answer TEXT NOT NULL
) STRICT;

CREATE TABLE timers (
  kind TEXT NOT NULL,
  ref TEXT NOT NULL,
  due_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (kind, ref)
) STRICT, WITHOUT ROWID;
CREATE INDEX timers_by_due ON timers (due_at);
