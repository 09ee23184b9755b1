-- Whether those who take part without a name are too few to be shown.
create index challenge_people_anonymous on challenge_people (challenge_id) where state = 'active' and ranking = 'anonymous';
-- How many had no name when a round was closed, five at most: of all, and of a team.
alter table challenge_periods add column anonymous integer;
alter table challenge_results add column anonymous integer;
