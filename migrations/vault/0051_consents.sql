-- What the person allows others: one row for each version of a consent, the highest one in force. Never updated. Times epoch milliseconds.
CREATE TABLE consents (
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  grantee_kind TEXT NOT NULL CHECK (grantee_kind IN ('person', 'organisation', 'app', 'programme')),
  grantee TEXT NOT NULL,
  role TEXT NOT NULL,
  -- JSON arrays.
  categories TEXT NOT NULL,
  actions TEXT NOT NULL,
  purpose TEXT NOT NULL,
  from_at INTEGER NOT NULL,
  -- Null: until revoked.
  until_at INTEGER,
  state TEXT NOT NULL CHECK (state IN ('active', 'revoked')),
  changed_at INTEGER NOT NULL,
  -- Key version and HMAC over the terms: proves later what was agreed.
  receipt TEXT NOT NULL,
  PRIMARY KEY (id, version)
) STRICT, WITHOUT ROWID;
