-- Which import told of which version of a resource: what only one told goes with it.
CREATE TABLE fhir_imports (
  import TEXT NOT NULL,
  -- The resource.
  n INTEGER NOT NULL,
  version INTEGER NOT NULL,
  -- 1 where the import made the version, 0 where it told the same again.
  is_maker INTEGER NOT NULL,
  -- When the source changed it last; epoch ms, 0 where it does not say.
  told_at INTEGER NOT NULL,
  PRIMARY KEY (import, n, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX fhir_imports_of ON fhir_imports (n, version);
