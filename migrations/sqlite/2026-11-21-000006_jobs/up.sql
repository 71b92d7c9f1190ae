CREATE TABLE jobs (
  id          TEXT PRIMARY KEY NOT NULL,
  kind        TEXT NOT NULL,
  payload     TEXT NOT NULL,
  run_at      TIMESTAMP NOT NULL,
  lease_until TIMESTAMP,
  attempts    INTEGER NOT NULL,
  created_at  TIMESTAMP NOT NULL,
  failed_at   TIMESTAMP,
  last_error  TEXT
);
CREATE INDEX jobs_due ON jobs (failed_at, run_at);
