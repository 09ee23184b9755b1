-- Files of Binary resources in the region's bucket. Times epoch ms.
CREATE TABLE fhir_files (
  -- The resource.
  n INTEGER PRIMARY KEY,
  -- Last part of its name in the bucket.
  file TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,
  size INTEGER NOT NULL,
  sha256 TEXT NOT NULL
) STRICT;
