-- Signed calls are known by their signatures, with the account that made them. Digests of before are none, and go with their time.
alter table calls rename column digest to signature;
