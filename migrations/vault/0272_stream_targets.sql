-- Where the person streams to: address and key of a platform, sealed, for as long as the platform takes them. Times epoch ms.
CREATE TABLE stream_targets (
  id TEXT PRIMARY KEY,
  platform TEXT NOT NULL,
  label TEXT,
  -- JSON of url and key, sealed with the person's key; null once it was handed to the encoder.
  sealed TEXT,
  -- The last four characters of the key.
  hint TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  handed_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX stream_targets_by_expiry ON stream_targets (expires_at);
