-- When an account was connected for the first time: what a vendor gives of the past may count from there.
ALTER TABLE connections ADD COLUMN first_connected_at INTEGER;
UPDATE connections SET first_connected_at = connected_at;
