-- The address itself, sealed with the person's key, for what the person must be told; and when its mailbox was proven to be theirs.
alter table credentials add column sealed_email text;
alter table credentials add column email_verified_at integer;

-- Mail that no mail service takes: developers read it here. Sealed with the region's key, since it holds addresses and tokens.
create table outbox (
  id text primary key,
  sealed text not null,
  created_at integer not null
) strict, without rowid;
