-- What people post: for those whom they choose, in the author's region, or into a group, in the group's. Times epoch ms.
create table posts (
  id text primary key,
  -- Its author.
  person_id text not null,
  group_id text references social_groups (id) on delete cascade,
  kind text not null check (kind in ('text', 'workout', 'achievement', 'challenge', 'streak', 'plan')),
  body text not null default '',
  -- A few facts of what it is about, chosen by the author: a JSON object.
  card text check (card is null or json_valid(card)),
  -- 1 friends, 2 followers, 3 everybody; of no meaning in a group.
  reach integer not null check (reach in (1, 2, 3)),
  -- Names the fact that was posted by itself, so that it is posted once.
  fact text,
  version integer not null default 1,
  created_at integer not null,
  edited_at integer,
  -- By a moderator, with the reason that the author sees.
  removed_at integer,
  removed_for text
) strict, without rowid;

create index posts_by_person on posts (person_id, id);
create index posts_to_read on posts (person_id, id, reach) where group_id is null and removed_at is null;
create index posts_in_group on posts (group_id, id) where group_id is not null and removed_at is null;
create index posts_by_group on posts (group_id) where group_id is not null;
create unique index posts_of_facts on posts (person_id, fact) where fact is not null;

create table post_reactions (
  post_id text not null references posts (id) on delete cascade,
  person_id text not null,
  kind text not null check (kind in ('like', 'cheer', 'strong', 'wow', 'support')),
  reacted_at integer not null,
  primary key (post_id, person_id)
) strict, without rowid;

create index post_reactions_by_person on post_reactions (person_id);

create table post_comments (
  post_id text not null references posts (id) on delete cascade,
  id text not null,
  person_id text not null,
  body text not null,
  created_at integer not null,
  edited_at integer,
  removed_at integer,
  removed_for text,
  primary key (post_id, id)
) strict, without rowid;

create index post_comments_by_person on post_comments (person_id, created_at);

-- What people found wrong with something that others see, in the region where that lies, until a moderator has decided.
create table reports (
  id text primary key,
  kind text not null check (kind in ('post', 'comment', 'person', 'group', 'message', 'removal')),
  subject_id text not null,
  -- What it hangs on, where there is something: the post of a comment, the room of a message.
  within_id text,
  -- Whose it is.
  author_id text,
  reporter_id text not null,
  reason text not null check (reason in ('spam', 'harassment', 'hate', 'sexual', 'violence', 'self_harm', 'misinformation', 'privacy', 'other', 'appeal')),
  note text not null default '',
  -- What was there when it was reported.
  quote text not null default '',
  state text not null default 'open' check (state in ('open', 'removed', 'kept')),
  created_at integer not null,
  decided_at integer,
  decided_by text,
  decision_note text,
  unique (subject_id, reporter_id, kind)
) strict, without rowid;

create index reports_queue on reports (state, id);
create index reports_by_author on reports (author_id) where author_id is not null;
create index reports_by_reporter on reports (reporter_id, id);
