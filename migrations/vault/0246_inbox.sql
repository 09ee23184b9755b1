-- What others have written to the person: pointers to FHIR resources, which are shown as they are now. Times epoch ms.
CREATE TABLE inbox (
  id TEXT PRIMARY KEY,
  -- `Type/id`: one entry for each resource, however often it is changed.
  reference TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL CHECK (kind IN ('message', 'task', 'plan', 'goal', 'order')),
  -- Who wrote it last.
  writer_kind TEXT NOT NULL CHECK (writer_kind IN ('organisation', 'person', 'app')),
  writer TEXT NOT NULL,
  -- Whether it is urgent, and whether it waits for an answer.
  is_urgent INTEGER NOT NULL,
  is_open INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  -- Null until it is read; again when it changes.
  read_at INTEGER,
  answered_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX inbox_by_time ON inbox (updated_at, id);
CREATE INDEX inbox_unread ON inbox (updated_at, id) WHERE read_at IS NULL;
CREATE INDEX inbox_open ON inbox (writer, updated_at) WHERE is_open = 1;
