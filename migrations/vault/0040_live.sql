-- The live stream of a person: numbered entries that watchers who reconnect may still ask for. Times epoch milliseconds.

CREATE TABLE live_state (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  -- Number of the newest entry.
  head INTEGER NOT NULL,
  -- Number up to which entries are known to have been sent to everybody who was connected.
  sent INTEGER NOT NULL,
  -- Until when entries are kept although nobody is connected.
  watched_until INTEGER NOT NULL,
  -- 1 while writes are not noted, because nobody has watched for long.
  dormant INTEGER NOT NULL
) STRICT;

-- The first entry is number 2: whoever asks for what follows 0 has seen nothing and gets a snapshot.
INSERT INTO live_state (one, head, sent, watched_until, dormant) VALUES (1, 1, 1, 0, 1);

CREATE TABLE live_log (
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  -- `readings`: `body` holds `n` JSON items, joined by commas. `changed`: the window of one metric.
  kind TEXT NOT NULL CHECK (kind IN ('readings', 'changed')),
  n INTEGER NOT NULL,
  -- Catalogue keys between commas: `,heart_rate,steps,`.
  metrics TEXT NOT NULL,
  body TEXT NOT NULL,
  from_at INTEGER NOT NULL,
  to_at INTEGER NOT NULL
) STRICT;

-- Tickets that were redeemed, until they would have expired anyway.
CREATE TABLE live_tickets (
  ticket TEXT PRIMARY KEY,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
