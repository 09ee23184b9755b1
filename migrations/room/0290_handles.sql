-- Under which handle somebody is here, whatever they are called: who comes back under another is another member.
ALTER TABLE members ADD COLUMN handle TEXT;
CREATE UNIQUE INDEX members_by_handle ON members (handle) WHERE handle IS NOT NULL;
