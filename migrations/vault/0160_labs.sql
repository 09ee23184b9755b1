-- Laboratory reports and results. `body` is JSON: what the source said, and what was made of it. Times epoch ms.
CREATE TABLE lab_reports (
  id TEXT PRIMARY KEY,
  -- A hash of what makes it this report: a repetition and a correction have the same.
  identity TEXT NOT NULL UNIQUE,
  at INTEGER NOT NULL,
  status TEXT NOT NULL,
  -- The source's own version; the higher one wins.
  version INTEGER NOT NULL,
  -- Counts changes here, for ETags.
  edition INTEGER NOT NULL,
  -- Of what the source said, to recognise a repetition.
  hash TEXT NOT NULL,
  changed_at INTEGER NOT NULL,
  -- Last part of the name of its file in the region's bucket.
  file TEXT,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX lab_reports_by_time ON lab_reports (at, id);
CREATE INDEX lab_reports_by_file ON lab_reports (file) WHERE file IS NOT NULL;

CREATE TABLE lab_results (
  id TEXT PRIMARY KEY,
  identity TEXT NOT NULL UNIQUE,
  report TEXT,
  at INTEGER NOT NULL,
  -- Key of the test, where one is certain.
  test TEXT,
  status TEXT NOT NULL,
  version INTEGER NOT NULL,
  edition INTEGER NOT NULL,
  hash TEXT NOT NULL,
  -- The import that brought this edition, or who typed it.
  brought_by TEXT NOT NULL,
  changed_at INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX lab_results_by_time ON lab_results (at, id);
CREATE INDEX lab_results_by_test ON lab_results (test, at, id);
CREATE INDEX lab_results_by_report ON lab_results (report, at, id) WHERE report IS NOT NULL;

-- What a result said before it was corrected.
CREATE TABLE lab_result_versions (
  result TEXT NOT NULL,
  edition INTEGER NOT NULL,
  at INTEGER NOT NULL,
  test TEXT,
  status TEXT NOT NULL,
  version INTEGER NOT NULL,
  hash TEXT NOT NULL,
  brought_by TEXT NOT NULL,
  changed_at INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (result, edition)
) STRICT, WITHOUT ROWID;

-- Which import told of which report and result: what only one told goes with it.
CREATE TABLE lab_imports (
  import TEXT NOT NULL,
  item TEXT NOT NULL,
  PRIMARY KEY (import, item)
) STRICT, WITHOUT ROWID;
CREATE INDEX lab_imports_by_item ON lab_imports (item);

-- Identities that the person deleted: a later import of the same does not bring them back.
CREATE TABLE lab_deletions (
  identity TEXT PRIMARY KEY,
  deleted_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
