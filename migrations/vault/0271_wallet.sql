-- A ledger of double entries that is only ever added to. Amounts are whole numbers; times epoch ms.
CREATE TABLE wallet_transactions (
  -- The number on the statement.
  seq INTEGER PRIMARY KEY,
  -- What it was booked for: a second booking under the same key is none.
  key TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  unit TEXT NOT NULL,
  -- Of the person's own account, and what was there afterwards.
  amount INTEGER NOT NULL CHECK (amount <> 0),
  balance INTEGER NOT NULL CHECK (balance >= 0),
  -- A pointer to what it was for.
  about TEXT NOT NULL,
  at INTEGER NOT NULL,
  -- When what came in is worth nothing any more, or null.
  expires_at INTEGER
) STRICT;
CREATE INDEX wallet_transactions_by_unit ON wallet_transactions (unit, seq);

-- Two lines for each transaction, which add up to nothing.
CREATE TABLE wallet_entries (
  seq INTEGER NOT NULL REFERENCES wallet_transactions (seq),
  -- `own`, or the account on the other side.
  account TEXT NOT NULL,
  unit TEXT NOT NULL,
  amount INTEGER NOT NULL,
  PRIMARY KEY (seq, account)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER wallet_transactions_stay BEFORE UPDATE ON wallet_transactions BEGIN SELECT RAISE(ABORT, 'the ledger is only added to'); END;
CREATE TRIGGER wallet_entries_stay BEFORE UPDATE ON wallet_entries BEGIN SELECT RAISE(ABORT, 'the ledger is only added to'); END;
CREATE TRIGGER wallet_transactions_keep BEFORE DELETE ON wallet_transactions BEGIN SELECT RAISE(ABORT, 'the ledger is only added to'); END;
CREATE TRIGGER wallet_entries_keep BEFORE DELETE ON wallet_entries BEGIN SELECT RAISE(ABORT, 'the ledger is only added to'); END;

-- What the own entries of a unit add up to.
CREATE TABLE wallet_balances (
  unit TEXT PRIMARY KEY,
  amount INTEGER NOT NULL CHECK (amount >= 0)
) STRICT, WITHOUT ROWID;

-- What is left of what came in: the first to expire is spent first.
CREATE TABLE wallet_lots (
  seq INTEGER PRIMARY KEY,
  unit TEXT NOT NULL,
  remaining INTEGER NOT NULL CHECK (remaining > 0),
  -- A time beyond all times for what does not expire.
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX wallet_lots_by_expiry ON wallet_lots (unit, expires_at, seq);
CREATE INDEX wallet_lots_due ON wallet_lots (expires_at);

-- What is on its way to somebody else's wallet.
CREATE TABLE wallet_transfers (
  id TEXT PRIMARY KEY,
  recipient TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK (amount > 0),
  state TEXT NOT NULL CHECK (state IN ('sending', 'done', 'returned')),
  created_at INTEGER NOT NULL,
  settled_at INTEGER
) STRICT, WITHOUT ROWID;

-- Rewards that the person has: what was offered is kept as it was then.
CREATE TABLE wallet_vouchers (
  id TEXT PRIMARY KEY,
  reward TEXT NOT NULL,
  organisation TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('discount', 'free_session')),
  title TEXT NOT NULL,
  terms TEXT NOT NULL CHECK (json_valid(terms)),
  -- What was paid.
  unit TEXT NOT NULL,
  price INTEGER NOT NULL CHECK (price >= 0),
  state TEXT NOT NULL CHECK (state IN ('held', 'issued', 'used', 'returned', 'expired', 'void')),
  -- The code, sealed with the person's key.
  code TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  settled_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX wallet_vouchers_open ON wallet_vouchers (id) WHERE state IN ('held', 'issued');
CREATE INDEX wallet_vouchers_by_time ON wallet_vouchers (created_at, id);
CREATE INDEX wallet_vouchers_by_reward ON wallet_vouchers (reward);
