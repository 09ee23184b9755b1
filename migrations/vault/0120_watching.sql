-- Whose live streams this person watches by consent, so that they end with the person's session. Pointers alone. Epoch milliseconds.
CREATE TABLE watching (
  owner TEXT NOT NULL,
  session TEXT NOT NULL,
  -- When the session ends by itself, and the stream with it.
  until INTEGER NOT NULL,
  PRIMARY KEY (owner, session)
) STRICT, WITHOUT ROWID;
CREATE INDEX watching_by_session ON watching (session);
