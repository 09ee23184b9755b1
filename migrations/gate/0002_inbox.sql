-- What vendors' webhooks told and the queue has not taken yet: pointers as JSON, for a region's queue.
create table inbox (
  id integer primary key,
  region text not null,
  pointer text not null
) strict;

-- Signed calls that were taken, by a digest of what is signed: a repetition does nothing.
create table calls (
  id integer primary key autoincrement,
  digest text not null unique,
  expires_at integer not null
) strict;
create index calls_by_expiry on calls (expires_at);
