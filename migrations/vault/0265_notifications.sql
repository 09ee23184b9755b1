-- What the person is told of. Pointers and names, never health data; times epoch ms.
CREATE TABLE notifications (
  id TEXT PRIMARY KEY,
  -- Its place in the list: the number of the change that brought it to the top.
  seq INTEGER NOT NULL UNIQUE,
  -- The number of its last change: what is new since a number is found by it.
  rev INTEGER NOT NULL UNIQUE,
  type TEXT NOT NULL,
  priority TEXT NOT NULL CHECK (priority IN ('low', 'normal', 'high')),
  -- What it belongs to, such as `room/…`; null for one of its own.
  thread TEXT,
  -- Pointers and names: JSON.
  about TEXT NOT NULL,
  words TEXT NOT NULL,
  -- How many facts became one.
  n INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  read_at INTEGER,
  archived_at INTEGER,
  -- Hidden until then.
  snoozed_until INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX notifications_listed ON notifications (seq) WHERE archived_at IS NULL AND snoozed_until IS NULL;
CREATE INDEX notifications_unread ON notifications (seq) WHERE read_at IS NULL AND archived_at IS NULL AND snoozed_until IS NULL;
CREATE INDEX notifications_unread_by_type ON notifications (type) WHERE read_at IS NULL AND archived_at IS NULL AND snoozed_until IS NULL;
CREATE INDEX notifications_archived ON notifications (seq) WHERE archived_at IS NOT NULL;
CREATE INDEX notifications_snoozed ON notifications (snoozed_until) WHERE snoozed_until IS NOT NULL;
CREATE INDEX notifications_by_thread ON notifications (thread, type) WHERE read_at IS NULL AND thread IS NOT NULL;
CREATE INDEX notifications_by_age ON notifications (updated_at);

-- Which facts were told: each once.
CREATE TABLE notification_facts (
  fact TEXT PRIMARY KEY,
  notification TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX notification_facts_by_age ON notification_facts (at);

-- The last number given, and the person's choices: JSON, with a version of their own.
CREATE TABLE notification_state (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  rev INTEGER NOT NULL,
  preferences TEXT NOT NULL,
  version INTEGER NOT NULL
) STRICT;

-- How much of a conversation the person wants to be told, and until when; without a row all of it.
CREATE TABLE notification_levels (
  conversation TEXT PRIMARY KEY,
  level TEXT NOT NULL CHECK (level IN ('all', 'mentions', 'none')),
  until_at INTEGER,
  changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Where the person can be reached: browsers, devices, a telephone. What is sealed names the place at the push service, or the number.
CREATE TABLE notification_addresses (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('web_push', 'fcm', 'apns', 'sms')),
  sealed TEXT NOT NULL,
  label TEXT,
  -- Which of Meridian's keys a browser knows.
  vapid TEXT,
  -- Of a number: until a code proves it, what the code's hash is, and how often it was guessed.
  proof TEXT,
  proof_until INTEGER,
  guesses INTEGER NOT NULL DEFAULT 0,
  confirmed_at INTEGER,
  created_at INTEGER NOT NULL,
  -- When something arrived there last.
  reached_at INTEGER
) STRICT, WITHOUT ROWID;

-- Addresses that are not written to any more: they bounced, or somebody there complained or said stop.
CREATE TABLE notification_suppressions (
  id TEXT PRIMARY KEY,
  channel TEXT NOT NULL CHECK (channel IN ('email', 'sms')),
  sealed TEXT NOT NULL,
  reason TEXT NOT NULL CHECK (reason IN ('bounce', 'complaint', 'stop')),
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What is to be sent and what was: one row for each fact, channel and address. The id is the key under which a provider knows it again.
CREATE TABLE notification_sends (
  id TEXT PRIMARY KEY,
  notification TEXT NOT NULL,
  -- The notification's place in the list then: each time it comes to the top is told of once.
  seq INTEGER NOT NULL,
  type TEXT NOT NULL,
  channel TEXT NOT NULL CHECK (channel IN ('push', 'email', 'sms')),
  -- Id of the address; empty for the account's own e-mail.
  address TEXT NOT NULL,
  priority TEXT NOT NULL,
  -- `waiting` until due; `queued` for whoever has the address; `sending` since an attempt began; the others are the end.
  state TEXT NOT NULL CHECK (state IN ('waiting', 'queued', 'sending', 'sent', 'delivered', 'failed', 'dropped')),
  reason TEXT,
  -- Whether it is gathered with others.
  is_digest INTEGER NOT NULL,
  -- The row that is sent for several, itself among them.
  lead TEXT,
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (notification, seq, channel, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX notification_sends_due ON notification_sends (due_at) WHERE state IN ('waiting', 'queued', 'sending');
CREATE INDEX notification_sends_by_lead ON notification_sends (lead) WHERE lead IS NOT NULL;
CREATE INDEX notification_sends_sent ON notification_sends (channel, updated_at) WHERE lead = id AND state IN ('sending', 'sent', 'delivered');
CREATE INDEX notification_sends_by_age ON notification_sends (updated_at);

-- Who has read here by a consent, so that the first time is news.
CREATE TABLE notification_readers (
  reader TEXT PRIMARY KEY,
  first_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
