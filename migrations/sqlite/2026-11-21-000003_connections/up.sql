-- A deleted draft stays as an empty row, so that its links can still say what became of it.
CREATE TABLE connections (
  id             TEXT PRIMARY KEY NOT NULL,
  workspace_id   TEXT NOT NULL REFERENCES workspaces (id),
  kind           TEXT NOT NULL,
  connector_slug TEXT NOT NULL,
  slug           TEXT NOT NULL,
  description    TEXT NOT NULL,
  config         TEXT NOT NULL,
  secret_paths   TEXT NOT NULL,
  sealed_secrets BLOB,
  origins        TEXT NOT NULL,
  missing_count  INTEGER NOT NULL,
  version        BIGINT NOT NULL,
  form_nonce     TEXT UNIQUE,
  created_by     TEXT REFERENCES members (id),
  created_at     TIMESTAMP NOT NULL,
  updated_at     TIMESTAMP NOT NULL,
  finalised_at   TIMESTAMP,
  deleted_at     TIMESTAMP,
  UNIQUE (workspace_id, slug)
);
CREATE INDEX connections_by_change ON connections (workspace_id, updated_at, id);
