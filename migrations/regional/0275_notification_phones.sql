-- Whose telephone a number is, under a keyed hash: so that a STOP that comes from it is heard. Noted with each message to it.
create table notification_phones (
  person_id text not null references people (id) on delete cascade,
  phone_hash text not null,
  noted_at integer not null,
  primary key (person_id, phone_hash)
) strict, without rowid;
create index notification_phones_by_hash on notification_phones (phone_hash);
create index notification_phones_by_age on notification_phones (noted_at);
