-- FHIR resources that clients wrote, as they are now. Times epoch ms.
CREATE TABLE fhir_resources (
  n INTEGER PRIMARY KEY,
  type TEXT NOT NULL,
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  -- When what it tells of began, by its own `date`; far in the past where it tells no time.
  at INTEGER NOT NULL,
  -- The HTTP method that made this version.
  method TEXT NOT NULL,
  -- JSON; null once deleted.
  body TEXT,
  UNIQUE (type, id)
) STRICT;
CREATE INDEX fhir_resources_by_time ON fhir_resources (type, at, n) WHERE body IS NOT NULL;
CREATE INDEX fhir_resources_by_change ON fhir_resources (type, changed_at, n) WHERE body IS NOT NULL;

-- What they were before.
CREATE TABLE fhir_versions (
  n INTEGER NOT NULL,
  version INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  method TEXT NOT NULL,
  body TEXT,
  PRIMARY KEY (n, version)
) STRICT, WITHOUT ROWID;

-- Identifiers under which a conditional create or update made something: each makes one resource of a type.
CREATE TABLE fhir_identities (
  type TEXT NOT NULL,
  system TEXT NOT NULL,
  value TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (type, system, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX fhir_identities_of ON fhir_identities (n);

-- Search indexes, one for each kind of parameter. `param` is `Type.name`; `n` the resource.
CREATE TABLE fhir_tokens (
  param TEXT NOT NULL,
  code TEXT NOT NULL,
  system TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (param, code, system, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX fhir_tokens_of ON fhir_tokens (n);
CREATE INDEX fhir_tokens_by_system ON fhir_tokens (param, system, n);

CREATE TABLE fhir_references (
  param TEXT NOT NULL,
  -- Of a literal reference; empty for others.
  id TEXT NOT NULL,
  type TEXT NOT NULL,
  url TEXT NOT NULL,
  -- `system|value` of a logical reference.
  identifier TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (param, id, type, url, identifier, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX fhir_references_of ON fhir_references (n);
CREATE INDEX fhir_references_by_url ON fhir_references (param, url, n) WHERE url <> '';

-- [lo, hi] in UTC, both ends included.
CREATE TABLE fhir_dates (
  param TEXT NOT NULL,
  lo INTEGER NOT NULL,
  hi INTEGER NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (param, lo, hi, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX fhir_dates_of ON fhir_dates (n);

CREATE TABLE fhir_strings (
  param TEXT NOT NULL,
  -- Without case and accents.
  plain TEXT NOT NULL,
  exact TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (param, plain, exact, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX fhir_strings_of ON fhir_strings (n);

-- Numbers too, without unit. `canon` is the unit that all units of its kind convert to, `amount` the value in it.
CREATE TABLE fhir_quantities (
  param TEXT NOT NULL,
  canon TEXT NOT NULL,
  amount REAL NOT NULL,
  value REAL NOT NULL,
  system TEXT NOT NULL,
  code TEXT NOT NULL,
  unit TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (param, canon, amount, value, system, code, unit, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX fhir_quantities_of ON fhir_quantities (n);

CREATE TABLE fhir_uris (
  param TEXT NOT NULL,
  value TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (param, value, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX fhir_uris_of ON fhir_uris (n);

-- Pairs that belong together: a code, and the quantity, code, date or text beside it.
CREATE TABLE fhir_pairs (
  param TEXT NOT NULL,
  code TEXT NOT NULL,
  system TEXT NOT NULL,
  -- The second half as JSON: an entry of its own kind.
  second TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (param, code, system, second, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX fhir_pairs_of ON fhir_pairs (n);
