-- What a vendor sent may come later than the person ends a connection: what came before that is theirs, unless they had its data removed.
-- Until when it was read last, before it was paused or ended.
alter table connections add column lived_until integer;
-- When its data were removed last.
alter table connections add column data_removed_at integer;
