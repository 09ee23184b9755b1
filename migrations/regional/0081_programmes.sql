-- Research programmes of this region. What they ask is public once they are open; their keys and releases lie in an object of their own.
create table programmes (
  id text primary key,
  researcher_id text references people (id) on delete set null,
  title text not null,
  purpose text not null,
  -- JSON arrays.
  categories text not null check (json_valid(categories)),
  metrics text not null check (json_valid(metrics)),
  from_date text not null,
  to_date text not null,
  cohort integer not null check (cohort >= 11),
  -- Thousandths.
  epsilon integer not null,
  state text not null check (state in ('draft', 'open', 'closed')),
  created_at integer not null
) strict, without rowid;

create index programmes_by_state on programmes (state, id);
create index programmes_by_researcher on programmes (researcher_id, id);

-- Who takes part, by which consent. Pointers: whether somebody still agrees, their vault says.
create table programme_participants (
  programme_id text not null references programmes (id) on delete cascade,
  person_id text not null references people (id) on delete cascade,
  consent_id text not null,
  primary key (programme_id, person_id, consent_id)
) strict, without rowid;

create index programme_participants_by_person on programme_participants (person_id, programme_id);

-- Exports that were begun; everything else about one is in the programme's object.
create table research_exports (
  id text primary key,
  programme_id text not null references programmes (id) on delete cascade,
  state text not null check (state in ('enlisting', 'started')),
  created_at integer not null
) strict, without rowid;

create index research_exports_by_programme on research_exports (programme_id, id);
create index research_exports_enlisting on research_exports (id) where state = 'enlisting';
