-- What is searched for by its end alone is looked for by its start, as far before as the longest lasts: those beyond a day lie here.
CREATE INDEX fhir_dates_long ON fhir_dates (param, hi - lo) WHERE hi - lo > 86400000;

-- Quantities without a unit, or with one that is no unit of UCUM.
CREATE INDEX fhir_quantities_by_value ON fhir_quantities (param, value, n);

CREATE INDEX fhir_references_by_identifier ON fhir_references (param, identifier, n) WHERE identifier <> '';

-- Histories of a type show deletions too.
DROP INDEX fhir_resources_by_change;
CREATE INDEX fhir_resources_by_change ON fhir_resources (type, changed_at, n);
ALTER TABLE fhir_versions ADD COLUMN type TEXT NOT NULL DEFAULT '';
UPDATE fhir_versions SET type = (SELECT r.type FROM fhir_resources AS r WHERE r.n = fhir_versions.n);
CREATE INDEX fhir_versions_by_change ON fhir_versions (type, changed_at, n, version);
