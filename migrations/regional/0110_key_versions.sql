-- Which version of a key each row was made with, so that it can be counted and moved.

-- The version of the region's key that wraps the person's key, as their vault last said. Null: it has not been asked.
alter table people add column key_version text;
create index people_by_key_version on people (key_version, id);

create index credentials_by_key_version on credentials (key_version, person_id);

-- The pepper's version stands in the stored password: `$scrypt$ln=14,r=8,p=5,k=<version>$…`.
alter table credentials add column pepper_version text generated always as (
  substr(
    password_hash,
    instr(password_hash, ',k=') + 3,
    instr(substr(password_hash, instr(password_hash, ',k=') + 3), '$') - 1
  )
) virtual;
create index credentials_by_pepper on credentials (pepper_version);

-- The version of the key under the refresh token that was issued last; null for one that was issued before this was noted.
alter table sessions add column refresh_key text;
create index sessions_by_refresh_key on sessions (refresh_key);

-- Where the next slice of a move goes on, so that rows that cannot be moved do not hold up the others.
create table key_moves (
  kind text primary key,
  after text not null
) strict, without rowid;

-- What has been written down in the security events already: the versions that came to be current, and those that nothing needs any more.
create table key_notes (
  note text primary key,
  noted_at integer not null
) strict, without rowid;
