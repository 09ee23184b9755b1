-- On whose behalf a connection was made: an organisation, and its account at the vendor. Null: Meridian's own account. A sealed copy of the
-- account lies in `connection_secrets` as `credential`.
ALTER TABLE connections ADD COLUMN credential TEXT;
ALTER TABLE connections ADD COLUMN organisation TEXT;
