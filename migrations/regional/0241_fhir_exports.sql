-- Bulk exports of FHIR resources, from their request until they expire. Times epoch ms.
create table fhir_exports (
  id text primary key,
  -- Who asked: a client, or a person in a session, for themselves.
  program text references clients (id) on delete cascade,
  person_id text,
  session_id text,
  -- Of a client the names of its token's scopes, of an app what it was given; JSON.
  scopes text not null check (json_valid(scopes)),
  group_id text,
  -- The address that was called, and what was asked of it.
  request text not null,
  ask text not null check (json_valid(ask)),
  state text not null check (state in ('running', 'done', 'failed')),
  created_at integer not null,
  expires_at integer not null,
  -- Rises with every step that was written down.
  seq integer not null default 0,
  -- The last person who is done, and where the present one goes on; JSON.
  done_until text not null default '',
  place text check (place is null or json_valid(place)),
  done integer not null default 0,
  attempts integer not null default 0,
  -- Until when somebody works at it.
  lease_until integer not null default 0,
  check ((program is null) <> (person_id is null))
) strict, without rowid;

create index fhir_exports_running on fhir_exports (lease_until) where state = 'running';
create index fhir_exports_by_client on fhir_exports (program, state);
create index fhir_exports_by_person on fhir_exports (person_id, state);
create index fhir_exports_by_expiry on fhir_exports (expires_at);

-- Their files, each about one person, in the bucket of that person's region.
create table fhir_export_files (
  export_id text not null references fhir_exports (id) on delete cascade,
  seq integer not null,
  type text not null,
  person_id text not null,
  -- Lines, and bytes; none of an error, which is said by its row.
  lines integer not null,
  bytes integer not null,
  primary key (export_id, seq, type)
) strict, without rowid;

create index fhir_export_files_by_person on fhir_export_files (person_id, export_id);
