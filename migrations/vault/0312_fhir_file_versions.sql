-- Which version of a Binary has which file: an import may bring other bytes, and be taken back. Versions with the same bytes share their file.
CREATE TABLE fhir_files_next (
  -- The resource.
  n INTEGER NOT NULL,
  version INTEGER NOT NULL,
  -- Last part of its name in the bucket.
  file TEXT NOT NULL,
  type TEXT NOT NULL,
  size INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  PRIMARY KEY (n, version)
) STRICT;
-- Versions that hold their bytes themselves have no file.
INSERT INTO fhir_files_next (n, version, file, type, size, sha256)
  SELECT f.n, v.version, f.file, coalesce(v.body ->> '$.contentType', f.type), f.size, f.sha256 FROM fhir_files AS f
  JOIN (SELECT n, version, body FROM fhir_resources UNION ALL SELECT n, version, body FROM fhir_versions) AS v ON v.n = f.n
  WHERE v.body IS NOT NULL AND v.body ->> '$.data' IS NULL;
DROP TABLE fhir_files;
ALTER TABLE fhir_files_next RENAME TO fhir_files;
CREATE INDEX fhir_files_by_file ON fhir_files (file);
