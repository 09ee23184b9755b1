-- Reports from before moderators of the region had any: whether somebody of the room may decide them is judged once more.
INSERT INTO timers (kind, ref, due_at) SELECT 'reports', 'open', 0 WHERE EXISTS (SELECT 1 FROM reports WHERE state = 'open')
  ON CONFLICT DO NOTHING;
-- Who is known on an emptied row for their silence alone is known no longer than that.
INSERT INTO timers (kind, ref, due_at) SELECT 'silences', no, silenced_until FROM members
  WHERE state = 'erased' AND person IS NOT NULL AND silenced_until IS NOT NULL
  ON CONFLICT DO NOTHING;
