-- Counts of what is unread read the index alone.
DROP INDEX messages_unread;
CREATE INDEX messages_unread ON messages (thread, seq, author, deleted_at) WHERE deleted_at IS NULL AND author <> 0;
