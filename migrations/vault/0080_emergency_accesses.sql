-- Emergency accesses of clinicians to this person's data: what the person is told, and what the door asks at every read. Times epoch ms.
CREATE TABLE emergency_accesses (
  id TEXT PRIMARY KEY,
  clinician TEXT NOT NULL,
  -- The session in which it was opened, and in which alone it counts.
  session TEXT NOT NULL,
  -- Nothing may be read while it is `prepared`: the row of the review comes first.
  state TEXT NOT NULL CHECK (state IN ('prepared', 'open')),
  opened_at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL,
  -- When it was ended before its time.
  ended_at INTEGER,
  -- Number of reads that it allowed.
  reads INTEGER NOT NULL DEFAULT 0,
  -- The clinician's name and reason, and the reviewer's note, sealed with the person's key.
  sealed_reason TEXT NOT NULL,
  outcome TEXT CHECK (outcome IN ('justified', 'unjustified')),
  reviewer TEXT,
  decided_at INTEGER,
  sealed_note TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX emergency_accesses_by_clinician ON emergency_accesses (clinician, ends_at);
