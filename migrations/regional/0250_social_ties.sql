-- What people say of others: see shared/social/ties.ts. A tie is written in the region of who says it; the region of the other has a copy,
-- so that the lists of both are read where they live. Of two forms of a tie the one with the greater `rev` counts. Times epoch ms.
create table ties (
  person_id text not null,
  other_id text not null,
  rev integer not null,
  -- Which form the other's region has; behind `rev` only while a copy could not be delivered.
  sent_rev integer not null,
  wants_at integer,
  refused_at integer not null default 0,
  follows_at integer,
  admits_at integer,
  follow_refused_at integer not null default 0,
  blocked_at integer,
  buddy_at integer,
  buddy_refused_at integer not null default 0,
  changed_at integer not null,
  primary key (person_id, other_id)
) strict, without rowid;

create index ties_by_other on ties (other_id, person_id);
create index ties_wishes on ties (other_id, wants_at, person_id) where wants_at is not null;
create index ties_followers on ties (other_id, person_id) where follows_at is not null;
create index ties_buddies on ties (other_id, buddy_at, person_id) where buddy_at is not null;
create index ties_blocks on ties (person_id, other_id) where blocked_at is not null;
create index ties_blocked_by on ties (other_id, person_id) where blocked_at is not null;
create index ties_unsent on ties (changed_at) where sent_rev < rev;
create index ties_by_age on ties (changed_at);

-- How people show themselves to others; nobody has a row until they say something here.
create table social_profiles (
  person_id text primary key references people (id) on delete cascade,
  handle text,
  about text,
  pronouns text,
  area text,
  activities text not null default '[]' check (json_valid(activities)),
  -- Audience of each field; what is not named has its default.
  visibility text not null default '{}' check (json_valid(visibility)),
  follow_rule text not null default 'nobody' check (follow_rule in ('nobody', 'approval', 'everybody')),
  -- Whether they want to hear of requests by people whom they have not invited.
  asks text not null default 'everybody' check (asks in ('everybody', 'nobody')),
  -- Which kinds of events are posted by themselves, with their audience.
  posting text not null default '{}' check (json_valid(posting)),
  version integer not null default 1,
  updated_at integer not null
) strict, without rowid;

-- Groups of people. The members are rows here, in the group's region, of whatever region they are.
create table social_groups (
  id text primary key,
  name text not null,
  about text not null default '',
  -- Who gets in: whoever wants to, whoever an administrator lets in, or whoever is invited. The last kind is invisible to others.
  joining text not null check (joining in ('open', 'request', 'invitation')),
  version integer not null default 1,
  created_at integer not null,
  updated_at integer not null
) strict, without rowid;

create index social_groups_to_find on social_groups (id) where joining <> 'invitation';

create table social_group_members (
  group_id text not null references social_groups (id) on delete cascade,
  person_id text not null,
  state text not null check (state in ('member', 'invited', 'asked', 'banned')),
  role text not null default 'member' check (role in ('owner', 'admin', 'member')),
  since_at integer not null,
  primary key (group_id, person_id)
) strict, without rowid;

create index social_group_members_by_person on social_group_members (person_id, state, group_id);
create index social_group_members_by_state on social_group_members (group_id, state, since_at, person_id);

-- In the region of a person: in which groups of other regions there may be a row about them.
create table social_groups_elsewhere (
  person_id text not null,
  group_id text not null,
  primary key (person_id, group_id)
) strict, without rowid;
