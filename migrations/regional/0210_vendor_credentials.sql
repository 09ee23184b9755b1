-- Accounts that organisations have at vendors themselves. Times are epoch milliseconds.
create table vendor_credentials (
  id text primary key,
  organisation_id text not null references organisations (id) on delete cascade,
  vendor text not null,
  vendor_client text not null,
  -- Names of what there is beside id and secret: a JSON array.
  more text not null default '[]' check (json_valid(more)),
  -- The secrets, sealed with the region's key; gone with the account. The row stays, so that an account that comes again has the same id.
  sealed text,
  key_version text,
  -- Rises with every change.
  revision integer not null default 1,
  created_at integer not null,
  updated_at integer not null,
  removed_at integer,
  -- The last connection that was told of the last change; null: all of them were.
  told_to text,
  -- When the account's subscriptions were looked after.
  subscriptions_at integer not null default 0,
  check ((sealed is null) = (removed_at is not null)),
  check ((sealed is null) = (key_version is null))
) strict, without rowid;

create unique index vendor_credentials_by_organisation on vendor_credentials (organisation_id, vendor);
create index vendor_credentials_by_key on vendor_credentials (key_version, id);
create index vendor_credentials_untold on vendor_credentials (id) where told_to is not null;
create index vendor_credentials_subscribed on vendor_credentials (vendor, subscriptions_at) where removed_at is null;

-- The organisation's account that an authorization under way goes through.
alter table vendor_states add column credential text;
