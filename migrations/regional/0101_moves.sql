-- Moves of persons to another region, kept by the region they leave. A row outlives the move: it leads from the old id to the new one.
create table moves (
  id text primary key,
  person_id text not null,
  new_person_id text not null unique,
  state text not null check (state in ('running', 'switching', 'done', 'cancelling', 'cancelled', 'failed')),
  step integer not null default 0,
  attempts integer not null default 0,
  next_at integer not null,
  requested_at integer not null,
  finished_at integer,
  -- Rows handled and to be handled.
  done integer not null default 0,
  total integer not null default 0,
  -- JSON: how far the present step is.
  place text,
  -- JSON: keyed hashes of address and password for the new region, until they are written there.
  arrival text,
  problem text
) strict, without rowid;

create unique index moves_open on moves (person_id) where state in ('running', 'switching', 'cancelling');
create index moves_by_time on moves (next_at) where state in ('running', 'switching', 'cancelling');
create index moves_by_person on moves (person_id, id);
