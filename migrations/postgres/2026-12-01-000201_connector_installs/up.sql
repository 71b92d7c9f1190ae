-- Installing, upgrading and removing connectors as owners of the instance ask for it on a connector's page. `folder` names the data folder
-- it happens in, whose processes alone may take it; whoever works at a row counts `beat` on. Of each folder and connector one row goes on at
-- a time, and the one before stays until the next is asked for.
CREATE TABLE connector_installs (
  id           TEXT PRIMARY KEY NOT NULL,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  folder       TEXT NOT NULL,
  kind         TEXT NOT NULL,
  slug         TEXT NOT NULL,
  act          TEXT NOT NULL,
  state        TEXT NOT NULL,
  step         TEXT NOT NULL,
  message      TEXT NOT NULL,
  detail       TEXT,
  tries        INTEGER NOT NULL,
  beat         BIGINT NOT NULL,
  created_at   TIMESTAMP NOT NULL,
  started_at   TIMESTAMP,
  ended_at     TIMESTAMP
);
CREATE UNIQUE INDEX connector_installs_going ON connector_installs (folder, kind, slug) WHERE ended_at IS NULL;
CREATE INDEX connector_installs_of ON connector_installs (folder, kind, slug, created_at, id);
CREATE INDEX connector_installs_waiting ON connector_installs (folder, created_at, id) WHERE ended_at IS NULL;

-- Which workspace was the first.
CREATE INDEX workspaces_by_age ON workspaces (created_at, id);
