-- A room is called as its challenge is: those whose challenges were changed since are told once more. 1: the room is being opened, or called anew.
update fitness_challenges set has_room = 1
  where has_room = 2 and version > 1 and exists (select 1 from challenge_owners where challenge_id = id);
