-- Answers to writes that carried an `Idempotency-Key`, kept for 24 hours.
create table idempotency_claims (
  -- HMAC over who, method, path and key: the table names nobody.
  scope text not null primary key,
  -- HMAC over the body, so that a body with a password in it cannot be guessed from a copy of the table.
  fingerprint text not null,
  -- Epoch milliseconds.
  claimed_at integer not null,
  -- Sealed answer; null while the request is under way.
  answer text
) strict, without rowid;

create index idempotency_claims_by_age on idempotency_claims (claimed_at);
