-- Up to which number resources stand in the search index: those above are put there before anybody looks, many at once. Nothing above is
-- indexed, and new numbers are above.
CREATE TABLE fhir_indexed (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  n INTEGER NOT NULL
) STRICT;
INSERT INTO fhir_indexed (one, n) SELECT 1, max(n) FROM fhir_resources HAVING max(n) IS NOT NULL;
