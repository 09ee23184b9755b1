-- Who makes teams: the owner alone, or whoever takes part as well.
alter table fitness_challenges add column teams_by text not null default 'people' check (teams_by in ('owner', 'people'));
