-- What the person takes part in. Joining is a consent to have a score computed of certain metrics in a certain time and shown under an alias;
-- `receipt` proves it, and a row stays when the person has left. Times epoch milliseconds, days since 1970-01-01.
CREATE TABLE challenge_parts (
  challenge TEXT NOT NULL,
  -- Which time they joined it.
  turn INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('active', 'left')),
  title TEXT NOT NULL,
  terms TEXT NOT NULL,
  -- Under which they stand on boards, and how many they had before.
  alias TEXT NOT NULL,
  alias_turn INTEGER NOT NULL,
  ranking TEXT NOT NULL CHECK (ranking IN ('anonymous', 'public')),
  -- Their baseline, or their own target.
  own REAL,
  joined_at INTEGER NOT NULL,
  left_at INTEGER,
  receipt TEXT NOT NULL,
  -- Grows with everything that boards are told, and never starts anew.
  version INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (challenge, turn)
) STRICT, WITHOUT ROWID;

-- The rounds in which they take part.
CREATE TABLE challenge_rounds (
  challenge TEXT NOT NULL,
  opens_at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL,
  closes_at INTEGER NOT NULL,
  -- Which days are to be counted again; null where none are.
  dirty_from INTEGER,
  dirty_to INTEGER,
  -- What was counted, and what of it is ranked; null where nothing was.
  score REAL,
  ranked REAL,
  at INTEGER NOT NULL,
  efforts INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 0,
  -- Nothing changes any more.
  is_final INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (challenge, opens_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX challenge_rounds_by_close ON challenge_rounds (closes_at);

-- What counts and what does not, by date or workout.
CREATE TABLE challenge_efforts (
  challenge TEXT NOT NULL,
  opens_at INTEGER NOT NULL,
  key TEXT NOT NULL,
  day INTEGER NOT NULL,
  at INTEGER NOT NULL,
  -- What counts, and what was left out and why.
  value REAL,
  left_out REAL NOT NULL DEFAULT 0,
  reason TEXT,
  -- It counts as a whole, as somebody decided.
  is_allowed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (challenge, opens_at, key)
) STRICT, WITHOUT ROWID;

-- Days of which something arrived after the close.
CREATE TABLE challenge_late (
  challenge TEXT NOT NULL,
  opens_at INTEGER NOT NULL,
  day INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (challenge, opens_at, day)
) STRICT, WITHOUT ROWID;

-- What boards have to be told: the newest for each alias. A score of null takes the alias off.
CREATE TABLE challenge_outbox (
  challenge TEXT NOT NULL,
  opens_at INTEGER NOT NULL,
  alias TEXT NOT NULL,
  score REAL,
  at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (challenge, opens_at, alias)
) STRICT, WITHOUT ROWID;
