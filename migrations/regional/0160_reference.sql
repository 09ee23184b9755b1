-- What administrators of the region added to the reference lists of the code. `body` is JSON.
CREATE TABLE lab_tests (
  key TEXT PRIMARY KEY,
  body TEXT NOT NULL,
  edition INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE activity_types (
  key TEXT PRIMARY KEY,
  body TEXT NOT NULL,
  edition INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
