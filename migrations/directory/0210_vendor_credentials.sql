-- Through which account at the vendor a connection goes: an organisation's, by an opaque id, or Meridian's own where null.
alter table vendor_accounts add column credential text;
create index vendor_accounts_by_credential on vendor_accounts (credential, connection_id) where credential is not null;

-- Subscriptions of every account at a vendor: an organisation's, or Meridian's own where `credential` is empty. Nothing of a person.
create table vendor_subscriptions_next (
  vendor text not null,
  credential text not null default '',
  -- What it is for, in the vendor's words.
  topic text not null,
  subscription_id text not null,
  expires_at integer,
  -- What the vendor signs with, in a box under the directory's key for vendors.
  secret text,
  checked_at integer not null,
  primary key (vendor, credential, topic)
) strict, without rowid;
insert into vendor_subscriptions_next (vendor, topic, subscription_id, expires_at, secret, checked_at)
  select vendor, topic, subscription_id, expires_at, secret, checked_at from vendor_subscriptions;
drop table vendor_subscriptions;
alter table vendor_subscriptions_next rename to vendor_subscriptions;
