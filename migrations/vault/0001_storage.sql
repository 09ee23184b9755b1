-- One person's readings. Metrics are small integers (catalogue `code`), times epoch milliseconds UTC, hours are milliseconds / 3600000,
-- dates are local days since 1970-01-01, zones are seconds east of UTC.

CREATE TABLE profile (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  time_zone TEXT NOT NULL,
  locale TEXT NOT NULL,
  name TEXT
) STRICT;

CREATE TABLE revoked_sessions (
  session TEXT PRIMARY KEY,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Due times behind the object's single alarm.
CREATE TABLE timers (
  kind TEXT NOT NULL,
  ref TEXT NOT NULL,
  due_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (kind, ref)
) STRICT, WITHOUT ROWID;
CREATE INDEX timers_by_due ON timers (due_at);

CREATE TABLE sources (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  body TEXT NOT NULL,
  first_seen INTEGER NOT NULL
) STRICT;

-- What there is: one row per metric, source and kind.
CREATE TABLE series (
  metric INTEGER NOT NULL,
  source INTEGER NOT NULL,
  kind TEXT NOT NULL,
  n INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  last_value REAL,
  longest INTEGER NOT NULL,
  PRIMARY KEY (metric, source, kind)
) STRICT, WITHOUT ROWID;

-- Dense samples: delta-coded hours. Later samples are appended as further parts and merged when there are many.
CREATE TABLE segments (
  metric INTEGER NOT NULL,
  hour INTEGER NOT NULL,
  source INTEGER NOT NULL,
  part INTEGER NOT NULL,
  n INTEGER NOT NULL,
  min REAL NOT NULL,
  max REAL NOT NULL,
  sum REAL NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (metric, hour, source, part)
) STRICT, WITHOUT ROWID;

-- Vendor record ids of a part's samples, in their order; only where the vendor gives ids.
CREATE TABLE segment_ids (
  hour INTEGER NOT NULL,
  metric INTEGER NOT NULL,
  source INTEGER NOT NULL,
  part INTEGER NOT NULL,
  n INTEGER NOT NULL,
  ids BLOB NOT NULL,
  PRIMARY KEY (hour, metric, source, part)
) STRICT, WITHOUT ROWID;

-- What a vendor says of a dense sample beyond its value.
CREATE TABLE annotations (
  metric INTEGER NOT NULL,
  at INTEGER NOT NULL,
  source INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (metric, at, source)
) STRICT, WITHOUT ROWID;

-- Everything that is not dense: sparse samples, intervals, events.
CREATE TABLE readings (
  metric INTEGER NOT NULL,
  source INTEGER NOT NULL,
  start INTEGER NOT NULL,
  end INTEGER NOT NULL,
  tag TEXT NOT NULL DEFAULT '',
  kind TEXT NOT NULL,
  value REAL,
  zone INTEGER NOT NULL,
  date INTEGER NOT NULL,
  version INTEGER NOT NULL,
  revision INTEGER NOT NULL DEFAULT 1,
  updated_at INTEGER NOT NULL,
  record_id TEXT NOT NULL DEFAULT '',
  body TEXT,
  PRIMARY KEY (metric, source, start, end, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX readings_by_record ON readings (record_id) WHERE record_id <> '';

CREATE TABLE daily (
  metric INTEGER NOT NULL,
  date INTEGER NOT NULL,
  source INTEGER NOT NULL,
  value REAL,
  zone INTEGER NOT NULL,
  version INTEGER NOT NULL,
  revision INTEGER NOT NULL DEFAULT 1,
  updated_at INTEGER NOT NULL,
  record_id TEXT NOT NULL DEFAULT '',
  body TEXT,
  PRIMARY KEY (metric, date, source)
) STRICT, WITHOUT ROWID;
CREATE INDEX daily_by_date ON daily (date);
CREATE INDEX daily_by_record ON daily (record_id) WHERE record_id <> '';

-- Rollups, kept in the write that changes them. `slots` has a bit per five minutes with data. An hour that straddles a local
-- midnight has a row per date.
CREATE TABLE hours (
  metric INTEGER NOT NULL,
  hour INTEGER NOT NULL,
  source INTEGER NOT NULL,
  date INTEGER NOT NULL,
  n INTEGER NOT NULL,
  min REAL NOT NULL,
  max REAL NOT NULL,
  sum REAL NOT NULL,
  last REAL NOT NULL,
  last_at INTEGER NOT NULL,
  slots INTEGER NOT NULL,
  PRIMARY KEY (metric, hour, source, date)
) STRICT, WITHOUT ROWID;

CREATE TABLE days (
  metric INTEGER NOT NULL,
  date INTEGER NOT NULL,
  source INTEGER NOT NULL,
  n INTEGER NOT NULL,
  min REAL NOT NULL,
  max REAL NOT NULL,
  sum REAL NOT NULL,
  last REAL NOT NULL,
  last_at INTEGER NOT NULL,
  slots INTEGER NOT NULL,
  PRIMARY KEY (metric, date, source)
) STRICT, WITHOUT ROWID;
CREATE INDEX days_by_date ON days (date);

-- Minutes of recent hours: 60 × (n, min, max, sum) as float32/float64 columns.
CREATE TABLE minutes (
  metric INTEGER NOT NULL,
  hour INTEGER NOT NULL,
  source INTEGER NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (metric, hour, source)
) STRICT, WITHOUT ROWID;
CREATE INDEX minutes_by_hour ON minutes (hour);

-- Stages as told one by one; sessions are assembled from them.
CREATE TABLE sleep_stretches (
  source INTEGER NOT NULL,
  start INTEGER NOT NULL,
  end INTEGER NOT NULL,
  stage TEXT NOT NULL,
  zone INTEGER NOT NULL,
  version INTEGER NOT NULL,
  record_id TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (source, start, end, stage)
) STRICT, WITHOUT ROWID;
CREATE INDEX sleep_stretches_by_record ON sleep_stretches (record_id) WHERE record_id <> '';

CREATE TABLE sleeps (
  source INTEGER NOT NULL,
  start INTEGER NOT NULL,
  end INTEGER NOT NULL,
  date INTEGER NOT NULL,
  zone INTEGER NOT NULL,
  assembled INTEGER NOT NULL,
  nap INTEGER NOT NULL,
  version INTEGER NOT NULL,
  revision INTEGER NOT NULL DEFAULT 1,
  updated_at INTEGER NOT NULL,
  record_id TEXT NOT NULL DEFAULT '',
  body TEXT NOT NULL,
  PRIMARY KEY (source, start)
) STRICT, WITHOUT ROWID;
CREATE INDEX sleeps_by_date ON sleeps (date);
CREATE INDEX sleeps_by_end ON sleeps (end);
CREATE INDEX sleeps_by_record ON sleeps (record_id) WHERE record_id <> '';

CREATE TABLE workouts (
  source INTEGER NOT NULL,
  start INTEGER NOT NULL,
  end INTEGER NOT NULL,
  type TEXT NOT NULL,
  date INTEGER NOT NULL,
  zone INTEGER NOT NULL,
  version INTEGER NOT NULL,
  revision INTEGER NOT NULL DEFAULT 1,
  updated_at INTEGER NOT NULL,
  record_id TEXT NOT NULL DEFAULT '',
  body TEXT NOT NULL,
  PRIMARY KEY (source, start, end, type)
) STRICT, WITHOUT ROWID;
CREATE INDEX workouts_by_date ON workouts (date);
CREATE INDEX workouts_by_start ON workouts (start);
CREATE INDEX workouts_by_record ON workouts (record_id) WHERE record_id <> '';

CREATE TABLE workout_routes (
  source INTEGER NOT NULL,
  start INTEGER NOT NULL,
  part INTEGER NOT NULL,
  points TEXT NOT NULL,
  PRIMARY KEY (source, start, part)
) STRICT, WITHOUT ROWID;

-- Not plausible or not placeable: kept apart with a reason.
CREATE TABLE quarantine (
  metric TEXT NOT NULL,
  source INTEGER NOT NULL,
  at INTEGER NOT NULL,
  value TEXT NOT NULL,
  unit TEXT NOT NULL,
  reason TEXT NOT NULL,
  record_id TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  PRIMARY KEY (metric, source, at, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX quarantine_by_received ON quarantine (received_at);

-- Records that their device or vendor says are gone: a late or replayed copy does not come back.
CREATE TABLE tombstones (
  vendor TEXT NOT NULL,
  record_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  deleted_at INTEGER NOT NULL,
  PRIMARY KEY (vendor, record_id)
) STRICT, WITHOUT ROWID;

-- Ranges that the person deleted: a later sync of the same past does not bring them back. Zero means all.
CREATE TABLE erasures (
  id INTEGER PRIMARY KEY,
  metric INTEGER NOT NULL,
  source INTEGER NOT NULL,
  from_at INTEGER NOT NULL,
  to_at INTEGER NOT NULL,
  erased_at INTEGER NOT NULL
) STRICT;
