-- JSON: the laboratory tests that administrators of the region had added when the import began.
ALTER TABLE job ADD COLUMN lab_tests TEXT;
