-- One export. Times are epoch milliseconds; `seq` grows with every change that watchers are told.
CREATE TABLE job (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  owner TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed', 'cancelled', 'expired')),
  done INTEGER NOT NULL DEFAULT 0,
  total INTEGER NOT NULL DEFAULT 0,
  seq INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  problem TEXT,
  created_at INTEGER NOT NULL,
  finished_at INTEGER,
  expires_at INTEGER,
  -- 0 once the vault knows that the export has ended, and once nothing is left in the bucket.
  is_open INTEGER NOT NULL DEFAULT 1,
  file_kept INTEGER NOT NULL DEFAULT 1,
  -- The archive so far: its multipart upload, its length, the state of its SHA-256, and which file is being written.
  upload TEXT,
  offset INTEGER NOT NULL DEFAULT 0,
  hash TEXT,
  current INTEGER NOT NULL DEFAULT 0,
  -- What the manifest says of kinds and of what is left out.
  kinds TEXT,
  bytes INTEGER,
  sha256 TEXT
) STRICT;

-- What the Worker handed over of the account: goes when it has been written.
CREATE TABLE account (
  kind TEXT PRIMARY KEY,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The files of the archive in their order. `position` is where the next piece begins, `entry` and `hash` are the state of what is written.
CREATE TABLE files (
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  plan TEXT NOT NULL,
  weight INTEGER NOT NULL,
  records INTEGER NOT NULL DEFAULT 0,
  position TEXT,
  entry TEXT,
  hash TEXT,
  sha256 TEXT
) STRICT;

-- Parts that the bucket has.
CREATE TABLE parts (
  number INTEGER PRIMARY KEY,
  etag TEXT NOT NULL
) STRICT;

-- Bytes of the archive that are in no part yet.
CREATE TABLE tail (
  number INTEGER PRIMARY KEY,
  bytes BLOB NOT NULL
) STRICT;
