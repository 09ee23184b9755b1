-- Whose account at a sign-in provider is whose here: a keyed hash of issuer and subject, and an opaque id that carries the region.
create table identities (
  identity_hash text primary key check (length(identity_hash) = 64),
  key_version text not null,
  provider text not null,
  person_id text not null,
  claimed_at integer not null
) strict, without rowid;

create index identities_by_person on identities (person_id, provider);

-- Ways to a provider and back. Neither the state nor the handoff is stored, only their hashes; what the provider said is sealed with the
-- handoff itself, which nobody has but the browser that came back.
create table sign_in_flows (
  state_hash text primary key check (length(state_hash) = 64),
  provider text not null,
  purpose text not null check (purpose in ('sign_in', 'link', 'prove', 'register')),
  -- SHA-256 of a secret of the client that began.
  challenge text not null,
  return_to text not null,
  person_id text,
  session_id text,
  key_version text not null,
  begun_at integer not null,
  expires_at integer not null,
  handoff_hash text unique check (length(handoff_hash) = 64),
  sealed text
) strict, without rowid;

create index sign_in_flows_by_expiry on sign_in_flows (expires_at);
create index sign_in_flows_by_person on sign_in_flows (person_id) where person_id is not null;
