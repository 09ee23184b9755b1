-- Security events that belong to no person. Append-only: nothing updates or deletes a row. `seq` has no gaps, and each `hash` is an
-- HMAC-SHA-256 under the region's chain key of version `key`, which is not in this database, over seq, time, key version, body and the
-- hash before it.
create table security_events (
  seq integer primary key,
  -- Epoch milliseconds.
  at integer not null,
  key text not null,
  -- JSON: kind, actor, and what it is about. Opaque ids, versions and counts.
  body text not null,
  hash text not null
) strict;

-- What happens too often, and to nobody in particular, to be an event each time: counted by day (days since 1970-01-01), and written
-- down as one event once the day is over.
create table security_counts (
  kind text not null,
  day integer not null,
  n integer not null,
  primary key (kind, day)
) strict, without rowid;
