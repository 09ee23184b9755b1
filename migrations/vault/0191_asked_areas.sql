-- What an authorization asks for, a JSON array of areas: a vendor that repeats no scopes has granted that and nothing else.
ALTER TABLE connection_grants ADD COLUMN areas TEXT NOT NULL DEFAULT '[]';
