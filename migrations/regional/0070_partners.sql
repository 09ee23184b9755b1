-- Companies, clinics and groups that work with people's data by consent. An organisation without an owner is as good as closed.
create table organisations (
  id text primary key,
  name text not null,
  -- In which roles people may give it consents; operators add to them.
  roles text not null default '["partner"]' check (json_valid(roles)),
  created_at integer not null,
  updated_at integer not null,
  closed_at integer
) strict, without rowid;

-- Who works there. An invitation is a row that nobody has accepted yet.
create table organisation_members (
  organisation_id text not null references organisations (id) on delete cascade,
  person_id text not null references people (id) on delete cascade,
  role text not null check (role in ('owner', 'admin', 'member')),
  invited_at integer not null,
  joined_at integer,
  primary key (organisation_id, person_id)
) strict, without rowid;

create index organisation_members_by_person on organisation_members (person_id, organisation_id);

-- Programs of an organisation. Each proves itself with a private key of its own; only public keys, or where they are, are kept.
create table clients (
  id text primary key,
  organisation_id text not null references organisations (id) on delete cascade,
  name text not null,
  scopes text not null check (json_valid(scopes)),
  jwks text check (jwks is null or json_valid(jwks)),
  jwks_uri text,
  created_at integer not null,
  updated_at integer not null,
  last_used_at integer,
  revoked_at integer,
  check ((jwks is null) <> (jwks_uri is null))
) strict, without rowid;

create index clients_by_organisation on clients (organisation_id, id);

-- Assertions that were used, until they would have expired by themselves: each is good once.
create table client_assertions (
  client_id text not null references clients (id) on delete cascade,
  jti text not null,
  expires_at integer not null,
  primary key (client_id, jti)
) strict, without rowid;

create index client_assertions_by_expiry on client_assertions (expires_at);

-- Access tokens of clients that were revoked before their time.
create table revoked_client_tokens (
  jti text primary key,
  expires_at integer not null
) strict, without rowid;

create index revoked_client_tokens_by_expiry on revoked_client_tokens (expires_at);

-- Who shares something with an organisation or a client of this region. Pointers only, as in `shared_with`.
create table shared_with_partners (
  grantee_id text not null,
  owner_id text not null,
  consent_id text not null,
  primary key (grantee_id, owner_id, consent_id)
) strict, without rowid;

create index shared_with_partners_by_owner on shared_with_partners (owner_id);
