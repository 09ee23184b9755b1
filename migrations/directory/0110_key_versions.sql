-- Rows under an older key are found and counted by its version.
create index emails_by_key_version on emails (key_version, email_hash);
create index vendor_accounts_by_key_version on vendor_accounts (key_version, connection_id);

-- Where the next slice of a move goes on, so that rows that cannot be moved do not hold up the others.
create table key_moves (
  kind text primary key,
  after text not null
) strict, without rowid;
