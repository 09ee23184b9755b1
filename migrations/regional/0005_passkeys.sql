create table passkeys (
  id text primary key,
  person_id text not null references people (id) on delete cascade,
  credential_id text not null unique,
  -- COSE key in base 64.
  public_key text not null,
  counter integer not null,
  transports text not null check (json_valid(transports)),
  name text not null,
  backed_up integer not null check (backed_up in (0, 1)),
  -- When the counter last went back, which it does where a passkey was copied.
  flagged_at integer,
  created_at integer not null,
  last_used_at integer
) strict, without rowid;

create index passkeys_by_person on passkeys (person_id, id);
