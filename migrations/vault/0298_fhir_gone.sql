-- Rows of readings that the transaction under way removes while Subscriptions live: empty again before it is over.
CREATE TABLE fhir_gone (
  n INTEGER PRIMARY KEY,
  of TEXT NOT NULL,
  metric INTEGER NOT NULL,
  source INTEGER NOT NULL,
  -- As in the table: of segments the hour, of days the date.
  start INTEGER NOT NULL,
  end INTEGER NOT NULL,
  tag TEXT NOT NULL,
  -- What it said, as JSON. Of segments the bounds of their values stand for these.
  row TEXT NOT NULL
) STRICT;

CREATE TRIGGER fhir_readings_gone AFTER DELETE ON readings
WHEN EXISTS (SELECT 1 FROM fhir_subscriptions WHERE state IN ('active', 'error')) AND coalesce((SELECT max(n) FROM fhir_gone), 0) < 2000 BEGIN
  INSERT INTO fhir_gone (of, metric, source, start, end, tag, row) VALUES ('readings', OLD.metric, OLD.source, OLD.start, OLD.end, OLD.tag,
    json_object('kind', OLD.kind, 'start', OLD.start, 'end', OLD.end, 'tag', OLD.tag, 'value', OLD.value, 'zone', OLD.zone, 'date', OLD.date,
      'version', OLD.version, 'revision', OLD.revision, 'updated_at', OLD.updated_at, 'record_id', OLD.record_id, 'body', OLD.body));
END;

CREATE TRIGGER fhir_daily_gone AFTER DELETE ON daily
WHEN EXISTS (SELECT 1 FROM fhir_subscriptions WHERE state IN ('active', 'error')) AND coalesce((SELECT max(n) FROM fhir_gone), 0) < 2000 BEGIN
  INSERT INTO fhir_gone (of, metric, source, start, end, tag, row) VALUES ('daily', OLD.metric, OLD.source, OLD.date, OLD.date, '',
    json_object('value', OLD.value, 'zone', OLD.zone, 'version', OLD.version, 'revision', OLD.revision, 'updated_at', OLD.updated_at,
      'record_id', OLD.record_id, 'body', OLD.body));
END;

CREATE TRIGGER fhir_segments_gone AFTER DELETE ON segments
WHEN EXISTS (SELECT 1 FROM fhir_subscriptions WHERE state IN ('active', 'error')) AND coalesce((SELECT max(n) FROM fhir_gone), 0) < 2000 BEGIN
  INSERT INTO fhir_gone (of, metric, source, start, end, tag, row) VALUES ('segments', OLD.metric, OLD.source, OLD.hour, OLD.hour, '',
    json_object('n', OLD.n, 'min', OLD.min, 'max', OLD.max, 'first_at', OLD.first_at, 'last_at', OLD.last_at, 'version', OLD.version,
      'updated_at', OLD.updated_at));
END;

CREATE TRIGGER fhir_sleeps_gone AFTER DELETE ON sleeps
WHEN EXISTS (SELECT 1 FROM fhir_subscriptions WHERE state IN ('active', 'error')) AND coalesce((SELECT max(n) FROM fhir_gone), 0) < 2000 BEGIN
  INSERT INTO fhir_gone (of, metric, source, start, end, tag, row) VALUES ('sleeps', 0, OLD.source, OLD.start, OLD.end, '',
    json_object('end', OLD.end, 'date', OLD.date, 'zone', OLD.zone, 'nap', OLD.nap, 'version', OLD.version, 'revision', OLD.revision,
      'updated_at', OLD.updated_at, 'record_id', OLD.record_id, 'body', OLD.body));
END;

CREATE TRIGGER fhir_workouts_gone AFTER DELETE ON workouts
WHEN EXISTS (SELECT 1 FROM fhir_subscriptions WHERE state IN ('active', 'error')) AND coalesce((SELECT max(n) FROM fhir_gone), 0) < 2000 BEGIN
  INSERT INTO fhir_gone (of, metric, source, start, end, tag, row) VALUES ('workouts', 0, OLD.source, OLD.start, OLD.end, OLD.type,
    json_object('type', OLD.type, 'zone', OLD.zone, 'version', OLD.version, 'revision', OLD.revision, 'updated_at', OLD.updated_at,
      'record_id', OLD.record_id, 'body', OLD.body));
END;
