-- Conversations that the person is in, was asked into, or left: pointers to rooms, which hold everything else. Epoch milliseconds.
CREATE TABLE rooms (
  room TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  -- active, invited, left; claimed: about to be opened
  state TEXT NOT NULL,
  -- The other one of a direct room.
  peer TEXT,
  since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX rooms_by_peer ON rooms (peer) WHERE peer IS NOT NULL;
CREATE INDEX rooms_by_state ON rooms (state, since, room);
