-- What else was made with a key of the region says under which version, so that it can be counted and moved.

-- Issuer and subject, sealed with the person's key, so that their vault can hash them anew. Null: not kept yet; the next sign-in keeps them.
alter table identities add column sealed_subject text;
create index identities_by_key_version on identities (key_version, id);

-- The version of the region's key that seals the programme's key, as its object last said. Null: it has not been asked.
alter table programmes add column key_version text;
create index programmes_by_key_version on programmes (key_version, id);

-- The last letter of an erasure names its version itself: `<version>.<box>`.
alter table erasures add column letter_key text generated always as (substr(letter, 1, instr(letter, '.') - 1)) virtual;
create index erasures_by_letter_key on erasures (letter_key, id) where letter_key is not null;
