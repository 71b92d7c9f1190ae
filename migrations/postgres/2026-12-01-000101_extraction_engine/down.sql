DROP INDEX runs_to_poll;
ALTER TABLE runs DROP COLUMN poll_at;
ALTER TABLE runs DROP COLUMN trouble_since;
ALTER TABLE runs DROP COLUMN trouble;
ALTER TABLE runs DROP COLUMN remote_job;
ALTER TABLE runs DROP COLUMN remote;
ALTER TABLE runs DROP COLUMN engine;
DROP TABLE airbyte_objects;
DROP TABLE extraction_engines;
