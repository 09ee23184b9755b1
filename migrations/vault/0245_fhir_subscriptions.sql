-- FHIR Subscriptions as the machine works by them; what clients wrote is in fhir_resources. Times epoch ms.
CREATE TABLE fhir_subscriptions (
  -- Of the resource.
  id TEXT PRIMARY KEY,
  -- Under which the records of a region know its endpoint.
  webhook TEXT NOT NULL UNIQUE,
  -- Whoever made it, and as whom it is judged: JSON.
  maker TEXT NOT NULL,
  -- What it asks for: JSON, without the values of headers.
  asked TEXT NOT NULL,
  -- Address that references in its notifications are relative to.
  base TEXT NOT NULL,
  -- Headers of its messages, sealed; null for none.
  headers TEXT,
  -- `gone`: deleted, until the records know.
  state TEXT NOT NULL CHECK (state IN ('requested', 'active', 'error', 'off', 'gone')),
  error TEXT,
  -- Events since it was made, and up to which of them notifications were made.
  events INTEGER NOT NULL DEFAULT 0,
  notified INTEGER NOT NULL DEFAULT 0,
  -- Since when nothing was taken.
  failing_since INTEGER,
  -- When something was sent last.
  sent_at INTEGER,
  -- Whether the records are still to be told.
  is_news INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX fhir_subscriptions_news ON fhir_subscriptions (id) WHERE is_news = 1;

-- What each was to be told of: pointers to resources, never their content.
CREATE TABLE fhir_subscription_events (
  subscription TEXT NOT NULL,
  number INTEGER NOT NULL,
  at INTEGER NOT NULL,
  interaction TEXT NOT NULL CHECK (interaction IN ('create', 'update', 'delete')),
  -- `Type/id`.
  focus TEXT NOT NULL,
  -- Further resources that it is about: a JSON array.
  context TEXT NOT NULL DEFAULT '[]',
  PRIMARY KEY (subscription, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX fhir_subscription_events_by_age ON fhir_subscription_events (at);

-- Windows of readings that changed and were not looked at yet.
CREATE TABLE fhir_subscription_windows (
  subscription TEXT NOT NULL,
  metric TEXT NOT NULL,
  -- Number of the source in this vault.
  source INTEGER NOT NULL,
  from_at INTEGER NOT NULL,
  to_at INTEGER NOT NULL,
  PRIMARY KEY (subscription, metric, source)
) STRICT, WITHOUT ROWID;

-- Messages to rest-hooks: which events each carries. Where its delivery stands lies in the records of a region.
CREATE TABLE fhir_notifications (
  id TEXT PRIMARY KEY,
  subscription TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('handshake', 'heartbeat', 'event-notification')),
  from_number INTEGER NOT NULL,
  to_number INTEGER NOT NULL,
  at INTEGER NOT NULL,
  -- Whether it has a delivery.
  is_routed INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX fhir_notifications_of ON fhir_notifications (subscription);
CREATE INDEX fhir_notifications_open ON fhir_notifications (id) WHERE is_routed = 0;
CREATE INDEX fhir_notifications_by_age ON fhir_notifications (at) WHERE is_routed = 1;
