-- Exports that the person has begun: what allows an exporter to read, and what counts them. Times epoch milliseconds.
CREATE TABLE exports (
  id TEXT PRIMARY KEY,
  begun_at INTEGER NOT NULL,
  -- Null while it may read.
  ended_at INTEGER
) STRICT, WITHOUT ROWID;
