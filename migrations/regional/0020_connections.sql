-- Authorizations at vendors under way: which vault a callback belongs to. The state itself is not stored, only its hash.
create table vendor_states (
  state_hash text primary key,
  person_id text not null,
  vendor text not null,
  expires_at integer not null
) strict, without rowid;
create index vendor_states_by_expiry on vendor_states (expires_at);

-- When each connection is to be asked again. Opaque ids only.
create table due_connections (
  connection_id text primary key,
  person_id text not null,
  due_at integer not null
) strict, without rowid;
create index due_connections_by_due on due_connections (due_at, connection_id, person_id);
