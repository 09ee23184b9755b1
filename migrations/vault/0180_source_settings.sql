-- Which source the person believes for what, and from which date on a vendor's newer feed counts. Without the row everything is as the
-- defaults say. `body` is JSON of `SourceSettings`; sources are named by their ids in this vault.
CREATE TABLE source_settings (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  version INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;
