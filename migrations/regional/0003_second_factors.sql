-- One authenticator app per person. It counts once it is confirmed.
create table totp (
  person_id text primary key references people (id) on delete cascade,
  -- Sealed with the person's key, which only their vault opens.
  sealed_secret text not null,
  -- The last time step that was used: no code is good twice.
  last_step integer not null default 0,
  created_at integer not null,
  confirmed_at integer
) strict, without rowid;

-- 120 random bits each, so a plain SHA-256 is enough.
create table recovery_codes (
  person_id text not null references people (id) on delete cascade,
  code_hash text not null check (length(code_hash) = 64),
  used_at integer,
  primary key (person_id, code_hash)
) strict, without rowid;

-- Steps that were begun and wait for the other half, each good once; the token itself is not stored.
create table challenges (
  token_hash text primary key check (length(token_hash) = 64),
  kind text not null,
  person_id text references people (id) on delete cascade,
  content text not null,
  expires_at integer not null
) strict, without rowid;

create index challenges_by_expiry on challenges (expires_at);
