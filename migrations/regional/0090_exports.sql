-- Which exports a person has begun; everything else about one is in its own object.
create table exports (
  id text primary key,
  person_id text not null references people (id) on delete cascade,
  created_at integer not null
) strict, without rowid;

create index exports_by_person on exports (person_id, id);
create index exports_by_age on exports (created_at);

-- Sessions that have ended are forgotten after a while: by when they did.
create index sessions_by_end on sessions (coalesce(revoked_at, min(idle_expiry, absolute_expiry)));
