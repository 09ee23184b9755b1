-- Where an e-mail address leads: a keyed hash, and an opaque id that carries the region. Never the address itself.
create table emails (
  email_hash text primary key check (length(email_hash) = 64),
  key_version text not null,
  person_id text not null unique,
  claimed_at integer not null
) strict, without rowid;
