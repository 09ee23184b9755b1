-- Who shares something with a person of this region. Pointers only: what is shared, and whether still, is asked of the owner's vault.
create table shared_with (
  grantee_id text not null references people (id) on delete cascade,
  owner_id text not null,
  consent_id text not null,
  primary key (grantee_id, owner_id, consent_id)
) strict, without rowid;
