-- What is to become of an award in the feed of its person: `post` and `unpost` are still to be done, `posted` has been. Null: nothing.
ALTER TABLE achievement_awards ADD COLUMN feed TEXT CHECK (feed IN ('post', 'posted', 'unpost'));
CREATE INDEX achievement_awards_to_feed ON achievement_awards (feed) WHERE feed IN ('post', 'unpost');
