-- 1 where the person's vault keeps birth date, sex or height: only then is it asked for them.
alter table people add column detailed integer not null default 0 check (detailed in (0, 1));

-- The role of somebody who uses Meridian for themselves.
update people set roles = replace(roles, '"person"', '"user"');
