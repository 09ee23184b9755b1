-- Where a vendor's notification leads: a keyed hash of vendor and vendor user, and opaque ids that carry the region. Several people may
-- have connected the same account.
create table vendor_accounts (
  account_hash text not null check (length(account_hash) = 64),
  connection_id text not null unique,
  person_id text not null,
  key_version text not null,
  primary key (account_hash, connection_id)
) strict, without rowid;
