create table people (
  id text primary key,
  name text not null,
  time_zone text not null,
  locale text not null,
  units text not null check (units in ('metric', 'imperial')),
  roles text not null check (json_valid(roles)),
  created_at integer not null,
  updated_at integer not null
) strict, without rowid;

-- One password per person. The e-mail address is a keyed hash under the region's index key.
create table credentials (
  person_id text primary key references people (id) on delete cascade,
  email_hash text not null unique check (length(email_hash) = 64),
  key_version text not null,
  password_hash text not null,
  changed_at integer not null
) strict, without rowid;

-- `n` counts refreshes: the one refresh token that counts is the one for `n`, and is not stored.
create table sessions (
  id text primary key,
  person_id text not null references people (id) on delete cascade,
  client_id text not null,
  scope text not null,
  device text,
  address text,
  amr text not null,
  acr text not null check (acr in ('aal1', 'aal2')),
  auth_time integer not null,
  n integer not null default 0,
  created_at integer not null,
  rotated_at integer not null,
  last_used_at integer not null,
  idle_expiry integer not null,
  absolute_expiry integer not null,
  revoked_at integer,
  revoked_reason text
) strict, without rowid;

create index sessions_by_person on sessions (person_id, id);
