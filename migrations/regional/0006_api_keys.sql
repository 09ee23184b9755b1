-- Keys of a person's own programs. Each has a session of its own, which ends where the key is revoked; the key itself is not stored.
create table api_keys (
  id text primary key,
  person_id text not null references people (id) on delete cascade,
  session_id text not null unique references sessions (id) on delete cascade,
  key_hash text not null unique check (length(key_hash) = 64),
  name text not null,
  scopes text not null check (json_valid(scopes)),
  created_at integer not null,
  last_used_at integer
) strict, without rowid;

create index api_keys_by_person on api_keys (person_id, id);
