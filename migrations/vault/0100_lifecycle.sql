-- Whether the vault works. `suspended`: the person has asked for their erasure and may still undo it. `frozen`: it is being copied to another
-- region. `closed`: it is being erased. No row: it works.
CREATE TABLE lifecycle (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  state TEXT NOT NULL CHECK (state IN ('open', 'suspended', 'frozen', 'closed')),
  -- When the tombstones were last looked at, epoch milliseconds.
  asked_at INTEGER NOT NULL
) STRICT;
