-- Where the handle of somebody who wants to be found by it leads: a keyed hash, and an opaque id that carries the region.
create table handles (
  handle_hash text primary key check (length(handle_hash) = 64),
  key_version text not null,
  person_id text not null unique,
  claimed_at integer not null
) strict, without rowid;

create index handles_by_key on handles (key_version, handle_hash);
