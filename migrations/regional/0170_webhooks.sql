-- Where people and organisations of this region want to be told of events. Times are epoch milliseconds.
create table webhook_endpoints (
  id text primary key,
  -- Whose it is: one of both.
  person_id text references people (id) on delete cascade,
  organisation_id text references organisations (id) on delete cascade,
  -- As which of the organisation's programs it is judged; without one, as the organisation alone.
  client_id text references clients (id) on delete cascade,
  url text not null,
  description text not null,
  -- Filters: JSON arrays; null lets everything through. With `is_narrowed`, events of those in `webhook_people` alone.
  events text check (events is null or json_valid(events)),
  categories text check (categories is null or json_valid(categories)),
  metrics text check (metrics is null or json_valid(metrics)),
  is_narrowed integer not null default 0,
  content text not null check (content in ('pointer', 'summary')),
  -- How surely whoever chose the address had proven themselves.
  assurance text not null check (assurance in ('aal1', 'aal2')),
  state text not null check (state in ('enabled', 'disabled')),
  disabled_reason text check (disabled_reason in ('by_hand', 'gone', 'failing')),
  -- Since when nothing was taken.
  failing_since integer,
  last_success_at integer,
  last_failure text,
  -- The place in time of the newest event: strictly rising.
  last_order integer not null default 0,
  -- When somebody is to be written to because it was switched off.
  notice_at integer,
  created_at integer not null,
  updated_at integer not null,
  check ((person_id is null) <> (organisation_id is null))
) strict, without rowid;

create index webhook_endpoints_by_person on webhook_endpoints (person_id, id);
create index webhook_endpoints_by_organisation on webhook_endpoints (organisation_id, id);
create index webhook_endpoints_by_client on webhook_endpoints (client_id) where client_id is not null;
create index webhook_endpoints_by_notice on webhook_endpoints (notice_at) where notice_at is not null;

-- Secrets that sign, sealed with the region's key: one, or two while one follows another.
create table webhook_secrets (
  id text primary key,
  endpoint_id text not null references webhook_endpoints (id) on delete cascade,
  sealed text not null,
  key_version text not null,
  created_at integer not null,
  ends_at integer
) strict, without rowid;

create index webhook_secrets_by_endpoint on webhook_secrets (endpoint_id, created_at);
create index webhook_secrets_by_key on webhook_secrets (key_version, id);
create index webhook_secrets_by_end on webhook_secrets (ends_at) where ends_at is not null;

-- Whose events an endpoint wants, where it names some.
create table webhook_people (
  endpoint_id text not null references webhook_endpoints (id) on delete cascade,
  person_id text not null,
  primary key (endpoint_id, person_id)
) strict, without rowid;

create index webhook_people_by_person on webhook_people (person_id);

-- What each endpoint got or is to get: pointers to events in people's vaults, of whatever region, and what came of sending them.
create table webhook_deliveries (
  endpoint_id text not null references webhook_endpoints (id) on delete cascade,
  event_id text not null,
  -- Nobody, for a test.
  person_id text,
  ordered_at integer not null,
  state text not null check (state in ('waiting', 'delivered', 'failed', 'dropped')),
  attempts integer not null default 0,
  due_at integer not null,
  -- Until when somebody is at it.
  lease_until integer not null default 0,
  reason text,
  -- The last attempts: a JSON array of time, status, duration and reason.
  log text not null default '[]' check (json_valid(log)),
  created_at integer not null,
  updated_at integer not null,
  primary key (endpoint_id, event_id)
) strict, without rowid;

create unique index webhook_deliveries_in_order on webhook_deliveries (endpoint_id, ordered_at);
create index webhook_deliveries_due on webhook_deliveries (due_at) where state = 'waiting';
create index webhook_deliveries_by_person on webhook_deliveries (person_id);
create index webhook_deliveries_by_age on webhook_deliveries (updated_at);
