-- Sign-ins by passkey that have begun: who it will be, and so the region, is not known before the passkey answers.
create table passkey_challenges (
  token_hash text primary key check (length(token_hash) = 64),
  expires_at integer not null
) strict, without rowid;

create index passkey_challenges_by_expiry on passkey_challenges (expires_at);
