-- One extraction of a source.
CREATE TABLE runs (
  id            TEXT PRIMARY KEY NOT NULL,
  workspace_id  TEXT NOT NULL REFERENCES workspaces (id),
  connection_id TEXT NOT NULL REFERENCES connections (id),
  state         TEXT NOT NULL,
  trigger_type  TEXT NOT NULL,
  actor         TEXT NOT NULL,
  actor_name    TEXT NOT NULL,
  output_layer  TEXT NOT NULL,
  from_start    INTEGER NOT NULL,
  place         TEXT NOT NULL,
  streams       TEXT NOT NULL,
  records       BIGINT NOT NULL,
  bytes         BIGINT NOT NULL,
  reason        TEXT,
  blame         TEXT,
  message       TEXT NOT NULL,
  lease_until   TIMESTAMP,
  cancel_at     TIMESTAMP,
  created_at    TIMESTAMP NOT NULL,
  started_at    TIMESTAMP,
  ended_at      TIMESTAMP
);
CREATE INDEX runs_by_connection ON runs (connection_id, created_at);
CREATE INDEX runs_by_state ON runs (state, created_at);
CREATE INDEX runs_by_workspace ON runs (workspace_id, id);

-- What a run said.
CREATE TABLE run_logs (
  run_id TEXT NOT NULL REFERENCES runs (id),
  number INTEGER NOT NULL,
  at     TIMESTAMP NOT NULL,
  level  TEXT NOT NULL,
  text   TEXT NOT NULL,
  PRIMARY KEY (run_id, number)
);

-- How far the last whole run of a source came; written with the run's success.
CREATE TABLE sync_states (
  connection_id TEXT PRIMARY KEY NOT NULL REFERENCES connections (id),
  workspace_id  TEXT NOT NULL REFERENCES workspaces (id),
  run_id        TEXT NOT NULL REFERENCES runs (id),
  state         TEXT NOT NULL,
  updated_at    TIMESTAMP NOT NULL
);
