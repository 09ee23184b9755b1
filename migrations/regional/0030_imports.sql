-- Which imports a person has begun; everything else about one is in its own object.
create table imports (
  id text primary key,
  person_id text not null references people (id) on delete cascade,
  created_at integer not null
) strict, without rowid;

create index imports_by_person on imports (person_id, id);
