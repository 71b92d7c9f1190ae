-- Append-only: what happened, by whom, when; never a value.
CREATE TABLE activity (
  id            TEXT PRIMARY KEY NOT NULL,
  workspace_id  TEXT NOT NULL REFERENCES workspaces (id),
  connection_id TEXT REFERENCES connections (id),
  setup_link_id TEXT REFERENCES setup_links (id),
  at            TIMESTAMP NOT NULL,
  event         TEXT NOT NULL,
  actor         TEXT NOT NULL,
  actor_name    TEXT NOT NULL,
  detail        TEXT NOT NULL
);
CREATE INDEX activity_by_connection ON activity (connection_id, at, id);
CREATE INDEX activity_by_workspace ON activity (workspace_id, at, id);
CREATE INDEX activity_by_setup_link ON activity (setup_link_id, event, at);
