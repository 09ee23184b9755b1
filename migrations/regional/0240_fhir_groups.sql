-- Groups of people who consented to an organisation. Pointers alone: a Group has no name here, since one would say of its members what they
-- have in common. Times epoch ms.
create table fhir_groups (
  id text primary key,
  organisation_id text not null references organisations (id) on delete cascade,
  version integer not null,
  changed_at integer not null,
  -- The organisation's own number for it.
  system text not null default '',
  value text not null default ''
) strict, without rowid;

create index fhir_groups_by_organisation on fhir_groups (organisation_id, id);

-- Who is in them. Counts as long as a pointer of `shared_with_partners` stands beside it.
create table fhir_group_members (
  group_id text not null references fhir_groups (id) on delete cascade,
  person_id text not null,
  added_at integer not null,
  primary key (group_id, person_id)
) strict, without rowid;

create index fhir_group_members_by_person on fhir_group_members (person_id, group_id);
