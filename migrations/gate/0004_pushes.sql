-- Data that vendors' webhooks brought themselves, on their way to the vaults of their people: JSON lists of `{ resource, reply }`, as they came.
create table pushes (
  -- Never given twice, also after the object has emptied itself: made of the time.
  id integer primary key,
  vendor text not null,
  person text not null,
  connection text not null,
  -- The account at the vendor, by its keyed hash, and the organisation's account with us that was called: by them the connection is found
  -- where it lives elsewhere now.
  account text not null,
  credential text,
  came_at integer not null,
  -- When the queue is told of it, or told again.
  tell_at integer not null,
  parts text not null
) strict;
create index pushes_by_tell on pushes (tell_at);
create index pushes_by_connection on pushes (connection);
