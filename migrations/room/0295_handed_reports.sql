-- A direct room has no staff: what is reported there goes to the region's moderators. What was there when it was reported, until they have it.
ALTER TABLE reports ADD COLUMN evidence TEXT;
ALTER TABLE reports ADD COLUMN handed_at INTEGER;
CREATE INDEX reports_to_hand ON reports (no) WHERE evidence IS NOT NULL AND handed_at IS NULL;
