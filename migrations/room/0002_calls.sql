-- Calls of the room. Who takes part stands in `body` by their numbers here.
CREATE TABLE calls (
  no INTEGER PRIMARY KEY,
  -- Who began it, and under which id of theirs.
  by_member INTEGER NOT NULL,
  client_id TEXT NOT NULL,
  is_live INTEGER NOT NULL,
  -- JSON
  body TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX calls_by_client ON calls (by_member, client_id);
CREATE INDEX calls_live ON calls (no) WHERE is_live = 1;

-- What participants say to each other's devices, for a minute and while the call goes on.
CREATE TABLE call_signals (
  call INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  sender INTEGER NOT NULL,
  recipient INTEGER NOT NULL,
  -- For which of the recipient's connections.
  peer INTEGER NOT NULL,
  client_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  -- JSON of the frame
  body TEXT NOT NULL,
  PRIMARY KEY (call, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX call_signals_by_client ON call_signals (call, sender, client_id);

-- Sessions at the forwarding server and what was pushed there: whoever made them owns them.
CREATE TABLE call_sessions (
  session TEXT PRIMARY KEY,
  call INTEGER NOT NULL,
  member INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX call_sessions_by_call ON call_sessions (call, member);
CREATE TABLE call_tracks (
  session TEXT NOT NULL,
  name TEXT NOT NULL,
  mid TEXT NOT NULL,
  PRIMARY KEY (session, name)
) STRICT, WITHOUT ROWID;
