-- When what is shared ends by itself, epoch milliseconds; null: when it is taken back. Whoever shared no more than that is in no group from then on.
alter table shared_with_partners add column ends_at integer;
