-- What a resource is kept by needs no row of the index, and what is found in an Observation and in its components has one for each already.
DELETE FROM fhir_tokens WHERE param LIKE '%.\_id' ESCAPE '\';
DELETE FROM fhir_dates WHERE param LIKE '%.\_lastUpdated' ESCAPE '\';
DELETE FROM fhir_tokens WHERE param >= 'Observation.combo-' AND param < 'Observation.combo.';
DELETE FROM fhir_strings WHERE param >= 'Observation.combo-' AND param < 'Observation.combo.';
DELETE FROM fhir_quantities WHERE param >= 'Observation.combo-' AND param < 'Observation.combo.';
DELETE FROM fhir_pairs WHERE param >= 'Observation.combo-' AND param < 'Observation.combo.';
