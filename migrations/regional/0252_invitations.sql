-- Invitations by link, mail, SMS or text: into friendship with who invites, or into a group. A code is shown once and kept as its hash; whoever it
-- was sent to is not kept. In the region of the group, else of who invites. Times epoch ms.
create table invitations (
  id text primary key,
  code_hash text not null unique check (length(code_hash) = 64),
  -- Who invites.
  person_id text not null,
  group_id text references social_groups (id) on delete cascade,
  via text not null check (via in ('link', 'email', 'sms', 'text')),
  most_uses integer not null check (most_uses between 1 and 100),
  created_at integer not null,
  expires_at integer not null,
  revoked_at integer
) strict, without rowid;

create index invitations_by_person on invitations (person_id, id);
create index invitations_by_group on invitations (group_id) where group_id is not null;
create index invitations_by_expiry on invitations (expires_at);

create table invitation_uses (
  invitation_id text not null references invitations (id) on delete cascade,
  person_id text not null,
  used_at integer not null,
  primary key (invitation_id, person_id)
) strict, without rowid;

create index invitation_uses_by_person on invitation_uses (person_id);

-- What people who look for somebody to train with say of themselves. Of a place only a cell of a tenth of a degree is kept.
create table buddy_profiles (
  person_id text primary key references people (id) on delete cascade,
  purpose text not null check (purpose in ('training', 'accountability', 'both')),
  activities text not null default '[]' check (json_valid(activities)),
  goals text not null default '[]' check (json_valid(goals)),
  languages text not null default '[]' check (json_valid(languages)),
  level text check (level in ('beginner', 'intermediate', 'advanced')),
  -- Bits of a week: day * 4 + part of the day (morning, noon, afternoon, evening), in the person's zone.
  times integer not null default 0,
  cell_lat integer,
  cell_lon integer,
  version integer not null default 1,
  updated_at integer not null,
  check ((cell_lat is null) = (cell_lon is null))
) strict, without rowid;

create index buddy_profiles_near on buddy_profiles (cell_lat, cell_lon) where cell_lat is not null;
create index buddy_profiles_lately on buddy_profiles (updated_at, person_id);
