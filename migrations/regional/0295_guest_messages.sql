-- Invitations on their way to somebody who may not be here: each once. Where to and what it says is sealed, and gone when it has ended; the keyed hash
-- of the address stays for a month, for what one address may get. The id is the invitation's. In the region of who invites. Times epoch ms.
create table guest_messages (
  id text primary key,
  person_id text not null references people (id) on delete cascade,
  channel text not null check (channel in ('email', 'sms')),
  recipient_hash text not null,
  sealed text,
  -- `sending` since an attempt began; the others but `waiting` are the end.
  state text not null check (state in ('waiting', 'sending', 'sent', 'failed', 'dropped')),
  reason text,
  attempts integer not null default 0,
  due_at integer not null,
  created_at integer not null,
  check (sealed is null or state in ('waiting', 'sending'))
) strict, without rowid;

create index guest_messages_by_person on guest_messages (person_id, created_at);
create index guest_messages_by_recipient on guest_messages (recipient_hash, created_at);
create index guest_messages_due on guest_messages (due_at) where state in ('waiting', 'sending');
create index guest_messages_by_age on guest_messages (created_at);

-- Addresses and numbers that want no invitations, under keyed hashes.
create table contact_stops (
  contact_hash text primary key,
  stopped_at integer not null
) strict, without rowid;
