-- `room_untold` counts: above zero, the room is to be told of somebody; told, it keeps the number with a minus. It never comes back to a number
-- that it has had, so that whoever told of what is no longer so finds out.
drop index challenge_people_room_untold;
drop trigger challenge_people_room;
drop trigger fitness_challenges_room;
-- A challenge without a room has nobody to tell. Whoever has no name is in, blocked or not.
update challenge_people set room_untold = 0
  where room_untold > 0 and challenge_id in (select id from fitness_challenges where has_room = 0);
update challenge_people set room_untold = room_untold + 1 where in_room = 1 and state = 'active' and ranking = 'anonymous'
  and challenge_id in (select id from fitness_challenges where has_room > 0);
-- In the order of the aliases, which says nothing about who stands behind them.
create index challenge_people_room_untold on challenge_people (challenge_id, alias) where room_untold > 0;

create trigger challenge_people_room after update of state, alias, name, ranking, in_room on challenge_people
when (new.in_room = 1 or old.in_room = 1) and exists (select 1 from fitness_challenges where id = new.challenge_id and has_room > 0)
begin
  update challenge_people set room_untold = abs(room_untold) + 1 where challenge_id = new.challenge_id and person_id = new.person_id;
end;
create trigger fitness_challenges_room after update of has_room on fitness_challenges when old.has_room = 0 and new.has_room > 0
begin
  update challenge_people set room_untold = abs(room_untold) + 1 where challenge_id = new.id and in_room = 1 and state = 'active';
end;
