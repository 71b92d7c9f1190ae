-- One check of a connection's values against the real system. `sealed_config` holds what a recipient tests before sending,
-- and only until that test is over; `sealed_found` holds the streams that were found, packed.
CREATE TABLE validations (
  id                 TEXT PRIMARY KEY NOT NULL,
  workspace_id       TEXT NOT NULL REFERENCES workspaces (id),
  connection_id      TEXT NOT NULL REFERENCES connections (id),
  setup_link_id      TEXT REFERENCES setup_links (id),
  state              TEXT NOT NULL,
  actor              TEXT NOT NULL,
  actor_name         TEXT NOT NULL,
  connection_version BIGINT,
  sealed_config      BLOB,
  sealed_found       BLOB,
  stream_count       INTEGER NOT NULL,
  reason             TEXT,
  blame              TEXT,
  message            TEXT NOT NULL,
  step               TEXT NOT NULL,
  lease_until        TIMESTAMP,
  cancel_at          TIMESTAMP,
  created_at         TIMESTAMP NOT NULL,
  started_at         TIMESTAMP,
  ended_at           TIMESTAMP
);
CREATE INDEX validations_by_connection ON validations (connection_id, created_at);
CREATE INDEX validations_by_state ON validations (state, created_at);

-- What a validation said while it ran.
CREATE TABLE validation_logs (
  validation_id TEXT NOT NULL REFERENCES validations (id),
  number        INTEGER NOT NULL,
  at            TIMESTAMP NOT NULL,
  level         TEXT NOT NULL,
  text          TEXT NOT NULL,
  PRIMARY KEY (validation_id, number)
);

-- What a source is to bring: its streams as chosen, where the records go, and when.
CREATE TABLE plans (
  connection_id TEXT PRIMARY KEY NOT NULL REFERENCES connections (id),
  workspace_id  TEXT NOT NULL REFERENCES workspaces (id),
  streams       TEXT NOT NULL,
  table_prefix  TEXT NOT NULL,
  output_layer  TEXT NOT NULL,
  trigger_type  TEXT NOT NULL,
  cron          TEXT,
  zone          TEXT,
  next_at       TIMESTAMP,
  version       BIGINT NOT NULL,
  updated_at    TIMESTAMP NOT NULL
);
CREATE INDEX plans_due ON plans (next_at);

-- Whether whoever has the link may have what they typed checked before they send it: 0 or 1.
ALTER TABLE setup_links ADD COLUMN allows_test INTEGER NOT NULL DEFAULT 0;
