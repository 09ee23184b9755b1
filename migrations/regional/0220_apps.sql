-- Apps that people may let in by SMART App Launch. Of a secret and of the token that manages a registration only the hash is stored.
create table apps (
  id text primary key,
  organisation_id text references organisations (id) on delete cascade,
  name text not null,
  home text,
  launch_uri text,
  method text not null check (method in ('none', 'client_secret_basic', 'private_key_jwt')),
  secret_hash text check (secret_hash is null or length(secret_hash) = 64),
  jwks text,
  jwks_uri text,
  redirect_uris text not null,
  scope text,
  manage_hash text check (manage_hash is null or length(manage_hash) = 64),
  created_at integer not null,
  updated_at integer not null,
  last_used_at integer,
  revoked_at integer
) strict, without rowid;

create index apps_by_organisation on apps (organisation_id, id) where organisation_id is not null;

-- Numbers of assertions that were used, until they have run out.
create table app_assertions (
  app_id text not null references apps (id) on delete cascade,
  jti text not null,
  expires_at integer not null,
  primary key (app_id, jti)
) strict, without rowid;

create index app_assertions_by_expiry on app_assertions (expires_at);

-- The origins of registered redirects: browsers there may read answers.
create table app_origins (
  origin text not null,
  app_id text not null references apps (id) on delete cascade,
  primary key (origin, app_id)
) strict, without rowid;

create index app_origins_by_app on app_origins (app_id);
