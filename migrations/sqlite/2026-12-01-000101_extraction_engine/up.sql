-- Where the extractions of a workspace run: here (no row, or 'local'), or on an Airbyte of its own. `sealed` is the client secret, or the
-- bearer token where there is no client id.
CREATE TABLE extraction_engines (
  id                TEXT PRIMARY KEY NOT NULL,
  workspace_id      TEXT NOT NULL UNIQUE REFERENCES workspaces (id),
  kind              TEXT NOT NULL,
  url               TEXT NOT NULL,
  airbyte_workspace TEXT NOT NULL,
  destination       TEXT,
  client_id         TEXT,
  sealed            BLOB,
  version           BIGINT NOT NULL,
  tested_at         TIMESTAMP,
  created_at        TIMESTAMP NOT NULL,
  updated_at        TIMESTAMP NOT NULL
);

-- What stands in that Airbyte for a source or destination of ours. `place` tells which Airbyte that is, `object_id` the source or
-- destination there, `link_id` the connection of a source there and `target` where that leads; `sent` and `link_sent` are marks of what
-- was sent last. Whoever works at a row holds it and counts `beat` on.
CREATE TABLE airbyte_objects (
  connection_id TEXT PRIMARY KEY NOT NULL REFERENCES connections (id),
  workspace_id  TEXT NOT NULL REFERENCES workspaces (id),
  place         TEXT NOT NULL,
  object_id     TEXT,
  link_id       TEXT,
  target        TEXT,
  sent          TEXT,
  link_sent     TEXT,
  held_since    TIMESTAMP,
  beat          BIGINT NOT NULL,
  updated_at    TIMESTAMP NOT NULL
);
CREATE INDEX airbyte_objects_held ON airbyte_objects (connection_id) WHERE held_since IS NOT NULL;

-- A run that Airbyte does: `remote` says where and as what, `remote_job` is the job there, `poll_at` when it is asked for next, and
-- `trouble` why it cannot be asked since `trouble_since`.
ALTER TABLE runs ADD COLUMN engine TEXT NOT NULL DEFAULT 'local';
ALTER TABLE runs ADD COLUMN remote TEXT;
ALTER TABLE runs ADD COLUMN remote_job BIGINT;
ALTER TABLE runs ADD COLUMN trouble TEXT;
ALTER TABLE runs ADD COLUMN trouble_since TIMESTAMP;
ALTER TABLE runs ADD COLUMN poll_at TIMESTAMP;
CREATE INDEX runs_to_poll ON runs (poll_at) WHERE poll_at IS NOT NULL;
