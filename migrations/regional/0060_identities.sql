-- Accounts at sign-in providers that open a person's account: at most one for each provider.
create table identities (
  id text primary key,
  person_id text not null references people (id) on delete cascade,
  provider text not null,
  -- Issuer and subject under the region's index key. The directory leads here; this row decides.
  identity_hash text not null unique check (length(identity_hash) = 64),
  key_version text not null,
  -- What the person recognises it by, sealed with their key.
  sealed_label text,
  created_at integer not null,
  last_used_at integer,
  unique (person_id, provider)
) strict, without rowid;
