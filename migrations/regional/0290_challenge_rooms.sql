-- A challenge may have a room. 0: none; 1: its owner wants one, which is being opened; 2: there is one.
alter table fitness_challenges add column has_room integer not null default 0 check (has_room in (0, 1, 2));
create index fitness_challenges_unopened on fitness_challenges (id) where has_room = 1;
-- What the owner goes by there.
alter table challenge_owners add column called text;
-- Whether somebody who takes part is in the room as well, by their own choice, and whether the room is still to be told of how they stand.
alter table challenge_people add column in_room integer not null default 0;
alter table challenge_people add column room_untold integer not null default 0;
create index challenge_people_room_untold on challenge_people (challenge_id, person_id) where room_untold = 1;

-- Whatever changes how somebody stands, the room is told of it.
create trigger challenge_people_room after update of state, alias, name, ranking, in_room on challenge_people
when (new.in_room = 1 or old.in_room = 1) and exists (select 1 from fitness_challenges where id = new.challenge_id and has_room > 0)
begin
  update challenge_people set room_untold = 1 where challenge_id = new.challenge_id and person_id = new.person_id;
end;
-- Who took part when the room came enters it.
create trigger fitness_challenges_room after update of has_room on fitness_challenges when old.has_room = 0 and new.has_room > 0
begin
  update challenge_people set room_untold = 1 where challenge_id = new.id and in_room = 1 and state = 'active';
end;
