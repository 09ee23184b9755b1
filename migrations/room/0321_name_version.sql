-- Which version of what the room belongs to it is called after: what is told late calls it by no older name.
ALTER TABLE room ADD COLUMN name_version INTEGER NOT NULL DEFAULT 0;
