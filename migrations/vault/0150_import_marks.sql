-- Which readings an import brought, packed: a row for each batch, metric and source, none for a reading. The import '' stands for every
-- other door, where it brought again what an import had brought before.
CREATE TABLE import_marks (
  import TEXT NOT NULL,
  part INTEGER NOT NULL,
  what TEXT NOT NULL,
  metric INTEGER NOT NULL,
  source INTEGER NOT NULL,
  from_at INTEGER NOT NULL,
  to_at INTEGER NOT NULL,
  marks BLOB NOT NULL,
  PRIMARY KEY (import, part)
) STRICT, WITHOUT ROWID;
CREATE INDEX import_marks_by_place ON import_marks (source, what, metric, from_at);
