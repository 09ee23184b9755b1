-- What achievements are computed from: the facts of each local date (days since 1970-01-01), as JSON.
CREATE TABLE achievement_days (
  date INTEGER PRIMARY KEY,
  facts TEXT NOT NULL
) STRICT;

-- Dates whose readings have changed since their facts were taken, both ends included.
CREATE TABLE achievement_changes (
  from_date INTEGER NOT NULL,
  to_date INTEGER NOT NULL,
  PRIMARY KEY (from_date, to_date)
) STRICT, WITHOUT ROWID;

-- Where the evaluation stood after a date, as JSON: from there it goes on.
CREATE TABLE achievement_standings (
  date INTEGER PRIMARY KEY,
  body TEXT NOT NULL
) STRICT;

-- One row for each thing earned, however often it was taken back and given again. Times epoch ms.
CREATE TABLE achievement_awards (
  achievement TEXT NOT NULL,
  -- `step:<at>` or `on:<date>`.
  key TEXT NOT NULL,
  date INTEGER NOT NULL,
  awarded_at INTEGER NOT NULL,
  -- Null while it holds.
  taken_at INTEGER,
  -- Points that the wallet has for it now, and how often it was booked.
  paid INTEGER NOT NULL DEFAULT 0 CHECK (paid >= 0),
  bookings INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (achievement, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX achievement_awards_by_date ON achievement_awards (date) WHERE taken_at IS NULL;

CREATE TABLE achievement_settings (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  visibility TEXT NOT NULL CHECK (visibility IN ('private', 'friends', 'public')),
  -- Achievements that are kept back whatever the visibility, as a JSON array.
  kept_back TEXT NOT NULL CHECK (json_valid(kept_back)),
  -- Which state of the rules the standings were computed by; empty before the first.
  rules TEXT NOT NULL DEFAULT '',
  changed_at INTEGER NOT NULL
) STRICT;
