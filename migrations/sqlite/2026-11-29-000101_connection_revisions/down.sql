DROP TABLE connection_revisions;
ALTER TABLE connections DROP COLUMN secret_revisions;
