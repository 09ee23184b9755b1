-- What is known of the person beyond zone and language, each sealed with the person's key.
CREATE TABLE person_details (
  name TEXT PRIMARY KEY,
  sealed TEXT NOT NULL
) STRICT, WITHOUT ROWID;
