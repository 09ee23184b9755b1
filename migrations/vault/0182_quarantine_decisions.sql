-- What the person decided about a reading that was kept apart, and the whole reading, so that it can be stored after all.
CREATE TABLE quarantine_next (
  id INTEGER PRIMARY KEY,
  metric TEXT NOT NULL,
  source INTEGER NOT NULL,
  at INTEGER NOT NULL,
  value TEXT NOT NULL,
  unit TEXT NOT NULL,
  reason TEXT NOT NULL,
  record_id TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'held' CHECK (state IN ('held', 'released', 'discarded')),
  decided_at INTEGER,
  -- JSON of the reading in canonical units; null where it was never understood as a whole.
  reading TEXT,
  UNIQUE (metric, source, at, value)
) STRICT;
INSERT INTO quarantine_next (metric, source, at, value, unit, reason, record_id, received_at)
  SELECT metric, source, at, value, unit, reason, record_id, received_at FROM quarantine;
DROP TABLE quarantine;
ALTER TABLE quarantine_next RENAME TO quarantine;
CREATE INDEX quarantine_by_received ON quarantine (received_at);
CREATE INDEX quarantine_by_state ON quarantine (state, received_at, id);
