-- What a vendor's webhook brought itself and is not read yet: JSON lists of `{ resource, reply }`, as they came. What cannot be read stays,
-- with the time when that was given up.
create table connection_pushes (
  id integer primary key,
  connection text not null,
  came_at integer not null,
  parts text not null,
  -- Letters of it, to choose by without reading it.
  size integer not null,
  failed_at integer
) strict;
create index connection_pushes_waiting on connection_pushes (connection, id) where failed_at is null;
