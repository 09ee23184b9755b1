-- Challenges of this region, their people of whatever region, and what became of each round. `challenges` is a table of sign-ins, hence the
-- longer name. Times epoch milliseconds.
create table fitness_challenges (
  id text primary key,
  state text not null check (state in ('draft', 'open', 'ended', 'cancelled')),
  title text not null,
  description text not null,
  visibility text not null check (visibility in ('public', 'friends', 'group', 'organisation', 'private')),
  -- The group or organisation that it is for.
  audience text,
  joining text not null check (joining in ('open', 'request', 'invitation')),
  -- What counts and when: `shared/challenges/terms.ts`.
  terms text not null check (json_valid(terms)),
  starts_at integer not null,
  ends_at integer not null,
  places integer not null,
  taken integer not null default 0,
  most_in_team integer,
  rewards text not null default '[]' check (json_valid(rewards)),
  version integer not null default 1,
  created_at integer not null,
  updated_at integer not null,
  -- When the clock has something to do with it: a period opens, closes, or the challenge ends. Null when nothing is left.
  due_at integer
) strict, without rowid;

create index fitness_challenges_public on fitness_challenges (id) where visibility = 'public' and state = 'open';
create index fitness_challenges_by_audience on fitness_challenges (audience, id) where audience is not null;
create index fitness_challenges_due on fitness_challenges (due_at) where due_at is not null;

-- Who made a challenge and decides about it: somebody of whatever region. Without a row it runs to its end, and moderators decide.
create table challenge_owners (
  challenge_id text primary key references fitness_challenges (id) on delete cascade,
  person_id text not null
) strict, without rowid;
create index challenge_owners_by_person on challenge_owners (person_id, challenge_id);

create table challenge_teams (
  id text primary key,
  challenge_id text not null references fitness_challenges (id) on delete cascade,
  name text not null,
  taken integer not null default 0,
  created_at integer not null
) strict, without rowid;
create unique index challenge_teams_by_challenge on challenge_teams (challenge_id, name);

-- Who takes part, or would like to. `joining`: a place is taken, and the person's vault is being told.
create table challenge_people (
  challenge_id text not null references fitness_challenges (id) on delete cascade,
  person_id text not null,
  state text not null check (state in ('requested', 'joining', 'active', 'left', 'removed', 'refused')),
  -- Under which the person stands on boards; null until their vault has made one.
  alias text,
  ranking text not null check (ranking in ('anonymous', 'public')),
  -- The name that they chose to show; null where they are anonymous.
  name text,
  team_id text references challenge_teams (id) on delete set null,
  changed_at integer not null,
  primary key (challenge_id, person_id)
) strict, without rowid;
create index challenge_people_by_person on challenge_people (person_id, challenge_id);
create unique index challenge_people_by_alias on challenge_people (challenge_id, alias) where alias is not null;
create index challenge_people_by_team on challenge_people (team_id) where team_id is not null;
create index challenge_people_requested on challenge_people (challenge_id, person_id) where state = 'requested';

-- Places are taken and given back with the rows, whatever takes somebody away: leaving, being removed, or the erasure of the account.
create trigger challenge_people_come after insert on challenge_people when new.state in ('joining', 'active')
begin
  update fitness_challenges set taken = taken + 1 where id = new.challenge_id;
  update challenge_teams set taken = taken + 1 where id = new.team_id;
end;
create trigger challenge_people_change after update of state, team_id on challenge_people
begin
  update fitness_challenges set taken = taken + (new.state in ('joining', 'active')) - (old.state in ('joining', 'active'))
    where id = new.challenge_id;
  update challenge_teams set taken = taken - (old.state in ('joining', 'active')) where id = old.team_id;
  update challenge_teams set taken = taken + (new.state in ('joining', 'active')) where id = new.team_id;
end;
create trigger challenge_people_go after delete on challenge_people when old.state in ('joining', 'active')
begin
  update fitness_challenges set taken = taken - 1 where id = old.challenge_id;
  update challenge_teams set taken = taken - 1 where id = old.team_id;
end;

-- Who may join although it is not open to them: one person, or everybody in a group (`person_id` is the invited, or '').
create table challenge_invitations (
  challenge_id text not null references fitness_challenges (id) on delete cascade,
  person_id text not null,
  group_id text not null default '',
  created_at integer not null,
  primary key (challenge_id, person_id, group_id)
) strict, without rowid;
create index challenge_invitations_by_person on challenge_invitations (person_id, challenge_id);

-- The rounds that have begun. `board` has the entries of each person, `team_board` those of each team.
create table challenge_periods (
  challenge_id text not null references fitness_challenges (id) on delete cascade,
  opens_at integer not null,
  ends_at integer not null,
  closes_at integer not null,
  state text not null check (state in ('open', 'closing', 'closed')),
  -- Where writing down results goes on.
  cursor text,
  entries integer,
  closed_at integer,
  primary key (challenge_id, opens_at)
) strict, without rowid;
create index challenge_periods_unclosed on challenge_periods (closes_at) where state <> 'closed';

-- What each person, or team, came to in a round that is closed.
create table challenge_results (
  challenge_id text not null references fitness_challenges (id) on delete cascade,
  opens_at integer not null,
  kind text not null check (kind in ('person', 'team')),
  alias text not null,
  person_id text,
  rank integer not null,
  score real not null,
  reached integer,
  primary key (challenge_id, opens_at, kind, alias)
) strict, without rowid;
create index challenge_results_by_person on challenge_results (person_id, challenge_id, opens_at) where person_id is not null;
create index challenge_results_by_rank on challenge_results (challenge_id, opens_at, kind, rank, alias);

-- Efforts that their people want to count after all. The effort and what they say of it, they show to whoever decides.
create table challenge_appeals (
  id text primary key,
  challenge_id text not null references fitness_challenges (id) on delete cascade,
  person_id text not null,
  opens_at integer not null,
  effort text not null,
  reason text not null,
  value real not null,
  words text not null,
  state text not null check (state in ('open', 'upheld', 'rejected', 'withdrawn')),
  answer text,
  created_at integer not null,
  decided_at integer,
  -- Decided, and the person's vault does not know yet.
  untold integer not null default 0
) strict, without rowid;
create index challenge_appeals_by_challenge on challenge_appeals (challenge_id, id);
create unique index challenge_appeals_by_effort on challenge_appeals (person_id, challenge_id, opens_at, effort);
create index challenge_appeals_untold on challenge_appeals (id) where untold = 1;
