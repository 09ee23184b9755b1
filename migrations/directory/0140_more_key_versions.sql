-- Identities under an older key are found and counted by its version.
create index identities_by_key_version on identities (key_version, identity_hash);
