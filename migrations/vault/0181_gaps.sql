-- Local dates on which a source that tells a metric day by day told nothing, or much less than it does. `check_at` is when the vault looks
-- again whether it still does; null when nothing is to be looked for. Times epoch milliseconds.
CREATE TABLE gaps (
  date INTEGER NOT NULL,
  metric INTEGER NOT NULL,
  source INTEGER NOT NULL,
  class TEXT NOT NULL CHECK (class IN ('not_worn', 'sync_failure', 'permission_missing', 'vendor_outage', 'partial')),
  state TEXT NOT NULL CHECK (state IN ('open', 'repairing', 'repaired', 'reported', 'dismissed')),
  found_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  -- When the one repair was planned; null where there was nobody to ask.
  repair_at INTEGER,
  check_at INTEGER,
  PRIMARY KEY (date, metric, source)
) STRICT, WITHOUT ROWID;
CREATE INDEX gaps_by_check ON gaps (check_at) WHERE check_at IS NOT NULL;
-- Those that readings could still fill.
CREATE INDEX gaps_unfilled ON gaps (metric, date) WHERE state IN ('open', 'repairing', 'reported');

-- The last local date that was looked at.
CREATE TABLE gap_checks (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  checked_to INTEGER NOT NULL
) STRICT;
