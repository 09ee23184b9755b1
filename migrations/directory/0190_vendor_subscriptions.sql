-- Subscriptions of Meridian's own at vendors, by which their webhooks come. Nothing of a person.
create table vendor_subscriptions (
  vendor text not null,
  -- What it is for, in the vendor's words.
  topic text not null,
  subscription_id text not null,
  expires_at integer,
  -- What the vendor signs with, in a box under the directory's key for vendors.
  secret text,
  checked_at integer not null,
  primary key (vendor, topic)
) strict, without rowid;
