create table attempts (
  kind text primary key,
  failures integer not null,
  last_at integer not null,
  locked_until integer not null,
  expires_at integer not null
) strict, without rowid;

create table quotas (
  name text primary key,
  -- Of a fixed window: when the counted one began, and how much of it is used.
  window_start integer not null,
  used integer not null,
  -- Of a smooth rate: the theoretical arrival time of the generic cell rate algorithm.
  arrival real not null,
  -- As a vendor said: so many are left until then.
  learned_left integer not null,
  learned_until integer not null,
  expires_at integer not null
) strict, without rowid;

create table breakers (
  name text primary key,
  state text not null check (state in ('closed', 'open', 'half_open')),
  failures integer not null,
  openings integer not null,
  until integer not null,
  expires_at integer not null
) strict, without rowid;
