-- Where records of extractions can go, beside the files that are always there. `settings` tells how to reach it, without any secret;
-- `sealed` is the password, if there is one.
CREATE TABLE output_layers (
  id           TEXT PRIMARY KEY NOT NULL,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id),
  slug         TEXT NOT NULL,
  name         TEXT NOT NULL,
  kind         TEXT NOT NULL,
  settings     TEXT NOT NULL,
  sealed       BLOB,
  version      BIGINT NOT NULL,
  created_at   TIMESTAMP NOT NULL,
  updated_at   TIMESTAMP NOT NULL,
  UNIQUE (workspace_id, slug)
);
