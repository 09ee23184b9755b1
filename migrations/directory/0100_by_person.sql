-- What leads to a person is found by their id when they leave.
create index vendor_accounts_by_person on vendor_accounts (person_id);
