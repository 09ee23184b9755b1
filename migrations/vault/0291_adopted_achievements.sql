-- Achievements of organisations that the person has taken up, with their definition (JSON) as it was then. Times epoch ms.
CREATE TABLE achievement_adopted (
  id TEXT PRIMARY KEY,
  organisation TEXT NOT NULL,
  definition TEXT NOT NULL CHECK (json_valid(definition)),
  adopted_at INTEGER NOT NULL
) STRICT;
