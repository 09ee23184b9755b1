-- Emergency accesses to people of this region, to be reviewed. Pointers only: the reason lies sealed in the person's vault.
create table emergency_reviews (
  id text primary key,
  person_id text not null references people (id) on delete cascade,
  -- May be of another region.
  clinician_id text not null,
  opened_at integer not null,
  ends_at integer not null,
  state text not null default 'open' check (state in ('open', 'justified', 'unjustified')),
  reviewer_id text,
  decided_at integer,
  -- The letter that is owed to the person, when somebody last began to send it, and null once it is sent.
  letter text check (letter in ('emergency_opened', 'emergency_unjustified')),
  letter_begun_at integer
) strict, without rowid;

create index emergency_reviews_by_time on emergency_reviews (opened_at, id);
create index emergency_reviews_by_state on emergency_reviews (state, opened_at, id);
create index emergency_reviews_by_person on emergency_reviews (person_id, id);
create index emergency_reviews_by_clinician on emergency_reviews (clinician_id, id);
create index emergency_reviews_by_letter on emergency_reviews (letter_begun_at, id) where letter is not null;

-- How often a clinician of this region broke the glass within the last day, tries at unknown ids included.
create table emergency_openings (
  clinician_id text not null references people (id) on delete cascade,
  id text not null,
  opened_at integer not null,
  primary key (clinician_id, id)
) strict, without rowid;
