-- What organisations (gyms, trainers, companies) offer for points or coins.
create table rewards (
  id text primary key,
  organisation_id text not null references organisations (id) on delete cascade,
  kind text not null check (kind in ('discount', 'free_session')),
  title text not null,
  description text not null,
  -- What it gives, as JSON: a percentage or an amount off, or a number of sessions.
  terms text not null check (json_valid(terms)),
  unit text not null check (unit in ('points', 'coins')),
  price integer not null check (price >= 0),
  -- How many there are in all; null for as many as are wanted. The database itself refuses to give out more.
  stock integer check (stock is null or stock >= 0),
  taken integer not null default 0 check (taken >= 0 and (stock is null or taken <= stock)),
  limit_each integer not null check (limit_each > 0),
  -- For how many days a voucher is good.
  valid_days integer not null check (valid_days > 0),
  version integer not null default 1,
  created_at integer not null,
  updated_at integer not null,
  closed_at integer
) strict, without rowid;
create index rewards_by_organisation on rewards (organisation_id, id);
create index rewards_open on rewards (id) where closed_at is null;

-- Vouchers that were given out. Whose they are, nobody but the person's own vault knows.
create table reward_claims (
  id text primary key,
  reward_id text not null references rewards (id) on delete cascade,
  -- SHA-256 of the code, which has 80 bits of chance.
  code_hash text not null unique,
  state text not null check (state in ('issued', 'used', 'returned', 'void')),
  created_at integer not null,
  expires_at integer not null,
  used_at integer
) strict, without rowid;
create index reward_claims_by_reward on reward_claims (reward_id, id);

create trigger reward_claims_take after insert on reward_claims when new.state = 'issued' begin
  update rewards set taken = taken + 1 where id = new.reward_id;
end;
create trigger reward_claims_give_back after update of state on reward_claims when old.state = 'issued' and new.state = 'returned' begin
  update rewards set taken = taken - 1 where id = new.reward_id;
end;
