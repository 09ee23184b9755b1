-- Who is told that a round has begun: those up to this person have been; null when all have.
alter table challenge_periods add column told_to text;
-- Whoever wants to hear of their rank: what it was when they were last told of it, or first seen, in which round, and on which date they were told.
alter table challenge_people add column tells_rank integer not null default 0;
alter table challenge_people add column rank_seen integer;
alter table challenge_people add column rank_round integer;
alter table challenge_people add column rank_told_on integer;
create index challenge_people_tells_rank on challenge_people (challenge_id, person_id) where tells_rank = 1;
-- When ranks are looked at next; null while nobody wants to hear of theirs.
alter table fitness_challenges add column ranks_due_at integer;
create index fitness_challenges_ranks_due on fitness_challenges (ranks_due_at) where ranks_due_at is not null;
