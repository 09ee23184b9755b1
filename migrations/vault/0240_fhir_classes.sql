-- To which classes of data a resource belongs (shared/fhir/classes.ts), as bits. Null until it is looked at: then nobody but the person sees it.
ALTER TABLE fhir_resources ADD COLUMN class INTEGER;
CREATE INDEX fhir_resources_unclassed ON fhir_resources (n) WHERE class IS NULL AND body IS NOT NULL;
