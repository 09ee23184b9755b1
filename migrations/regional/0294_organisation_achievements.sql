-- What organisations give their people to achieve, as data: the rule never changes. Who has taken one up, their vaults alone know. Times epoch ms.
create table organisation_achievements (
  id text primary key,
  organisation_id text not null references organisations (id) on delete cascade,
  title text not null,
  body text not null,
  rule text not null check (json_valid(rule)),
  -- Where steps are, as a JSON array; empty for what can be earned again and again.
  steps text not null check (json_valid(steps)),
  created_at integer not null,
  closed_at integer
) strict, without rowid;
create index organisation_achievements_open on organisation_achievements (organisation_id, id) where closed_at is null;
