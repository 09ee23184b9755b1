-- Erasures of accounts, under way and done. A row outlives its person and knows an opaque id alone. Times epoch milliseconds.
create table erasures (
  id text primary key,
  person_id text not null,
  -- `asked`: by the person. `moved`: what stayed behind when they moved to another region. `restored`: an old copy brought them back.
  reason text not null check (reason in ('asked', 'moved', 'restored')),
  state text not null check (state in ('waiting', 'running', 'done', 'undone')),
  -- How many steps are done.
  step integer not null default 0,
  -- Failures of the present step, and when to go on.
  attempts integer not null default 0,
  next_at integer not null,
  requested_at integer not null,
  due_at integer not null,
  started_at integer,
  finished_at integer,
  -- SHA-256 of what opens the receipt; only the person has it. Null: there is none, or it was used.
  secret_hash text,
  taken_at integer,
  -- Sealed with the region's key until the last letter is sent: where to, in which language, and what opens the receipt.
  letter text,
  -- JSON: what there was, per kind; when each step was done; what vendors said.
  report text not null default '{}' check (json_valid(report))
) strict, without rowid;

create unique index erasures_open on erasures (person_id) where state in ('waiting', 'running');
create index erasures_by_time on erasures (next_at) where state in ('waiting', 'running');
create index erasures_undone on erasures (finished_at) where state = 'undone';
create index erasures_by_person on erasures (person_id, id);

-- Everything with a person's id is found by it.
create index challenges_by_person on challenges (person_id) where person_id is not null;
create index vendor_states_by_person on vendor_states (person_id);
create index due_connections_by_person on due_connections (person_id);
create index shared_with_by_owner on shared_with (owner_id);

-- Keyed hash of the recipient, so that letters nobody fetched go with the person.
alter table outbox add column recipient_hash text;
create index outbox_by_recipient on outbox (recipient_hash) where recipient_hash is not null;
