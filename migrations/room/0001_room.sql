-- One conversation. Persons stand in `members` alone; everything else names them by their number there. Times are epoch milliseconds.
CREATE TABLE timers (
  kind TEXT NOT NULL,
  ref TEXT NOT NULL,
  due_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (kind, ref)
) STRICT, WITHOUT ROWID;
CREATE INDEX timers_by_due ON timers (due_at);

CREATE TABLE room (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  kind TEXT NOT NULL,
  name TEXT,
  is_sealed INTEGER NOT NULL,
  is_managed INTEGER NOT NULL,
  who_sends TEXT NOT NULL,
  history TEXT NOT NULL,
  slow_mode_s INTEGER NOT NULL DEFAULT 0,
  -- JSON
  blocklist TEXT NOT NULL DEFAULT '[]',
  retention_days INTEGER,
  created_at INTEGER NOT NULL,
  closed_at INTEGER,
  -- The last event that is not there any more.
  floor INTEGER NOT NULL DEFAULT 0,
  -- Up to which message the words are in `texts`.
  indexed_to INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE members (
  no INTEGER PRIMARY KEY,
  -- Null once the person has been erased.
  person TEXT UNIQUE,
  alias TEXT,
  role TEXT NOT NULL,
  state TEXT NOT NULL,
  joined_at INTEGER NOT NULL,
  -- The first message that they may see.
  sees_from INTEGER NOT NULL,
  receipts TEXT NOT NULL DEFAULT 'public',
  presence TEXT NOT NULL DEFAULT 'public',
  notify TEXT NOT NULL DEFAULT 'all',
  muted_until INTEGER,
  is_archived INTEGER NOT NULL DEFAULT 0,
  is_marked_unread INTEGER NOT NULL DEFAULT 0,
  delivered INTEGER NOT NULL DEFAULT 0,
  silenced_until INTEGER,
  has_blocked INTEGER NOT NULL DEFAULT 0,
  last_sent_at INTEGER NOT NULL DEFAULT 0,
  -- The last message that their vault was told of, so that it is told of few.
  told INTEGER NOT NULL DEFAULT 0,
  -- What their vault is still to be told of the membership: 1 where it is.
  is_untold INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX members_by_state ON members (state, no);
CREATE INDEX members_untold ON members (no) WHERE is_untold = 1;

-- Every change in its place; the numbers have no gaps.
CREATE TABLE events (
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  member INTEGER NOT NULL,
  message INTEGER,
  -- JSON
  data TEXT,
  client_id TEXT,
  -- Of what was sent under the client's id.
  digest INTEGER
) STRICT;
CREATE UNIQUE INDEX events_by_client ON events (member, client_id) WHERE client_id IS NOT NULL;
CREATE INDEX events_by_message ON events (message, kind, seq) WHERE message IS NOT NULL AND kind <> 'message';

CREATE TABLE messages (
  seq INTEGER PRIMARY KEY,
  -- 0 for the main timeline.
  thread INTEGER NOT NULL,
  author INTEGER NOT NULL,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  text TEXT,
  -- JSON: what is sealed, mentions, attachments' ids, card, poll, what a system message is about.
  body TEXT,
  reply_to INTEGER,
  edited_at INTEGER,
  deleted_at INTEGER,
  pinned_at INTEGER
) STRICT;
CREATE INDEX messages_unread ON messages (thread, seq, author) WHERE deleted_at IS NULL AND author <> 0;
CREATE INDEX messages_by_thread ON messages (thread, seq);
CREATE INDEX messages_by_author ON messages (author, seq);
CREATE INDEX messages_pinned ON messages (pinned_at) WHERE pinned_at IS NOT NULL;

-- What messages said before.
CREATE TABLE edits (
  message INTEGER NOT NULL,
  no INTEGER NOT NULL,
  at INTEGER NOT NULL,
  text TEXT,
  body TEXT,
  PRIMARY KEY (message, no)
) STRICT, WITHOUT ROWID;

CREATE TABLE reactions (
  message INTEGER NOT NULL,
  emoji TEXT NOT NULL,
  member INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (message, emoji, member)
) STRICT, WITHOUT ROWID;
CREATE INDEX reactions_by_member ON reactions (member);

-- 0 for everybody.
CREATE TABLE mentions (
  member INTEGER NOT NULL,
  thread INTEGER NOT NULL,
  message INTEGER NOT NULL,
  PRIMARY KEY (member, thread, message)
) STRICT, WITHOUT ROWID;
CREATE INDEX mentions_by_message ON mentions (message);

CREATE TABLE votes (
  message INTEGER NOT NULL,
  option INTEGER NOT NULL,
  member INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (message, option, member)
) STRICT, WITHOUT ROWID;
CREATE INDEX votes_by_member ON votes (member);

-- How far a member has read: everything up to and including `seq`.
CREATE TABLE marks (
  member INTEGER NOT NULL,
  thread INTEGER NOT NULL,
  -- public, private
  kind TEXT NOT NULL,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (member, thread, kind)
) STRICT, WITHOUT ROWID;

-- Threads that a member began or wrote in.
CREATE TABLE follows (
  member INTEGER NOT NULL,
  thread INTEGER NOT NULL,
  PRIMARY KEY (member, thread)
) STRICT, WITHOUT ROWID;
CREATE INDEX follows_by_thread ON follows (thread);

CREATE TABLE attachments (
  id TEXT PRIMARY KEY,
  member INTEGER NOT NULL,
  -- Null until a message brings it.
  message INTEGER,
  type TEXT NOT NULL,
  kind TEXT NOT NULL,
  size INTEGER NOT NULL,
  name TEXT,
  width INTEGER,
  height INTEGER,
  duration_ms INTEGER,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX attachments_by_message ON attachments (message);
CREATE INDEX attachments_by_member ON attachments (member);
CREATE INDEX attachments_unsent ON attachments (at) WHERE message IS NULL;

CREATE TABLE reports (
  no INTEGER PRIMARY KEY,
  message INTEGER NOT NULL,
  reporter INTEGER NOT NULL,
  reason TEXT NOT NULL,
  note TEXT,
  at INTEGER NOT NULL,
  -- open, dismissed, upheld
  state TEXT NOT NULL,
  decided_by INTEGER,
  decided_at INTEGER
) STRICT;
CREATE UNIQUE INDEX reports_of_one ON reports (message, reporter);
CREATE INDEX reports_by_state ON reports (state, no);
CREATE INDEX reports_by_reporter ON reports (reporter);

-- What staff did, and why.
CREATE TABLE actions (
  no INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  member INTEGER NOT NULL,
  action TEXT NOT NULL,
  -- Whom it concerned.
  concerned INTEGER,
  message INTEGER,
  reason TEXT
) STRICT;
CREATE INDEX actions_by_concerned ON actions (concerned);
CREATE INDEX actions_by_member ON actions (member);

-- Public keys of members' devices, where a room is sealed.
CREATE TABLE keys (
  no INTEGER PRIMARY KEY,
  member INTEGER NOT NULL,
  algorithm TEXT NOT NULL,
  public_key TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX keys_by_member ON keys (member, public_key);

-- Messages that are to be sent later.
CREATE TABLE scheduled (
  no INTEGER PRIMARY KEY,
  member INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  -- JSON of the verb
  verb TEXT NOT NULL
) STRICT;
CREATE INDEX scheduled_by_member ON scheduled (member, due_at);

-- The words of messages, for searching.
CREATE VIRTUAL TABLE texts USING fts5 (text, tokenize = "unicode61 remove_diacritics 2", prefix = '2 3');
