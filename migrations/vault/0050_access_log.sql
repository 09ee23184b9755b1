-- Who did what with this person's data. Append-only: nothing updates or deletes a row. `seq` has no gaps, and each `hash` is an
-- HMAC-SHA-256 under the region's chain key of version `key`, which is not in this storage, over seq, time, key version, body and the hash
-- before it.
CREATE TABLE access_log (
  seq INTEGER PRIMARY KEY,
  -- Epoch milliseconds.
  at INTEGER NOT NULL,
  key TEXT NOT NULL,
  -- JSON array: actor kind, actor, action, resource, what it is about, purpose, outcome, reason, session, request, on behalf of, consent.
  body TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;
